"""What needs no peer: the processor's limits and the engine's share of them, what the coordinator costs, starts, memory."""

import json
import os
import statistics
import subprocess
import sys

import large
import measures
import programs
from peer_client import Millpond

OPERATIONS_PER_TOKEN = 21.2e6  # of MiniLM's products; attention comes on top
THREADS = 2
PRECISIONS = ("f32", "bf16", "int8")
FEW_TEXTS = 32


def instruction_set(options) -> str:
    """The kernels that are used here."""
    return programs.bench(options.programs, "kernels", "--seconds", "0.01")["isa"]


def limits(options, mix: dict) -> dict:
    """Tokens a second of the mix, and what the products' instruction would allow on both threads."""
    kernels = programs.bench(options.programs, "kernels")
    found = {"kernels": kernels, "isa": kernels["isa"]}
    for precision in PRECISIONS:
        limit = THREADS * kernels["%sSharedPeak" % precision] * 1e9 / OPERATIONS_PER_TOKEN
        runs = [Millpond(precision, programs.MODEL, options.programs).bench(mix["path"], options.seconds)["tokensPerSecond"]
                for _ in range(options.rounds)]  # fmt: skip
        speed = statistics.median(runs)
        found[precision] = {"limit": limit, "tokensPerSecond": speed, "share": speed / limit}
        print("%s: %.0f tokens/s, %.1f %% of the limit, %.0f" % (precision, speed, 100 * speed / limit, limit))
    return found


class Through(Millpond):
    """A coordinator and two workers, a thread each, by as many callers as keep them busy."""

    name = "Millpond through a coordinator"

    def bench(self, texts: str, seconds: float) -> dict:
        return super().bench(texts, seconds, "--replicas", "2", "--threads", "1", "--concurrency", "2")


class Bare(Millpond):
    name = "Millpond's bare engine"

    def bench(self, texts: str, seconds: float) -> dict:
        return super().bench(texts, seconds, "--concurrency", "2")


def coordinator(options, mix: dict, patience) -> dict:
    """Throughput through a coordinator and two workers over that of the bare engine, in turns."""
    found = {}
    for precision in PRECISIONS:
        runners = [kind(precision, programs.MODEL, options.programs) for kind in (Through, Bare)]
        rounds = measures.in_turns(
            runners, options.rounds, patience, lambda each: each.bench(mix["path"], options.seconds)["tokensPerSecond"]
        )
        ratios = [a / b for a, b in zip(*rounds.values())]
        found[precision] = {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)}
        print("%s through the coordinator over the bare engine: %.3f (%.3f to %.3f)" % (
            precision, statistics.median(ratios), min(ratios), max(ratios)))  # fmt: skip
    return found


def added(options) -> dict:
    """What the coordinator adds to the latency of one sentence."""
    running = programs.Server(options.programs, "--model", programs.MODEL, "--replicas", "1", "--threads", "2")
    try:
        found = programs.bench(options.programs, "coordinator", "--server", running.address)
    finally:
        running.stop()
    print("the coordinator adds %.0f µs to %.0f µs" % (found["addedMicroseconds"], found["workerMicroseconds"]))
    return found


def chaos(options, cache: str) -> dict:
    """A minute of mixed calls while workers are killed."""
    path = os.path.join(cache, "chaos.json")
    script = os.path.join(programs.ROOT, "Tests", "Peers", "chaos")
    subprocess.run([sys.executable, script, "--programs", options.programs, "--json", path], stdout=sys.stderr)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def start(options) -> dict:
    found = {}
    for precision in PRECISIONS:
        arguments = ["start", "--model", programs.MODEL, "--precision", precision, "--runs", "11"]
        found[precision] = programs.bench(options.programs, *arguments)
        print("%s: ready after %.0f ms (%.0f to %.0f)" % (
            precision, found[precision]["startMilliseconds"], found[precision]["startMillisecondsMin"],
            found[precision]["startMillisecondsMax"]))  # fmt: skip
    return found


def proportional(identifier: int) -> int:
    """Bytes of a process, those that it shares counted in parts."""
    with open("/proc/%d/smaps_rollup" % identifier, encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


class Worker:
    """A worker that has answered a few calls."""

    def __init__(self, options, model: str, precision: str, texts: str):
        command = [os.path.join(options.programs, "millpond-worker"), "--model", model, "--precision", precision,
                   "--threads", "1", "--listen", "127.0.0.1:0"]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        address = self.process.stdout.readline().split()[1]
        call = [os.path.join(options.programs, "millpond"), "embed", "--server", address, "--jsonl", texts,
                "--truncate", "right", "--json"]  # fmt: skip
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def memory(options, models: dict[str, str], cache: str) -> dict:
    """Proportional memory of one worker and of four, at each precision; the cache is warm after the first."""
    found, texts = {}, os.path.join(cache, "few.jsonl")
    with open(programs.TEXTS, encoding="utf-8") as source, open(texts, "w", encoding="utf-8") as target:
        target.writelines(source.readlines()[:FEW_TEXTS])
    for name, model in models.items():
        for precision in PRECISIONS:
            Worker(options, model, precision, texts).stop()
            workers = [Worker(options, model, precision, texts)]
            one = proportional(workers[0].process.pid)
            workers += [Worker(options, model, precision, texts) for _ in range(3)]
            four = sum(proportional(worker.process.pid) for worker in workers)
            for worker in workers:
                worker.stop()
            further = (four - one) / 3
            found["%s %s" % (name, precision)] = {"one": one, "four": four, "further": further, "ratio": four / one}
            print("%s %s: one worker %.0f MB, each further one %.1f MB, four over one %.2f" % (
                name, precision, one / 1e6, further / 1e6, four / one))  # fmt: skip
    return found


def measure(options, texts: dict, patience, cache: str) -> dict:
    bert = large.made("bert-base", cache)
    return {
        "limits": limits(options, texts["mixed"]),
        "coordinator": coordinator(options, texts["mixed"], patience),
        "added": added(options),
        "start": start(options),
        "memory": memory(options, {"all-MiniLM-L6-v2": programs.MODEL, "bert-base": bert}, cache),
    }
