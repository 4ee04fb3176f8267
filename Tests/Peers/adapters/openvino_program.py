"""OpenVINO: f32 and bf16 by its precision hint, int8 by NNCF's post-training quantisation.

The graph is converted from PyTorch, with attention as one operator. int8 keeps the hint that OpenVINO sets by itself
where the processor has BF16: what is not quantised runs in bf16.
"""

import json
import os

import numpy
import openvino

from adapters import BATCHES, CALIBRATION_TEXTS, THREADS, padded

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
HINTS = {"f32": "f32", "bf16": "bf16", "int8": "bf16"}
TEXTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "texts.jsonl")


def converted(model: str) -> openvino.Model:
    import torch
    import transformers

    class States(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.AutoModel.from_pretrained(model, attn_implementation="sdpa").eval()

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    example = {name: torch.ones(2, 8, dtype=torch.int64) for name in INPUTS}
    shapes = [(name, [-1, -1], openvino.Type.i64) for name in INPUTS]
    with torch.no_grad():
        return openvino.convert_model(States(), example_input=example, input=shapes)


def quantized(graph: openvino.Model, model: str) -> openvino.Model:
    """NNCF's own way for transformers, calibrated on texts that the quality measure does not use."""
    import nncf

    tokenizer = padded.tokenizer(model)
    with open(TEXTS, encoding="utf-8") as file:
        texts = [json.loads(line) for line in file][:CALIBRATION_TEXTS]
    dataset = nncf.Dataset(texts, lambda text: padded.feed([tokenizer.encode(text).ids]))
    return nncf.quantize(graph, dataset, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(texts))


def graph_file(model: str, precision: str, folder: str) -> str:
    """The path of the converted model, made when it is absent."""
    kind = "int8" if precision == "int8" else "f32"
    name = os.path.basename(os.path.abspath(model))
    path = os.path.join(folder, "%s-%s.%s.xml" % (name, openvino.__version__.split("-")[0], kind))
    if not os.path.exists(path):
        graph = converted(model)
        openvino.save_model(quantized(graph, model) if kind == "int8" else graph, path, compress_to_fp16=False)
    return path


class Adapter:
    def __init__(self, model: str, precision: str, cache: str):
        self.core = openvino.Core()
        self.graph = self.core.read_model(graph_file(model, precision, cache))
        self.hint = HINTS[precision]
        self.tokenizer = padded.tokenizer(model)
        self.version = openvino.__version__.split("-")[0]
        self.made: dict[tuple, openvino.AsyncInferQueue] = {}
        self.settings = [
            {"streams": streams, "threads": THREADS, "batch": batch} for streams in (1, THREADS) for batch in BATCHES
        ]
        self.single_settings = [
            {"streams": 1, "threads": threads, "batch": 1} for threads in range(1, THREADS + 1)
        ]

    def queue(self, setting: dict) -> openvino.AsyncInferQueue:
        """That of the setting; that of another is given up, and its threads with it."""
        key = (setting["streams"], setting["threads"])
        if key not in self.made:
            self.made.clear()
            properties = {
                "INFERENCE_PRECISION_HINT": self.hint,
                "NUM_STREAMS": key[0],
                "INFERENCE_NUM_THREADS": key[1],
            }
            compiled = self.core.compile_model(self.graph, "CPU", properties)
            self.made[key] = openvino.AsyncInferQueue(compiled, key[0])
        return self.made[key]

    def embed(self, texts: list[str], setting: dict) -> numpy.ndarray:
        queue, results = self.queue(setting), []

        def done(request, work):
            rows, mask = work
            results.append((rows, padded.pooled(request.get_output_tensor(0).data, mask)))

        queue.set_callback(done)
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        for rows in padded.batches(ids, setting["batch"]):
            inputs = padded.feed([ids[row] for row in rows])
            queue.start_async(inputs, (rows, inputs["attention_mask"]))
        queue.wait_all()
        return padded.gathered(len(ids), results)
