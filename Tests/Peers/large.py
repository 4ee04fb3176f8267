"""bf16 throughput of large random models, Millpond and vLLM in pairs."""

import json
import os
import statistics
import subprocess
import sys

import measures
import programs
import quiet
from peer_client import Absent, Millpond, Peer

PYTHON = os.path.join(programs.ROOT, ".venv-vllm", "bin", "python")
SHAPES = ("bert-base", "xlm-r-large", "qwen3-0.6b")
TEXTS = {"bert-base": 96, "xlm-r-large": 32, "qwen3-0.6b": 16}


def measure(options, cache: str) -> dict:
    found = {}
    for shape in SHAPES:
        model = os.path.join(cache, shape)
        if not os.path.exists(os.path.join(model, ".made")):
            maker = os.path.join(programs.ROOT, "Tests", "FixtureMakers", "make_large_model.py")
            subprocess.run([PYTHON, maker, shape, model], check=True)
            open(os.path.join(model, ".made"), "w").close()
        texts = os.path.join(cache, shape + ".jsonl")
        with open(texts, "w", encoding="utf-8") as file:
            for text in programs.lines(programs.TEXTS)[: TEXTS[shape]]:
                file.write(json.dumps(text) + "\n")
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
        found[shape] = {"rounds": rounds, "min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)}
        print("%s bf16 over vLLM: %.2f (%.2f to %.2f); %.1f against %.1f texts/s" % (
            shape, statistics.median(ratios), min(ratios), max(ratios), *map(statistics.median, rounds.values())))  # fmt: skip
        sys.stdout.flush()
    return found
