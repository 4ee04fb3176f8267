#!/usr/bin/env python3
"""Writes what the two small models of Tests/Fixtures/models answer, computed by transformers in fp32.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt
    .venv/bin/python -B Tests/FixtureMakers/make_model_reference.py     # half a minute

Made with transformers 5.23.0, tokenizers 0.23.3, sentence-transformers 6.2.0, torch 2.13.0+cpu and Python 3.11.

The stored weights (F16, BF16) are read as they are and widened to fp32; each input runs alone, without padding.
Numbers are the shortest decimals that read back to the same float32.

    debian-sections.expected.jsonl   {"text","ids","logits","probabilities"}, in label-id order
    debian-reranker.expected.jsonl   {"query","document","ids","typeIds","logit","score"}, score = sigmoid(logit)

A line with "max" was cut on the right to that many tokens, special tokens included, a pair longest-first; the others
are whole. Texts are those of held-out source packages (split `test`), then odd ones. The ids come from the `tokenizers`
library; the scores are compared with sentence-transformers' CrossEncoder, and the ids with transformers' AutoTokenizer.
"""

import json
import os
import random
import sys

for variable in [v for v in os.environ if v.startswith("OPENBLAS_")]:
    del os.environ[variable]
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy
import torch
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import debian_descriptions
import train_models

MODELS = os.path.join(debian_descriptions.ROOT, "Tests", "Fixtures", "models")
LIMIT = 256

ODD = [
    "",
    " ",
    "\u0000",
    "a",
    "[CLS] [SEP] [MASK] [UNK] [PAD]",
    "GAME! ##ing un##known",
    "Spiel für Kinder, жёлтый, 東京タワー, 한국어, 👨‍👩‍👧 e\u0301 ﬁ Ａ",
    "line one\r\nline two\ttab",
    "x" * 101,
    "https://example.org/?q=1&lang=en#top",
]
LONG = "A library for reading and writing images in many formats, with bindings for Python. " * 30


def shortest(values):
    """float32 numbers as JSON, each the shortest decimal that reads back."""
    texts = [numpy.format_float_positional(numpy.float32(v), unique=True, trim="0") for v in values]
    for text, value in zip(texts, values):
        if numpy.float32(text) != numpy.float32(value):
            sys.exit("%s does not read back" % text)
    return texts


def line(fields, numbers):
    parts = ['%s:%s' % (json.dumps(k), json.dumps(v, ensure_ascii=False, separators=(",", ":"))) for k, v in fields.items()]
    for key, value in numbers.items():
        many = isinstance(value, list)
        parts.append('%s:%s' % (json.dumps(key), "[" + ",".join(shortest(value)) + "]" if many else shortest([value])[0]))
    return "{" + ",".join(parts) + "}\n"


class Reference:
    def __init__(self, name):
        self.folder = os.path.join(MODELS, name)
        self.model = AutoModelForSequenceClassification.from_pretrained(self.folder, dtype=torch.float32).eval()
        self.tokenizer = Tokenizer.from_file(os.path.join(self.folder, "tokenizer.json"))
        self.other = AutoTokenizer.from_pretrained(self.folder)

    def run(self, texts, most=None):
        """(ids, type ids, fp32 logits) of one text or one pair."""
        self.tokenizer.no_truncation()
        if most is not None:
            self.tokenizer.enable_truncation(most, strategy="longest_first", direction="right")
        found = self.tokenizer.encode(*texts)
        if len(found.ids) > LIMIT:
            sys.exit("%r has %d tokens" % (texts, len(found.ids)))
        cut = {} if most is None else {"truncation": "longest_first", "max_length": most}
        # In lists: AutoTokenizer takes an empty second text of a single pair for no second text at all.
        if self.other(*([text] for text in texts), **cut)["input_ids"][0] != found.ids:
            sys.exit("AutoTokenizer gives other ids for %r" % (texts,))
        feed = {"input_ids": torch.tensor([found.ids]), "token_type_ids": torch.tensor([found.type_ids])}
        with torch.no_grad():
            logits = self.model(**feed, attention_mask=torch.ones_like(feed["input_ids"])).logits[0]
        assert logits.dtype == torch.float32
        return found.ids, found.type_ids, logits


def classifier(packages, pick):
    reference = Reference("debian-sections")
    held = pick.sample(train_models.section_examples(packages)["test"], 60)
    texts = [train_models.whole_text(p) for p, _ in held[:32]] + [p["synopsis"] for p, _ in held[32:44]]
    asked = [(t, None) for t in texts + ODD] + [(LONG, 256), (LONG, 16), (texts[0], 12), (texts[1], 2)]
    lines, right, known = [], 0, 0
    for text, most in asked:
        if most is None and len(reference.tokenizer.encode(text).ids) > LIMIT:
            most = LIMIT
        ids, _, logits = reference.run([text], most)
        fields = {"text": text, **({} if most is None else {"max": most}), "ids": ids}
        lines.append(line(fields, {"logits": logits.tolist(), "probabilities": logits.softmax(0).tolist()}))
    for (package, label), (text, _) in zip(held[:32], asked):
        known += 1
        right += int(reference.run([text], LIMIT)[2].argmax()) == label
    return lines, "%d of %d whole texts right" % (right, known)


def cross_encoder(packages, pick):
    reference = Reference("debian-reranker")
    held = pick.sample(train_models.pair_examples(packages)["test"], 40)
    asked = [(p["synopsis"], p["body"], None) for p in held[:20]]
    asked += [(p["synopsis"], held[(i + 7) % 40]["body"], None) for i, p in enumerate(held[20:36])]
    asked += [("", "", None), ("", held[0]["body"], None), (held[0]["synopsis"], "", None)]
    asked += [(odd, held[1]["body"], None) for odd in ODD[2:]] + [(held[2]["synopsis"], odd, None) for odd in ODD[4:7]]
    asked += [(held[3]["synopsis"], LONG, 256), (LONG, held[3]["body"], 64), (LONG, LONG, 31), ("image library", LONG, 3)]
    judge = CrossEncoder(reference.folder, device="cpu", model_kwargs={"dtype": torch.float32})
    lines, difference = [], 0.0
    for query, document, most in asked:
        if most is None and len(reference.tokenizer.encode(query, document).ids) > LIMIT:
            most = LIMIT
        ids, types, logits = reference.run([query, document], most)
        score = torch.sigmoid(logits)
        if most in (None, LIMIT):
            other = float(judge.predict([(query, document)], show_progress_bar=False)[0])
            difference = max(difference, abs(other - score.item()))
        fields = {"query": query, "document": document, **({} if most is None else {"max": most}), "ids": ids, "typeIds": types}
        lines.append(line(fields, {"logit": logits.item(), "score": score.item()}))
    if difference > 1e-6:
        sys.exit("CrossEncoder's scores differ by %g" % difference)
    return lines, "CrossEncoder's scores differ by at most %.2g" % difference


def main():
    torch.set_num_threads(1)
    packages = debian_descriptions.packages(debian_descriptions.fetch())
    for name, make in (("debian-sections", classifier), ("debian-reranker", cross_encoder)):
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        lines, note = make(packages, random.Random(7))
        with open(os.path.join(MODELS, name + ".expected.jsonl"), "w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        print("%s: %d lines; %s" % (name, len(lines), note))


if __name__ == "__main__":
    main()
