#!/usr/bin/env python3
"""Writes the Unicode tables of CUnicodeTables, by asking the `tokenizers` library about every code point.

    python3 -m venv .venv
    .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt        # only tokenizers is needed here
    .venv/bin/python Tests/FixtureMakers/make_bert_normalizer_tables.py  # about two minutes, writes the two C files
    .venv/bin/python Tests/FixtureMakers/make_bert_normalizer_tables.py --check   # compares with the committed files

Made with tokenizers 0.23.3 and Python 3.11 (whose unicodedata, 14.0, only proposes which code points may be combining;
what they are is asked of the library).

Nothing is taken from a Unicode database: each table is what the library's own normalizers and pre-tokenizers do to
U+0000...U+10FFFF (without the surrogates), each in a probe of its own:

    control, space   BertNormalizer(clean_text) on "a" + c + "b": "ab" or "a b"
    chinese          BertNormalizer(handle_chinese_chars) on "a" + c + "b": "a c b"
    mark             BertNormalizer(strip_accents) on c: ""
    lowercase        BertNormalizer(lowercase) on c (and the same from Lowercase())
    decomposition    NFD() on c, Hangul syllables left out (checked to follow the algorithm of the Unicode standard)
    combining class  NFD() on "a" + m + c for one mark m of each class: whether the two change places
    separator, punctuation   BertPreTokenizer() on "a" + c + "b": [a, b] or [a, c, b]
    word             an added token with single_word beside c: whether it is still found
    lstrip, rstrip   an added token with lstrip or rstrip beside c (must agree with separator, else this script stops)

Then the script reads the C files back, checks every code point against the probes, and checks a normaliser and
pre-tokenizer written on the tables alone against the library's on random strings. It stops at the first difference.
"""

import argparse
import os
import random
import re
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFD, BertNormalizer, Lowercase
from tokenizers.pre_tokenizers import BertPreTokenizer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "Sources", "Compute", "CUnicodeTables")
HEADER = os.path.join(FOLDER, "include", "CUnicodeTables.h")
SOURCE = os.path.join(FOLDER, "unicode_tables.c")

LAST = 0x10FFFF
CODES = [c for c in range(LAST + 1) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xAC00 + 11172)
FLAGS = ["SPACE", "CONTROL", "CHINESE", "MARK", "SEPARATOR", "PUNCTUATION", "WORD", "MAPPED"]
BIT = {name: 1 << i for i, name in enumerate(FLAGS)}


def stop(message):
    sys.exit("make_bert_normalizer_tables.py: " + message)


def name(c):
    return "U+%04X" % c


def points(text):
    return [ord(c) for c in text]


# Probes


def bert(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False):
    return BertNormalizer(clean_text, handle_chinese_chars, strip_accents, lowercase)


def probe_flags():
    flags = {c: 0 for c in CODES}
    clean, chinese, strip = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True)
    split = BertPreTokenizer()
    for c in CODES:
        x = chr(c)
        padded = "a" + x + "b"
        seen = clean.normalize_str(padded)
        if seen == "ab":
            flags[c] |= BIT["CONTROL"]
        elif seen == "a b":
            flags[c] |= BIT["SPACE"]
        elif seen != padded:
            stop("clean_text makes %r of %s" % (seen, name(c)))
        seen = chinese.normalize_str(padded)
        if seen == "a " + x + " b":
            flags[c] |= BIT["CHINESE"]
        elif seen != padded:
            stop("handle_chinese_chars makes %r of %s" % (seen, name(c)))
        if strip.normalize_str(x) == "":
            flags[c] |= BIT["MARK"]
        pieces = [piece for piece, _ in split.pre_tokenize_str(padded)]
        if pieces == ["a", "b"]:
            flags[c] |= BIT["SEPARATOR"]
        elif pieces == ["a", x, "b"]:
            flags[c] |= BIT["PUNCTUATION"]
        elif pieces != [padded]:
            stop("BertPreTokenizer makes %r of %s" % (pieces, name(c)))
    return flags


def probe_word(flags):
    """\\w of the library's single_word, and \\s of its lstrip and rstrip, beside an added token."""

    def having(**options):
        made = Tokenizer(WordLevel({"u": 0}, unk_token="u"))
        made.add_tokens([AddedToken("<t>", normalized=False, **options)])
        return made

    single, left, right = having(single_word=True), having(lstrip=True), having(rstrip=True)
    for start in range(0, len(CODES), 20000):
        codes = CODES[start : start + 20000]
        before = single.encode_batch([chr(c) + "<t>" for c in codes])
        after = single.encode_batch(["<t>" + chr(c) for c in codes])
        lefts = left.encode_batch([chr(c) + "<t>" for c in codes])
        rights = right.encode_batch(["<t>" + chr(c) for c in codes])
        for c, b, a, l, r in zip(codes, before, after, lefts, rights):
            word = 1 not in b.ids
            if word != (1 not in a.ids):
                stop("single_word treats %s unlike on the two sides" % name(c))
            if word:
                flags[c] |= BIT["WORD"]
            space = l.ids == [1]
            if space != (r.ids == [1]) or space != bool(flags[c] & BIT["SEPARATOR"]):
                stop("lstrip and rstrip treat %s unlike BertPreTokenizer" % name(c))


def probe_lowercase():
    lower, other = bert(lowercase=True), Lowercase()
    table = {}
    for c in CODES:
        seen = lower.normalize_str(chr(c))
        if seen != other.normalize_str(chr(c)):
            stop("BertNormalizer and Lowercase disagree on %s" % name(c))
        if lower.normalize_str("a" + chr(c)) != "a" + seen or lower.normalize_str(chr(c) + "a") != seen + "a":
            stop("the lowercase of %s depends on what stands beside it" % name(c))
        if seen != chr(c):
            table[c] = points(seen)
    return table


def probe_decomposition():
    nfd = NFD()
    table = {}
    for c in CODES:
        seen = points(nfd.normalize_str(chr(c)))
        if c in HANGUL:
            index = c - 0xAC00
            want = [0x1100 + index // 588, 0x1161 + index % 588 // 28] + ([0x11A7 + index % 28] if index % 28 else [])
            if seen != want:
                stop("the Hangul syllable %s does not decompose by the algorithm" % name(c))
        elif seen != [c]:
            table[c] = seen
    return table


def probe_classes(decomposition):
    """The canonical combining classes: numbers from unicodedata, every order between them asked of the library."""
    nfd = NFD()

    def swaps(first, second):
        if first == second:
            return False
        seen = nfd.normalize_str("a" + chr(first) + chr(second))
        if seen == "a" + chr(second) + chr(first):
            return True
        if seen != "a" + chr(first) + chr(second):
            stop("NFD makes %r of %s %s" % (seen, name(first), name(second)))
        return False

    whole = [c for c in CODES if c not in decomposition and c not in HANGUL]
    # One mark of each class that old and new Unicode agree on; the highest class is U+0345's, 240.
    marks = {}
    for c in whole:
        k = unicodedata.combining(chr(c))
        if k and k not in marks and swaps(0x0345, c) == (k < 240):
            marks[k] = c
    order = sorted(marks)
    for i, low in enumerate(order):
        for high in order[i + 1 :]:
            if not swaps(marks[high], marks[low]) or swaps(marks[low], marks[high]):
                stop("classes %d and %d are not in order for the library" % (low, high))
    if order[-1] != 240:
        stop("the highest combining class is %d" % order[-1])
    classes = {}
    for c in whole:
        if not swaps(0x0345, c) and not swaps(c, marks[1]):
            continue  # a starter
        # c's class is the least k whose mark c does not let pass: nothing lower may pass c either.
        above = [k for k in order if swaps(marks[k], c)]  # classes higher than c's
        below = [k for k in order if swaps(c, marks[k])]  # classes lower than c's
        same = [k for k in order if k not in above and k not in below]
        if len(same) != 1:
            stop("the class of %s is not one of the known ones" % name(c))
        classes[c] = same[0]
    return classes


# Tables


def fold(values):
    """256-entry pages of values (a dict, absent = 0), each different one once: (page index of code >> 8, pages)."""
    pages, index, seen = [], [], {}
    for high in range((LAST >> 8) + 1):
        page = tuple(values.get(high << 8 | low, 0) for low in range(256))
        if page not in seen:
            seen[page] = len(pages)
            pages.append(page)
        index.append(seen[page])
    if len(pages) > 255:
        stop("more than 255 different pages")
    return index, pages


def pooled(mapping):
    """Offsets into a pool of (count, code points...), 0 for a code point that is its own mapping."""
    pool, offsets, seen = [0], {}, {}
    for c in sorted(mapping):
        item = tuple(mapping[c])
        if item not in seen:
            seen[item] = len(pool)
            pool += [len(item), *item]
        offsets[c] = seen[item]
    if len(pool) > 0xFFFF:
        stop("the pool is too large for 16-bit offsets")
    return offsets, pool


def rows(numbers, form, width=118):
    lines, line = [], "   "
    for number in numbers:
        item = " " + form % number + ","
        if len(line) + len(item) > width:
            lines.append(line)
            line = "   "
        line += item
    return "\n".join(lines + [line])


def write_array(kind, title, numbers, form):
    return "const %s %s[%d] = {\n%s\n};\n" % (kind, title, len(numbers), rows(numbers, form))


def write_pages(kind, title, pages, form):
    body = "".join("    {\n%s\n    },\n" % rows(page, form) for page in pages)
    return "const %s %s[%d][256] = {\n%s};\n" % (kind, title, len(pages), body)


HEADER_TEXT = """\
// Generated by Tests/FixtureMakers/make_bert_normalizer_tables.py from tokenizers %(version)s. Do not edit.
//
// What the Hugging Face `tokenizers` library does to each code point, for BertNormalizer, BertPreTokenizer, NFD,
// Lowercase and added tokens. Every entry was found by asking the library's own objects about every code point, not
// taken from a Unicode database: the library mixes several Unicode versions, and its tables differ from utf8proc's.
//
// All functions take any 32-bit number: surrogates and numbers above U+10FFFF are never in a table (false, 0, NULL).

#ifndef CUNICODETABLES_H
#define CUNICODETABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bits of `cu_properties`.
enum {
    CU_SPACE = %(SPACE)d,
    CU_CONTROL = %(CONTROL)d,
    CU_CHINESE = %(CHINESE)d,
    CU_MARK = %(MARK)d,
    CU_SEPARATOR = %(SEPARATOR)d,
    CU_PUNCTUATION = %(PUNCTUATION)d,
    CU_WORD = %(WORD)d,
    CU_MAPPED = %(MAPPED)d,
};

/// The tables: a page number for each 256 code points, then the page. For the functions below only.
extern const uint8_t cu_property_index[%(properties_index)d];
extern const uint8_t cu_property_pages[%(properties_pages)d][256];
extern const uint8_t cu_lowercase_index[%(lowercase_index)d];
extern const uint16_t cu_lowercase_pages[%(lowercase_pages)d][256];
extern const uint32_t cu_lowercase_pool[%(lowercase_pool)d];
extern const uint8_t cu_decomposition_index[%(decomposition_index)d];
extern const uint16_t cu_decomposition_pages[%(decomposition_pages)d][256];
extern const uint32_t cu_decomposition_pool[%(decomposition_pool)d];
extern const uint8_t cu_class_index[%(class_index)d];
extern const uint8_t cu_class_pages[%(class_pages)d][256];

/// All the bits of a code point at once: one look-up for a tokenizer's inner loop.
static inline uint8_t cu_properties(uint32_t code) {
    return code > 0x10FFFF ? 0 : cu_property_pages[cu_property_index[code >> 8]][code & 0xFF];
}

/// Whether `clean_text` turns the code point into U+0020 (itself among them): %(SPACE_count)d code points.
/// Tab, LF and CR are; VT, FF and NEL are not, since `clean_text` removes them as control characters first.
static inline bool cu_is_whitespace(uint32_t code) { return (cu_properties(code) & CU_SPACE) != 0; }

/// Whether `clean_text` removes the code point: NUL, U+FFFD, and the library's control characters, format characters
/// and private use: %(CONTROL_count)d code points, never one that `cu_is_whitespace` is true for.
static inline bool cu_is_control(uint32_t code) { return (cu_properties(code) & CU_CONTROL) != 0; }

/// Whether `handle_chinese_chars` puts a space on both sides of the code point: %(CHINESE_count)d code points.
static inline bool cu_is_chinese(uint32_t code) { return (cu_properties(code) & CU_CHINESE) != 0; }

/// Whether `strip_accents` removes the code point, asked after canonical decomposition: %(MARK_count)d code points.
static inline bool cu_is_nonspacing_mark(uint32_t code) { return (cu_properties(code) & CU_MARK) != 0; }

/// Whether BertPreTokenizer splits at the code point and drops it, and whether `lstrip` and `rstrip` of an added token
/// take it in: %(SEPARATOR_count)d code points (those of `cu_is_whitespace`, and VT, FF, NEL).
static inline bool cu_is_separator(uint32_t code) { return (cu_properties(code) & CU_SEPARATOR) != 0; }

/// Whether BertPreTokenizer makes the code point a word of its own: %(PUNCTUATION_count)d code points.
static inline bool cu_is_punctuation(uint32_t code) { return (cu_properties(code) & CU_PUNCTUATION) != 0; }

/// Whether an added token with `single_word` is not found beside the code point: %(WORD_count)d code points.
static inline bool cu_is_word(uint32_t code) { return (cu_properties(code) & CU_WORD) != 0; }

/// False if the code point is its own lowercase and its own decomposition, is no Hangul syllable and has combining
/// class 0: then none of the functions below need be called. %(MAPPED_count)d code points are mapped.
static inline bool cu_is_mapped(uint32_t code) { return (cu_properties(code) & CU_MAPPED) != 0; }

/// The lowercase of a code point as the library lowers it, whatever stands beside it (no final sigma; U+0130 gives two
/// code points). NULL, and a count of 0, if it is its own lowercase. The memory is constant. %(lowercase_count)d code points.
static inline const uint32_t *_Nullable cu_lowercase(uint32_t code, int *_Nonnull count) {
    uint16_t offset = code > 0x10FFFF ? 0 : cu_lowercase_pages[cu_lowercase_index[code >> 8]][code & 0xFF];
    *count = (int)cu_lowercase_pool[offset];
    return offset == 0 ? NULL : &cu_lowercase_pool[offset + 1];
}

/// The full canonical decomposition (NFD) of a code point. NULL, and a count of 0, if it is its own, or is a Hangul
/// syllable: U+AC00...U+D7A3 are left to the algorithm of the Unicode standard, which the library was checked to follow
/// (L = 1100 + i / 588, V = 1161 + i %% 588 / 28, T = 11A7 + i %% 28 unless that is 11A7, i = code - AC00; hexadecimal
/// bases, decimal factors). The result is in canonical order; the text as a whole still needs ordering by
/// `cu_combining_class`. The memory is constant. %(decomposition_count)d code points.
static inline const uint32_t *_Nullable cu_decompose(uint32_t code, int *_Nonnull count) {
    uint16_t offset = code > 0x10FFFF ? 0 : cu_decomposition_pages[cu_decomposition_index[code >> 8]][code & 0xFF];
    *count = (int)cu_decomposition_pool[offset];
    return offset == 0 ? NULL : &cu_decomposition_pool[offset + 1];
}

/// The canonical combining class, for the stable ordering of runs of non-zero classes that ends NFD. Only for what is
/// left after `cu_decompose`: code points that decompose have 0 here. %(class_count)d code points have another.
static inline uint8_t cu_combining_class(uint32_t code) {
    return code > 0x10FFFF ? 0 : cu_class_pages[cu_class_index[code >> 8]][code & 0xFF];
}

#endif
"""


def render(flags, lowercase, decomposition, classes):
    for c in CODES:
        if c in lowercase or c in decomposition or c in classes or c in HANGUL:
            flags[c] |= BIT["MAPPED"]
    lower_offsets, lower_pool = pooled(lowercase)
    nfd_offsets, nfd_pool = pooled(decomposition)
    folded = {
        "property": (fold(flags), "uint8_t", "%d"),
        "lowercase": (fold(lower_offsets), "uint16_t", "%d"),
        "decomposition": (fold(nfd_offsets), "uint16_t", "%d"),
        "class": (fold(classes), "uint8_t", "%d"),
    }
    pools = {"lowercase": lower_pool, "decomposition": nfd_pool}
    facts = dict(BIT, version=tokenizers.__version__)
    facts.update({flag + "_count": sum(1 for c in CODES if flags[c] & BIT[flag]) for flag in FLAGS})
    facts.update(lowercase_count=len(lowercase), decomposition_count=len(decomposition), class_count=len(classes))
    source = "// Generated by Tests/FixtureMakers/make_bert_normalizer_tables.py from tokenizers %s. Do not edit.\n" % (
        tokenizers.__version__
    )
    source += '\n#include "CUnicodeTables.h"\n'
    for title, ((index, pages), kind, form) in folded.items():
        source += "\n" + write_array("uint8_t", "cu_%s_index" % title, index, "%d")
        source += "\n" + write_pages(kind, "cu_%s_pages" % title, pages, form)
        if title in pools:
            source += "\n" + write_array("uint32_t", "cu_%s_pool" % title, pools[title], "0x%X")
        key = "properties" if title == "property" else title
        facts[key + "_index"] = len(index)
        facts[key + "_pages"] = len(pages)
        if title in pools:
            facts[key + "_pool"] = len(pools[title])
    return HEADER_TEXT % facts, source


# Reading back


class Tables:
    """The tables as the C source states them, looked up as the C functions do."""

    def __init__(self, source):
        self.arrays = {}
        for match in re.finditer(r"const uint\d+_t (\w+)\[(\d+)\](\[256\])? = \{\n(.*?)\n\};", source, re.S):
            numbers = [int(n, 0) for n in re.findall(r"0x[0-9A-F]+|\d+", match[4])]
            if match[3]:
                numbers = [numbers[i : i + 256] for i in range(0, len(numbers), 256)]
            if len(numbers) != int(match[2]):
                stop("%s has %d entries and says %s" % (match[1], len(numbers), match[2]))
            self.arrays[match[1]] = numbers

    def at(self, title, c):
        return self.arrays["cu_%s_pages" % title][self.arrays["cu_%s_index" % title][c >> 8]][c & 0xFF]

    def has(self, flag, c):
        return bool(self.at("property", c) & BIT[flag])

    def mapped(self, title, c):
        offset, pool = self.at(title, c), self.arrays["cu_%s_pool" % title]
        return pool[offset + 1 : offset + 1 + pool[offset]] if offset else None

    def decomposed(self, codes):
        out = []
        for c in codes:
            if c in HANGUL:
                i = c - 0xAC00
                out += [0x1100 + i // 588, 0x1161 + i % 588 // 28] + ([0x11A7 + i % 28] if i % 28 else [])
            else:
                out += self.mapped("decomposition", c) or [c]
        start = 0
        while start < len(out):
            if self.at("class", out[start]) == 0:
                start += 1
                continue
            end = start
            while end < len(out) and self.at("class", out[end]):
                end += 1
            out[start:end] = sorted(out[start:end], key=lambda c: self.at("class", c))
            start = end
        return out

    def normalized(self, codes):
        """BertNormalizer() with its defaults: clean, Chinese, accents, lowercase, in this order."""
        codes = [0x20 if self.has("SPACE", c) else c for c in codes if not self.has("CONTROL", c)]
        codes = [d for c in codes for d in ([0x20, c, 0x20] if self.has("CHINESE", c) else [c])]
        codes = [c for c in self.decomposed(codes) if not self.has("MARK", c)]
        return [d for c in codes for d in (self.mapped("lowercase", c) or [c])]

    def words(self, codes):
        """BertPreTokenizer()."""
        words, word = [], []
        for c in codes:
            if self.has("SEPARATOR", c) or self.has("PUNCTUATION", c):
                words += [word] if word else []
                word = []
                words += [[c]] if self.has("PUNCTUATION", c) else []
            else:
                word.append(c)
        return words + ([word] if word else [])


def verify(source, flags, lowercase, decomposition, classes):
    tables = Tables(source)
    for c in CODES:
        if tables.at("property", c) != flags[c] or tables.at("class", c) != classes.get(c, 0):
            stop("the written properties of %s are not the probed ones" % name(c))
        if tables.mapped("lowercase", c) != lowercase.get(c):
            stop("the written lowercase of %s is not the probed one" % name(c))
        if tables.mapped("decomposition", c) != decomposition.get(c):
            stop("the written decomposition of %s is not the probed one" % name(c))
    pick = random.Random(1)
    marked = sorted(set(classes) | set(decomposition) | set(lowercase))
    pools = [marked, sorted(classes), range(0x250), range(0x3000), range(0x20000), HANGUL]
    normalizer, nfd, split = BertNormalizer(), NFD(), BertPreTokenizer()
    for _ in range(100_000):
        codes = []
        for _ in range(pick.randint(1, 12)):
            c = pick.choice(pick.choice(pools))
            codes.append(c if not 0xD800 <= c <= 0xDFFF else 0x61)
        text = "".join(map(chr, codes))
        if points(nfd.normalize_str(text)) != tables.decomposed(codes):
            stop("NFD of %r is not what the tables give" % text)
        if points(normalizer.normalize_str(text)) != tables.normalized(codes):
            stop("BertNormalizer of %r is not what the tables give" % text)
        if [points(piece) for piece, _ in split.pre_tokenize_str(text)] != tables.words(codes):
            stop("BertPreTokenizer of %r is not what the tables give" % text)


def main():
    parser = argparse.ArgumentParser(description="Writes the tables of CUnicodeTables from the tokenizers library.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed files differ")
    check = parser.parse_args().check
    flags = probe_flags()
    probe_word(flags)
    lowercase = probe_lowercase()
    decomposition = probe_decomposition()
    classes = probe_classes(decomposition)
    header, source = render(flags, lowercase, decomposition, classes)
    verify(source, flags, lowercase, decomposition, classes)
    for path, text in ((HEADER, header), (SOURCE, source)):
        if check:
            with open(path, encoding="utf-8") as file:
                if file.read() != text:
                    stop("%s is not what the library gives" % os.path.relpath(path, ROOT))
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    for flag in FLAGS:
        print("%-12s %7d" % (flag.lower(), sum(1 for c in CODES if flags[c] & BIT[flag])))
    print("%-12s %7d\n%-12s %7d\n%-12s %7d" % (
        "lowercase", len(lowercase), "decomposed", len(decomposition), "classes", len(classes)
    ))


if __name__ == "__main__":
    main()
