"""Mixed calls over several connections, each answer compared with the one recorded before, bit by bit and in its place."""

import random
import struct
import threading
import time
from collections import Counter

from connection import Answer, Connection, calls, client, embedding, heads
from texts import percentile

EMBED, CLASSIFY, SCORE = "all-MiniLM-L6-v2", "debian-sections", "debian-reranker"
HOT = 12  # inputs that many calls ask for at once
GRACE = 0.25  # seconds after a deadline in which its refusal, or the answer, may still come
EQUAL_SECONDS = 2  # for so long the callers of equal calls ask for the same


class Kind:
    """One method on one model, with inputs and, once recorded, the answer to each by a model's fingerprint."""

    def __init__(self, method, model: str, inputs: list):
        self.method, self.model, self.inputs = method, model, inputs
        self.answers: dict[str, list[bytes]] = {}

    def request(self, chosen: list[int], **head) -> tuple:
        """Head, body and the answer's type."""
        inputs = [self.inputs[index] for index in chosen]
        if self.method == heads.METHOD_EMBED:
            return (*embedding(inputs, self.model, **head), calls.EmbedResponse)
        seconds = head.pop("seconds", 0)
        head = heads.RequestHead(method=self.method, model=self.model, input_count=len(inputs), **head)
        if seconds:
            head.budget.remaining_us = int(seconds * 1e6)
        if self.method == heads.METHOD_CLASSIFY:
            head.text_bytes = sum(len(text.encode()) for text in inputs)
            body = calls.ClassifyRequest(inputs=[calls.Input(text=text) for text in inputs])
            body.length.truncation = calls.TRUNCATION_RIGHT
            return head, body, calls.ClassifyResponse
        head.text_bytes = sum(len(text.encode()) for pair in inputs for text in pair)
        body = calls.ScoreRequest(queries=[query for query, _ in inputs], documents=[text for _, text in inputs])
        body.length.truncation = calls.TRUNCATION_RIGHT
        return head, body, calls.ScoreResponse

    def numbers(self, result) -> bytes:
        """Of one input; its own error is raised."""
        if result.HasField("error"):
            raise client.CallError(result.error)
        if self.method == heads.METHOD_EMBED:
            return result.embedding
        return result.values if self.method == heads.METHOD_CLASSIFY else struct.pack("<f", result.score.value)

    def record(self, connection: Connection) -> None:
        """Asks for each input alone."""
        for index in range(len(self.inputs)):
            head, body, kind = self.request([index])
            answer = connection.wait(connection.send(head, body), kind)
            known = self.answers.setdefault(answer.fingerprints.pop(), [])
            known.append(self.numbers(answer.results[0]))

    def compare(self, chosen: list[int], answer: Answer) -> Counter:
        """What is not as recorded: wrong, or misplaced where it is another input's answer."""
        found = Counter()
        if len(answer.results) != len(chosen) or len(answer.fingerprints) != 1:
            found["wrong"] += len(chosen)
            return found
        known = self.answers[next(iter(answer.fingerprints))]
        for index, result in zip(chosen, answer.results):
            numbers = self.numbers(result)
            if numbers != known[index]:
                found["misplaced" if numbers in known else "wrong"] += 1
        return found


class Shape:
    """What a caller asks for: how many inputs of which kind, with which deadline, and how it waits between calls."""

    def __init__(
        self, name: str, kinds: list[Kind], inputs: tuple[int, int], pause: float, priority=heads.PRIORITY_INTERACTIVE,
        deadlines=(5.0, 10.0), timed=0.5, cancelled=0.08, hot=0.2, equal=False,
    ):  # fmt: skip
        """`deadlines` are seconds, least and greatest; `timed`, `cancelled` and `hot` are shares of the calls; `pause`
        is seconds, or times the call's own."""
        self.name, self.kinds, self.inputs, self.pause, self.priority = name, kinds, inputs, pause, priority
        self.deadlines, self.timed, self.cancelled, self.hot, self.equal = deadlines, timed, cancelled, hot, equal

    def plan(self, chance: random.Random) -> dict:
        if self.equal:
            chance = random.Random(int(time.monotonic() / EQUAL_SECONDS))
        kind, (least, most) = chance.choice(self.kinds), self.inputs
        count = round(least * (most / least) ** chance.random())
        among = HOT if chance.random() < self.hot else len(kind.inputs)
        return {
            "kind": kind,
            "chosen": [chance.randrange(among) for _ in range(count)],
            "seconds": chance.uniform(*self.deadlines) if chance.random() < self.timed else 0,
            "cancel": chance.choice(["cancel", "drop"]) if chance.random() < self.cancelled else "",
            "after": chance.random() ** 2 * (0.05 if count == 1 else 1.0),
        }


class Record:
    """What became of all calls."""

    def __init__(self, on_failure):
        self.lock, self.started = threading.Lock(), time.monotonic()
        self.counts, self.codes, self.failures = Counter(), Counter(), []
        self.seconds: dict[str, list[float]] = {}
        self.fingerprints = Counter()
        self.on_failure = on_failure

    def ended(self, shape: Shape, plan: dict, seconds: float, outcome: str) -> None:
        with self.lock:
            self.counts[outcome] += 1
            self.counts["calls"] += 1
            self.counts["inputs"] += len(plan["chosen"])
            self.counts[heads.Method.Name(plan["kind"].method)[len("METHOD_") :].title()] += 1
            if outcome == "answered":
                self.seconds.setdefault(shape.name, []).append(seconds)

    def failed(self, shape: Shape, plan: dict, began: float, reason: str, message: str) -> None:
        now = time.monotonic()
        failure = {
            "at": round(now - self.started, 3), "began": round(began - self.started, 3), "caller": shape.name,
            "method": heads.Method.Name(plan["kind"].method), "inputs": len(plan["chosen"]),
            "deadline": round(plan["seconds"], 3), "cancel": plan["cancel"], "reason": reason, "message": message,
        }  # fmt: skip
        with self.lock:
            self.codes[reason] += 1
            self.failures.append(failure)
            number = len(self.failures)
        self.on_failure(number, failure)

    def latency(self) -> dict:
        """Milliseconds by caller."""
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1}
        return {
            name: {"calls": len(seconds)} | {key: 1e3 * percentile(seconds, share) for key, share in shares.items()}
            for name, seconds in self.seconds.items()
        }


class Caller(threading.Thread):
    """One connection that calls until it is told to stop."""

    def __init__(self, number: int, seed: int, address: str, shape: Shape, record: Record, stop: threading.Event):
        super().__init__(name="%s-%d" % (shape.name, number), daemon=True)
        self.chance = random.Random(seed * 1000 + number)
        self.address, self.shape, self.record, self.stop = address, shape, record, stop
        self.connection = Connection(address)

    def run(self) -> None:
        while not self.stop.is_set():
            plan, began = self.shape.plan(self.chance), time.monotonic()
            outcome = self.try_call(plan, began)
            self.record.ended(self.shape, plan, seconds := time.monotonic() - began, outcome)
            pause = self.chance.expovariate(1 / self.shape.pause)
            self.stop.wait(pause if self.shape.inputs[1] == 1 else pause * max(seconds, 0.1))

    def try_call(self, plan: dict, began: float) -> str:
        try:
            return self.call(plan, began)
        except client.CallError as error:
            status = error.args[0]
            name = heads.Code.Name(status.code)
            if plan["cancel"] and status.code == heads.CANCELLED:
                return "cancelled"
            self.fail(plan, began, name + (" " + heads.Reason.Name(status.reason) if status.reason else ""), status.message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the call failed
            self.fail(plan, began, type(error).__name__, str(error))
            self.connect()
        return "failed"

    def fail(self, plan: dict, began: float, reason: str, message: str) -> None:
        self.record.failed(self.shape, plan, began, reason, message.replace("\n", " ")[:300])

    def call(self, plan: dict, began: float) -> str:
        kind, chosen = plan["kind"], plan["chosen"]
        if self.connection.is_old:
            self.connect()
        head, body, answer = kind.request(chosen, priority=self.shape.priority, seconds=plan["seconds"])
        head.request_id = "%s at %.3f" % (self.name, began - self.record.started)
        call = self.connection.send(head, body)
        if plan["cancel"]:
            time.sleep(plan["after"])
            if plan["cancel"] == "drop":
                self.connect()
                return "dropped"
            self.connection.cancel(call)
        answered = self.connection.wait(call, answer)
        seconds = time.monotonic() - began
        wrong = kind.compare(chosen, answered)
        with self.record.lock:
            self.record.counts += wrong
            self.record.fingerprints.update(answered.fingerprints)
        if wrong:
            self.fail(plan, began, "not as recorded", "%s of fingerprints %s" % (dict(wrong), answered.fingerprints))
        if plan["seconds"] and seconds > plan["seconds"] + GRACE:
            self.fail(plan, began, "late", "answered after %.2f s" % seconds)
        return "answered"

    def connect(self) -> None:
        self.connection.close()
        try:
            self.connection = Connection(self.address)
        except (OSError, EOFError, ValueError, client.CallError):
            time.sleep(0.1)  # The next call fails and is counted.
