"""Measures what the coordinator's relay costs: calls a second on one core, beside Envoy's; latency; memory.

    Tests/Peers/compare_relay [throughput latency connections] [--quick] [--rounds N] [--seconds S] [--programs DIR]

The proxy has the second core, its callers and fake workers the first. `throughput` relays calls of 100 bytes with answers
of 1.6 kB, over several connections with several calls in flight on each: Millpond with its defaults and Envoy with one
thread, in turns. Where the proxy did not keep its core busy, calls a second are those of the callers, or of other load:
calls for each second of the proxy's own processor time are then the fair figure, and they are always given.
`latency` is what a call through the coordinator takes more than one to a worker, at half load.
`connections` is the coordinator's memory, and its speed, with many workers and callers.
Figures are kept in .build/relay.json.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile

import programs
import quiet
from programs import commit, machine
from relay_programs import Envoy, Millpond, say

PARTS = ("throughput", "latency", "connections")
SHAPES = ((4, 64), (4, 16), (50, 1))  # connections, calls in flight on each
SATURATED = 0.9  # of the core
FEW_WORKERS, MANY_WORKERS = 10, 1_000
MANY_CALLERS, CALLERS_RATE = 5_000, 2_000  # calls a second, of all callers in turn


def run(measure, patience) -> dict:
    """One run, with the share of the machine that others had meanwhile."""
    patience.wait()
    watch = quiet.Watch()
    result = measure()
    result["foreign"] = watch.share()
    if result["errors"] or result["wrong"] or result["lost"]:
        say("%(errors)d calls failed, %(wrong)d answers were wrong and %(lost)d connections were lost" % result)
    return result


def median(runs: list[dict], key: str) -> float:
    return statistics.median(each[key] for each in runs)


def spread(values: list[float]) -> dict:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def table(head: list[str], rows: list[list[str]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    print()
    for line in lines:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
    print(flush=True)


# Throughput


def throughput(options, patience) -> dict:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        proxies = [Millpond(options.programs), Envoy(folder)]
        for proxy in proxies:
            proxy.load(4, 16, 0.5)  # The first calls make connections and buffers.
        for connections, in_flight in SHAPES:
            shape = "%d × %d" % (connections, in_flight)
            rounds = {proxy.name: [] for proxy in proxies}
            for _ in range(options.rounds):
                for proxy in proxies:
                    result = run(lambda: proxy.load(connections, in_flight, options.seconds), patience)
                    rounds[proxy.name].append(result)
                    say("%s, %s: %.0f calls/s, %.0f for a second of its processor time, busy %.0f %%" % (
                        shape, proxy.name, result["calls_per_second"], result["calls_per_processor_second"],
                        100 * result["busy"]))  # fmt: skip
            found[shape] = {"rounds": rounds} | ratios(rounds)
        for proxy in proxies:
            proxy.stop()
    show_throughput(found)
    return found


def ratios(rounds: dict) -> dict:
    """Millpond over Envoy, round by round."""
    pairs = list(zip(*rounds.values()))
    return {
        key: spread([ours[key] / theirs[key] for ours, theirs in pairs])
        for key in ("calls_per_second", "calls_per_processor_second")
    }


def bound(name: str, runs: list[dict]) -> str | None:
    """Why a proxy was not the limit; nothing if it was."""
    busy, waiting = median(runs, "busy"), median(runs, "waiting")
    if busy >= SATURATED:
        return None
    if busy + waiting >= SATURATED:
        return "%s had its core for %.0f %% of the time and waited for it, behind other load, for %.0f %%" % (
            name, 100 * busy, 100 * waiting)  # fmt: skip
    return "%s was busy for %.0f %% of the time: its callers, or other load on their core, were the limit" % (name, 100 * busy)


def show_throughput(found: dict) -> None:
    rows, notes = [], []
    for shape, each in found.items():
        for name, runs in each["rounds"].items():
            rows.append([shape, name, "%.0f" % median(runs, "calls_per_second"), "%.0f %%" % (100 * median(runs, "busy")),
                         "%.0f" % median(runs, "calls_per_processor_second")])  # fmt: skip
            if note := bound(name, runs):
                notes.append("%s: %s." % (shape, note))
        rows.append([shape, "**ratio**", ratio(each["calls_per_second"]), "", ratio(each["calls_per_processor_second"])])
    table(["connections × calls", "", "calls/s", "core busy", "calls for 1 s of its processor time"], rows)
    for note in notes:
        print(note)
    if notes:
        print("Where a core was not busy, the ratio to take is that by processor time.")


def ratio(each: dict) -> str:
    return "**%.2f** (%.2f–%.2f)" % (each["median"], each["min"], each["max"])


# Latency


def latency(options, patience) -> dict:
    """Calls that come one at a time, as those of many independent callers do: at a quarter of what it relays of them,
    which keeps its core half busy, since a call that wakes it costs more; at half; and at half of the most that it
    relays, where calls come by the dozen: as many that come alone fill the core."""
    proxy = Millpond(options.programs)
    found, rows = {}, []
    for share, words, shape in ((0.25, "quarter", SHAPES[-1]), (0.5, "half", SHAPES[-1]), (0.5, "half", SHAPES[0])):
        each = latency_at(share, proxy, *shape, options, patience)
        found["%s of %dx%d" % (words, *shape)] = each
        for key, name in (("p50_us", "median"), ("p99_us", "99 %")):
            rows.append(["%.0f, a %s of %d × %d" % (each["rate"], words, *shape),
                         "%.0f %%" % (100 * median(each["rounds"]["through"], "busy")), name,
                         "%.0f µs" % median(each["rounds"]["direct"], key),
                         "%.0f µs" % median(each["rounds"]["through"], key),
                         "**%(median).0f µs** (%(min).0f–%(max).0f)" % each[key]])  # fmt: skip
    proxy.stop()
    table(["calls/s", "core busy", "latency", "to a worker", "through the coordinator", "added"], rows)
    return found


def latency_at(share: float, proxy: Millpond, connections: int, in_flight: int, options, patience) -> dict:
    peaks = [run(lambda: proxy.load(connections, in_flight, options.seconds), patience) for _ in range(3)]
    rate = max(each["calls_per_second"] for each in peaks) * share
    rounds = {"direct": [], "through": []}
    # An open load may have more calls open than the closed one: it does not wait.
    shape = {"connections": connections, "in_flight": 512, "seconds": options.seconds, "rate": "%.0f" % rate}
    for _ in range(options.rounds):
        for key, load in (("direct", proxy.direct), ("through", proxy.load)):
            rounds[key].append(run(lambda: load(**shape), patience))
    found = {"rate": rate, "rounds": rounds}
    for key in ("p50_us", "p99_us"):
        found[key] = spread([through[key] - direct[key] for direct, through in zip(*rounds.values())])
    if (reached := median(rounds["through"], "calls_per_second")) < 0.98 * rate:
        print("Only %.0f of %.0f calls/s were answered: other load had the processors." % (reached, rate))
    return found


# Connections


def connections(options, patience) -> dict:
    found, rows = {}, []
    for workers in (FEW_WORKERS, MANY_WORKERS):
        proxy = Millpond(options.programs, workers)
        idle = programs.memory(proxy.identifier)[0]
        with_callers = run(lambda: proxy.load(MANY_CALLERS, 1, options.seconds, rate=CALLERS_RATE), patience)
        loads = [run(lambda: proxy.load(*SHAPES[0], options.seconds), patience) for _ in range(options.rounds)]
        proxy.stop()
        found[workers] = {"idle_bytes": idle, "with_callers": with_callers, "rounds": loads}
        rows.append(["%d" % workers, "%.1f MB" % (idle / 1e6),
                     "%.1f MB with %d" % (with_callers["resident_bytes"] / 1e6, with_callers["connections"]),
                     "%.0f" % median(loads, "calls_per_second"), "%.0f %%" % (100 * median(loads, "busy")),
                     "%.0f" % median(loads, "calls_per_processor_second")])  # fmt: skip
    table(["workers", "resident, idle", "connected callers", "calls/s, 4 × 64", "core busy",
           "calls for 1 s of its processor time"], rows)  # fmt: skip
    few, many = (median(each["rounds"], "calls_per_processor_second") for each in found.values())
    print("With %d workers: %.2f of the calls for a second of processor time with %d." % (MANY_WORKERS, many / few, FEW_WORKERS))
    for workers, each in found.items():
        if each["with_callers"]["refused"]:
            print("%d workers: %d of %d callers were refused: %s" % (
                workers, each["with_callers"]["refused"], MANY_CALLERS, each["with_callers"]["reason"]))  # fmt: skip
    return found


def set_nice(value: int) -> None:
    """Where the kernel shares processors among sessions, a process's own nice counts only within its session."""
    group = "/proc/self/autogroup"
    if os.path.exists(group):
        with open(group, "w", encoding="ascii") as file:
            file.write(str(value))
    else:
        os.nice(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help="what to measure: " + ", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait for other load to end, all in all")
    parser.add_argument("--nice", type=int, help="-15, as root: what is measured goes before other load")
    parser.add_argument("--programs", default=os.path.join(programs.ROOT, ".build", "release"))
    parser.add_argument("--json", default=os.path.join(programs.ROOT, ".build", "relay.json"))
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error("unknown: " + ", ".join(sorted(unknown)))
    if options.quick:
        options.rounds, options.seconds = 3, 1
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("two processors are needed")
    if options.nice is not None:
        set_nice(options.nice)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    report = {"machine": machine(), "commit": commit()}
    patience = quiet.Patience(seconds=options.patience, each=20)
    measures = {"throughput": throughput, "latency": latency, "connections": connections}
    for part in options.parts:
        report[part] = measures[part](options, patience)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
