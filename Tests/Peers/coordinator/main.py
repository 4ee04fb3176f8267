"""Measures what the coordinator does with real workers, and prints a table for each part.

    Tests/Peers/measure_coordinator [spread overload interactive swap memory latency] [--quick] [--rounds N] [--seconds S]

`spread`: one call of 1,000 texts, most short and a few long, over three workers of which one is half as fast: how far
apart they end; and what a second equal worker is worth. `overload`: twice the calls that can be answered, with deadlines
of 100 ms: answers in time, and tokens computed in vain. `interactive`: one text while bulk calls keep all workers busy.
`swap`: another model under load. `memory`: the coordinator's, over a million calls of random sizes. `latency`: what the
coordinator adds at half load, as compare_relay has it.
Figures are kept in .build/coordinator.json, part by part.
"""

import argparse
import json
import os
import resource
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import growth  # noqa: E402
import interactive  # noqa: E402
import overload  # noqa: E402
import programs  # noqa: E402
import quiet  # noqa: E402
import relay  # noqa: E402
import spread  # noqa: E402
import swap  # noqa: E402

PARTS = {"spread": spread, "overload": overload, "interactive": interactive, "swap": swap, "memory": growth, "latency": None}


def quietly(patience: quiet.Patience, measure) -> dict:
    """One run, with the share of the machine that others had meanwhile."""
    patience.wait()
    watch = quiet.Watch()
    result = measure()
    return result | {"foreign": watch.share()}


def foreign(found) -> list[float]:
    """That share, of all runs within."""
    if isinstance(found, list):
        return [share for each in found for share in foreign(each)]
    if not isinstance(found, dict):
        return []
    own = [found["foreign"]] if "foreign" in found else []
    return own + [share for each in found.values() for share in foreign(each)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help="what to measure: " + ", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="2 rounds of 2 s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each run; some take a multiple")
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait for other load to end, all in all")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--programs", default=os.path.join(programs.ROOT, ".build", "release"))
    parser.add_argument("--json", default=os.path.join(programs.ROOT, ".build", "coordinator.json"))
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error("unknown: " + ", ".join(sorted(unknown)))
    if options.quick:
        options.rounds, options.seconds = 2, 2
    options.model, options.quietly = swap.NAME + "=" + programs.MODEL, quietly
    options.worker = ["--precision", options.precision]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    patience = quiet.Patience(seconds=options.patience, each=20)
    report = {}
    if os.path.exists(options.json):
        with open(options.json, encoding="utf-8") as file:
            report = json.load(file)
    for part in options.parts:
        print("%s:" % part, flush=True)
        if part == "latency":
            found = relay.latency(options, patience)
        else:
            found = PARTS[part].measure(options, patience)
            PARTS[part].show(found)
        if (shares := foreign(found)) and max(shares) > quiet.FOREIGN_MAX:
            print("Other load had up to %.0f %% of the processors." % (100 * max(shares)))
        report[part] = found | {"machine": programs.machine(), "commit": programs.commit()}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
