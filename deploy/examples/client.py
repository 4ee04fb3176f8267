#!/usr/bin/env python3
"""A Millpond client with nothing but protobuf's generated classes and a socket. The contract is Protos/README.md.

    client.py [--server HOST:PORT]                              embeds, classifies and ranks
    client.py --conformance Protos/conformance [--server ...]   checks this client, and a server, against the contract
"""

import argparse, pathlib, socket, struct, subprocess, sys, tempfile

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "Protos"
with tempfile.TemporaryDirectory() as made:  # A program of your own makes the classes once.
    subprocess.run(["protoc", f"-I{PROTOS}", f"--python_out={made}", *PROTOS.glob("millpond/v1/*.proto")], check=True)
    sys.path.insert(0, made)
    from millpond.v1 import calls_pb2 as calls, head_pb2 as heads, server_pb2 as server

KINDS = ["", "hello", "request", "response", "cancel", "ping", "pong", "go_away", "load_report"]
END, MORE = 1, 2
FLAGS = {"request": (0, END), "response": (0, END, MORE)}
FRAME_BYTES = 4 << 20


class CallError(Exception):
    """Holds the status of a call that failed."""


def frame(kind, flags=0, call=0, head=b"", body=b""):
    return struct.pack("<IBBHQ", len(head) + len(body), KINDS.index(kind), flags, len(head), call) + head + body


def read_frame(stream):
    if len(header := stream.read(16)) < 16:
        raise EOFError("the connection ended")
    length, number, flags, head_length, call = struct.unpack("<IBBHQ", header)
    kind = KINDS[number] if number < len(KINDS) else ""
    limit = FRAME_BYTES if kind in FLAGS else 8192
    if not kind or flags not in FLAGS.get(kind, (0,)) or head_length > min(length, 16384) or length + 16 > limit:
        raise ValueError(f"no frame begins with {header}")
    if len(payload := stream.read(length)) < length:
        raise EOFError("the connection ended within a frame")
    return kind, flags, call, payload[:head_length], payload[head_length:]


class Client:
    """One connection, one call at a time."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.stream = self.socket.makefile("rb")
        self.last_call = 0
        hello = heads.Hello(version=1, limits=heads.Limits(frame_bytes=FRAME_BYTES), agent="client.py")
        self.socket.sendall(frame("hello", head=hello.SerializeToString()))
        kind, _, _, head, _ = read_frame(self.stream)
        if kind == "go_away":
            raise CallError(heads.GoAway.FromString(head).status)
        self.limits = heads.Hello.FromString(head).limits

    def call(self, head, body, answer):
        """Sends a RequestHead and a body; gives a message of type `answer`, its results in the order of the inputs."""
        self.last_call += 1
        head, body = head.SerializeToString(), body if isinstance(body, bytes) else body.SerializeToString()
        room = self.limits.frame_bytes - 16 - len(head)
        for cut in range(0, max(len(body), 1), room):
            flags = END if cut + room >= len(body) else 0
            self.socket.sendall(frame("request", flags, self.last_call, b"" if cut else head, body[cut:cut + room]))
        parts, head, body = [], b"", b""
        while not parts or flags != END:
            kind, flags, call, more_head, more_body = read_frame(self.stream)
            if kind == "ping":
                self.socket.sendall(frame("pong", call=call))
            if kind == "response":  # Load reports need no reply, and after a go-away open calls are still answered.
                head, body = head + more_head, body + more_body
                if flags != MORE:
                    parts.append((heads.ResponseHead.FromString(head), answer.FromString(body)))
                    head = body = b""
        if parts[-1][0].status.code:
            raise CallError(parts[-1][0].status)
        (_, whole), *others = sorted(parts, key=lambda part: part[0].first_input)
        for _, part in others:
            whole.results.extend(part.results)
        return whole


def floats(data):
    return struct.unpack(f"<{len(data) // 4}f", data)


def tour(client):
    query, texts = "media player", ["plays music and films", "a compiler for C", "reads mail in a terminal"]
    inputs, size = [calls.Input(text=text) for text in texts], sum(len(text.encode()) for text in texts)
    for model in client.call(heads.RequestHead(method="METHOD_INFO"), b"", server.InfoResponse).models:
        print(f"\n{model.name}: {model.architecture}, {model.task}, score {model.score}")
        head = heads.RequestHead(model=model.name, input_count=len(texts), text_bytes=size)
        if model.task == "embed":
            head.method = heads.METHOD_EMBED
            for result in client.call(head, calls.EmbedRequest(inputs=inputs), calls.EmbedResponse).results:
                print(f"  {result.tokens} tokens", *(f"{x:+.3f}" for x in floats(result.embedding)[:8]), "...")
        if model.task == "classify" and len(model.labels) > 1:
            head.method = heads.METHOD_CLASSIFY
            answer = client.call(head, calls.ClassifyRequest(inputs=inputs), calls.ClassifyResponse)
            for text, result in zip(texts, answer.results):
                print("  {1}: {0:.2f}".format(*max(zip(floats(result.values), answer.labels))), text, sep="\t")
        if model.score != "none":
            head.method = heads.METHOD_SCORE
            request = calls.ScoreRequest(queries=[query], documents=texts)
            scores = [result.score.value for result in client.call(head, request, calls.ScoreResponse).results]
            print(f"  best first for '{query}':", *sorted(zip(scores, texts), reverse=True), sep="\n    ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server")
    parser.add_argument("--conformance", type=pathlib.Path)
    options = parser.parse_args()
    if options.conformance:
        from conformance import replay
        replay(options.conformance, read_frame, Client(options.server) if options.server else None, CallError)
    else:
        tour(Client(options.server or "127.0.0.1:7070"))
