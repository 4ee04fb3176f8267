"""The coordinator's memory over very many calls of random sizes, before fake workers that answer at once."""

import statistics

from relay import table
from relay_programs import Millpond

CALLS, QUICK_CALLS = 1_000_000, 100_000
REQUEST_BYTES = "100-65536"
SECONDS_MAX = 3_600


def measure(options, patience) -> dict:
    proxy = Millpond(options.programs)
    count = QUICK_CALLS if options.quick else CALLS
    result = options.quietly(patience, lambda: proxy.load(
        4, 64, SECONDS_MAX, warm=0, calls=count, request_bytes=REQUEST_BYTES))  # fmt: skip
    proxy.stop()
    resident = result["resident_tenths"]
    # The first tenth fills buffers.
    calls = [count * (tenth + 1) / 10 for tenth in range(len(resident))][1:]
    slope = statistics.linear_regression(calls, resident[1:]).slope
    return result | {"requestBytes": REQUEST_BYTES, "bytesPerCall": slope}


def show(found: dict) -> None:
    table(["calls", "resident"], [
        ["%d %% of %d" % (10 * (tenth + 1), found["calls"]), "%.1f MB" % (each / 1e6)]
        for tenth, each in enumerate(found["resident_tenths"])
    ])  # fmt: skip
    print("Requests of %s bytes, %.0f calls/s; %d failed, %d wrong. Slope from 20 %%: %.2f bytes a call" % (
        found["requestBytes"], found["calls_per_second"], found["errors"], found["wrong"], found["bytesPerCall"]))  # fmt: skip
