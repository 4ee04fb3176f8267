"""ONNX Runtime as the peer: tokenise, run, mean pooling, unit length, for a list of texts."""

import concurrent.futures
import os

import numpy
import onnxruntime
import tokenizers

import bert_onnx


def prepare(model, folder):
    """The model's graphs in `folder`, made when they are absent: paths by name, `fused` and `plain`."""
    os.makedirs(folder, exist_ok=True)
    version = "%s-%s" % (os.path.basename(os.path.abspath(model)), onnxruntime.__version__)
    plain = os.path.join(folder, version + ".plain.onnx")
    fused = os.path.join(folder, version + ".fused.onnx")
    if not os.path.exists(fused):
        heads, hidden = bert_onnx.build(model, plain)
        bert_onnx.optimize(plain, heads, hidden, fused + ".new")
        os.rename(fused + ".new", fused)
    return {"fused": fused, "plain": plain}


class Session:
    """One inference session over `threads` threads."""

    def __init__(self, path, threads, dump=None):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if dump:
            options.optimized_model_filepath = dump
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, ids):
        """Unit vectors [len(ids), hidden] of a batch of id lists."""
        width = max(map(len, ids))
        tokens = numpy.zeros((len(ids), width), numpy.int64)
        mask = numpy.zeros((len(ids), width), numpy.int64)
        for row, line in enumerate(ids):
            tokens[row, : len(line)] = line
            mask[row, : len(line)] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": numpy.zeros_like(tokens)}
        states = self.session.run(["last_hidden_state"], feed)[0]
        real = mask.astype(numpy.float32)
        sums = numpy.matmul(real[:, None, :], states)[:, 0]
        vectors = sums / real.sum(axis=1, keepdims=True)
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


class Peer:
    """Embeds lists of texts.

    batch: texts of one run of the session; texts are sorted by length first, so that little is padding.
    layout: "1x2" is one session over two threads, "2x1" two sessions of one thread that take batches in turn.
    """

    def __init__(self, model, path, batch, layout):
        sessions, threads = map(int, layout.split("x"))
        self.batch = batch
        self.tokenizer = tokenizers.Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.sessions = [Session(path, threads) for _ in range(sessions)]
        self.pool = concurrent.futures.ThreadPoolExecutor(sessions)

    def embed(self, texts):
        """(vectors [len(texts), hidden] in the order of the texts, tokens without padding)."""
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        # The longest first: no long batch is left for the end.
        order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        batches = [order[start : start + self.batch] for start in range(0, len(order), self.batch)]
        vectors = numpy.empty((len(texts), 0), numpy.float32)
        free = list(self.sessions)

        def run(rows):
            session = free.pop()
            try:
                return rows, session.run([ids[row] for row in rows])
            finally:
                free.append(session)

        results = self.pool.map(run, batches) if len(self.sessions) > 1 else map(run, batches)
        for rows, found in results:
            if vectors.shape[1] == 0:
                vectors = numpy.empty((len(texts), found.shape[1]), numpy.float32)
            vectors[rows] = found
        return vectors, sum(map(len, ids))
