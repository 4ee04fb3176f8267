"""Twice as many calls as can be answered, each with a deadline: how many are, and what is computed in vain?"""

import statistics

from connection import await_ready
from fleet import Coordinator, Worker
from relay import spread, table
from relay_load import load

BUDGET_MS = 100
REQUEST_BYTES = 200  # a sentence
CALL = {"request_bytes": REQUEST_BYTES, "text": "same", "sharing": "off", "sleep": "yes", "connections": 4}
CLOSED = CALL | {"in_flight": 16}
OPEN = CALL | {"in_flight": 512, "budget_ms": BUDGET_MS}


def measure(options, patience) -> dict:
    workers = [Worker(options.programs, options.model, *options.worker, counts=True) for _ in range(2)]
    coordinator = Coordinator(options.programs, workers=[worker.address for worker in workers])

    def computed() -> float:
        return sum(worker.metrics.sum("millpond_worker_tokens_total") for worker in workers)

    def run(**words) -> dict:
        before = computed()
        result = load(coordinator.address, **words)
        return result | {"tokens": computed() - before}

    try:
        await_ready(coordinator.address, 2)
        run(seconds=2, **CLOSED)
        rounds = []
        for _ in range(options.rounds):
            full = options.quietly(patience, lambda: run(seconds=options.seconds, **CLOSED))
            rate = 2 * full["calls_per_second"]
            over = options.quietly(patience, lambda: run(seconds=options.seconds, rate="%.0f" % rate, warm=1, **OPEN))
            needed = full["tokens"] / full["all_in_time"]  # for an answer
            rounds.append({
                "capacity": full["calls_per_second"], "offered": rate, "full": full, "over": over,
                "goodput": over["in_time"] / over["seconds"] / full["calls_per_second"],
                "wasted": 1 - over["all_in_time"] * needed / over["tokens"],
            })  # fmt: skip
    finally:
        coordinator.stop()
        for worker in workers:
            worker.stop()
    return {
        "budgetMilliseconds": BUDGET_MS, "rounds": rounds,
        "goodput": spread([each["goodput"] for each in rounds]), "wasted": spread([each["wasted"] for each in rounds]),
    }  # fmt: skip


def show(found: dict) -> None:
    middle = lambda key: statistics.median(each[key] for each in found["rounds"])  # noqa: E731
    over = lambda key: statistics.median(each["over"][key] for each in found["rounds"])  # noqa: E731
    share = lambda key: "%.3f (%.3f–%.3f)" % tuple(found[key][name] for name in ("median", "min", "max"))  # noqa: E731
    codes: dict[str, int] = {}
    for each in found["rounds"]:
        for code, count in each["over"]["codes"].items():
            codes[code] = codes.get(code, 0) + count
    table(["single texts, deadline %d ms" % found["budgetMilliseconds"], ""], [
        ["capacity", "%.0f calls/s" % middle("capacity")],
        ["offered", "%.0f calls/s" % middle("offered")],
        ["answered in time, over capacity", share("goodput")],
        ["computed in vain, of all tokens", share("wasted")],
        ["median and 99 % of what was answered", "%.1f, %.1f ms" % (over("p50_us") / 1e3, over("p99_us") / 1e3)],
        ["refused or given up", ", ".join("%s %d" % item for item in codes.items())],
    ])  # fmt: skip
