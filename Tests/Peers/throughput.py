"""Millpond's coordinator with two workers beside ONNX Runtime, run in turn on the same texts and processors."""

import json
import os
import statistics
import subprocess
import sys
import time

import numpy

import onnx_peer
import programs
import quiet

LAYOUTS = ("1x2", "2x1")
BATCHES = (4, 8, 16, 32, 64)
ATTEMPTS = 3  # for each pair that is wanted
PATIENCE = quiet.Patience(seconds=1200, each=120)


def say(text):
    print(text, file=sys.stderr, flush=True)


def timed(embed, seconds):
    """Tokens per second of an embedder that gives its token count, over whole passes, and the foreign load."""
    watch, start, tokens = quiet.Watch(), time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < seconds or tokens == 0:
        tokens += embed()
    return tokens / passed, watch.share()


def best_setting(model, graphs, texts):
    """The setting of ONNX Runtime that is fastest here: (graph, layout, batch), and every setting's tokens/s."""
    found = {}

    def measure(setting):
        graph, layout, batch = setting
        peer = onnx_peer.Peer(model, graphs[graph], batch, layout)
        peer.embed(texts[:64])
        for attempt in range(ATTEMPTS):
            PATIENCE.wait()
            speed, share = timed(lambda: peer.embed(texts)[1], 0)
            if share <= quiet.FOREIGN_MAX or attempt == ATTEMPTS - 1:
                found[setting] = max(found.get(setting, 0), speed)
                say("onnxruntime %-5s sessions x threads %s, batch %2d: %6.0f tokens/s" % (*setting, found[setting]))
                return

    for batch in BATCHES:
        for layout in LAYOUTS:
            for graph in graphs:
                measure((graph, layout, batch))
        # Two batch sizes past the best one, larger ones only get slower: padding, and caches.
        best = max(found, key=found.get)
        if BATCHES.index(batch) >= BATCHES.index(best[2]) + 2:
            break
    for setting in sorted(found, key=found.get, reverse=True)[:4]:
        measure(setting)
    best = max(found, key=found.get)
    return best, {"%s %s %d" % setting: round(speed) for setting, speed in found.items()}


def graph_facts(graphs, setting, folder):
    """The operators that ONNX Runtime really runs."""
    dump = os.path.join(folder, "dump.onnx")
    onnx_peer.Session(graphs[setting[0]], 1, dump=dump)
    facts = onnx_peer.bert_onnx.operators(dump)
    os.remove(dump)
    return facts


def agreement(address, peer, texts):
    """The largest difference of any component between Millpond's and the peer's vectors."""
    import vectors

    ours = vectors.embed(vectors.connect(address), texts)
    return float(numpy.abs(ours - peer.embed(texts)[0]).max())


def pairs(ours, theirs, wanted):
    """Undisturbed pairs of tokens/s, one after the other, who is first in turn. Gives them and how many did not count."""
    kept, discarded = [], 0
    while len(kept) < wanted and len(kept) + discarded < wanted * ATTEMPTS:
        PATIENCE.wait()
        order = [("ours", ours), ("theirs", theirs)]
        if (len(kept) + discarded) % 2:
            order.reverse()
        speeds, shares = {}, {}
        for name, run in order:
            speeds[name], shares[name] = run()
        if max(shares.values()) > quiet.FOREIGN_MAX:
            discarded += 1
            say("a pair was disturbed: foreign load %.0f %%" % (100 * max(shares.values())))
            continue
        kept.append((speeds["ours"], speeds["theirs"]))
        say("pair %d: millpond %.0f, peer %.0f tokens/s, ratio %.3f" % (len(kept), *kept[-1], kept[-1][0] / kept[-1][1]))
    return kept, discarded


def summary(kept, discarded):
    ratios = [ours / theirs for ours, theirs in kept]
    return {
        "pairs": len(kept),
        "discardedPairs": discarded,
        "millpondTokensPerSecond": round(statistics.median(ours for ours, _ in kept)),
        "peerTokensPerSecond": round(statistics.median(theirs for _, theirs in kept)),
        "ratioMin": round(min(ratios), 4),
        "ratioMedian": round(statistics.median(ratios), 4),
        "ratioMax": round(max(ratios), 4),
        "all": [[round(ours), round(theirs)] for ours, theirs in kept],
    }


def millpond(folder, address, seconds):
    """One run of the server by `millpond bench`: (tokens/s, foreign load)."""
    arguments = ["embed", "--server", address, "--jsonl", programs.TEXTS, "--seconds", str(seconds), "--runs", "1"]
    report = programs.bench(folder, *arguments)
    return report["tokensPerSecond"], report["foreignCpuPercent"] / 100


class SentenceTransformers:
    """The peer in its own process."""

    def __init__(self, python, threads):
        script = os.path.join(programs.ROOT, "Tests", "Peers", "sentence_transformers_peer.py")
        self.process = subprocess.Popen(
            [python, script, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, texts):
        watch = quiet.Watch()
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["tokens"] / answer["seconds"], watch.share()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measure(options, cache):
    """Everything about throughput, for the report."""
    texts = programs.lines(programs.TEXTS)
    graphs = onnx_peer.prepare(programs.MODEL, cache)
    best, settings = best_setting(programs.MODEL, graphs, texts)
    peer = onnx_peer.Peer(programs.MODEL, graphs[best[0]], best[2], best[1])
    running = programs.Server(options.programs, "--model", programs.MODEL, "--replicas", "2", "--threads", "1")
    try:
        result = {
            "texts": len(texts),
            "tokens": peer.embed(texts)[1],
            "onnxruntime": onnx_peer.onnxruntime.__version__,
            "setting": {"graph": best[0], "sessionsThreads": best[1], "batch": best[2]},
            "settings": settings,
            "operators": graph_facts(graphs, best, cache),
            "largestDifference": agreement(running.address, peer, texts),
        }
        ours = lambda: millpond(options.programs, running.address, options.seconds)  # noqa: E731
        theirs = lambda: timed(lambda: peer.embed(texts)[1], options.seconds)  # noqa: E731
        result.update(checked(*pairs(ours, theirs, options.pairs)))
        if options.sentence_transformers:
            other = SentenceTransformers(options.sentence_transformers, 2)
            other.run(texts)
            found = checked(*pairs(ours, lambda: other.run(texts), max(3, options.pairs // 3)))
            result["sentenceTransformers"] = found
            other.stop()
    finally:
        running.stop()
    return result


def checked(kept, discarded):
    if not kept:
        sys.exit("other load disturbed all %d pairs: nothing was measured" % discarded)
    return summary(kept, discarded)
