"""Measures Millpond beside its peers in one run, in turns on the same texts and processors, and prints ratios.

    Tests/Peers/compare_peers [host throughput latency quality large chaos] [--quick] [--rounds N] [--seconds S] [--readme]

Every program gets two threads. Each peer runs by the setting that is fastest here for the mix, is given whole files, and
is stopped while another one is measured. Runs during which others had more than 5 % of the processors are repeated,
within a bound. A peer that cannot be run is named. `host` is what needs no peer: the processor's limits, the coordinator,
starts and memory; `chaos` kills workers under load. Figures are kept in .build/peers.json part by part; --readme writes
all that are there into README.md, with its plots.
"""

import argparse
import json
import os
import statistics
import sys

import host
import large
import measures
import mixes
import programs
import quality
import quiet
import report as readme
from peer_client import Absent, Millpond, Peer
from programs import commit, machine

PARTS = ("host", "throughput", "latency", "quality", "large", "chaos")
PEERS = [
    ("sentence-transformers", "torch_program", ".venv-peers", ("f32",)),
    ("ONNX Runtime", "onnx_program", ".venv-peers", ("f32", "int8")),
    ("OpenVINO", "openvino_program", ".venv-peers", ("f32", "bf16", "int8")),
    ("vLLM", "vllm_program", ".venv-vllm", ("f32", "bf16")),
]
PRECISIONS = ("f32", "bf16", "int8")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def start(options, cache: str) -> tuple[list, dict]:
    """Every program that can be run, and why others cannot."""
    runners, absent = [Millpond(precision, programs.MODEL, options.programs) for precision in PRECISIONS], {}
    for name, adapter, venv, precisions in PEERS:
        python = os.path.join(programs.ROOT, venv, "bin", "python")
        for precision in precisions:
            try:
                runners.append(Peer(name, adapter, precision, programs.MODEL, python, cache))
                say("%s %s, %s" % (name, runners[-1].version, precision))
            except Absent as reason:
                absent["%s %s" % (name, precision)] = str(reason)
                say("%s %s cannot be run: %s" % (name, precision, reason))
    return runners, absent


def ratios(rounds: dict, smaller_is_better: bool) -> dict:
    """For each precision Millpond over the best peer, round by round."""
    found = {}
    for precision in PRECISIONS:
        ours = rounds.get("Millpond " + precision)
        theirs = {
            key: values
            for key, values in rounds.items()
            if key.endswith(" " + precision) and not key.startswith("Millpond")
        }
        if not ours or not theirs:
            continue
        pick = min if smaller_is_better else max
        best = pick(theirs, key=lambda key: statistics.median(theirs[key]))
        each = [a / b for a, b in zip(ours, theirs[best])]
        found[precision] = {"peer": best, "min": min(each), "median": statistics.median(each), "max": max(each)}
    return found


def table(title: str, unit: str, rounds: dict, found: dict) -> None:
    print("\n%s" % title)
    for key, values in sorted(rounds.items(), key=lambda item: -statistics.median(item[1])):
        low, middle, high = min(values), statistics.median(values), max(values)
        print("  %-28s %10.4g %s (%.4g to %.4g)" % (key, middle, unit, low, high))
    for precision, each in found.items():
        print("  %s over %s: %.2f (%.2f to %.2f)" % (precision, each["peer"], each["median"], each["min"], each["max"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help="what to measure: " + ", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1.5 s, and 3 pairs of large models")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--pairs", type=int, default=9, help="of large models")
    parser.add_argument("--readme", action="store_true", help="write the tables and plots of README.md")
    parser.add_argument("--programs", default=os.path.join(programs.ROOT, ".build", "release"))
    parser.add_argument("--json", default=os.path.join(programs.ROOT, ".build", "peers.json"))
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error("unknown: " + ", ".join(sorted(unknown)))
    if options.quick:
        options.rounds, options.seconds, options.pairs = 3, 1.5, 3
    cache = os.path.join(programs.ROOT, ".venv-peers", "models")
    os.makedirs(cache, exist_ok=True)
    report = {}
    if os.path.exists(options.json):
        with open(options.json, encoding="utf-8") as file:
            report = json.load(file)
    if report.get("machine") != machine():
        report = {}
    report |= {"machine": machine(), "isa": host.instruction_set(options)}
    report.setdefault("commits", {}).update({part: commit() for part in options.parts})
    patience = quiet.Patience(seconds=1200, each=60)
    texts = mixes.make(cache)
    if "host" in options.parts:
        report["host"] = host.measure(options, texts, patience, cache)
    if set(options.parts) & {"throughput", "latency", "quality"}:
        runners, report["absent"] = start(options, cache)
        report["versions"] = {runner.name: runner.version for runner in runners}
        if "throughput" in options.parts:
            report["throughput"] = {}
            for name, mix in texts.items():
                rounds = measures.throughput(runners, mix, options, patience)
                report["throughput"][name] = {"rounds": rounds, "ratios": ratios(rounds, False)}
                table("%s texts, tokens/s" % name, "tokens/s", rounds, report["throughput"][name]["ratios"])
        if "latency" in options.parts:
            rounds = measures.latency(runners, texts["short"], options, patience)
            report["latency"] = {"rounds": rounds, "ratios": ratios(rounds, True)}
            table("one short sentence, median", "ms", rounds, report["latency"]["ratios"])
        if "quality" in options.parts:
            report["quality"] = quality.measure(runners, options, cache)
        for runner in runners:
            runner.stop()
    if "large" in options.parts:
        report["large"] = large.measure(options, cache)
    if "chaos" in options.parts:
        report["chaos"] = host.chaos(options, cache)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    if options.readme:
        readme.write(report)


if __name__ == "__main__":
    main()
