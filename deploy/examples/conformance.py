"""Replays Protos/conformance for client.py: what its files hold is in the README.md beside them."""

import base64
import io
import json
import struct

from google.protobuf.json_format import MessageToDict, ParseDict
from millpond.v1 import calls_pb2, head_pb2, server_pb2

TYPES = vars(head_pb2) | vars(calls_pb2) | vars(server_pb2)


def as_json(message):
    return MessageToDict(message, preserving_proto_field_name=True)


def alike(want, got, tolerance):
    """Whether `got` has what `want` has. A field that is absent has its default value."""
    if isinstance(want, dict):
        return all(alike(value, got.get(key, type(value)()), tolerance) for key, value in want.items())
    if isinstance(want, list):
        return len(want) == len(got) and all(alike(*pair, tolerance) for pair in zip(want, got))
    if isinstance(want, float):
        return abs(want - got) <= tolerance
    return want == got


def unpacked(answer):
    """An answer with its vectors as lists of numbers."""
    half = answer.get("element_type") == "ELEMENT_TYPE_F16"
    for result in answer.get("results", []):
        for name in ("embedding", "values"):
            if name in result:
                data = base64.b64decode(result[name])
                form = f"<{len(data) // 2}e" if half else f"<{len(data) // 4}f"
                result[name] = list(struct.unpack(form, data))
    return answer


def replay_frames(path, read_frame):
    for line in map(json.loads, path.open()):
        want = line["decoded"]
        stream = io.BytesIO(bytes.fromhex(line["hex"]))
        frames = [read_frame(stream) for _ in want["frames"]]
        assert not stream.read(), line["name"]
        for header, (kind, flags, call, head, body) in zip(want["frames"], frames):
            bits = sum({"END": 1, "MORE": 2}[flag] for flag in header["flags"])
            got = {"kind": kind, "flags": flags, "call": call, "head_bytes": len(head), "body_bytes": len(body)}
            assert got == {**header, "flags": bits}, line["name"]
        for part, place in ("head", 3), ("body", 4):
            data = b"".join(frame[place] for frame in frames)
            message = TYPES[want.get(part + "_type", "InfoRequest")].FromString(data)
            assert as_json(message) == want.get(part, {}), line["name"]


def replay_refusals(path, read_frame):
    for line in map(json.loads, path.open()):
        try:
            if line["reader"] == "any":
                read_frame(io.BytesIO(bytes.fromhex(line["hex"])))
                raise AssertionError(f"not refused: {line['name']}")
        except ValueError:
            pass


def replay_answers(path, client, call_error):
    for line in map(json.loads, path.open()):
        expect = line["expect"]
        body = bytes.fromhex(line.get("request_hex", ""))
        if "request" in line:
            body = ParseDict(line["request"], TYPES[line["request_type"]]())
        answer = TYPES[expect.get("response_type", "EmbedResponse")]
        try:
            got = as_json(client.call(ParseDict(line["head"], head_pb2.RequestHead()), body, answer))
        except call_error as error:
            got = {"results": [{"error": as_json(error.args[0])}]}
        # An error that is expected is the call's, or in every slot.
        want = expect.get("response") or {"results": [expect] * len(got["results"])}
        assert alike(unpacked(want), unpacked(got), expect.get("tolerance", 0)), f"{line['name']}: {got}"


def replay(folder, read_frame, client, call_error):
    replay_frames(folder / "frames.jsonl", read_frame)
    replay_refusals(folder / "refused.jsonl", read_frame)
    print("this client reads and refuses what it must")
    if client:
        replay_answers(folder / "golden-answers.jsonl", client, call_error)
        print("the server answers as it must")
