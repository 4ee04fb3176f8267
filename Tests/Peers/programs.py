"""Millpond's programs, as the scripts here use them."""

import json
import os
import platform
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "Models", "all-MiniLM-L6-v2")
FIXTURES = os.path.join(ROOT, "Tests", "Fixtures")
TEXTS = os.path.join(ROOT, "Tests", "Peers", "texts.jsonl")
START_SECONDS = 60

sys.path.insert(0, os.path.join(ROOT, "deploy", "examples"))


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return "%s, %d processors" % (names[0] if names else platform.machine(), len(os.sched_getaffinity(0)))


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


class Server:
    """`millpond serve` on a free port of this machine, until `stop`."""

    def __init__(self, folder, *arguments, before=()):
        command = [*before, os.path.join(folder, "millpond"), "serve", "--listen", "127.0.0.1:0", "--log-level", "error"]
        self.process = subprocess.Popen(
            command + list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        signal.alarm(START_SECONDS)
        line = self.process.stdout.readline()
        signal.alarm(0)
        if not line.startswith("ready "):
            self.process.kill()
            sys.exit("millpond serve did not start")
        self.address = line.split()[1]

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def bench(folder, *arguments):
    """What `millpond bench … --json` gives."""
    command = [os.path.join(folder, "millpond"), "bench", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("%s ended with %d:\n%s" % (" ".join(command), done.returncode, done.stderr))
    return json.loads(done.stdout)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def memory(identifier):
    """(resident, peak) bytes of a process; zeros when it is gone."""
    values = {}
    try:
        with open("/proc/%d/status" % identifier, encoding="ascii", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key in ("VmRSS", "VmHWM"):
                    values[key] = int(value.split()[0]) * 1024
    except OSError:
        pass
    return values.get("VmRSS", 0), values.get("VmHWM", 0)
