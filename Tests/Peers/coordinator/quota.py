"""A share of a processor for a process: by a control group's quota, else by stopping and continuing it."""

import atexit
import os
import signal
import threading
import time

PERIOD_MICROSECONDS = 10_000  # Short, so that a worker is never held up for long.
groups: list[str] = []


@atexit.register
def remove_groups() -> None:
    for group in groups:
        try:
            os.rmdir(group)
        except OSError:
            pass  # Something is still in it, or it is gone.


def mounts() -> list[tuple[str, str, str]]:
    """Place, kind and options of each mount."""
    with open("/proc/mounts", encoding="utf-8") as file:
        fields = [line.split() for line in file]
    return [(each[1], each[2], each[3]) for each in fields]


def make_group(name: str, share: float) -> tuple[str, str] | None:
    """A group with the quota, and which version of control groups it is of."""
    quota = int(share * PERIOD_MICROSECONDS)
    for place, kind, options in mounts():
        group = os.path.join(place, "millpond-%d-%s" % (os.getpid(), name))
        try:
            if kind == "cgroup" and "cpu" in options.split(","):
                os.mkdir(group)
                groups.append(group)
                write(group, "cpu.cfs_period_us", PERIOD_MICROSECONDS)
                write(group, "cpu.cfs_quota_us", quota)
                return group, "cgroup v1 quota"
            if kind == "cgroup2":
                with open(os.path.join(place, "cgroup.subtree_control"), "r+", encoding="ascii") as file:
                    if "cpu" not in file.read().split():
                        file.write("+cpu")
                os.mkdir(group)
                groups.append(group)
                write(group, "cpu.max", "%d %d" % (quota, PERIOD_MICROSECONDS))
                return group, "cgroup v2 quota"
        except OSError:
            continue
    return None


def write(group: str, name: str, value) -> None:
    with open(os.path.join(group, name), "w", encoding="ascii") as file:
        file.write(str(value))


class Quota:
    """Give `before` to what starts the process, and its id to `hold`."""

    def __init__(self, name: str, share: float):
        self.share, self.before, self.is_held = share, [], True
        if made := make_group(name, share):
            group, self.means = made
            enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
            self.before = ["/bin/sh", "-c", enter, group]
        else:
            self.means = "SIGSTOP and SIGCONT"

    def hold(self, pid: int) -> None:
        if not self.before:
            threading.Thread(target=self.stop_and_go, args=(pid,), daemon=True).start()

    def stop_and_go(self, pid: int) -> None:
        period = PERIOD_MICROSECONDS / 1e6
        try:
            while True:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(period * (1 - self.share))
                os.kill(pid, signal.SIGCONT)
                time.sleep(period * self.share)
        except ProcessLookupError:
            pass
