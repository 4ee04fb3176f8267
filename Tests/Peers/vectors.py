"""Vectors as a client gets them: against sentence-transformers' and against each other."""

import os

import numpy

import programs
import client  # deploy/examples, which `programs` put on the path
from client import calls, heads

REFERENCE = os.path.join(programs.FIXTURES, "minilm")
SHUFFLE = numpy.random.default_rng(7)


def connect(address):
    return client.Client(address)


def embed(connection, texts):
    """Unit vectors [len(texts), dimensions] f32, from one call, over-long texts cut on the right."""
    head = heads.RequestHead(method=heads.METHOD_EMBED, input_count=len(texts))
    head.text_bytes = sum(len(text.encode()) for text in texts)
    request = calls.EmbedRequest(inputs=[calls.Input(text=text) for text in texts])
    request.length.truncation = calls.TRUNCATION_RIGHT
    results = connection.call(head, request, calls.EmbedResponse).results
    for index, result in enumerate(results):
        if result.HasField("error"):
            raise ValueError("input %d: %s" % (index, result.error.message))
    return numpy.array([numpy.frombuffer(result.embedding, "<f4") for result in results])


def reference_difference(connection):
    """The largest difference of any component to sentence-transformers in fp32, and how many texts."""
    texts = programs.lines(os.path.join(REFERENCE, "texts.jsonl"))
    expected = numpy.fromfile(os.path.join(REFERENCE, "vectors.f32"), "<f4").reshape(len(texts), -1)
    return float(numpy.abs(embed(connection, texts) - expected).max()), len(texts)


def repeated_difference(worker, coordinator, texts):
    """The same texts alone, in one batch, in another order, and split over two workers: the largest difference of
    any component, and how many of the vectors have other bits."""
    alone = numpy.concatenate([embed(worker, [text]) for text in texts])
    order = SHUFFLE.permutation(len(texts))
    shuffled = numpy.empty_like(alone)
    shuffled[order] = embed(worker, [texts[index] for index in order])
    others = [embed(worker, texts), shuffled, embed(coordinator, texts)]
    largest = max(float(numpy.abs(other - alone).max()) for other in others)
    changed = sum(int((other.view(numpy.uint32) != alone.view(numpy.uint32)).any(axis=1).sum()) for other in others)
    return largest, changed
