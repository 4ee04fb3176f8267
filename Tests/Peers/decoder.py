"""See decoder: start, memory and the first answer of a large decoder, Millpond and vLLM in turns."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TEXT = "The tide is out, and low water uncovers the mudflats."


def tree(pid):
    yield pid
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            for child in file.read().split():
                yield from tree(int(child))


def memory(pid):
    """Resident and anonymous MB of a process and its children; shared pages count in parts."""
    resident = anonymous = 0
    for each in tree(pid):
        with open(f"/proc/{each}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    resident += int(line.split()[1])
                if line.startswith("Pss_Anon:"):
                    anonymous += int(line.split()[1])
    return resident / 1024, anonymous / 1024


def line_after(stream, wanted):
    for line in stream:
        if line.startswith(wanted):
            return line
    sys.exit(f"the program ended before it said {wanted}")


def millpond(folder):
    start = time.monotonic()
    worker = subprocess.Popen(
        [f"{ROOT}/.build/release/millpond-worker", "--model", folder, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = line_after(worker.stdout, "ready").split()[1]
    ready = time.monotonic() - start
    at_ready = memory(worker.pid)
    answer = subprocess.run(
        [f"{ROOT}/.build/release/millpond", "embed", "--server", address, "--json", TEXT],
        stdout=subprocess.PIPE, text=True, check=True)
    first = time.monotonic() - start
    vector = json.loads(answer.stdout)["embedding"]
    after = memory(worker.pid)
    worker.terminate()
    worker.wait()
    return ready, first, at_ready, after, vector


def vllm(folder):
    start = time.monotonic()
    peer = subprocess.Popen(
        [sys.executable, f"{ROOT}/Tests/Peers/vllm_peer.py", folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line_after(peer.stdout, "ready")
    ready = time.monotonic() - start
    at_ready = memory(peer.pid)
    peer.stdin.write(json.dumps(TEXT) + "\n")
    peer.stdin.flush()
    vector = json.loads(line_after(peer.stdout, "["))
    first = time.monotonic() - start
    after = memory(peer.pid)
    peer.stdin.close()
    peer.wait()
    return ready, first, at_ready, after, vector


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=f"{ROOT}/Models/random-0.6b")
    arguments = parser.parse_args()
    if not os.path.exists(f"{arguments.folder}/model.safetensors"):
        subprocess.run([sys.executable, f"{ROOT}/Tests/FixtureMakers/make_large_decoder.py",
                        arguments.folder], check=True)
    # The page cache is warm for both.
    with open(f"{arguments.folder}/model.safetensors", "rb") as file:
        while file.read(1 << 24):
            pass
    found = {"Millpond f32": [], "vLLM bf16": []}
    for _ in range(arguments.rounds):
        found["Millpond f32"].append(millpond(arguments.folder))
        found["vLLM bf16"].append(vllm(arguments.folder))
    for name, runs in found.items():
        column = [statistics.median(run[i] for run in runs) for i in (0, 1)]
        sizes = [statistics.median(run[i][j] for run in runs) for i in (2, 3) for j in (0, 1)]
        print(f"{name}: ready {column[0]:.2f} s, first answer {column[1]:.2f} s; resident "
              f"{sizes[0]:.0f} MB when ready ({sizes[1]:.0f} anonymous), {sizes[2]:.0f} MB after "
              f"an answer ({sizes[3]:.0f} anonymous); {len(runs)} runs, ready "
              f"{min(r[0] for r in runs):.2f}–{max(r[0] for r in runs):.2f} s")
    print("cosine of the two first answers:",
          round(cosine(found["Millpond f32"][0][4], found["vLLM bf16"][0][4]), 5))


main()
