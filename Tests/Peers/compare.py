"""Measures each line of the README's table in one run, and prints it.

    Tests/Peers/bench [--pairs 9] [--seconds 4] [--only throughput,coordinator,…] [--json FILE]

Takes about ten minutes on a quiet machine. Runs that other load disturbed are discarded and repeated, within a bound.
Exit status: 0 all targets are met; 1 some are not, or nothing could be measured.
"""

import argparse
import json
import os
import platform
import subprocess
import sys

import programs

LINES = ("vectors", "bits", "throughput", "coordinator", "start", "chaos")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return "%s, %d processors" % (names[0] if names else platform.machine(), len(os.sched_getaffinity(0)))


def commit():
    done = subprocess.run(["git", "-C", programs.ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def vectors_line(options):
    import vectors

    running = programs.Server(options.programs, "--model", programs.MODEL, "--replicas", "2", "--threads", "1")
    try:
        largest, count = vectors.reference_difference(vectors.connect(running.address))
    finally:
        running.stop()
    text = "largest difference to sentence-transformers fp32, any component of %d unit vectors" % count
    return {"largestDifference": largest, "texts": count}, text, "%.2g" % largest, "<= 2e-6", largest <= 2e-6


def bits_line(options):
    import vectors
    from client import heads, server

    texts = programs.lines(programs.TEXTS)[:501]
    running = programs.Server(options.programs, "--model", programs.MODEL, "--replicas", "2", "--threads", "1")
    try:
        coordinator = vectors.connect(running.address)
        head = heads.RequestHead(method=heads.METHOD_INFO)
        info = coordinator.call(head, b"", server.InfoResponse)
        worker = vectors.connect([w.address for w in info.workers if w.state == "ready"][0])
        largest, changed = vectors.repeated_difference(worker, coordinator, texts)
    finally:
        running.stop()
    text = "the same text alone, among 500 others, in another order, over two workers"
    value = "the same bits" if changed == 0 else "%d other bits, differences to %.2g" % (changed, largest)
    return {"largestDifference": largest, "otherBits": changed}, text, value, "the same bits", changed == 0


def throughput_line(options):
    import throughput

    result = throughput.measure(options, os.path.join(programs.ROOT, ".venv-peers", "onnx"))
    setting = result["setting"]
    text = "throughput through the coordinator, %d texts of 1-6 sentences, over ONNX Runtime %s fp32" % (
        result["texts"],
        result["onnxruntime"],
    )
    text += " at its best (%s graph, %s sessions x threads, batches of %d)" % (
        setting["graph"],
        setting["sessionsThreads"],
        setting["batch"],
    )
    value = "%.2f (%.2f to %.2f in %d pairs); %s against %s tokens/s" % (
        result["ratioMedian"],
        result["ratioMin"],
        result["ratioMax"],
        result["pairs"],
        format(result["millpondTokensPerSecond"], ","),
        format(result["peerTokensPerSecond"], ","),
    )
    return result, text, value, ">= 1.0", result["ratioMedian"] >= 1.0 and result["largestDifference"] <= 2e-6


def coordinator_line(options):
    running = programs.Server(options.programs, "--model", programs.MODEL, "--replicas", "1", "--threads", "2")
    try:
        result = programs.bench(options.programs, "coordinator", "--server", running.address)
    finally:
        running.stop()
    added = result["addedMicroseconds"]
    text = "median time that the coordinator adds to a one-sentence Embed (over the worker's own %.0f µs)" % (
        result["workerMicroseconds"]
    )
    return result, text, "%.0f µs" % added, "<= 100 µs", added <= 100 and result["undisturbed"]


def start_line(options):
    arguments = ["start", "--model", programs.MODEL, "--jsonl", programs.TEXTS, "--calls", "2"]
    result = programs.bench(options.programs, *arguments)
    milliseconds, resident = result["startMilliseconds"], result["peakResidentBytes"] / 1e6
    value = "%.0f ms; %.0f MB at its peak" % (milliseconds, resident)
    met = milliseconds <= 200 and resident <= 200 and result["undisturbed"]
    return result, "worker start to ready, warm page cache; resident memory of a worker", value, "<= 200 ms; <= 200 MB", met


def chaos_line(options):
    path = os.path.join(options.cache, "chaos.json")
    script = os.path.join(programs.ROOT, "Tests", "Peers", "chaos")
    command = [sys.executable, script, "--programs", options.programs, "--json", path]
    status = subprocess.run(command, stdout=sys.stderr).returncode
    if not os.path.exists(path):
        sys.exit("chaos gave no result")
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    os.remove(path)
    text = "%d s of mixed load (%s calls) while %d workers are killed" % (
        result["seconds"],
        format(result["calls"], ","),
        result["workersKilled"],
    )
    value = "%d failed, %d wrong; coordinator %.0f MB, then %.0f" % (
        result["failedCalls"],
        result["wrongAnswers"],
        result["coordinatorBytesAtStart"] / 1e6,
        result["coordinatorBytesAtEnd"] / 1e6,
    )
    return result, text, value, "0 failed, 0 wrong, flat memory", status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(LINES), help="lines to measure: " + ", ".join(LINES))
    parser.add_argument("--pairs", type=int, default=9, help="pairs of runs for a ratio (9)")
    parser.add_argument("--seconds", type=float, default=4, help="the least length of a run (4)")
    parser.add_argument("--programs", default=os.path.join(programs.ROOT, ".build", "release"))
    parser.add_argument("--json", help="a file for every figure (.build/bench.json)")
    parser.add_argument(
        "--sentence-transformers",
        metavar="PYTHON",
        help="measure sentence-transformers as well, with this Python, such as .venv/bin/python",
    )
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(LINES):
        parser.error("unknown lines: " + ", ".join(sorted(unknown)))
    options.cache = os.path.join(programs.ROOT, ".venv-peers", "onnx")
    os.makedirs(options.cache, exist_ok=True)
    report = {"machine": machine(), "commit": commit()}
    rows, missed = [], []
    for name in LINES:
        if name in wanted:
            print("measuring: " + name, file=sys.stderr, flush=True)
            report[name], text, value, target, met = globals()[name + "_line"](options)
            report[name]["met"] = bool(met)
            rows.append("| %s | %s | %s%s |" % (text, value, target, "" if met else " (missed)"))
            if not met:
                missed.append(name)
    print("| %s, commit %s | measured | target |\n|---|---|---|" % (report["machine"], report["commit"]))
    print("\n".join(rows))
    path = options.json or os.path.join(options.programs, "..", "bench.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    if missed:
        sys.exit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
