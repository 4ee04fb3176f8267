"""How long one text takes while bulk calls keep every worker busy."""

import random
import statistics
import threading
import time

from connection import Connection, await_ready, client, embed, heads
from fleet import Coordinator
from relay import spread, table
from relay_load import load
from texts import heavy_tailed

RATE = 40  # calls a second
BULK_CALLERS, BULK_TEXTS = 3, 400
CALL = {"request_bytes": 200, "text": "same", "sharing": "off", "sleep": "yes", "connections": 1, "in_flight": 512}


class Bulk(threading.Thread):
    """Calls of many texts, one after another."""

    def __init__(self, address: str, number: int):
        super().__init__(daemon=True)
        self.connection, self.texts = Connection(address), heavy_tailed(random.Random(number), BULK_TEXTS)
        self.stopped, self.tokens, self.failure = False, 0, ""

    def run(self) -> None:
        try:
            while not self.stopped:
                self.tokens += embed(
                    self.connection, self.texts, priority=heads.PRIORITY_BULK, sharing=heads.SHARING_OFF
                ).tokens
        except (OSError, EOFError, client.CallError) as error:
            self.failure = str(error)


def under_bulk(coordinator: Coordinator, measure) -> dict:
    bulk = [Bulk(coordinator.address, number) for number in range(BULK_CALLERS)]
    for each in bulk:
        each.start()
    time.sleep(2)
    before, start = sum(each.tokens for each in bulk), time.monotonic()
    result = measure()
    tokens, seconds = sum(each.tokens for each in bulk) - before, time.monotonic() - start
    for each in bulk:
        each.stopped = True
    for each in bulk:
        each.join()
        if each.failure:
            raise SystemExit("a bulk call failed: " + each.failure)
        each.connection.close()
    return result | {"bulkTokensPerSecond": tokens / seconds}


def measure(options, patience) -> dict:
    coordinator = Coordinator(options.programs, models=[options.model], replicas=2, threads=1, precision=options.precision)
    seconds = 5 * options.seconds
    rounds = []
    try:
        await_ready(coordinator.address, 2)
        load(coordinator.address, seconds=2, rate=RATE, **CALL)
        for _ in range(options.rounds):
            one = lambda: load(coordinator.address, seconds=seconds, rate=RATE, **CALL)  # noqa: E731
            idle = options.quietly(patience, one)
            busy = options.quietly(patience, lambda: under_bulk(coordinator, one))
            rounds.append({"idle": idle, "busy": busy})
    finally:
        coordinator.stop()
    found = {"rate": RATE, "rounds": rounds}
    for key in ("p50_us", "p99_us"):
        found[key] = spread([each["busy"][key] / each["idle"][key] for each in rounds])
    return found


def show(found: dict) -> None:
    rows = []
    for key, name in (("p50_us", "median"), ("p99_us", "99 %")):
        idle, busy = (statistics.median(each[kind][key] for each in found["rounds"]) / 1e3 for kind in ("idle", "busy"))
        rows.append([name, "%.2f ms" % idle, "%.2f ms" % busy, "**%(median).2f** (%(min).2f–%(max).2f)" % found[key]])
    table(["one text, %d calls/s" % found["rate"], "idle", "behind bulk calls", "ratio"], rows)
    failed = sum(each[kind]["errors"] for each in found["rounds"] for kind in ("idle", "busy"))
    bulk = statistics.median(each["busy"]["bulkTokensPerSecond"] for each in found["rounds"])
    print("Bulk meanwhile: %.0f tokens/s. Failed calls: %d." % (bulk, failed))
