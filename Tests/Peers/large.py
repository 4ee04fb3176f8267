"""bf16 throughput of large random models, Millpond and vLLM in pairs, on the same token ids."""

import json
import os
import statistics
import subprocess
import sys

import tokenizers

import measures
import mixes
import programs
import quiet
from peer_client import Absent, Millpond, Peer

PYTHON = os.path.join(programs.ROOT, ".venv-vllm", "bin", "python")
SHAPES = ("bert-base", "xlm-r-large", "qwen3-0.6b")
TEXTS = {"bert-base": 96, "xlm-r-large": 32, "qwen3-0.6b": 16}


def made(shape: str, cache: str) -> str:
    """The folder of a model of this shape, made where it is not there."""
    model = os.path.join(cache, shape)
    if not os.path.exists(os.path.join(model, ".made")):
        maker = os.path.join(programs.ROOT, "Tests", "FixtureMakers", "make_large_model.py")
        subprocess.run([PYTHON, maker, shape, model], check=True)
        open(os.path.join(model, ".made"), "w").close()
    return model


def ids_of(model: str, texts: list[str]) -> list[list[int]]:
    """What Millpond reads of the texts, for programs that make another tokenizer of the directory."""
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(mixes.MAX_TOKENS)
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def measure(options, cache: str) -> dict:
    found = {}
    for shape in SHAPES:
        model = made(shape, cache)
        texts = os.path.join(cache, shape + ".jsonl")
        with open(texts, "w", encoding="utf-8") as file:
            for ids in ids_of(model, programs.lines(programs.TEXTS)[: TEXTS[shape]]):
                file.write(json.dumps(ids) + "\n")
        try:
            peer = Peer("vLLM", "vllm_program", "bf16", model, PYTHON, cache)
        except Absent as reason:
            print("vLLM %s cannot be run: %s" % (shape, reason))
            continue
        ours = Millpond("bf16", model, options.programs)
        patience = quiet.Patience(seconds=1200, each=60)

        def speed(runner):
            if isinstance(runner, Millpond):
                return runner.bench(texts, options.seconds)["textsPerSecond"]
            answer = runner.ask({"do": "bulk", "texts": texts, "setting": {}, "seconds": options.seconds})
            return answer["passes"] * TEXTS[shape] / answer["seconds"]

        rounds = measures.in_turns([ours, peer], options.pairs, patience, speed)
        peer.stop()
        ratios = [a / b for a, b in zip(*rounds.values())]
        tokens = sum(map(len, programs.lines(texts))) / TEXTS[shape]
        found[shape] = {
            "tokensPerText": tokens,
            "rounds": rounds,
            "min": min(ratios),
            "median": statistics.median(ratios),
            "max": max(ratios),
        }
        print("%s bf16 over vLLM: %.2f (%.2f to %.2f); %.1f against %.1f texts/s" % (
            shape, statistics.median(ratios), min(ratios), max(ratios), *map(statistics.median, rounds.values())))  # fmt: skip
        sys.stdout.flush()
    return found
