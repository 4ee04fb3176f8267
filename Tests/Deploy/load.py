"""Callers that keep to the contract under load, for the tests of this folder: each call has a deadline, a connection
that said go-away gets no new call, and a call that was refused for draining or lost with its connection is sent again
on a new one. Every answer is compared with the one recorded before anything was broken."""

import os
import pathlib
import select
import socket
import sys
import threading
import time
from collections import Counter

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "examples"), str(ROOT / "Tests" / "Peers")]

try:
    import client
    import programs
    from client import calls, heads, server
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}: this needs protoc and python3-protobuf, and Debian's /usr/bin/python3")

socket.setdefaulttimeout(5)  # To connect, and for hello.
MODEL = "all-MiniLM-L6-v2"
TEXTS = [text[:200] for text in programs.lines(programs.TEXTS)][:64]


class Connection(client.Client):
    """A connection that knows when the server wants to be rid of it."""

    # What the client would read from as a file is watched.
    stream = property(lambda self: self.watched, lambda self, file: setattr(self, "watched", Watched(self)))

    def __init__(self, address, timeout=10):
        self.said_go_away = False
        super().__init__(address)
        self.socket.settimeout(timeout)

    def is_stale(self):
        """Whether to leave it: a go-away or the end has come while no call was open."""
        try:
            while not self.said_go_away and select.select([self.socket], [], [], 0)[0]:
                kind, _, number, _, _ = client.read_frame(self.stream)
                if kind == "ping":
                    self.socket.sendall(client.frame("pong", call=number))
        except (OSError, EOFError):
            return True
        return self.said_go_away

    def embed(self, texts, deadline):
        head = heads.RequestHead(method=heads.METHOD_EMBED, model=MODEL, input_count=len(texts))
        head.budget.remaining_us = max(0, int(deadline * 1e6))
        head.text_bytes = sum(len(text.encode()) for text in texts)
        request = calls.EmbedRequest(inputs=[calls.Input(text=text) for text in texts])
        results = self.call(head, request, calls.EmbedResponse).results
        for result in results:
            if result.HasField("error"):
                raise client.CallError(result.error)
        return [result.embedding for result in results]

    def close(self):
        self.socket.close()


class Watched:
    """Bytes of a connection: as a socket's file, but never holding back what `select` does not show, and marking
    a go-away as its header passes."""

    def __init__(self, connection):
        self.connection = connection

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.connection.socket.recv(count - len(data))
            if not more:
                break
            data += more
        if count == 16 and len(data) == 16 and data[4] == client.KINDS.index("go_away"):
            self.connection.said_go_away = True
        return data


class Load:
    """Callers at one address until `stop`. With `phase` results are kept apart by what is going on."""

    def __init__(self, address, callers, deadline=10.0, inputs=8, pause=0.0):
        self.address, self.deadline, self.inputs, self.pause = address, deadline, inputs, pause
        self.stopped, self.lock = threading.Event(), threading.Lock()
        self.phase, self.counts, self.slowest, self.failures = "", {}, {}, []
        first = Connection(address, 40)
        self.expected = [first.embed([text], 30)[0] for text in TEXTS]
        first.close()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(callers)]
        self.enter("before")
        for thread in self.threads:
            thread.start()

    def enter(self, phase):
        with self.lock:
            self.phase = phase
            self.counts.setdefault(phase, Counter())
            self.slowest.setdefault(phase, 0.0)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(self.deadline + 10)
        hung = sum(thread.is_alive() for thread in self.threads)
        if hung:
            self.failures.append(f"{hung} callers hang")

    def run(self, number):
        connection, turn = None, number
        while not self.stopped.is_set():
            turn += 1
            chosen = [(turn * 7 + i * 5) % len(TEXTS) for i in range(self.inputs)]
            began, phase = time.monotonic(), self.phase
            end, reasons, answer = began + self.deadline, [], None
            while answer is None and time.monotonic() < end:
                try:
                    if connection is None or connection.is_stale():
                        self.dropped(connection)
                        connection = None
                        connection = Connection(self.address, self.deadline + 1)
                    answer = connection.embed([TEXTS[i] for i in chosen], end - time.monotonic())
                except client.CallError as error:
                    status = error.args[0]
                    reasons.append((self.phase, heads.Reason.Name(status.reason) if status.reason else heads.Code.Name(status.code)))
                    if not status.retryable and status.code != heads.UNAVAILABLE:
                        self.failures.append(f"{phase}: {heads.Code.Name(status.code)} {status.message}")
                        break
                    # After DRAINING on another connection.
                    connection.said_go_away = True
                    time.sleep(min(max(status.retry_after_us / 1e6, 0.01), 1))
                except (OSError, EOFError):
                    # Refused before there was a connection, or lost with the call on it.
                    reasons.append((self.phase, "connection lost" if connection else "not connected"))
                    self.dropped(connection)
                    connection = None
                    time.sleep(0.02)
            self.took(phase, time.monotonic() - began, chosen, answer, reasons)
            if self.pause:
                time.sleep(self.pause)
        self.dropped(connection)

    @staticmethod
    def dropped(connection):
        if connection:
            connection.close()

    def took(self, phase, seconds, chosen, answer, reasons):
        with self.lock:
            counts = self.counts[phase]
            counts["calls"] += 1
            self.slowest[phase] = max(self.slowest[phase], seconds)
            # A call counts where it began, what happened to it where it happened.
            for happened, reason in reasons:
                self.counts[happened][reason] += 1
            if answer is None:
                counts["failed"] += 1
                reason = ", ".join(reason for _, reason in reasons) or "late"
                self.failures.append(f"{phase}: no answer in {seconds:.1f} s ({reason})")
            if answer is not None and answer != [self.expected[i] for i in chosen]:
                counts["wrong"] += 1
                self.failures.append(f"{phase}: a wrong answer")

    def show(self):
        for phase, counts in self.counts.items():
            others = ", ".join(f"{value} {name}" for name, value in sorted(counts.items()) if name != "calls")
            print(f"  {phase:<32} {counts['calls']:>5} calls, slowest {self.slowest[phase]:.2f} s" + (f"; {others}" if others else ""))


def info(address):
    connection = Connection(address)
    answer = connection.call(heads.RequestHead(method=heads.METHOD_INFO), b"", server.InfoResponse)
    connection.close()
    return answer


def until(what, seconds, test):
    """Waits for a condition; ends the test if it does not come."""
    end = time.monotonic() + seconds
    while True:
        try:
            if test():
                return
        except (OSError, EOFError, client.CallError):
            pass
        if time.monotonic() > end:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def processor_seconds(pid):
    """Of a process, 0 when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
