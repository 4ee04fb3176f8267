"""A coordinator and workers as processes, with logs and metrics."""

import http.client
import json
import os
import re
import subprocess
import tempfile

import programs
from relay_programs import free_ports

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """Samples of a metrics address, read over one connection."""

    def __init__(self, address: str):
        self.address = address
        self.connection = http.client.HTTPConnection(address, timeout=10)

    def text(self) -> str:
        try:
            self.connection.request("GET", "/metrics")
            return self.connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            self.connection.close()  # It was closed for its age, perhaps: one more try.
            self.connection.request("GET", "/metrics")
            return self.connection.getresponse().read().decode()

    def read(self, name: str) -> list[tuple[dict, float]]:
        """Labels and value of each sample of that name."""
        found = []
        for line in self.text().splitlines():
            if line.startswith(name) and (match := SAMPLE.match(line)) and match[1] == name:
                found.append((dict(LABEL.findall(match[2] or "")), float(match[3])))
        return found

    def by(self, label: str, name: str) -> dict[str, float]:
        return {labels[label]: value for labels, value in self.read(name)}

    def sum(self, name: str) -> float:
        return sum(value for _, value in self.read(name))


def ready_address(process: subprocess.Popen) -> str:
    line = process.stdout.readline()
    if not line.startswith("ready "):
        process.kill()
        raise SystemExit("%s did not start" % " ".join(process.args))
    return line.split()[1]


def end(process: subprocess.Popen) -> int:
    process.terminate()
    try:
        return process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Coordinator:
    """`millpond serve` with a configuration file, which `configure` changes."""

    def __init__(self, folder: str, log: str | None = None, **settings):
        """`settings` are those of the file; the log goes to a file of that name."""
        self.folder = folder
        self.admin, metrics = ("127.0.0.1:%d" % port for port in free_ports(2))
        self.settings = {
            "listen": "127.0.0.1:0", "admin": self.admin, "metrics": metrics, "logLevel": "error",
        } | settings  # fmt: skip
        handle, self.file = tempfile.mkstemp(suffix=".json")
        os.close(handle)
        self.configure()
        command = [os.path.join(folder, "millpond"), "serve", "--config", self.file]
        with open(log or os.devnull, "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors if log else None, text=True
            )
        self.address = ready_address(self.process)
        self.metrics = Metrics(metrics)

    def configure(self, **settings) -> None:
        """Writes the file; it is read again at SIGHUP."""
        self.settings |= settings
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(self.settings, file)

    def administer(self, *words: str) -> subprocess.CompletedProcess:
        """`millpond admin …`, to its end, for which a swap waits a minute for calls."""
        command = [os.path.join(self.folder, "millpond"), "admin", words[0], "--server", self.admin, *words[1:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=150)

    def stop(self) -> int:
        status = end(self.process)
        os.remove(self.file)
        return status


class Worker:
    """`millpond-worker`, which a coordinator finds by its address."""

    def __init__(
        self, folder: str, model: str, *arguments: str, address: str = "127.0.0.1:0", log=None, before=(), counts=False,
    ):  # fmt: skip
        """`before` are words before the command; `log` is a file; with `counts` it has metrics."""
        command = [
            *before, os.path.join(folder, "millpond-worker"), "--model", model, "--threads", "1", "--listen", address,
            *arguments,
        ]  # fmt: skip
        if counts:
            self.metrics = Metrics("127.0.0.1:%d" % free_ports(1)[0])
            command += ["--metrics", self.metrics.address]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log or subprocess.DEVNULL, text=True
        )
        self.address = ready_address(self.process)

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> int:
        return end(self.process)


def write_addresses(path: str, addresses: list[str]) -> None:
    """Replaces the file at once, as a watched file is to be."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(address + "\n" for address in addresses)
    os.replace(path + ".new", path)
