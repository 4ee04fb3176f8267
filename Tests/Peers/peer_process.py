"""A peer in a process of its own, for as long as a comparison takes.

    python peer_process.py ADAPTER MODEL PRECISION CACHE

It says {"ready": …} with version and settings, and then answers each line of standard input, a JSON object, by one:
    {"do": "bulk", "texts": FILE, "setting": {…}, "seconds": S}    whole passes over the file: {"passes", "seconds"}
    {"do": "single", …}                                            one text a call: {"milliseconds": […]}
    {"do": "vectors", "texts": FILE, "setting": {…}, "output": FILE.npy}
A bulk or single measurement begins with texts that do not count.
"""

import importlib
import json
import os
import sys
import time

import numpy

WARM_TEXTS = 32


def lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def bulk(adapter, request: dict) -> dict:
    texts, setting = lines(request["texts"]), request["setting"]
    adapter.embed(texts[:WARM_TEXTS], setting)
    start, passes, seconds = time.perf_counter(), 0, 0.0
    while passes == 0 or seconds < request["seconds"]:
        adapter.embed(texts, setting)
        passes += 1
        seconds = time.perf_counter() - start
    return {"passes": passes, "seconds": seconds}


def single(adapter, request: dict) -> dict:
    texts, setting = lines(request["texts"]), request["setting"]
    for text in texts[:WARM_TEXTS]:
        adapter.embed([text], setting)
    found, begin = [], time.perf_counter()
    while time.perf_counter() - begin < request["seconds"]:
        text = texts[len(found) % len(texts)]
        start = time.perf_counter()
        adapter.embed([text], setting)
        found.append(1_000 * (time.perf_counter() - start))
    return {"milliseconds": found}


def vectors(adapter, request: dict) -> dict:
    found = adapter.embed(lines(request["texts"]), request["setting"])
    numpy.save(request["output"], numpy.asarray(found, numpy.float32))
    return {"rows": len(found)}


def main() -> None:
    # Answers go where standard output went; what libraries print there goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    name, model, precision, cache = sys.argv[1:]
    adapter = importlib.import_module("adapters." + name).Adapter(model, precision, cache)
    ready = {"version": adapter.version, "settings": adapter.settings, "single": adapter.single_settings}
    print(json.dumps({"ready": ready}), file=answers, flush=True)
    actions = {"bulk": bulk, "single": single, "vectors": vectors}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(actions[request["do"]](adapter, request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
