"""A model is swapped for another under load: is a call lost, does an answer mix the two, and how long do calls take?"""

import os
import random
import tempfile
import threading
import time
from collections import Counter

import programs
from connection import Connection, await_ready, embed
from fleet import Coordinator, Worker
from other_model import make_other
from relay import table
from texts import heavy_tailed, percentile

NAME = "all-MiniLM-L6-v2"
SWAPS = 16  # there and back
AFTER_SECONDS = 1  # that count as the swap's, since what is new is cold
POOL = 200
CALLERS = ((1, 0.04), (1, 0.04), (1, 0.04), (40, 0.25))  # texts of a call, seconds from one to the next


def recorded(options, directory: str, cache: str, texts: list[str]) -> tuple[str, list[bytes]]:
    """Fingerprint and vectors."""
    worker = Worker(options.programs, NAME + "=" + directory, *options.worker, "--cache", cache)
    answers = [embed(Connection(worker.address), [text]) for text in texts]
    worker.stop()
    return answers[0].fingerprints.pop(), [answer.results[0].embedding for answer in answers]


class Caller(threading.Thread):
    """Calls at a steady pace; keeps when each began and ended, and what was wrong."""

    def __init__(self, number: int, address: str, texts: list[str], known: dict[str, list[bytes]], stop):
        super().__init__(daemon=True)
        self.chance, self.connection = random.Random(number), Connection(address)
        self.count, self.pause = CALLERS[number]
        self.texts, self.known, self.stop = texts, known, stop
        self.calls: list[tuple[float, float, int]] = []  # start, end and texts
        self.found, self.failures = Counter(), []

    def run(self) -> None:
        due = time.monotonic()
        while not self.stop.wait(max(0, due - time.monotonic())):
            start = time.monotonic()
            due = max(start, due + self.pause)
            chosen = [self.chance.randrange(len(self.texts)) for _ in range(self.count)]
            try:
                answer = embed(self.connection, [self.texts[index] for index in chosen])
                self.check(chosen, answer)
            except Exception as error:  # noqa: BLE001 - whatever it is, the call failed
                self.failures.append("%s: %s" % (type(error).__name__, error))
                self.connection = Connection(self.connection.address)
            self.calls.append((start, time.monotonic(), self.count))

    def check(self, chosen: list[int], answer) -> None:
        versions = {
            version
            for index, result in zip(chosen, answer.results)
            for version, vectors in self.known.items()
            if result.embedding == vectors[index]
        }
        exact = all(
            any(result.embedding == vectors[index] for vectors in self.known.values())
            for index, result in zip(chosen, answer.results)
        )
        self.found["wrong"] += not exact or len(answer.results) != len(chosen)
        self.found["mixed"] += len(versions) > 1 or len(answer.fingerprints) > 1
        self.found["mislabelled"] += exact and versions != answer.fingerprints
        for version in answer.fingerprints:
            self.found[version] += 1


def measure(options, patience) -> dict:
    texts = heavy_tailed(random.Random(1), POOL)
    with tempfile.TemporaryDirectory() as folder:
        cache = os.path.join(folder, "cache")
        other = make_other(os.path.join(folder, NAME))
        known = dict([recorded(options, programs.MODEL, cache, texts)])
        # The other's weights are packed by the first swap, as a new model's are.
        known |= dict([recorded(options, other, os.path.join(folder, "else"), texts)])
        coordinator = Coordinator(
            options.programs, models=[NAME + "=" + programs.MODEL], replicas=2, threads=1, cache=cache,
            precision=options.precision,
        )  # fmt: skip
        stop = threading.Event()
        try:
            await_ready(coordinator.address, 2)
            callers = [Caller(number, coordinator.address, texts, known, stop) for number in range(len(CALLERS))]
            for caller in callers:
                caller.start()
            stop.wait(2)
            swaps = [swap(coordinator, other if turn % 2 == 0 else programs.MODEL, options) for turn in range(SWAPS)]
            stop.wait(options.seconds)
            stop.set()
            for caller in callers:
                caller.join()
        finally:
            stop.set()
            coordinator.stop()
    calls = [call for caller in callers for call in caller.calls]
    found = sum((caller.found for caller in callers), Counter())
    failures = [failure for caller in callers for failure in caller.failures]
    return {
        "calls": len(calls), "failed": len(failures), "failures": failures[:5],
        "mixed": found["mixed"], "wrong": found["wrong"], "mislabelled": found["mislabelled"],
        "answersByFingerprint": {version: found[version] for version in known},
        "swapSeconds": [each["end"] - each["start"] for each in swaps],
        "latency": {texts: times(swaps, calls, texts) for texts in sorted({count for count, _ in CALLERS})},
    }  # fmt: skip


def swap(coordinator: Coordinator, directory: str, options) -> dict:
    time.sleep(AFTER_SECONDS)
    quiet = time.monotonic()
    time.sleep(options.seconds)
    start = time.monotonic()
    done = coordinator.administer("swap", NAME + "=" + directory)
    if done.returncode != 0:
        raise SystemExit("the swap failed: %s%s" % (done.stdout, done.stderr))
    return {"quiet": quiet, "start": start, "end": time.monotonic(), "said": done.stdout.splitlines()}


def times(swaps: list[dict], calls: list[tuple[float, float, int]], texts: int) -> dict:
    """Milliseconds of calls of so many texts before a swap, and of those that were open while it went on."""
    own = [(start, end) for start, end, count in calls if count == texts]
    before, during = [], []
    for each in swaps:
        last = each["end"] + AFTER_SECONDS
        before += [end - start for start, end in own if each["quiet"] <= start and end < each["start"]]
        during += [end - start for start, end in own if end >= each["start"] and start <= last]
    shares = {"p50": 0.5, "p99": 0.99, "max": 1}
    return {
        "callsBefore": len(before), "callsDuring": len(during),
        "before": {key: 1e3 * percentile(before, share) for key, share in shares.items()},
        "during": {key: 1e3 * percentile(during, share) for key, share in shares.items()},
        "ratio": percentile(during, 0.99) / percentile(before, 0.99) if before and during else 0,
    }  # fmt: skip


def show(found: dict) -> None:
    rows = []
    for texts, each in found["latency"].items():
        for key, name in (("p50", "median"), ("p99", "99 %"), ("max", "longest")):
            rows.append([
                "%d texts, %s" % (texts, name), "%.1f ms" % each["before"][key], "%.1f ms" % each["during"][key],
                "**%.2f**" % each["ratio"] if key == "p99" else "",
            ])  # fmt: skip
        rows[-1][0] += " of %d and %d" % (each["callsBefore"], each["callsDuring"])
    table(["calls", "before a swap", "during and %d s after" % AFTER_SECONDS, "ratio"], rows)
    print("%d swaps took %s s, the first with the weights to pack." % (
        len(found["swapSeconds"]), ", ".join("%.2f" % each for each in found["swapSeconds"])))  # fmt: skip
    print("%(calls)d calls: %(failed)d failed, %(mixed)d mixed, %(wrong)d wrong, %(mislabelled)d of another fingerprint "
          "than they say." % found)  # fmt: skip
    print("Answers by fingerprint: %s" % ", ".join("%s %d" % item for item in found["answersByFingerprint"].items()))
    for failure in found["failures"]:
        print("failed: " + failure)
