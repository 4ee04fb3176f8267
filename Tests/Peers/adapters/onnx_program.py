"""ONNX Runtime: f32, and int8 by its dynamic quantisation; over the plain and over the fused graph."""

import concurrent.futures
import os

import numpy
import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

import bert_onnx
from adapters import BATCHES, THREADS, padded

LAYOUTS = ((1, THREADS), (THREADS, 1))  # sessions, threads of each


def graphs(model: str, precision: str, folder: str) -> dict[str, str]:
    """The model's graphs in `folder`, made when they are absent: paths by name."""
    name = "%s-%s" % (os.path.basename(os.path.abspath(model)), onnxruntime.__version__)
    found = {kind: os.path.join(folder, "%s.%s.onnx" % (name, kind)) for kind in ("plain", "fused")}
    if not os.path.exists(found["fused"]):
        heads, hidden = bert_onnx.build(model, found["plain"])
        bert_onnx.optimize(found["plain"], heads, hidden, found["fused"] + ".new")
        os.rename(found["fused"] + ".new", found["fused"])
    return found if precision == "f32" else {kind: quantized(path) for kind, path in found.items()}


def quantized(path: str) -> str:
    into = path.replace(".onnx", ".int8.onnx")
    if not os.path.exists(into):
        # The fused graph has operators whose types ONNX cannot infer.
        options = {"DefaultTensorType": onnx.TensorProto.FLOAT}
        quantize_dynamic(path, into + ".new", weight_type=QuantType.QInt8, per_channel=True, extra_options=options)
        os.rename(into + ".new", into)
    return into


def session(path: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, ids: list[list[int]]) -> numpy.ndarray:
    inputs = padded.feed(ids)
    return padded.pooled(session.run(["last_hidden_state"], inputs)[0], inputs["attention_mask"])


class Adapter:
    def __init__(self, model: str, precision: str, cache: str):
        self.graphs = graphs(model, precision, cache)
        self.tokenizer = padded.tokenizer(model)
        self.version = onnxruntime.__version__
        self.pool = concurrent.futures.ThreadPoolExecutor(THREADS)
        self.made: dict[tuple, list[onnxruntime.InferenceSession]] = {}
        self.settings = [
            {"graph": graph, "sessions": sessions, "threads": threads, "batch": batch}
            for graph in self.graphs
            for sessions, threads in LAYOUTS
            for batch in BATCHES
        ]
        self.single_settings = [
            {"graph": graph, "sessions": 1, "threads": threads, "batch": 1}
            for graph in self.graphs
            for threads in range(1, THREADS + 1)
        ]

    def sessions(self, setting: dict) -> list[onnxruntime.InferenceSession]:
        """Those of the setting; those of another are given up, and their threads with them."""
        key = (setting["graph"], setting["sessions"], setting["threads"])
        if key not in self.made:
            self.made.clear()
            self.made[key] = [session(self.graphs[key[0]], key[2]) for _ in range(key[1])]
        return self.made[key]

    def embed(self, texts: list[str], setting: dict) -> numpy.ndarray:
        free = list(self.sessions(setting))
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]

        def compute(rows: list[int]):
            one = free.pop()
            try:
                return rows, run(one, [ids[row] for row in rows])
            finally:
                free.append(one)

        work = padded.batches(ids, setting["batch"])
        return padded.gathered(len(ids), self.pool.map(compute, work) if len(free) > 1 else map(compute, work))
