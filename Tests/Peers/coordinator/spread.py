"""One call of many texts over workers of unequal speed: do they end together? And what a second worker is worth."""

import random
import statistics
import threading
import time

from connection import Connection, await_ready, embed, heads
from fleet import Coordinator, Metrics, Worker
from quota import Quota
from relay import spread, table
from texts import heavy_tailed

TEXTS = 1_000
SHARES = {"A": 0.5, "B": 0.5, "C": 0.25}  # of a processor
SETS = ("A", "AB", "ABC")
SAMPLE_SECONDS = 0.006


class Watch(threading.Thread):
    """When each worker's count of answered pieces last changed."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self.metrics, self.stopped = Metrics(address), threading.Event()
        self.counts = self.read()
        self.changed = dict.fromkeys(self.counts, 0.0)

    def read(self) -> dict[str, float]:
        return self.metrics.by("worker", "millpond_pool_pieces_total")

    def run(self) -> None:
        while not self.stopped.wait(SAMPLE_SECONDS):
            now = time.monotonic()
            for worker, count in self.read().items():
                if count != self.counts[worker]:
                    self.counts[worker], self.changed[worker] = count, now


def one_call(coordinator: Coordinator, connection: Connection, texts: list[str]) -> dict:
    watch = Watch(coordinator.metrics.address)
    watch.start()
    start = time.monotonic()
    answer = embed(connection, texts, sharing=heads.SHARING_OFF)
    seconds = time.monotonic() - start
    time.sleep(3 * SAMPLE_SECONDS)
    watch.stopped.set()
    watch.join()
    ends = {worker: max(0, changed - start) for worker, changed in watch.changed.items()}
    return {
        "seconds": seconds, "tokensPerSecond": answer.tokens / seconds, "ends": ends,
        "spread": (max(ends.values()) - min(ends.values())) / seconds,
    }  # fmt: skip


def connect(coordinator: Coordinator, workers: int, texts: list[str]) -> Connection:
    await_ready(coordinator.address, workers)
    connection = Connection(coordinator.address)
    embed(connection, texts, sharing=heads.SHARING_OFF)  # Costs and speeds are learned.
    return connection


def measure(options, patience) -> dict:
    quotas = {name: Quota("spread-" + name, share) for name, share in SHARES.items()}
    workers = {name: Worker(options.programs, options.model, *options.worker, before=quota.before) for name, quota in quotas.items()}
    for name, worker in workers.items():
        quotas[name].hold(worker.pid)
    means = quotas["A"].means
    texts = heavy_tailed(random.Random(1), TEXTS)
    found = {"means": means, "shares": SHARES, "texts": TEXTS} | {names: [] for names in SETS}
    running = []
    try:
        for names in SETS:
            coordinator = Coordinator(options.programs, workers=[workers[name].address for name in names])
            running.append((names, coordinator, connect(coordinator, len(names), texts)))
        for _ in range(options.rounds):
            for names, coordinator, connection in running:
                found[names].append(options.quietly(patience, lambda: one_call(coordinator, connection, texts)))
    finally:
        for _, coordinator, _ in running:
            coordinator.stop()
        for worker in workers.values():
            worker.stop()
    found["spread"] = spread([each["spread"] for each in found["ABC"]])
    found["speedUp"] = spread([two["tokensPerSecond"] / one["tokensPerSecond"] for one, two in zip(found["A"], found["AB"])])
    return found


def show(found: dict) -> None:
    rows = []
    for names, label in (("A", "one of 0.5"), ("AB", "two of 0.5"), ("ABC", "two of 0.5, one of 0.25")):
        runs = found[names]
        rows.append([
            label, "%.2f s" % statistics.median(each["seconds"] for each in runs),
            "%.0f" % statistics.median(each["tokensPerSecond"] for each in runs),
            "%.1f %%" % (100 * statistics.median(each["spread"] for each in runs)) if names != "A" else "",
        ])  # fmt: skip
    table(["one call of %d texts, processors by %s" % (found["texts"], found["means"]), "took", "tokens/s",
           "from the first worker's end to the last's"], rows)  # fmt: skip
    print("Spread over three unequal workers: %.1f %% of the call (%.1f–%.1f), looked at every %.0f ms" % (
        *(100 * found["spread"][key] for key in ("median", "min", "max")), 1e3 * SAMPLE_SECONDS))  # fmt: skip
    print("Two equal workers over one: %.2f (%.2f–%.2f)" % tuple(found["speedUp"][key] for key in ("median", "min", "max")))
