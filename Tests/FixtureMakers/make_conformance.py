#!/usr/bin/env python3
"""Writes Protos/conformance: frames with their decoding, frames to refuse, and golden answers.

    apt-get install protobuf-compiler python3-protobuf      # or: pip install protobuf
    Tests/FixtureMakers/make_conformance.py                 # a second; needs Models/ for the vocabulary's spellings

It shares no code with the servers: protobuf's own Python classes, made by protoc from Protos/, and `struct` for the
frame header. So the tests that read these files compare two implementations. What the files hold: their README.md.
Vectors come from Tests/Fixtures/minilm (sentence-transformers), token ids from Tests/Fixtures/wordpiece (tokenizers).
"""

import base64
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "Protos", "conformance")
FIXTURES = os.path.join(ROOT, "Tests", "Fixtures")
TOKENIZER = os.path.join(ROOT, "Models", "all-MiniLM-L6-v2", "tokenizer.json")

GENERATED = tempfile.TemporaryDirectory()
PROTOS = ["millpond/v1/head.proto", "millpond/v1/calls.proto", "millpond/v1/server.proto"]
subprocess.run(
    ["protoc", "--proto_path", os.path.join(ROOT, "Protos"), "--python_out", GENERATED.name, *PROTOS], check=True)
sys.path.insert(0, GENERATED.name)

from google.protobuf import json_format  # noqa: E402
from millpond.v1 import calls_pb2 as calls, head_pb2 as head, server_pb2 as server  # noqa: E402

KINDS = {"hello": 1, "request": 2, "response": 3, "cancel": 4, "ping": 5, "pong": 6, "go_away": 7, "load_report": 8}
END, MORE = 1, 2
MODEL = "all-MiniLM-L6-v2"
FINGERPRINT = "8f3c1a5e-f32.1"


def header(kind, flags, call, head_bytes, payload_bytes):
    return struct.pack("<IBBHQ", payload_bytes, kind, flags, head_bytes, call)


def frame(kind, flags=0, call=0, top=b"", body=b""):
    return header(KINDS[kind], flags, call, len(top), len(top) + len(body)) + top + body


def as_json(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def write(name, lines):
    with open(os.path.join(OUT, name), "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=True) + "\n")
    print(name, len(lines), "lines")


# frames.jsonl

FRAMES = []


def message(name, sender, kind, call=0, top=None, body=None, flags=0, continuation=None, cuts=(), extra=b"",
            extra_body=b""):
    """One message, in one frame or, cut at `cuts`, in several that carry `continuation` in place of `flags`."""
    top_bytes = (top.SerializeToString() if top is not None else b"") + extra
    body_bytes = (body.SerializeToString() if body is not None else b"") + extra_body
    wire, frames, edges = b"", [], [0, *cuts, len(body_bytes)]
    for index in range(len(edges) - 1):
        part = body_bytes[edges[index]:edges[index + 1]]
        bits = flags if index == len(edges) - 2 else continuation
        first = top_bytes if index == 0 else b""
        wire += frame(kind, bits, call, first, part)
        names = [name for name, bit in (("END", END), ("MORE", MORE)) if bits & bit]
        frames.append({"kind": kind, "flags": names, "call": call, "head_bytes": len(first), "body_bytes": len(part)})
    decoded = {"frames": frames}
    if top is not None:
        decoded |= {"head_type": top.DESCRIPTOR.name, "head": as_json(top)}
    if body is not None:
        decoded |= {"body_type": body.DESCRIPTOR.name, "body": as_json(body)}
    FRAMES.append({"name": name, "from": sender, "hex": wire.hex(), "decoded": decoded})


def request(name, call, method, body, inputs=0, text_bytes=0, cuts=(), extra=b"", extra_body=b"", **fields):
    top = head.RequestHead(method=method, input_count=inputs, text_bytes=text_bytes, **fields)
    message(name, "client", "request", call, top, body, END, 0, cuts, extra, extra_body)


def response(name, call, body=None, inputs=(0, 0), flags=END, cuts=(), **fields):
    fields.setdefault("status", head.Status())
    top = head.ResponseHead(first_input=inputs[0], input_count=inputs[1], **fields)
    message(name, "server", "response", call, top, body, flags, MORE, cuts)


def text(value):
    return calls.Input(text=value)


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


CLIENT_HELLO = head.Hello(version=1, limits=head.Limits(frame_bytes=4 << 20), agent="example 1")
SERVER_LIMITS = head.Limits(frame_bytes=4 << 20, calls=1024, bytes=128 << 20, call_bytes=64 << 20, call_inputs=65536)
SERVER_HELLO = head.Hello(version=1, limits=SERVER_LIMITS, agent="millpond 0.1.0 worker")
LOAD = head.LoadReport(backlog_us=18250, queued_inputs=41, queued_bytes=9107, threads=2, token_ns=21500,
                       token_squared_ps=13, tokens_per_kilobyte=228)


def control_frames():
    message("example: the server's hello", "server", "hello", top=SERVER_HELLO)
    message("example: the client's hello", "client", "hello", top=CLIENT_HELLO)
    message("hello with a token", "client", "hello", top=head.Hello(
        version=1, limits=head.Limits(frame_bytes=65552), agent="пруд", token="s3cret"))
    message("hello with an unknown field, which is skipped", "client", "hello", top=CLIENT_HELLO,
            extra=b"\xc2\x3e\x01x")
    message("cancel", "client", "cancel", 7)
    message("ping without a number", "client", "ping")
    message("ping with a number", "client", "ping", 2 ** 53 - 1)
    message("pong repeats the ping's number", "server", "pong", 2 ** 53 - 1)
    message("go-away of a draining server", "server", "go_away", top=head.GoAway(last_call=12, status=head.Status(
        code=head.UNAVAILABLE, reason=head.REASON_DRAINING, retryable=True,
        message="the server is draining: send the call elsewhere")))
    message("go-away for a broken contract", "server", "go_away", top=head.GoAway(status=head.Status(
        code=head.INVALID_ARGUMENT, message="frame of unknown kind 71")))
    message("load report", "server", "load_report", top=LOAD)
    message("load report of a draining worker", "server", "load_report", top=head.LoadReport(threads=64, draining=True))


def requests():
    one = calls.EmbedRequest(inputs=[text("hello")], dimensions=calls.Count(value=2))
    request("example: Embed with one text", 1, head.METHOD_EMBED, one, 1, 5, model=MODEL,
            budget=head.Budget(remaining_us=250000))
    request("Embed with every option", 2, head.METHOD_EMBED, calls.EmbedRequest(
        inputs=[text("a text"), text("ein Text")],
        length=calls.LengthOptions(truncation=calls.TRUNCATION_RIGHT, max_tokens=calls.Count(value=64)),
        prompt=calls.Prompt(name="query"), dimensions=calls.Count(value=128),
        normalization=calls.NORMALIZATION_OFF, element_type=calls.ELEMENT_TYPE_F16), 2, 14, model=MODEL,
        priority=head.PRIORITY_BULK, request_id="req-42", token="s3cret",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    request("a budget of 0 is not the absence of one", 3, head.METHOD_EMBED, calls.EmbedRequest(inputs=[text("late")]),
            1, 4, budget=head.Budget())
    request("counts of 0 and an empty prompt are not their absence", 4, head.METHOD_EMBED, calls.EmbedRequest(
        inputs=[text("x")], length=calls.LengthOptions(max_tokens=calls.Count()), prompt=calls.Prompt(),
        dimensions=calls.Count()), 1, 1)
    texts = ["", "nul\0inside", "\0", "emoji 👩‍👩‍👧‍👦", "水车", "line\r\nline"]
    request("texts: empty, NUL, emoji, Chinese, line ends", 5, head.METHOD_EMBED,
            calls.EmbedRequest(inputs=[text(value) for value in texts]), len(texts),
            sum(len(value.encode()) for value in texts))
    request("token ids, none among them, and a pair", 6, head.METHOD_EMBED, calls.EmbedRequest(inputs=[
        calls.Input(ids=calls.TokenIds(ids=[101, 7592, 102])), calls.Input(ids=calls.TokenIds()),
        calls.Input(ids=calls.TokenIds(ids=[0, 2 ** 32 - 1])),
        calls.Input(pair=calls.Pair(query="who?", document="")), calls.Input(pair=calls.Pair())]), 5, 4)
    request("no inputs at all", 7, head.METHOD_EMBED, calls.EmbedRequest())
    request("Classify", 8, head.METHOD_CLASSIFY, calls.ClassifyRequest(
        inputs=[text("a library"), text("a game")]), 2, 15)
    request("Classify, raw and cut on the left", 9, head.METHOD_CLASSIFY, calls.ClassifyRequest(
        inputs=[text("a library")], raw=True, length=calls.LengthOptions(truncation=calls.TRUNCATION_LEFT)), 1, 9)
    request("Score: one query, three documents", 10, head.METHOD_SCORE, calls.ScoreRequest(
        queries=["mill"], documents=["a water mill", "", "a pond"]), 3, 22)
    request("Score: two pairs, raw, with a prompt", 11, head.METHOD_SCORE, calls.ScoreRequest(
        queries=["mill", "pond"], documents=["a water mill", "a pond"], raw=True, prompt=calls.Prompt(name="query")),
        2, 26)
    request("Score with an instruction", 18, head.METHOD_SCORE, calls.ScoreRequest(
        queries=["mill"], documents=["a pond"], instruction=calls.Instruction(text="find water")), 1, 20)
    request("Score with an empty instruction, which is not the absence of one", 19, head.METHOD_SCORE,
            calls.ScoreRequest(queries=["mill"], documents=["a pond"], instruction=calls.Instruction()), 1, 10)
    request("Tokenize", 12, head.METHOD_TOKENIZE, calls.TokenizeRequest(
        inputs=[text("Millpond")], prompt=calls.Prompt(name="query")), 1, 8)
    request("Info", 13, head.METHOD_INFO, server.InfoRequest())
    request("Health", 14, head.METHOD_HEALTH, server.HealthRequest())
    request("unknown fields in head and body, which are skipped", 15, head.METHOD_EMBED,
            calls.EmbedRequest(inputs=[text("x")]), 1, 1, extra=b"\xc0\x3e\x05", extra_body=b"\xc1\x3e12345678")
    words = calls.EmbedRequest(inputs=[text("first " * 30), text("second " * 30), text("third")])
    request("a request in three frames, cut within a length and within a text", 16, head.METHOD_EMBED, words, 3, 395,
            cuts=(2, 300))
    request("a request whose first frame has no body", 17, head.METHOD_EMBED, calls.EmbedRequest(inputs=[text("x")]),
            1, 1, cuts=(0,))


def refused_call(name, call, code, reason, message, **fields):
    response(name, call, status=head.Status(code=code, reason=reason, message=message, **fields), load=LOAD)


def responses():
    timings = head.Timings(queue_us=40, tokenize_us=25, compute_us=2100, total_us=2190)
    response("example: the answer to Embed", 1, calls.EmbedResponse(
        results=[calls.EmbedResult(embedding=floats(0.6, 0.8), tokens=3)], dimensions=2), (0, 1),
        fingerprint=FINGERPRINT, timings=timings)
    error = head.Status(code=head.INVALID_ARGUMENT, reason=head.REASON_TOO_LONG,
                        message="input of 300 tokens, the limit is 256", input=head.InputIndex())
    response("Embed, part 1: a vector and an error in its slot", 2, calls.EmbedResponse(results=[
        calls.EmbedResult(error=error, tokens=300),
        calls.EmbedResult(embedding=floats(1, -0.5, 1.5e-45, 0), tokens=256, truncated=True)], dimensions=4),
        (0, 2), flags=0, fingerprint=FINGERPRINT, timings=timings, load=LOAD)
    response("Embed, part 2: the last", 2, calls.EmbedResponse(
        results=[calls.EmbedResult(embedding=floats(0, 0, 0, 1), tokens=7)], dimensions=4), (2, 1),
        fingerprint=FINGERPRINT, timings=timings, load=LOAD)
    response("a part in three frames", 3, calls.EmbedResponse(results=[
        calls.EmbedResult(embedding=floats(*[i / 256 for i in range(256)]), tokens=4)], dimensions=256), (0, 1),
        cuts=(3, 500), fingerprint=FINGERPRINT)
    response("an empty vector is not an error", 4, calls.EmbedResponse(
        results=[calls.EmbedResult(embedding=b"")]), (0, 1))
    response("f16 vectors", 5, calls.EmbedResponse(
        results=[calls.EmbedResult(embedding=struct.pack("<2e", 0.5, -2))], dimensions=2,
        element_type=calls.ELEMENT_TYPE_F16), (0, 1))
    response("Classify", 8, calls.ClassifyResponse(
        results=[calls.ClassifyResult(values=floats(0.25, 0.75), tokens=5),
                 calls.ClassifyResult(values=floats(0.875, 0.125), tokens=4)], labels=["games", "Bibliotheken ß"]),
        (0, 2), fingerprint=FINGERPRINT)
    response("Score: a score of 0 is a score", 10, calls.ScoreResponse(results=[
        calls.ScoreResult(score=calls.Score(value=0.921875), tokens=9),
        calls.ScoreResult(score=calls.Score(), tokens=4),
        calls.ScoreResult(error=head.Status(code=head.INVALID_ARGUMENT, reason=head.REASON_INVALID_UTF8,
                                            message="input is not UTF-8 at byte 3", input=head.InputIndex(index=2)))]),
        (0, 3), fingerprint=FINGERPRINT)
    response("Tokenize, with a spelling that is no UTF-8", 12, calls.TokenizeResponse(results=[calls.TokenizeResult(
        tokens=calls.Tokens(ids=[101, 4971, 0, 102], spellings=[b"[CLS]", b"mill", b"\xff\xfe", b"[SEP]"]),
        truncated=True), calls.TokenizeResult(tokens=calls.Tokens())]), (0, 2), fingerprint=FINGERPRINT)
    info = server.ModelInfo(
        name=MODEL, fingerprint=FINGERPRINT, architecture="BertModel", task="embed", score="cosine", max_tokens=256,
        dimensions=384, labels=["a", "b"], prompts=["query"], precision="f32", isa="avx512", blas_core="SkylakeX",
        threads=2, parameters=22713216)
    response("Info of a worker", 13, server.InfoResponse(
        role="worker", version="0.1.0", models=[info], resident_bytes=171 << 20, uptime_ms=4100))
    response("Info of a coordinator", 13, server.InfoResponse(
        role="coordinator", version="0.1.0", models=[info], resident_bytes=12 << 20, uptime_ms=86400000, workers=[
            server.WorkerInfo(address="127.0.0.1:40001", model=MODEL, state="ready", pid=4711, restarts=2, load=LOAD,
                              open_pieces=3),
            server.WorkerInfo(address="10.0.0.7:7071", model=MODEL, state="down")]))
    response("Health", 14, server.HealthResponse(live=True, ready=False, progressing=True, models=[
        server.ModelHealth(name=MODEL, workers_ready=1, workers_known=2), server.ModelHealth(name="other")]))
    refused_call("refused: unknown model", 20, head.NOT_FOUND, head.REASON_UNKNOWN_MODEL,
                 "model 'other' is not served here")
    refused_call("refused: overloaded, come back in 30 ms", 21, head.RESOURCE_EXHAUSTED, head.REASON_OVERLOADED,
                 "the backlog is 2.1 s", retryable=True, retry_after_us=30000)
    refused_call("refused: warming up", 22, head.UNAVAILABLE, head.REASON_WARMING_UP, "warming up", retryable=True)
    refused_call("refused: the deadline has passed", 23, head.DEADLINE_EXCEEDED, 0, "no time is left")
    refused_call("refused: the model has another task", 24, head.FAILED_PRECONDITION, head.REASON_WRONG_TASK,
                 "the model embeds, it has no labels")
    refused_call("cancelled calls are answered too", 25, head.CANCELLED, 0, "cancelled by the caller")


# refused.jsonl

def refusals():
    hello = frame("hello", top=CLIENT_HELLO.SerializeToString())
    greeting = frame("hello", top=SERVER_HELLO.SerializeToString())
    info = head.RequestHead(method=head.METHOD_INFO).SerializeToString()
    ok = head.ResponseHead(status=head.Status()).SerializeToString()
    lines = []

    def line(reader, name, wire, why):
        lines.append({"name": name, "reader": reader, "hex": wire.hex(), "why": why})

    for kind in (0, 9, 255):
        line("any", f"kind {kind}", header(kind, 0, 0, 0, 0), "the kind is unknown")
    for flags in (4, 128, 255):
        line("any", f"flags {flags}", header(2, flags, 1, 0, 0), "a flag is unknown")
    line("any", "END on a ping", header(5, END, 0, 0, 0), "only requests and responses end")
    line("any", "END on a hello", header(1, END, 0, 0, 0), "only requests and responses end")
    line("any", "MORE on a request", header(2, MORE, 1, 0, 0), "only a part of an answer goes on: requests are joined")
    line("any", "END and MORE on a response", header(3, END | MORE, 1, 0, 0), "a frame cannot do both")
    line("any", "head longer than the frame", header(2, END, 1, 5, 4), "the head is 5 of 4 bytes")
    line("any", "head over 16 KiB", header(2, END, 1, 16385, 20000), "no head is over 16,384 bytes")
    line("any", "frame one byte over 4 MiB", header(2, END, 1, 0, (4 << 20) - 15),
         "the reader's hello said 4,194,304 bytes, header included; it does not wait for the body")
    line("any", "frame of 4 GiB", header(3, END, 1, 0, 2 ** 32 - 1), "over the reader's limit")
    line("any", "ping of 8 KiB and a byte", header(5, 0, 0, 0, 8192 - 15),
         "only requests and responses are over 8,192 bytes, header included")
    line("any", "hello of 9 KB", header(1, 0, 0, 9000, 9000), "only requests and responses are over 8,192 bytes")
    line("any", "HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not this protocol")
    line("any", "TLS", bytes.fromhex("16030100f8010000f40303") + bytes(range(32)), "not this protocol")

    line("server", "a request before the hello", frame("request", END, 1, info), "hello comes first")
    line("server", "a ping before the hello", frame("ping"), "hello comes first")
    line("server", "a hello of version 2", frame("hello", top=head.Hello(
        version=2, limits=CLIENT_HELLO.limits).SerializeToString()), "this is version 1")
    line("server", "an empty hello", frame("hello"), "version 0 and no limits")
    line("server", "a hello without a frame limit", frame("hello", top=head.Hello(
        version=1, agent="x").SerializeToString()), "the least frame limit is 65,552 bytes")
    line("server", "a hello with frames of 65,551 bytes", frame("hello", top=head.Hello(
        version=1, limits=head.Limits(frame_bytes=65551)).SerializeToString()), "the least is 65,552")
    line("server", "a hello that is no protobuf", frame("hello", top=b"\x0a\xff\xff"), "the length runs past the end")
    line("server", "a hello whose agent is too long", frame("hello", top=head.Hello(
        version=1, limits=CLIENT_HELLO.limits, agent="a" * 129).SerializeToString()), "128 bytes at most")
    line("server", "a hello whose agent is no UTF-8", frame(
        "hello", top=CLIENT_HELLO.SerializeToString() + b"\x1a\x01\xff"), "text is UTF-8")
    line("server", "a second hello", hello + hello, "hello comes once")
    line("server", "a response to a server", hello + frame("response", END, 1, ok), "servers make no calls")
    line("server", "call id 0", hello + frame("request", END, 0, info), "ids begin at 1")
    line("server", "a call id used twice", hello + frame("request", END, 9, info) * 2, "ids only rise")
    line("server", "a call id that falls", hello + frame("request", END, 5, info) + frame("request", END, 4, info),
         "ids only rise")
    line("server", "two heads in one request", hello + frame("request", 0, 1, info) + frame("request", END, 1, info),
         "frames after a request's first have no head")

    line("client", "an answer before the hello", frame("response", END, 1, ok), "hello comes first")
    line("client", "a server's hello without a frame limit", frame("hello", top=head.Hello(
        version=1).SerializeToString()), "the least frame limit is 65,552 bytes")
    line("client", "a second hello of the server", greeting + greeting, "hello comes once")
    line("client", "a request to a client", greeting + frame("request", END, 1, info), "clients take no calls")
    line("client", "an answer to a call that is not open", greeting + frame("response", END, 2, ok),
         "only call 1, with one input, is open in this file")
    line("client", "two heads in one part", greeting + frame("response", MORE, 1, ok) + frame("response", END, 1, ok),
         "frames after a part's first have no head")
    return lines


# golden-answers.jsonl

def fixture_lines(*path):
    with open(os.path.join(FIXTURES, *path), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def golden_answers():
    texts = fixture_lines("minilm", "texts.jsonl")
    with open(os.path.join(FIXTURES, "minilm", "reference.json"), encoding="utf-8") as file:
        reference = json.load(file)
    with open(os.path.join(FIXTURES, "minilm", "vectors.f32"), "rb") as file:
        vectors = list(struct.iter_unpack("<384f", file.read()))
    with open(TOKENIZER, encoding="utf-8") as file:
        vocabulary = {token: spelling for spelling, token in json.load(file)["model"]["vocab"].items()}
    lines = []

    def result(index, cut=None):
        vector = vectors[index]
        if cut is not None:
            length = math.sqrt(sum(x * x for x in vector[:cut]))
            vector = [x / length for x in vector[:cut]]
        value = calls.EmbedResult(embedding=floats(*vector), tokens=reference["tokens"][index],
                                  truncated=reference["tokens"][index] < reference["uncutTokens"][index])
        return value

    def line(name, method, body, inputs, expect, model=MODEL, body_hex=None, **fields):
        top = head.RequestHead(method=method, model=model, input_count=inputs, **fields)
        given = {"request_hex": body_hex}
        if body is not None:
            given = {"request_type": body.DESCRIPTOR.name, "request": as_json(body)}
        lines.append({"name": name, "head": as_json(top), **given, "expect": expect})

    def answer(body, tolerance=None):
        expect = {"response_type": body.DESCRIPTOR.name, "response": as_json(body)}
        for slot in expect["response"].get("results", []):
            if "error" not in slot:
                slot.setdefault("truncated", False)
        return expect | ({"tolerance": tolerance} if tolerance else {})

    def error(code, reason=0):
        return {"error": as_json(head.Status(code=code, reason=reason))}

    def embed(name, chosen, cut=None, **options):
        body = calls.EmbedRequest(inputs=[text(texts[i]) for i in chosen], **options)
        expected = calls.EmbedResponse(results=[result(i, cut) for i in chosen], dimensions=cut or 384)
        line(name, head.METHOD_EMBED, body, len(chosen), answer(expected, 2e-6),
             text_bytes=sum(len(texts[i].encode()) for i in chosen))

    right = calls.LengthOptions(truncation=calls.TRUNCATION_RIGHT)
    embed("Embed: English", range(0, 8))
    embed("Embed: empty, blank, NUL and control characters", [25, 26, 28, 30, 31, 32])
    embed("Embed: special tokens spelled out", [40, 43, 45])
    embed("Embed: other scripts and emoji", [54, 62, 65, 71, 84, 85])
    embed("Embed: cut on the right at the model's 256 tokens", [105, 106, 107], length=right)
    embed("Embed: 96 dimensions, normalised after the cut", [0, 7], cut=96, dimensions=calls.Count(value=96))
    long = calls.EmbedRequest(inputs=[text(texts[0]), text(texts[106]), text(texts[1])])
    line("Embed: too long with truncation off, its neighbours answered", head.METHOD_EMBED, long, 3, answer(
        calls.EmbedResponse(results=[result(0), calls.EmbedResult(error=head.Status(
            code=head.INVALID_ARGUMENT, reason=head.REASON_TOO_LONG)), result(1)], dimensions=384), 2e-6))
    bad = (calls.EmbedRequest(inputs=[text(texts[0])]).SerializeToString() + b"\x0a\x06\x0a\x04ab\xc3\x28"
           + calls.EmbedRequest(inputs=[text(texts[1])]).SerializeToString())
    line("Embed: invalid UTF-8 in the second slot", head.METHOD_EMBED, None, 3, answer(
        calls.EmbedResponse(results=[result(0), calls.EmbedResult(error=head.Status(
            code=head.INVALID_ARGUMENT, reason=head.REASON_INVALID_UTF8)), result(1)], dimensions=384), 2e-6),
        body_hex=bad.hex())
    ids = calls.TokenIds(ids=[101, 2023, 2003, 2019, 2742, 6251, 1012, 102])
    line("Embed: token ids", head.METHOD_EMBED, calls.EmbedRequest(inputs=[calls.Input(ids=ids)]), 1,
         answer(calls.EmbedResponse(results=[result(0)], dimensions=384), 2e-6))

    def cosine(query, document):
        value = sum(x * y for x, y in zip(vectors[query], vectors[document]))
        return calls.ScoreResult(score=calls.Score(value=value),
                                 tokens=reference["tokens"][query] + reference["tokens"][document])

    line("Score: one query, four documents", head.METHOD_SCORE, calls.ScoreRequest(
        queries=[texts[2]], documents=[texts[i] for i in (3, 4, 5, 2)]), 4, answer(
        calls.ScoreResponse(results=[cosine(2, i) for i in (3, 4, 5, 2)]), 2e-6))
    line("Score: two pairs", head.METHOD_SCORE, calls.ScoreRequest(
        queries=[texts[6], texts[8]], documents=[texts[7], texts[9]]), 2, answer(
        calls.ScoreResponse(results=[cosine(6, 7), cosine(8, 9)]), 2e-6))

    def tokens(token_ids, truncated=False):
        spelled = [vocabulary[token].encode() for token in token_ids]
        return calls.TokenizeResult(tokens=calls.Tokens(ids=token_ids, spellings=spelled), truncated=truncated)

    pieces, token_ids = fixture_lines("wordpiece", "lines.jsonl"), fixture_lines("wordpiece", "ids.jsonl")
    chosen = range(0, len(pieces), len(pieces) // 12)
    line("Tokenize", head.METHOD_TOKENIZE, calls.TokenizeRequest(inputs=[text(pieces[i]) for i in chosen]), len(chosen),
         answer(calls.TokenizeResponse(results=[tokens(token_ids[i]) for i in chosen])))
    for side in ("left", "right"):
        cut = next(item for item in fixture_lines("wordpiece", "truncated.jsonl")
                   if item["side"] == side and item["max"] == len(item["ids"]) == 6)
        length = calls.LengthOptions(truncation=calls.Truncation.Value(f"TRUNCATION_{side.upper()}"),
                                     max_tokens=calls.Count(value=6))
        line(f"Tokenize: cut to 6 tokens on the {side}", head.METHOD_TOKENIZE, calls.TokenizeRequest(
            inputs=[text(cut["text"])], length=length), 1, answer(
            calls.TokenizeResponse(results=[tokens(cut["ids"], truncated=True)])))

    short = calls.EmbedRequest(inputs=[text("a"), text("b")])
    line("refused: unknown model", head.METHOD_EMBED, short, 2, error(head.NOT_FOUND, head.REASON_UNKNOWN_MODEL),
         model="no-such-model")
    line("refused: unknown method", 99, short, 2, error(head.UNIMPLEMENTED, head.REASON_UNKNOWN_METHOD))
    line("refused: Classify on an embedding model", head.METHOD_CLASSIFY, calls.ClassifyRequest(inputs=[text("a")]), 1,
         error(head.FAILED_PRECONDITION, head.REASON_WRONG_TASK))
    line("refused: no time is left", head.METHOD_EMBED, short, 2, error(head.DEADLINE_EXCEEDED), budget=head.Budget())
    for limit in (1, 300):
        line(f"refused: a limit of {limit} tokens", head.METHOD_EMBED, calls.EmbedRequest(
            inputs=[text("a")], length=calls.LengthOptions(max_tokens=calls.Count(value=limit))), 1,
            error(head.INVALID_ARGUMENT))
    line("refused: dimensions over the model's", head.METHOD_EMBED, calls.EmbedRequest(
        inputs=[text("a")], dimensions=calls.Count(value=385)), 1, error(head.INVALID_ARGUMENT))
    line("refused: two queries for three documents", head.METHOD_SCORE, calls.ScoreRequest(
        queries=["a", "b"], documents=["c", "d", "e"]), 3, error(head.INVALID_ARGUMENT))
    line("refused: the head counts 3 inputs, the body has 2", head.METHOD_EMBED, short, 3, error(head.INVALID_ARGUMENT))
    line("Health", head.METHOD_HEALTH, server.HealthRequest(), 0, answer(server.HealthResponse(
        live=True, ready=True, progressing=True)), model="")
    return lines


os.makedirs(OUT, exist_ok=True)
control_frames()
requests()
responses()
write("frames.jsonl", FRAMES)
write("refused.jsonl", refusals())
write("golden-answers.jsonl", golden_answers())
