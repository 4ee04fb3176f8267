"""Writes what was measured into README.md, between its two marks, and draws the plots beside it."""

import os
import statistics

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as pyplot  # noqa: E402

import programs  # noqa: E402

README = os.path.join(programs.ROOT, "README.md")
PLOTS = "Sources/Service/Benchmarks/Documentation.docc/Resources"
BEGIN, END = "<!-- measured: by compare_peers --readme -->\n", "<!-- measured: end -->\n"
PRECISIONS = ("f32", "bf16", "int8")
MIXES = {"short": "one sentence", "mixed": "1–6 sentences", "long": "256 tokens"}
RATIO_MUST = {"f32": 1.3, "bf16": 1.45, "int8": 1.4}
SHARE_MUST = {"f32": 85, "bf16": 78, "int8": 60}
LATENCY_MUST, THROUGH_MUST, START_MUST = 0.6, 0.93, 120
LARGE_MUST = {"bert-base": 1.25, "xlm-r-large": 1.1, "qwen3-0.6b": 1.0}
QUALITY_MUST = {"bf16": (0.9999, 0.990), "int8": (0.997, 0.93)}
COLORS = {"Millpond": "#1f6f8b", "OpenVINO": "#b7b7b7", "ONNX Runtime": "#8f8f8f", "vLLM": "#d0d0d0",
          "sentence-transformers": "#e3e3e3"}  # fmt: skip


def number(value: float) -> str:
    return format(round(value, -1), ",.0f")


def spread(each: dict, digits: int = 2) -> str:
    return "**%.*f** (%.*f–%.*f)" % (digits, each["median"], digits, each["min"], digits, each["max"])


def verdict(met: bool, target: str) -> str:
    return target if met else target + ": missed"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head)] + rows
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def throughput(report: dict) -> str:
    found, rows = report["throughput"], []
    for precision in PRECISIONS:
        ours, theirs, ratios, missed = [], [], [], []
        for mix, name in MIXES.items():
            rounds, ratio = found[mix]["rounds"], found[mix]["ratios"][precision]
            ours.append(number(statistics.median(rounds["Millpond " + precision])))
            peer = ratio["peer"]
            theirs.append("%s %s" % (number(statistics.median(rounds[peer])), peer.rsplit(" ", 1)[0]))
            ratios.append(spread(ratio))
            if ratio["median"] < RATIO_MUST[precision]:
                missed.append(name)
        target = "≥ %g" % RATIO_MUST[precision]
        rows += [
            ["**%s**: Millpond" % precision, *ours, ""],
            ["best peer", *theirs, ""],
            ["ratio", *ratios, target + (": missed on " + ", ".join(missed) if missed else "")],
        ]
    rows.append(
        ["sentence-transformers (f32)"]
        + [number(statistics.median(found[mix]["rounds"]["sentence-transformers f32"])) for mix in MIXES]
        + [""]
    )
    return table(["", *MIXES.values(), "target"], rows)


def quality(report: dict) -> str:
    found, rows = report["quality"], []
    for name, each in found.items():
        met, precision = True, name.rsplit(" ", 1)[1]
        target = ""
        if name.startswith("Millpond"):
            if precision in QUALITY_MUST:
                cosine, overlap = QUALITY_MUST[precision]
                met = each["meanCosine"] >= cosine and each["overlap"] >= overlap
                target = "≥ %g, %g %%" % (cosine, 100 * overlap)
            else:
                met, target = each["largest"] <= 2e-6, "≤ 2e-6"
        rows.append(
            [name, "%.6f" % each["meanCosine"], "%.1f %%" % (100 * each["overlap"]), "%.2g" % each["largest"],
             verdict(met, target)]
        )  # fmt: skip
    head = ["", "mean cosine", "the same ten nearest neighbours", "largest difference of a component", "target"]
    return table(head, rows)


def latency(report: dict) -> str:
    rounds, rows = report["latency"]["rounds"], []
    for precision in PRECISIONS:
        ratio = report["latency"]["ratios"][precision]
        through = statistics.median(rounds["Millpond " + precision])
        inside = statistics.median(rounds["Millpond in process, " + precision])
        peer = statistics.median(rounds[ratio["peer"]])
        met = ratio["median"] <= LATENCY_MUST
        rows.append(
            [precision, "%.2f ms (%.2f in process)" % (through, inside),
             "%.2f ms %s" % (peer, ratio["peer"].rsplit(" ", 1)[0]), spread(ratio), verdict(met, "≤ %g" % LATENCY_MUST)]
        )  # fmt: skip
    return table(["", "Millpond", "best peer", "ratio", "target"], rows)


def host(report: dict) -> str:
    found, rows = report["host"], []
    for precision in PRECISIONS:
        each = found["limits"][precision]
        value = "**%.0f %%** of %s tokens/s" % (100 * each["share"], number(each["limit"]))
        must = SHARE_MUST[precision]
        rows.append(["share of the arithmetic limit, 1–6 sentences, %s" % precision, value,
                     verdict(100 * each["share"] >= must, "≥ %d %%" % must)])  # fmt: skip
    for precision in PRECISIONS:
        each = found["coordinator"][precision]
        rows.append(["throughput through the coordinator and two workers over the bare engine, %s" % precision,
                     spread(each), verdict(each["median"] >= THROUGH_MUST, "≥ %g" % THROUGH_MUST)])  # fmt: skip
    each = found["added"]
    rows.append(["what the coordinator adds to the median of one sentence, f32",
                 "%.0f µs, to %.0f µs of the worker" % (each["addedMicroseconds"], each["workerMicroseconds"]), ""])  # fmt: skip
    for precision in PRECISIONS:
        each = found["start"][precision]
        value = "**%.0f ms** (%.0f–%.0f)" % (
            each["startMilliseconds"], each["startMillisecondsMin"], each["startMillisecondsMax"])  # fmt: skip
        rows.append(["worker start to ready, warm cache, %s" % precision, value,
                     verdict(each["startMilliseconds"] <= START_MUST, "≤ %d ms" % START_MUST)])  # fmt: skip
    for precision in PRECISIONS:
        each = found["memory"]["all-MiniLM-L6-v2 " + precision]
        value = "**%.1f MB** (the first: %.0f MB)" % (each["further"] / 1e6, each["one"] / 1e6)
        rows.append(["each further worker on a host, proportional memory, MiniLM, %s" % precision, value,
                     verdict(each["further"] <= 25e6, "≤ 25 MB")])  # fmt: skip
    for precision in PRECISIONS:
        each = found["memory"]["bert-base " + precision]
        value = "**%.2f** (%.0f over %.0f MB)" % (each["ratio"], each["four"] / 1e6, each["one"] / 1e6)
        rows.append(["four workers over one, BERT-base's size, %s" % precision, value,
                     verdict(each["ratio"] <= 1.4, "≤ 1.4")])  # fmt: skip
    if each := report.get("chaos"):
        # Of a run before there were other events.
        events = each.get("events", {"kill": each["workersKilled"]})
        rows.append(
            ["%d s of mixed load, workers killed (SIGKILL) %d times, stopped %d, slowed %d, drained %d" % (
                each["seconds"], *(events.get(name, 0) for name in ("kill", "stop", "slow", "drain"))),
             "%d of %s calls failed, %d answers wrong; coordinator %.0f, then %.0f MB" % (
                 each["failedCalls"], format(each["calls"], ","), each["wrongAnswers"],
                 each["coordinatorBytesAtStart"] / 1e6, each["coordinatorBytesAtEnd"] / 1e6),
             verdict(each["failedCalls"] + each["wrongAnswers"] == 0, "0, 0")]
        )  # fmt: skip
    return table(["What", "measured", "target"], rows)


def large(report: dict) -> str:
    rows = []
    for shape, each in report["large"].items():
        ours, theirs = (statistics.median(values) * each["tokensPerText"] for values in each["rounds"].values())
        met = each["median"] >= LARGE_MUST[shape]
        rows.append([shape, number(ours), number(theirs), spread(each), verdict(met, "≥ %g" % LARGE_MUST[shape])])
    return table(["bf16, random weights", "Millpond, tokens/s", "vLLM", "ratio", "target"], rows)


def bars(axes, rounds: dict, precision: str) -> None:
    names = [key for key in rounds if key.endswith(" " + precision) and "in process" not in key]
    names.sort(key=lambda key: statistics.median(rounds[key]), reverse=True)
    middle = [statistics.median(rounds[key]) for key in names]
    errors = [[m - min(rounds[key]) for key, m in zip(names, middle)], [max(rounds[key]) - m for key, m in zip(names, middle)]]
    labels = [key.rsplit(" ", 1)[0] for key in names]
    axes.barh(labels, middle, xerr=errors, color=[COLORS[label] for label in labels], ecolor="#555555")
    axes.set_title(precision, loc="left", fontsize=10)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def draw(report: dict) -> None:
    folder = os.path.join(programs.ROOT, PLOTS)
    os.makedirs(folder, exist_ok=True)
    matplotlib.rcParams |= {"svg.hashsalt": "millpond", "font.size": 8}
    plots = {
        "throughput": (report["throughput"]["mixed"]["rounds"], "tokens a second, texts of 1–6 sentences, two threads"),
        "latency": (report["latency"]["rounds"], "milliseconds for one sentence (Millpond: through a coordinator)"),
    }
    for name, (rounds, label) in plots.items():
        figure, panels = pyplot.subplots(1, 3, figsize=(10, 1.9), layout="constrained")
        for axes, precision in zip(panels, PRECISIONS):
            bars(axes, rounds, precision)
        for precision, axes in zip(PRECISIONS, panels):
            if name == "throughput" and "host" in report:
                axes.axvline(report["host"]["limits"][precision]["limit"], color="#c0392b", linewidth=1, linestyle=":")
        figure.supxlabel(label + ("; dotted: the arithmetic limit" if name == "throughput" else ""), fontsize=8)
        figure.savefig(os.path.join(folder, name + ".svg"), metadata={"Date": None})
        pyplot.close(figure)


def text(report: dict) -> str:
    versions = ", ".join("%s %s" % (name, version) for name, version in report.get("versions", {}).items() if version)
    commits = ", ".join("%s %s" % item for item in report["commits"].items())
    parts = ["Machine: %s; kernels %s. Peers: %s. Measured at commits: %s.\n" % (
        report["machine"], report["isa"], versions, commits)]  # fmt: skip
    if "throughput" in report:
        parts += ["**Throughput**: tokens a second of the engine on two threads, tokenisation included, beside every peer at "
                  "its best setting here, in turns in one run (medians; the ratio is to the best peer of the same precision, "
                  "with its least and greatest). `Tests/Peers/compare_peers throughput`\n",
                  "![Throughput](%s/throughput.svg)\n" % PLOTS, throughput(report)]  # fmt: skip
    if "latency" in report:
        parts += ["**Latency**: median of one sentence, one call at a time. Millpond through a coordinator and a worker, peers "
                  "in process. `Tests/Peers/compare_peers latency`\n",
                  "![Latency](%s/latency.svg)\n" % PLOTS, latency(report)]  # fmt: skip
    if "quality" in report:
        parts += ["**Quality** on 2,000 other texts, against sentence-transformers in fp32. "
                  "`Tests/Peers/compare_peers quality`\n", quality(report)]  # fmt: skip
    if "large" in report:
        parts += ["**Larger models** beside vLLM's CPU build, the same token ids. `Tests/Peers/compare_peers large`\n",
                  large(report)]  # fmt: skip
    if "host" in report:
        parts += ["**Without a peer.** `Tests/Peers/compare_peers host chaos`\n", host(report)]
    return "\n".join(parts) + "\n"


def write(report: dict) -> None:
    with open(README, encoding="utf-8") as file:
        page = file.read()
    head, mark, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not mark or not end:
        raise SystemExit("README.md has no marks for the tables")
    if "throughput" in report and "latency" in report:
        draw(report)
    with open(README, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + "\n" + text(report) + END + tail)
