#!/usr/bin/env python3
"""Writes minilm_ids.txt beside itself: the token ids of Tests/Fixtures/minilm/texts.jsonl.

    .venv/bin/python Tests/ModelsTests/Fixtures/make_minilm_ids.py

One line of space-separated ids for each text, by the `tokenizers` library (made with 0.23.3) on the default
model's own tokenizer.json, cut on the right to 256 tokens, special tokens included: what the reference vectors in
Tests/Fixtures/minilm/vectors.f32 were computed from. So Models is compared without Tokenization.
"""

import json
import os

import tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))

tokenizer = tokenizers.Tokenizer.from_file(os.path.join(ROOT, "Models/all-MiniLM-L6-v2/tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(256)
with open(os.path.join(ROOT, "Tests/Fixtures/minilm/texts.jsonl"), encoding="utf-8") as texts:
    with open(os.path.join(HERE, "minilm_ids.txt"), "w", encoding="ascii") as out:
        for line in texts:
            print(*tokenizer.encode(json.loads(line)).ids, file=out)
