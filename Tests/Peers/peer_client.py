"""Programs that embed, as the comparison runs them: each peer in a process of its own that is stopped while another one
is measured, and Millpond by its own benchmark."""

import ctypes
import json
import os
import signal
import subprocess
import sys

import programs

HERE = os.path.dirname(os.path.abspath(__file__))
READY_SECONDS = 900
END_WITH_PARENT = 1  # PR_SET_PDEATHSIG: a stopped process would stay for ever


class Absent(Exception):
    """The peer cannot be run here, for the reason given."""


class Peer:
    """A peer's process. It takes no processor time but in `ask`."""

    def __init__(self, name: str, adapter: str, precision: str, model: str, python: str, cache: str):
        self.name, self.precision = name, precision
        if not os.path.exists(python):
            raise Absent("%s is not there" % os.path.relpath(python, programs.ROOT))
        self.errors = open(os.path.join(cache, "%s-%s.log" % (adapter, precision)), "w+", encoding="utf-8")
        command = [python, os.path.join(HERE, "peer_process.py"), adapter, model, precision, cache]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            start_new_session=True, preexec_fn=lambda: ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL),
        )  # fmt: skip
        signal.alarm(READY_SECONDS)
        line = self.process.stdout.readline()
        signal.alarm(0)
        if not line:
            self.errors.seek(0)
            raise Absent((self.errors.read().strip().splitlines() or ["it ended at once"])[-1])
        ready = json.loads(line)["ready"]
        self.version, self.settings, self.single_settings = ready["version"], ready["settings"], ready["single"]
        self.pause(True)

    def pause(self, stops: bool) -> None:
        os.killpg(self.process.pid, signal.SIGSTOP if stops else signal.SIGCONT)

    def ask(self, request: dict) -> dict:
        self.pause(False)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("%s %s ended: %s" % (self.name, self.precision, self.errors.name))
        self.pause(True)
        return json.loads(line)

    def stop(self) -> None:
        self.pause(False)
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


class Millpond:
    """The engine in a process of its own for each run."""

    name, version, settings, single_settings = "Millpond", "", [{}], [{}]

    def __init__(self, precision: str, model: str, folder: str):
        self.precision, self.model, self.folder = precision, model, folder

    def bench(self, texts: str, seconds: float, *more: str) -> dict:
        return programs.bench(
            self.folder, "embed", "--model", self.model, "--jsonl", texts, "--precision", self.precision, "--runs", "1",
            "--seconds", str(seconds), *more,
        )  # fmt: skip

    def stop(self) -> None:
        pass
