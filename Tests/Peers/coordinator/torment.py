"""What is done to workers while calls are answered: killed, stopped, slowed, added, drained, reconfigured."""

import os
import random
import signal
import threading
import time
from collections import Counter

import programs
from callers import EMBED
from connection import Connection, information
from fleet import Coordinator, Worker, write_addresses

STOP_SECONDS, SLOW_SECONDS, SLOW_SHARE = (0.5, 8.0), (2.0, 6.0), (0.5, 0.8)
SLOW_PERIOD = 0.04
HOST = 0.3  # of the times that one stands still, all do that the model can spare, as on a host that hangs
REMOTE_MAX = 3
REPLICAS = (3, 4)  # of the first model; a reload goes from one to the other
SOUND = {EMBED: 2}  # workers of a model and fingerprint that are left in peace; of others one
WEIGHTS = {"kill": 8, "stop": 8, "slow": 4, "add": 6, "drain": 6, "reload": 2, "swap": 2}


def floor(kind: tuple[str, str]) -> int:
    return SOUND.get(kind[0], 1)


def send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def parent(pid: int) -> int:
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


class Torment:
    """One event after another until the time is over; each ends in a thread of its own."""

    def __init__(self, options, coordinator: Coordinator, addresses: str, folder: str, other: str):
        """`other` is the directory of a model to swap to."""
        self.other, self.swaps = other, 0
        self.chance, self.options, self.coordinator = random.Random(options.seed), options, coordinator
        self.addresses, self.folder = addresses, folder
        self.remote: list[Worker] = []  # those in the file
        self.others: list[Worker] = []  # those that were
        self.disturbed: dict[int, float] = {}  # process ids, until when
        self.lock, self.threads, self.started = threading.RLock(), [], time.monotonic()
        self.events, self.counts, self.faults = [], Counter(), []
        self.logs = open(os.path.join(folder, "workers.log"), "wb")
        for _ in range(2):
            self.start()

    # Remote workers

    def start(self, address: str = "127.0.0.1:0") -> None:
        model = "%s=%s" % (EMBED, programs.MODEL)
        worker = Worker(self.options.programs, model, *self.options.worker, address=address, log=self.logs)
        with self.lock:
            self.remote.append(worker)
            self.write()

    def write(self) -> None:
        write_addresses(self.addresses, [worker.address for worker in self.remote])

    def forget(self, worker: Worker) -> None:
        with self.lock:
            if worker in self.remote:
                self.remote.remove(worker)
                self.others.append(worker)
                self.write()

    # Whom to take

    def sound(self) -> list[tuple]:
        """Workers that are ready and left in peace, where others of their model and fingerprint are, too: address,
        process id, whether it is remote, and both of these."""
        with self.lock:
            pids = {worker.address: worker.pid for worker in self.remote if worker.process.poll() is None}
        connection, now, found = Connection(self.coordinator.address), time.monotonic(), {}
        for worker in information(connection).workers:
            pid = worker.pid or pids.get(worker.address, 0)
            ours = parent(pid) in (self.coordinator.process.pid, os.getpid())
            if worker.state == "ready" and ours and self.disturbed.get(pid, 0) < now:
                kind = worker.model, worker.fingerprint
                found.setdefault(kind, []).append((worker.address, pid, worker.pid == 0, kind))
        connection.close()
        return [each for kind, workers in sorted(found.items()) if len(workers) > floor(kind) for each in workers]

    # Events

    def run(self, seconds: float, sizes: list[int]) -> None:
        due = self.started = time.monotonic()
        try:
            while time.monotonic() < self.started + seconds:
                sizes.append(programs.memory(self.coordinator.process.pid)[0])
                due += self.chance.expovariate(1 / self.options.every)
                while (wait := due - time.monotonic()) > 0 and time.monotonic() < self.started + seconds:
                    time.sleep(min(wait, 0.2))
                self.do(self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0])
        finally:
            for thread in self.threads:
                thread.join(90)
                if thread.is_alive():
                    self.faults.append("%s does not end" % thread.name)

    def do(self, name: str) -> None:
        draw = self.chance.random(), self.chance.random(), self.chance.random()
        if name in ("add", "reload", "swap"):
            return getattr(self, name)(*draw)
        if name == "drain" and draw[0] < 0.4:
            return self.drain_remote(draw[1], draw[2])
        if sound := self.sound():
            *chosen, kind = sound[int(draw[0] * len(sound))]
            getattr(self, name)(*chosen, draw[1], draw[2])
            if name == "stop" and draw[2] < HOST:
                same = [each[:3] for each in sound if each[3] == kind]
                for other in [each for each in same if each != tuple(chosen)][: len(same) - floor(kind) - 1]:
                    self.stop(*other, draw[1], draw[2])

    def tell(self, name: str, text: str) -> None:
        with self.lock:
            self.counts[name] += 1
            self.events.append({"at": round(time.monotonic() - self.started, 3), "event": name, "what": text})

    def later(self, name: str, body, *arguments) -> None:
        def run():
            try:
                body(*arguments)
            except BaseException as error:  # noqa: BLE001 - told at the end
                self.faults.append("%s: %s" % (name, error))

        self.threads.append(threading.Thread(target=run, name=name, daemon=True))
        self.threads[-1].start()

    def kill(self, address: str, pid: int, is_remote: bool, how: float, when: float) -> None:
        self.disturbed[pid] = float("inf")
        self.tell("kill", address)
        send(pid, signal.SIGKILL)
        if is_remote:
            self.later("revive", self.revive, address, how < 0.5, when)

    def revive(self, address: str, returns: bool, when: float) -> None:
        """A killed worker comes back at its address, or is taken out of the file."""
        worker = next(worker for worker in self.remote if worker.address == address)
        worker.process.wait()
        time.sleep(0.2 + 3 * when)
        self.forget(worker)
        if returns:
            self.start(address)
            self.tell("return", address)

    def stop(self, address: str, pid: int, _: bool, how: float, __: float) -> None:
        seconds = STOP_SECONDS[0] * (STOP_SECONDS[1] / STOP_SECONDS[0]) ** how
        self.disturbed[pid] = time.monotonic() + seconds + 1
        self.tell("stop", "%s for %.1f s" % (address, seconds))
        send(pid, signal.SIGSTOP)
        self.later("go on", lambda: (time.sleep(seconds), send(pid, signal.SIGCONT)))

    def slow(self, address: str, pid: int, _: bool, how: float, length: float) -> None:
        share = SLOW_SHARE[0] + (SLOW_SHARE[1] - SLOW_SHARE[0]) * how
        seconds = SLOW_SECONDS[0] + (SLOW_SECONDS[1] - SLOW_SECONDS[0]) * length
        self.disturbed[pid] = time.monotonic() + seconds + 1
        self.tell("slow", "%s stopped %.0f %% of the time for %.1f s" % (address, 100 * share, seconds))

        def hold_up():
            end = time.monotonic() + seconds
            while time.monotonic() < end and send(pid, signal.SIGSTOP):
                time.sleep(SLOW_PERIOD * share)
                send(pid, signal.SIGCONT)
                time.sleep(SLOW_PERIOD * (1 - share))

        self.later("slow", hold_up)

    def add(self, *_) -> None:
        if len(self.remote) >= REMOTE_MAX:
            return
        self.start()
        self.tell("add", self.remote[-1].address)

    def drain(self, address: str, pid: int, is_remote: bool, how: float, _: float) -> None:
        """By the operator's command; one elsewhere ends when it has nothing more."""
        self.disturbed[pid] = float("inf")
        self.tell("drain", "%s, %s" % (address, "elsewhere" if is_remote else "own"))

        def drain():
            done = self.coordinator.administer("drain", address)
            # A swap may have had it end before. What was begun must end well.
            if done.returncode != 0 and (done.stdout or "no worker is at" not in done.stderr):
                self.faults.append("drain %s: %s%s" % (address, done.stdout, done.stderr))
            for worker in self.remote if is_remote else ():
                if worker.address == address:
                    self.forget(worker)
                    worker.stop()

        self.later("drain", drain)

    def drain_remote(self, which: float, how: float) -> None:
        """One elsewhere is told to end, or taken out of the file and then told."""
        with self.lock:
            some = [worker for worker in self.remote if self.disturbed.get(worker.pid, 0) < time.monotonic()]
        if len(some) < 2:
            return
        worker = some[int(which * len(some))]
        self.disturbed[worker.pid] = float("inf")
        is_told_first = how < 0.5
        self.tell("drain", "%s, %s" % (worker.address, "SIGTERM" if is_told_first else "out of the file"))

        def leave():
            if is_told_first:
                worker.stop()
                self.forget(worker)
            else:
                self.forget(worker)
                time.sleep(3)
                worker.stop()

        self.later("leave", leave)

    def reload(self, changes: float, *_) -> None:
        replicas = self.coordinator.settings["replicas"]
        if changes < 0.5:
            now = REPLICAS[1] if replicas[EMBED] == REPLICAS[0] else REPLICAS[0]
            self.coordinator.configure(replicas=replicas | {EMBED: now})
        self.tell("reload", "replicas %s" % self.coordinator.settings["replicas"])
        send(self.coordinator.process.pid, signal.SIGHUP)

    def swap(self, *_: float) -> None:
        """To the other model or back; a reload swaps it back, too."""
        self.swaps += 1
        directory = self.other if self.swaps % 2 == 1 else programs.MODEL
        self.tell("swap", directory)

        def swap():
            done = self.coordinator.administer("swap", "%s=%s" % (EMBED, directory))
            if done.returncode != 0:
                self.faults.append("swap: %s%s" % (done.stdout, done.stderr))

        self.later("swap", swap)

    # The end

    def expected(self) -> int:
        return sum(self.coordinator.settings["replicas"].values()) + len(self.remote)

    def end(self) -> None:
        for worker in self.remote + self.others:
            send(worker.pid, signal.SIGCONT) if worker.process.poll() is None else None
            if worker.process.poll() is None:
                worker.stop()
        self.logs.close()
