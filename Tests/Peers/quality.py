"""How near each precision's vectors are to sentence-transformers' in fp32, on 2,000 texts of their own."""

import os
import subprocess

import numpy

import programs
from measures import key
from peer_client import Millpond

TEXTS = os.path.join(programs.ROOT, "Tests", "Peers", "quality_texts.jsonl")
NEIGHBOURS = 10


def vectors(runner, cache: str) -> numpy.ndarray:
    output = os.path.join(cache, "vectors.npy")
    if isinstance(runner, Millpond):
        command = [os.path.join(runner.folder, "millpond"), "embed", "--model", runner.model, "--precision",
                   runner.precision, "--jsonl", TEXTS, "--truncate", "right", "--output", output]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    else:
        runner.ask({"do": "vectors", "texts": TEXTS, "setting": runner.settings[-1], "output": output})
    found = numpy.load(output).astype(numpy.float64)
    os.remove(output)
    return found / numpy.linalg.norm(found, axis=1, keepdims=True)


def neighbours(rows: numpy.ndarray) -> numpy.ndarray:
    similar = rows @ rows.T
    numpy.fill_diagonal(similar, -2)
    return numpy.argsort(-similar, axis=1, kind="stable")[:, :NEIGHBOURS]


def measure(runners, options, cache: str) -> dict:
    by_name = {key(runner): vectors(runner, cache) for runner in runners}
    reference = by_name.get("sentence-transformers f32")
    if reference is None:
        print("quality: sentence-transformers is not there to compare with")
        return {}
    wanted, found = neighbours(reference), {}
    print("\n%d texts against sentence-transformers f32" % len(reference))
    for name, rows in by_name.items():
        if rows is reference:
            continue
        overlap = numpy.mean([len(set(a) & set(b)) for a, b in zip(wanted, neighbours(rows))]) / NEIGHBOURS
        cosine = (rows * reference).sum(axis=1)
        largest = numpy.abs(rows - reference).max()
        found[name] = {"meanCosine": cosine.mean(), "leastCosine": cosine.min(), "overlap": overlap, "largest": largest}
        print("  %-22s mean cosine %.6f (least %.5f), top-%d overlap %.4f, largest difference %.2g"
              % (name, cosine.mean(), cosine.min(), NEIGHBOURS, overlap, largest))  # fmt: skip
    return found
