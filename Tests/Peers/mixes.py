"""The texts of the comparison: one sentence each, one to six sentences, and 256 tokens each."""

import json
import os

import tokenizers

import programs

MAX_TOKENS = 256
LONG_TEXTS = 128


def make(folder: str) -> dict[str, dict]:
    """Writes the mixes: {name: {"path", "tokens" of one pass}}."""
    mixed = programs.lines(programs.TEXTS)
    mixes = {
        "short": [text.split(". ")[0].rstrip(".") + "." for text in mixed],
        "mixed": mixed,
        "long": [" ".join(mixed[place : place + 12]) for place in range(0, 3 * LONG_TEXTS, 3)],
    }
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(programs.MODEL, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    found = {}
    for name, texts in mixes.items():
        path = os.path.join(folder, name + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for text in texts:
                file.write(json.dumps(text, ensure_ascii=False) + "\n")
        counts = [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
        found[name] = {"path": path, "tokens": sum(counts), "texts": len(texts)}
    return found
