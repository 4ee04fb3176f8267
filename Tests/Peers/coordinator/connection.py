"""A connection to a coordinator or a worker, on which a call can be cancelled, and what an answer says of itself."""

import sys
import time

import programs  # noqa: F401 - puts deploy/examples on the path

try:
    import client
    from client import calls, heads, server
except ModuleNotFoundError as missing:
    sys.exit("%s: this needs protoc and python3-protobuf, and Debian's /usr/bin/python3" % missing)

PATIENCE = 90  # seconds without a byte of an answer


class Answer:
    def __init__(self, results: list, fingerprints: set[str], timings):
        self.results, self.fingerprints, self.timings = results, fingerprints, timings

    @property
    def tokens(self) -> int:
        return sum(result.tokens for result in self.results)


class Connection(client.Client):
    """One call at a time."""

    def __init__(self, address: str):
        super().__init__(address)
        self.address = address
        self.socket.settimeout(PATIENCE)
        self.is_old = False  # The server wants to be rid of it.

    def close(self) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, head, body) -> int:
        """Sends a call; gives its id."""
        self.last_call += 1
        head, body = head.SerializeToString(), body.SerializeToString()
        room = self.limits.frame_bytes - 16 - len(head)
        for cut in range(0, max(len(body), 1), room):
            flags = client.END if cut + room >= len(body) else 0
            piece = client.frame("request", flags, self.last_call, b"" if cut else head, body[cut : cut + room])
            self.socket.sendall(piece)
        return self.last_call

    def cancel(self, call: int) -> None:
        self.socket.sendall(client.frame("cancel", call=call))

    def wait(self, call: int, kind) -> Answer:
        """The answer to a call, its results in the order of the inputs; CallError where it failed."""
        parts, head, body, flags = [], b"", b"", 0
        while not parts or flags != client.END:
            frame, flags, number, more_head, more_body = client.read_frame(self.stream)
            if frame == "ping":
                self.socket.sendall(client.frame("pong", call=number))
            if frame == "go_away":
                self.is_old = True
            if frame != "response":
                continue
            if number != call:
                raise ValueError("an answer to call %d in place of %d" % (number, call))
            head, body = head + more_head, body + more_body
            if flags != client.MORE:
                parts.append((heads.ResponseHead.FromString(head), kind.FromString(body)))
                head = body = b""
        last = parts[-1][0]
        if last.status.code:
            raise client.CallError(last.status)
        parts.sort(key=lambda part: part[0].first_input)
        results = [result for _, part in parts for result in part.results]
        return Answer(results, {head.fingerprint for head, part in parts if part.results}, last.timings)


def embedding(texts: list[str], model: str = "", seconds: float = 0, **head) -> tuple:
    """Head and body of an Embed call; `seconds` are until its deadline."""
    head = heads.RequestHead(method=heads.METHOD_EMBED, model=model, input_count=len(texts), **head)
    head.text_bytes = sum(len(text.encode()) for text in texts)
    if seconds:
        head.budget.remaining_us = int(seconds * 1e6)
    body = calls.EmbedRequest(inputs=[calls.Input(text=text) for text in texts])
    body.length.truncation = calls.TRUNCATION_RIGHT
    return head, body


def embed(connection: Connection, texts: list[str], **options) -> Answer:
    return connection.wait(connection.send(*embedding(texts, **options)), calls.EmbedResponse)


def information(connection: Connection):
    call = connection.send(heads.RequestHead(method=heads.METHOD_INFO), server.InfoRequest())
    while True:  # Info's body is one message.
        frame, _, number, _, body = client.read_frame(connection.stream)
        if frame == "response" and number == call:
            return server.InfoResponse.FromString(body)


def await_ready(address: str, count: int, seconds: float = 60) -> None:
    """Until so many workers take calls."""
    end = time.monotonic() + seconds
    connection = Connection(address)
    while (ready := sum(worker.state == "ready" for worker in information(connection).workers)) != count:
        if time.monotonic() > end:
            sys.exit("%d workers are ready in place of %d" % (ready, count))
        time.sleep(0.05)
    connection.close()
