#!/usr/bin/env python3
"""Records what the `tokenizers` library does with added tokens and with the options of WordPiece tokenizers.

Writes Tests/Fixtures/added-tokens/*.json and Tests/Fixtures/tokenizer-options/*.json, one tokenizer each:
{"library", "tokenizer": a whole tokenizer.json, "cases": [{"text", "ids"}], "pairs": [{"query", "document", "ids",
"typeIds"}]}. The vocabularies are tiny, the texts are hand-written look-alikes and seeded random mixtures.
Run with the pinned packages of requirements.txt; the output is the same every time.
"""

import json
import os
import random
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RUST_BACKTRACE"] = "0"

import tokenizers
from tokenizers import Tokenizer

FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures"

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "mask", "the", "new", "york", "cafe", "un",
         "##able", "##s", "##ing", "walk", "[", "]", "<", ">", "/", "_", "-", ".", ",", "!", "a", "b", "c", "x",
         "##a", "##b", "##c", "##x", "1", "##1", "2", "##2", "Hello", "World", "CAFÉ", "café", "é", "##é", "E",
         "中", "文", "ß", "ı", "ijk", "tok", "##en", "##k", "##l", "d", "##d", "e", "##e", "f", "##f", "##n", "##\u0301"]

BERT = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
        "lowercase": True}
PIECES = ["hello", "Hello", "WORLD", "mask", "Mask", "new york", "New  York", "NEW YORK", "café", "Cafe\u0301", "CAFÉ",
          "un", "able", "walking", "the", "a", "b", "abc", "x", "tok", "token", "1", "12", "_", "-", ".", ",", "!", "é",
          "中文", "中", "ß", "İ", "\u0301", "\u0903", "ㅎ", "한국", "naïve", "Ⅷ", "\u200d", "\u00ad", "😀"]
SPACES = [" ", " ", " ", "", "", "  ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2003", "\u200b", "\u0085",
          "\u000b", "\u0000", "\ufffd", "\u2028", "\u001c"]


def token(content, **flags):
    base = dict(id=0, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    base.update(flags)
    return base


def tokenizer(added=(), normalizer=BERT, pre_tokenizer={"type": "BertPreTokenizer"}, post_processor=None, **model):
    body = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {word: index for index, word in enumerate(WORDS)}}
    body.update(model)
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added),
            "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": post_processor,
            "decoder": None, "model": body}


def texts(added, count, seed):
    rng = random.Random(seed)
    contents = [t["content"] for t in added]
    marked = contents + [c.lower() for c in contents] + [c.upper() for c in contents] + [c[:-1] for c in contents]
    marked += [c[1:] for c in contents] + [a + b for a in contents for b in contents[:2]]
    yield from ["", " ", "\n", "hello world"]
    for content in contents:
        for left in ["", " ", "  ", "a", "é", "_", "-", "\u00a0 ", "\u200d", "中", "\u0301", "\u200c", "1", "😀"]:
            for right in ["", "  ", "b", ".", "\u0301", "\t\n", "\u3000x", "_", "\u203f", "\u200d"]:
                if rng.random() < 0.35:
                    yield left + content + right
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 7)):
            parts.append(rng.choice(marked if marked and rng.random() < 0.45 else PIECES))
            parts.append(rng.choice(SPACES))
        yield "".join(parts)


def record(folder, name, definition, count=150, pairs=0):
    library = Tokenizer.from_str(json.dumps(definition))
    cases, pair_cases, refused = [], [], 0
    made = list(dict.fromkeys(texts(definition["added_tokens"], count, name)))
    for text in made:
        try:
            cases.append({"text": text, "ids": library.encode(text).ids})
        except BaseException as error:  # The library panics where stripped white space holds a match.
            if "bad split" not in str(error):
                raise
            refused += 1
    rng = random.Random(name)
    for _ in range(pairs):
        query, document = rng.choice(made), rng.choice(made)
        encoding = library.encode(query, document)
        pair_cases.append({"query": query, "document": document, "ids": encoding.ids, "typeIds": encoding.type_ids})
    path = FIXTURES / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write('{"library":%s,\n' % json.dumps("tokenizers " + tokenizers.__version__))
        out.write('"tokenizer":%s,\n"cases":[\n' % json.dumps(definition, ensure_ascii=True))
        out.write(",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases))
        out.write('\n],"pairs":[\n')
        out.write(",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in pair_cases))
        out.write("\n]}\n")
    print(f"{folder}/{name}: {len(cases)} cases, {len(pair_cases)} pairs, {refused} left out")


def added_tokens():
    def write(name, *added, **options):
        record("added-tokens", name, tokenizer(added, **options))

    special = [token(word, special=True) for word in WORDS[:5]]
    write("special", *special)
    write("special-normalized", *[dict(t, normalized=True) for t in special])
    write("lstrip", token("[MASK]", lstrip=True), token("<x>", lstrip=True))
    write("rstrip", token("[MASK]", rstrip=True), token("<x>", rstrip=True))
    write("both-strips", token("[MASK]", lstrip=True, rstrip=True), token("a", lstrip=True, rstrip=True))
    write("single-word", token("mask", single_word=True), token("a", single_word=True), token("-x-", single_word=True))
    write("single-word-strips", token("mask", single_word=True, lstrip=True, rstrip=True),
          token("the", single_word=True, rstrip=True))
    write("normalized", token("New York", normalized=True), token("CAFÉ", normalized=True), token("İ", normalized=True))
    write("normalized-strips", token("Mask", normalized=True, lstrip=True), token("Hello", normalized=True, rstrip=True),
          token("tok", normalized=True, single_word=True))
    write("mixed", token("<s>"), token("S", normalized=True), token("[X]", special=True, lstrip=True),
          token("x", normalized=True, single_word=True))
    write("longest", token("ab"), token("abc"), token("b"), token("abcab"), token("a b c"), token("cabx", single_word=True))
    write("longest-normalized", token("AB", normalized=True), token("aBc", normalized=True), token("b", normalized=True))
    write("spaces", token(" x"), token("x ", rstrip=True), token("  ", lstrip=True), token("\u3000"), token("\n\n"))
    write("punctuated-whole", token("[MASK]", lstrip=True), token("New York", normalized=True), pre_tokenizer=None)
    write("raw", token("[MASK]", lstrip=True), token("Hello", normalized=True, rstrip=True), normalizer=None)
    write("raw-whole", token("[MASK]", rstrip=True), token("Hello", normalized=True), token("walk", single_word=True),
          normalizer=None, pre_tokenizer=None)
    write("new-and-known", token("<new>", id=900), token("hello", id=3), token("<newer>", id=7, special=True),
          token("", id=8), token("<new>", id=900, lstrip=True), token("é", normalized=True))
    write("not-ascii", token("中文"), token("é"), token("😀", lstrip=True), token("한", single_word=True))
    write("cased", token("Hello", normalized=True), token("CAFÉ", normalized=True, single_word=True),
          normalizer=dict(BERT, lowercase=False))


def options():
    def write(name, added=(), pairs=60, **options):
        record("tokenizer-options", name, tokenizer(added, **options), pairs=pairs)

    for name, change in [
            ("bert", {}), ("cased", {"lowercase": False}), ("cased-stripped", {"lowercase": False, "strip_accents": True}),
            ("lower-accents", {"strip_accents": False}), ("unclean", {"clean_text": False}),
            ("no-chinese", {"handle_chinese_chars": False}),
            ("nothing", {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False})]:
        write(name, normalizer=dict(BERT, **change))
    nothing = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    write("sequence", normalizer={"type": "Sequence", "normalizers": [
        dict(BERT, **nothing), dict(BERT, lowercase=False, clean_text=False), BERT]},
        pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "BertPreTokenizer"}] * 2})
    write("empty-sequence", normalizer={"type": "Sequence", "normalizers": []},
          pre_tokenizer={"type": "Sequence", "pretokenizers": []})
    write("whole", normalizer=None, pre_tokenizer=None)
    write("short-words", max_input_chars_per_word=3)
    write("no-words", max_input_chars_per_word=0)
    write("no-prefix", continuing_subword_prefix="")
    write("other-prefix", continuing_subword_prefix="un", unk_token="[PAD]")
    write("bert-processing", post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})

    def special(name, type_id=0):
        return {"SpecialToken": {"id": name, "type_id": type_id}}

    def text(name, type_id=0):
        return {"Sequence": {"id": name, "type_id": type_id}}

    tokens = {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
              "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
              "two": {"id": "two", "ids": [4, 3], "tokens": ["[MASK]", "[SEP]"]},
              "none": {"id": "none", "ids": [], "tokens": []}}
    template = {"type": "TemplateProcessing", "special_tokens": tokens,
                "single": [special("[CLS]"), text("A"), special("[SEP]")],
                "pair": [special("[CLS]"), text("A"), special("[SEP]"), text("B", 1), special("[SEP]", 1)]}
    write("template", post_processor=template)
    write("template-several-ids", post_processor=dict(
        template, single=[special("two"), text("A"), special("none")],
        pair=[special("two"), text("A"), special("two"), special("none", 1), text("B", 1), special("two", 1)]))
    write("template-swapped", post_processor=dict(
        template, single=[text("A", 1)], pair=[text("B"), special("[SEP]", 1), text("A", 1)]))
    write("template-one-type", post_processor=dict(template, pair=[text("A"), special("two"), text("B")]))


if __name__ == "__main__":
    added_tokens()
    options()
