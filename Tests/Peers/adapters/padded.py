"""What programs that run a graph have in common: ids, padding, mean pooling, unit length."""

import os

import numpy
import tokenizers

from adapters import MAX_TOKENS


def tokenizer(model: str) -> tokenizers.Tokenizer:
    made = tokenizers.Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(MAX_TOKENS)
    return made


def feed(ids: list[list[int]]) -> dict[str, numpy.ndarray]:
    """The inputs of a BERT graph for a batch, padded to its longest text."""
    width = max(map(len, ids))
    tokens = numpy.zeros((len(ids), width), numpy.int64)
    mask = numpy.zeros((len(ids), width), numpy.int64)
    for row, line in enumerate(ids):
        tokens[row, : len(line)] = line
        mask[row, : len(line)] = 1
    return {"input_ids": tokens, "attention_mask": mask, "token_type_ids": numpy.zeros_like(tokens)}


def pooled(states: numpy.ndarray, mask: numpy.ndarray) -> numpy.ndarray:
    """Unit vectors of the means over the real tokens."""
    sums = numpy.matmul(mask.astype(numpy.float32)[:, None, :], states)[:, 0]
    return sums / numpy.linalg.norm(sums, axis=1, keepdims=True)


def batches(ids: list[list[int]], size: int) -> list[list[int]]:
    """Indices of texts of like length together, the longest first: no long batch is left for the end."""
    order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
    return [order[start : start + size] for start in range(0, len(order), size)]


def gathered(count: int, results) -> numpy.ndarray:
    """The vectors of (indices, vectors) pairs, in the order of the texts."""
    vectors = None
    for rows, found in results:
        if vectors is None:
            vectors = numpy.empty((count, found.shape[1]), numpy.float32)
        vectors[rows] = found
    return vectors
