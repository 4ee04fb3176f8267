#!/usr/bin/env python3
"""Writes Tests/Fixtures/tokenizers: small tokenizers of every kind, and what the `tokenizers` library makes of lines.

    .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt      # tokenizers; sentencepiece, for --charsmap only
    .venv/bin/python Tests/FixtureMakers/make_tokenizer_reference.py
    .venv/bin/python Tests/FixtureMakers/make_tokenizer_reference.py --large DIR   # for Tests/FixtureMakers/compare_at_large

Made with tokenizers 0.23.3 and Python 3.11, trained on Tests/Fixtures/wordpiece/lines.jsonl.

    names.json       the names of all
    NAME.json        {"tokenizer", "samples": [{"text","ids"}], "pairs": [{"query","document","ids","typeIds"}], "cut":
                     [{"query","document","max","side","strategy","ids"}]}; "tokenizer" is null for the default model's
    parts/N.json     what several have in common; stands for "@part:N" in them
    NAME.hashes      for each line the low half of the 32-bit FNV-1a hash of its ids as little-endian 32-bit numbers: of
                     those of tokenizer_lines.py, and, unless NAME begins with `probe-`, of lines.jsonl
    lines.hash       the FNV-1a hash of all lines of tokenizer_lines.py
    charsmap.b64     the table of sentencepiece 0.2.x for nmt_nfkc, written with --charsmap
"""

import argparse
import base64
import json
import os
import random
import struct
import sys
import tempfile

import tokenizer_lines
import tokenizer_shapes
from tokenizers import Tokenizer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "Tests", "Fixtures", "tokenizers")
LINES = os.path.join(ROOT, "Tests", "Fixtures", "wordpiece", "lines.jsonl")
MINILM = os.path.join(ROOT, "Models", "all-MiniLM-L6-v2", "tokenizer.json")
CHARSMAP = os.path.join(OUT, "charsmap.b64")
LIMIT_BYTES = 5_000_000


def fnv(data):
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def loaded(content):
    tokenizer = Tokenizer.from_file(MINILM) if content is None else Tokenizer.from_str(json.dumps(content))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def write_hashes(path, tokenizer, lines):
    with open(path, "wb") as out:
        for start in range(0, len(lines), 4096):
            for encoding in tokenizer.encode_batch(lines[start : start + 4096]):
                ids = encoding.ids
                out.write(struct.pack("<H", fnv(struct.pack("<%di" % len(ids), *ids)) & 0xFFFF))


class Parts:
    """Large values that several files have in common."""

    def __init__(self):
        self.found = {}

    def shared(self, value):
        if isinstance(value, dict):
            return {key: self.part(inner) if self.is_large(key, inner) else self.shared(inner) for key, inner in value.items()}
        return [self.shared(inner) for inner in value] if isinstance(value, list) else value

    def is_large(self, key, value):
        return key in ("vocab", "merges", "precompiled_charsmap") and len(value) > 300

    def part(self, value):
        return "@part:%d" % self.found.setdefault(dump(value), len(self.found))


def dump(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark in "\u0085\u2028\u2029":
        text = text.replace(mark, "\\u%04x" % ord(mark))
    return text


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(text + "\n")


def examples(tokenizer, lines, pick):
    """Samples, pairs and cut pairs, to be read by a person when something is wrong."""

    def text():
        return pick.choice(lines)[:60]

    made = {"samples": [], "pairs": [], "cut": []}
    for line in pick.sample(lines, 10):
        if len(line) < 200:
            made["samples"].append({"text": line, "ids": tokenizer.encode(line).ids})
    for _ in range(6):
        query, document = text(), text()
        found = tokenizer.encode(query, document)
        made["pairs"].append({"query": query, "document": document, "ids": found.ids, "typeIds": found.type_ids})
    for _ in range(20):
        query, document = text(), text()
        most, side = pick.choice([6, 9, 12, 17, 24, 40]), pick.choice(["left", "right"])
        strategy = pick.choice(["longest_first", "only_first", "only_second"])
        tokenizer.enable_truncation(most, strategy=strategy, direction=side)
        try:
            found = tokenizer.encode(query, document).ids
        except Exception:  # the library's own class is not exported
            found = None
        cut = {"query": query, "document": document, "max": most, "side": side, "strategy": strategy, "ids": found}
        made["cut"].append(cut)
    return made


def write_fixtures(made, real):
    generated = tokenizer_lines.lines()
    pick = random.Random(20261123)
    parts = Parts()
    every = [line for group in generated.values() for line in group]
    write(os.path.join(OUT, "lines.hash"), str(fnv(b"\0".join(line.encode() for line in every))))
    write(os.path.join(OUT, "names.json"), dump([name for name, _ in made]))
    for name, content in made:
        is_probe = name.startswith("probe-")
        lines = generated["code-points"] + generated["adversarial"] if is_probe else every + real
        tokenizer = loaded(content)
        write_hashes(os.path.join(OUT, name + ".hashes"), tokenizer, lines)
        some = {"samples": [], "pairs": [], "cut": []} if is_probe else examples(tokenizer, real, pick)
        write(os.path.join(OUT, name + ".json"), dump({"tokenizer": parts.shared(content), **some}))
    for text, index in parts.found.items():
        write(os.path.join(OUT, "parts", "%d.json" % index), text)
    size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(OUT) for name in names)
    print("%d tokenizers, %d lines, %d bytes" % (len(made), len(every) + len(real), size))
    if size > LIMIT_BYTES:
        sys.exit("more than %d bytes" % LIMIT_BYTES)


def write_large(folder, made):
    """Every code point of all in context, and words and pieces from another seed."""
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    lines = ["".join("a%sb %s\u0301" % (c, c) for c in points[i : i + 32]) for i in range(0, len(points), 32)]
    pick = random.Random(4)
    for _ in range(30_000):
        lines.append("".join(pick.choice(tokenizer_lines.PIECES) for _ in range(pick.randint(1, 20))))
        first, last = pick.choice(tokenizer_lines.SCRIPTS)
        lines.append("".join(chr(pick.randint(first, last)) + pick.choice(["", "", "", " ", ". "]) for _ in range(40)))
        lines.append("".join(pick.choice(points) for _ in range(pick.randint(1, 30))))
    write(os.path.join(folder, "lines.jsonl"), "\n".join(map(json.dumps, lines)))
    for name, content in made:
        write_hashes(os.path.join(folder, name + ".hashes"), loaded(content), lines)
    print("%d tokenizers, %d lines" % (len(made), len(lines)))


def write_charsmap(lines):
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    with tempfile.TemporaryDirectory() as folder:
        text, prefix = os.path.join(folder, "text"), os.path.join(folder, "model")
        with open(text, "w", encoding="utf-8") as out:
            out.writelines(line.replace("\n", " ").replace("\x00", "") + "\n" for line in lines[-3000:])
        sentencepiece.SentencePieceTrainer.train(
            input=text, model_prefix=prefix, normalization_rule_name="nmt_nfkc",
            character_coverage=0.98, vocab_size=8000, hard_vocab_limit=False)  # fmt: skip
        model = sentencepiece_model_pb2.ModelProto()
        with open(prefix + ".model", "rb") as source:
            model.ParseFromString(source.read())
    with open(CHARSMAP, "w", encoding="ascii") as out:
        out.write(base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode() + "\n")


def main():
    parser = argparse.ArgumentParser(description="Writes the reference of all tokenizers.")
    parser.add_argument("--large", metavar="DIR", help="more lines for the same tokenizers, to a folder outside the repository")
    parser.add_argument("--charsmap", action="store_true", help="write charsmap.b64 anew, with sentencepiece")
    arguments = parser.parse_args()
    with open(LINES, encoding="utf-8") as source:
        real = [json.loads(line) for line in source]
    if arguments.charsmap:
        write_charsmap(real)
        return
    with open(CHARSMAP, encoding="ascii") as source:
        charsmap = source.read().strip()
    if arguments.large:
        write_large(arguments.large, list(recorded()))
        return
    write_fixtures(
        [("wordpiece-minilm", None), *tokenizer_shapes.kinds(real, charsmap), *tokenizer_shapes.probes(charsmap)], real)  # fmt: skip


def recorded():
    """The tokenizers of the fixtures, without training them again."""

    def read(*path):
        with open(os.path.join(OUT, *path), encoding="utf-8") as source:
            return source.read()

    for name in json.loads(read("names.json")):
        text = read(name + ".json")
        while '"@part:' in text:
            before, rest = text.split('"@part:', 1)
            index, after = rest.split('"', 1)
            text = before + read("parts", index + ".json").strip() + after
        yield name, json.loads(text)["tokenizer"]


if __name__ == "__main__":
    main()
