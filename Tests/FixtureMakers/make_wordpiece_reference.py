#!/usr/bin/env python3
"""Writes Tests/Fixtures/wordpiece: varied lines and what the `tokenizers` library makes of them.

    Tests/FixtureMakers/fetch_model.sh
    python3 -m venv .venv && .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt    # only tokenizers is needed
    .venv/bin/python Tests/FixtureMakers/make_wordpiece_reference.py      # ten seconds, and Debian's lists once

Made with tokenizers 0.23.3 and Python 3.11, from all-MiniLM-L6-v2's tokenizer.json with its truncation and padding
switched off, special tokens added, on Debian 12's package descriptions in 28 languages and on generated lines. The
generated lines depend on nothing but the seed; the descriptions are those that Debian has when the script runs.

    lines.jsonl      one JSON string a line
    ids.jsonl        the ids of each line, as a JSON array
    pairs.jsonl      {"query","document","max","side","ids","typeIds"}: pairs cut longest-first to `max` tokens
    truncated.jsonl  {"text","max","side","ids"}: single texts cut to `max` tokens

U+0085, U+2028 and U+2029 are written as escapes, so that a line of a file is a line for every reader.
"""

import json
import os
import random
import re
import sys

from tokenizers import Tokenizer, __version__

import debian_descriptions

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "Models", "all-MiniLM-L6-v2", "tokenizer.json")
OUT = os.path.join(ROOT, "Tests", "Fixtures", "wordpiece")
LIMIT_BYTES = 4_000_000

SPECIAL = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]"]
WORDS = (
    "water mill pond unbelievable tokenization embeddings running cafés Ångström naïve İstanbul ΣΊΣΥΦΟΣ straße 東京 中文 한국어 "
    "привет мир שלום مرحبا हिन्दी ไทย việt ＦＵＬＬ ﬁne ǅungla x86_64 don't e-mail C++ 3.14 §5 #1 ##ing [CLS] [SEP]"
).split()


def points(first, last):
    return [c for c in range(first, last + 1) if not 0xD800 <= c <= 0xDFFF]


def generated(pick):
    """Lines that look for trouble. The order of the calls of `pick` is what the seed fixes."""

    def code(first=0, last=0x10FFFF):
        while True:
            c = pick.randint(first, last)
            if not 0xD800 <= c <= 0xDFFF:
                return chr(c)

    # Every block: the first two planes and the populated part of the third in steps, the rest sparsely.
    for start in range(0, 0x20000, 0x40):
        if not 0xD800 <= start <= 0xDFFF:
            codes = [pick.randrange(start, start + 0x40) for _ in range(6)]
            yield "".join(chr(c) + pick.choice(["", "", "a", " ", "x "]) for c in codes)
    for start in range(0x20000, 0x110000, 0x4000):
        yield "a".join(code(start, start + 0x3FFF) for _ in range(4))
    # The parts where the rules differ most, code point by code point between letters.
    for first, last in ((0, 0x24F), (0x250, 0x5FF), (0x1E00, 0x209F), (0x20A0, 0x214F), (0x2CE0, 0x30FF), (0xFB00, 0xFFFF)):
        codes = points(first, last)
        for start in range(0, len(codes), 12):
            yield "".join("a" + chr(c) + "b" for c in codes[start : start + 12])
            yield " ".join(chr(c) for c in codes[start : start + 12])
    # Combining marks on everything, in and out of canonical order.
    marks = points(0x300, 0x36F) + points(0x483, 0x489) + points(0x591, 0x5C7) + points(0x610, 0x61A) + points(0x64B, 0x65F)
    marks += points(0x93A, 0x94D) + points(0xE31, 0xE3A) + points(0xF71, 0xF84) + points(0x1AB0, 0x1ACE) + points(0x1DC0, 0x1DFF)
    marks += points(0x20D0, 0x20F0) + points(0x302A, 0x302F) + points(0x3099, 0x309A) + points(0x1D165, 0x1D172) + [0x345]
    for _ in range(700):
        base = [pick.choice("aeiouAEIOUnçéüß中かक가ա1.-") for _ in range(pick.randint(1, 5))]
        yield "".join(b + "".join(chr(pick.choice(marks)) for _ in range(pick.randint(0, 4))) for b in base)
    # Precomposed and decomposed spellings of the same letters.
    composed = points(0xC0, 0x17F) + points(0x1CD, 0x24F) + points(0x1E00, 0x1EFF) + points(0x1F00, 0x1FFF) + points(0x380, 0x3FF)
    for _ in range(400):
        yield "".join(chr(pick.choice(composed)) for _ in range(pick.randint(1, 10)))
    letters = [("e\u0301", "é"), ("A\u030a", "Å"), ("o\u0308\u0304", "ȫ"), ("u\u0304\u0308", "ṻ"), ("n\u0303", "ñ"), ("c\u0327", "ç")]
    for _ in range(200):
        yield "".join(pick.choice(pick.choice(letters)) + pick.choice(["", "n", "t", " "]) for _ in range(pick.randint(2, 8)))
    # Hangul: syllables, conjoining letters whole and broken, compatibility letters, half width.
    for _ in range(300):
        kinds = [(0xAC00, 0xD7A3), (0xAC00, 0xD7A3), (0x1100, 0x11FF), (0x3131, 0x318E), (0xFFA0, 0xFFDC), (0xA960, 0xA97C)]
        yield "".join(code(*pick.choice(kinds)) for _ in range(pick.randint(1, 12)))
    # Ideographs mixed with everything; unified, compatibility, supplementary, radicals, the borders of the ranges.
    borders = [0x2E7F, 0x2E80, 0x2FDF, 0x2FFF, 0x3000, 0x3007, 0x33FF, 0x3400, 0x4DBF, 0x4DC0, 0x4DFF, 0x4E00, 0x9FFF, 0xA000]
    borders += [0xF8FF, 0xF900, 0xFAFF, 0xFB00, 0x1FFFF, 0x20000, 0x2A6DF, 0x2A6E0, 0x2A6FF, 0x2A700, 0x2B73F, 0x2B740]
    borders += [0x2B81F, 0x2B820, 0x2B920, 0x2CEAF, 0x2CEB0, 0x2F7FF, 0x2F800, 0x2FA1F, 0x2FA20, 0x30000, 0x3134A, 0x31350]
    for c in borders:
        yield "ab" + chr(c) + "cd"
        yield chr(c)
    for _ in range(400):
        kinds = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x3041, 0x30FF), (0x61, 0x7A)]
        yield "".join(code(*pick.choice(kinds)) for _ in range(pick.randint(1, 20)))
    # Emoji and their sequences.
    parts = ["👨", "👩", "👧", "👦", "\u200d", "🏽", "🏿", "❤", "\ufe0f", "\ufe0e", "🏳", "🌈", "🇩", "🇪", "1", "#", "\u20e3", "🚀", "😀", "🥲", "🫠", "🪿"]
    for _ in range(400):
        yield "".join(pick.choice(parts) for _ in range(pick.randint(1, 9))) + pick.choice(["", " ok", "ok"])
    # Control and format characters, NUL, line ends, byte-order marks, replacement characters, white space of all kinds.
    odd = [0, 1, 7, 8, 9, 0xA, 0xB, 0xC, 0xD, 0x1B, 0x1C, 0x1F, 0x20, 0x7F, 0x80, 0x85, 0x9F, 0xA0, 0xAD, 0x61C, 0x1680, 0x180E]
    odd += [0x2000, 0x200A, 0x200B, 0x200C, 0x200D, 0x200E, 0x2028, 0x2029, 0x202E, 0x202F, 0x205F, 0x2060, 0x2066, 0x3000, 0xFEFF]
    odd += [0xFFF9, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF, 0xE000, 0xF8FF, 0x1BCA0, 0x1D173, 0xE0001, 0xE0041, 0xE0100, 0xF0000, 0x10FFFF]
    for c in odd:
        for form in ("%s", "a%sb", " %s ", "a %s b", "%sa", "a%s", "[CLS%s]", "un%sbelievable", "中%s文"):
            yield form % chr(c)
    for _ in range(500):
        yield "".join(pick.choice(["ab", "c", "é", "中", "."] + [chr(pick.choice(odd))] * 5) for _ in range(pick.randint(2, 12)))
    yield "line one\r\nline two\r\n\r\nline four\n"
    # Words at the limit of 100 characters, which are counted after normalising.
    for length in (99, 100, 101, 102, 199, 200, 201, 1000):
        for letter in ("x", "é", "e\u0301", "ß", "İ", "한", "я", "😀", "a\u200b", "no"):
            yield letter * length
            yield "start " + letter * length + " end"
            yield letter * length + "." + letter * 3
    # Look-alikes of special tokens and of pieces.
    for _ in range(600):
        some = SPECIAL + ["[cls]", "[Sep]", "[CLS", "CLS]", "[ SEP ]", "##", "##ing", "##s", "#", "[unused1]", "[unused993]", "[[SEP]]"]
        some += ["a", "running", " ", " ", "  ", ".", "é", "中", "\u0301", "\u200d", "\n"]
        yield "".join(pick.choice(some) for _ in range(pick.randint(1, 10)))
    # Letters whose lower case is special: dotted I, sigma, title case, sharp s, Kelvin, Cherokee, Georgian, Deseret, Adlam.
    special = "İIıiΣσςǄǅǆǇǈǉǊǋǌǱǲǳẞßKÅΩϴᲐაᏣᎣꭰꮳ𐐀𐐨𞤀𞤢ŉǰΐΰևẖẗẘẙẚﬀﬁﬃﬅﬓᾼᾳᾈῌῼϒϓϔ"
    for _ in range(400):
        yield "".join(pick.choice(special) + pick.choice(["", "", "a", " "]) for _ in range(pick.randint(1, 9)))
    # Full width, half width, circled, superscript, mathematical letters.
    for _ in range(250):
        kinds = [(0xFF01, 0xFFEE), (0x2460, 0x24FF), (0x2070, 0x209C), (0x1D400, 0x1D7FF), (0x1F100, 0x1F1FF), (0x2100, 0x218F)]
        yield "".join(code(*pick.choice(kinds)) for _ in range(pick.randint(1, 10)))
    # Every punctuation and symbol between words, without and with spaces.
    for _ in range(300):
        kinds = [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA1, 0xBF), (0x2010, 0x205E), (0x3001, 0x3020), (0x2190, 0x23FF)]
        yield "".join(pick.choice(WORDS) + code(*pick.choice(kinds)) + pick.choice(["", " "]) for _ in range(pick.randint(1, 6)))
    # Anything at all, assigned or not.
    for _ in range(500):
        yield "".join(code() for _ in range(pick.randint(1, 8)))
    for _ in range(700):
        yield "".join(code(0, pick.choice([0x7F, 0x2FF, 0x2FFF, 0xFFFF, 0x1FFFF])) for _ in range(pick.randint(1, 14)))
    # Words of many scripts in one line.
    for _ in range(400):
        yield pick.choice(["", " ", "\t"]) + pick.choice([" ", "  ", "", "\n", "-"]).join(
            pick.choice(WORDS) for _ in range(pick.randint(1, 12))
        )
    yield from ["", " ", "  ", "\t", "\n", "\r\n", "a", "A", "1", "-", "\u0301", "中"]


def described(pick, folder):
    """Paragraphs and synopses of package descriptions, at most 260 characters each."""
    for language in debian_descriptions.LANGUAGES:
        texts = list(debian_descriptions.translations(folder, language))
        # Addresses of package registries are nothing this repository should name.
        registry = re.compile(r"\bhackage\.[a-z.]*[a-z]")
        kept, seen = [], set()
        for _, synopsis, body in pick.sample(texts, min(len(texts), 900)):
            for text in [synopsis, *body.split("\n")]:
                text = registry.sub("example.org", text)
                if text and text not in seen and not text.startswith("<trans>"):
                    seen.add(text)
                    kept.append(text[:260])
        yield from pick.sample(kept, min(len(kept), 1000 if language == "en" else 200))


def dump(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u0085", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029") + "\n"


def write(name, values):
    path = os.path.join(OUT, name)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(dump, values))
    return os.path.getsize(path)


def main():
    tokenizer = Tokenizer.from_file(MODEL)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pick = random.Random(20261123)
    lines = list(dict.fromkeys(generated(pick)))
    count = len(lines)
    lines = list(dict.fromkeys(lines + list(described(pick, debian_descriptions.fetch()))))
    ids = [encoding.ids for encoding in tokenizer.encode_batch(lines)]

    os.makedirs(OUT, exist_ok=True)
    size = write("lines.jsonl", lines) + write("ids.jsonl", ids)
    if size > LIMIT_BYTES or len(lines) < 12_000:
        sys.exit("%d lines in %d bytes: not at least 12,000 in at most %d" % (len(lines), size, LIMIT_BYTES))

    # Cut texts: short and long ones, of one to about 60 tokens.
    texts = [lines[i] for i in range(len(lines)) if 2 <= len(ids[i]) <= 62]
    plain = [t for t in lines[count:] if 12 <= len(t) <= 160]
    texts = pick.sample(texts, 150) + pick.sample(plain, 250) + ["", " ", "\u0000", "[SEP] [SEP] [SEP] a b c", "a", "中" * 50, "word " * 300]

    def some_text():
        return pick.choice(texts) if pick.random() < 0.9 else ""

    pairs = []
    while len(pairs) < 480:
        # 3 is the least for a pair: the three special tokens. Both halves get the same length now and then.
        most = pick.choice([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 20, 21, 24, 25, 32, 33, 40, 64, 128])
        side = pick.choice(["left", "right"])
        query, document = some_text(), some_text()
        if pick.random() < 0.15:
            query, document = " ".join(["one"] * pick.randint(0, 12)), " ".join(["two"] * pick.randint(0, 12))
        tokenizer.enable_truncation(most, strategy="longest_first", direction=side)
        found = tokenizer.encode(query, document)
        pairs.append(
            {"query": query, "document": document, "max": most, "side": side, "ids": found.ids, "typeIds": found.type_ids}
        )
    cuts = []
    while len(cuts) < 320:
        most = pick.choice([2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 64, 128, 256])
        side, text = pick.choice(["left", "right"]), some_text()
        tokenizer.enable_truncation(most, strategy="longest_first", direction=side)
        cuts.append({"text": text, "max": most, "side": side, "ids": tokenizer.encode(text).ids})
    sizes = write("pairs.jsonl", pairs), write("truncated.jsonl", cuts)
    tokens = sum(map(len, ids))
    print("tokenizers %s: %d lines (%d generated), %d tokens, %d bytes; %d pairs, %d bytes; %d cut texts, %d bytes"
          % (__version__, len(lines), count, tokens, size, len(pairs), sizes[0], len(cuts), sizes[1]))  # fmt: skip


if __name__ == "__main__":
    main()
