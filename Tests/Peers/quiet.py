"""Who used the processors: runs that other load disturbed do not count. The rule is that of `millpond bench`."""

import os
import sys
import time

FOREIGN_MAX = 0.05  # of the machine's processor time


def machine():
    """(busy with what the host stole, all) ticks since the machine started."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def own():
    """Ticks of this process, of what descends from it, and of what they waited for."""
    times, children = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            times[int(name)] = sum(map(int, fields[11:15]))
            children.setdefault(int(fields[1]), []).append(int(name))
    total, open_ids = 0, [os.getpid()]
    while open_ids:
        identifier = open_ids.pop()
        total += times.get(identifier, 0)
        open_ids += children.get(identifier, [])
    return total


class Watch:
    """The foreign load between its making and `share()`, as a part of the machine."""

    def __init__(self):
        self.machine, self.own = machine(), own()

    def share(self):
        (busy, total), mine = machine(), own()
        passed = total - self.machine[1]
        return max(0, busy - self.machine[0] - (mine - self.own)) / passed if passed else 0.0


class Patience:
    """Time to wait for other load to end, all in all and each time."""

    def __init__(self, seconds, each):
        self.left, self.each = seconds, each

    def wait(self):
        """Waits until other load is gone for a second, as long as patience lasts. Gives whether it is gone."""
        start, said = time.monotonic(), False
        end = start + min(self.left, self.each)
        while True:
            watch = Watch()
            time.sleep(1)
            gone = watch.share() <= FOREIGN_MAX
            if gone or time.monotonic() > end:
                self.left = max(0, self.left - (time.monotonic() - start - 1))
                return gone
            if not said:
                print("waiting for other load to end", file=sys.stderr, flush=True)
                said = True
