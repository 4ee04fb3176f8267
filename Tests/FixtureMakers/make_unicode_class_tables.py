#!/usr/bin/env python3
"""Writes CUnicodeTables' second part, by asking the `tokenizers` library about every code point.

    .venv/bin/pip install -r Tests/FixtureMakers/requirements.txt         # tokenizers, regex
    .venv/bin/python Tests/FixtureMakers/make_unicode_class_tables.py     # half a minute, writes two C files
    .venv/bin/python Tests/FixtureMakers/make_unicode_class_tables.py --check

Made with tokenizers 0.23.3 and Python 3.11. Each table is what the library does to U+0000...U+10FFFF:

    category         Replace(Regex("\\p{Lu}"), "") and so on for the 29 general categories; the rest is Cn
    space, word      Replace(Regex("\\s"), "") and \\w, which must be what \\S and \\W leave
    numeric          Digits() on c;  combining: StripAccents() on c
    compatibility    NFKD() on c, where it is not NFD() on c
    regex script     Replace(Regex("\\p{Latin}"), "") and so on for every script whose name Oniguruma knows
    script           UnicodeScripts() on c and a member of each script found so far
    composition      NFC() of the parts of c, for every c that NFC keeps and NFD does not
    grapheme break   proposed by the module `regex`; Extend, SpacingMark and ZWJ, and Prepend, are then asked of
                     Precompiled with one rule, which gives away where a cluster of less than six bytes ends

and then NFC, NFKC, NFD and NFKD written on the tables alone must equal the library's on 200,000 random strings.
"""

import argparse
import os
import random
import struct
import sys

import regex
import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_bert_normalizer_tables as base  # noqa: E402

CODES = base.CODES
WHOLE = "".join(map(chr, CODES))
HEADER = os.path.join(base.FOLDER, "include", "CUnicodeClasses.h")
SOURCE = os.path.join(base.FOLDER, "unicode_classes.c")
CATEGORIES = (
    "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co"
).split()
BREAKS = "Other CR LF Control Extend ZWJ Regional_Indicator Prepend SpacingMark L V T LV LVT".split()
SPACE, WORD, NUMERIC, COMBINING, PICTOGRAPH, BREAK_SHIFT = 1 << 5, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 10


def stop(message):
    sys.exit("make_unicode_class_tables.py: " + message)


def members(pattern):
    left = set(normalizers.Replace(Regex(pattern), "").normalize_str(WHOLE))
    return {c for c in CODES if chr(c) not in left}


def one_rule(first, new):
    """A Precompiled normalizer that knows only the one-byte string `first`."""
    units = [0] * 0x400
    code = ord(first)
    units[code] = 0x100 << 10 | 1 << 8 | code
    units[code ^ 0x100] = 1 << 31
    blob = struct.pack("<I", len(units) * 4) + struct.pack("<%dI" % len(units), *units) + new.encode() + b"\0"
    return normalizers.Precompiled(blob)


def probe_breaks():
    values = {}
    for index, name in enumerate(BREAKS[1:], 1):
        for match in regex.finditer(r"\p{GCB=%s}" % name, WHOLE):
            values[ord(match[0])] = index
    probe = one_rule("a", "Z")
    joins = {BREAKS.index(n) for n in ("Extend", "ZWJ", "SpacingMark")}
    changed = []
    for c in CODES:
        seen = probe.normalize_str("a" + chr(c))
        if seen not in ("Z", "Z" + chr(c)) and c != 0x61:
            stop("Precompiled makes %r of a and %s" % (seen, base.name(c)))
        joined = seen == "Z" and c != 0x61
        if joined != (values.get(c, 0) in joins):
            changed.append(c)
            values[c] = BREAKS.index("Extend") if joined else 0
    prepend = BREAKS.index("Prepend")
    for c in CODES:
        if c > 0x7F:
            # In a cluster that begins with c no rule is found, so its parts are looked at one by one and the
            # mark stays; where the cluster is "a" and the mark, Z takes the place of both. c a U+0301 has
            # 2 or more + 1 + 2 bytes, and is below six only for c of two bytes.
            if c < 0x800:
                seen = probe.normalize_str(chr(c) + "a\u0301")
                kept = seen == chr(c) + "Z\u0301"
                if kept != (values.get(c, 0) == prepend):
                    changed.append(c)
                    values[c] = prepend if kept else 0
    return values, changed


def probe_regex_scripts():
    """Runs of code points of one script of regular expressions, as (first, number), and the numbers by name."""
    known = regex._regex_core.PROPERTIES["SCRIPT"][1]
    scripts, names, values = {}, {}, dict.fromkeys(CODES, 0)
    for name, key in sorted(known.items()):
        try:
            Regex(r"\p{%s}" % name)
        except Exception:  # Oniguruma does not know the name
            continue
        names[name.lower().replace("_", "")] = scripts.setdefault(key, len(scripts) + 1)
    for name in {number: name for name, number in names.items()}.values():
        for c in members(r"\p{%s}" % name):
            if values[c]:
                stop("%s is in two scripts" % base.name(c))
            values[c] = names[name]
    runs = [(c, values[c]) for c in CODES if c == 0 or values[c] != values.get(c - 1, values[0xD7FF])]
    return runs, sorted(names.items())


def probe_scripts():
    """Runs of code points of one script, as (first, number); 0 is what takes the script of its neighbour."""
    parts = pre_tokenizers.UnicodeScripts()
    leaders, runs = [], []

    def number(c):
        if len(parts.pre_tokenize_str("a" + chr(c) + "\u0431")) == 2 and len(parts.pre_tokenize_str("\u0431" + chr(c) + "a")) == 2:
            if len(parts.pre_tokenize_str("a" + chr(c))) == 1 and len(parts.pre_tokenize_str("\u0431" + chr(c))) == 1:
                return 0
        for index, leader in enumerate(leaders, 1):
            if len(parts.pre_tokenize_str(chr(leader) + chr(c))) == 1:
                return index
        leaders.append(c)
        return len(leaders)

    ends = {span[0] for _, span in parts.pre_tokenize_str(WHOLE)}
    position = {c: place for place, c in enumerate(CODES)}
    last = None
    for c in CODES:
        # A code point without a script begins no word, and ends the run of the one before.
        if last is not None and position[c] not in ends and len(parts.pre_tokenize_str(chr(c))) == (last != 0):
            continue
        value = number(c)
        if value != last:
            runs.append((c, value))
            last = value
    if len(leaders) > 255:
        stop("%d scripts are too many" % len(leaders))
    return runs


def probe():
    classes = {}
    for index, name in enumerate(CATEGORIES):
        if name in ("Cn", "Cs"):
            continue
        for c in members(r"\p{%s}" % name):
            if c in classes:
                stop("%s is in two categories" % base.name(c))
            classes[c] = index
    for c in CODES:
        classes.setdefault(c, 0)
    for pattern, inverse, bit in ((r"\s", r"\S", SPACE), (r"\w", r"\W", WORD)):
        inside = members(pattern)
        if members(inverse) != set(CODES) - inside:
            stop("%s and %s do not add up" % (pattern, inverse))
        for c in inside:
            classes[c] |= bit
    if members(r"\d") != {c for c in CODES if classes[c] & 31 == CATEGORIES.index("Nd")}:
        stop(r"\d is not \p{Nd}")
    groups = {}
    for index, name in enumerate(CATEGORIES):
        groups.setdefault(name[0], set()).add(index)
    for group, inside in groups.items():
        if members(r"\p{%s}" % group) != {c for c in CODES if classes[c] & 31 in inside}:
            stop(r"\p{%s} is not the sum of its parts" % group)
    digits, accents = pre_tokenizers.Digits(individual_digits=True), normalizers.StripAccents()
    for c in CODES:
        if len(digits.pre_tokenize_str("a" + chr(c) + "b")) == 3:
            classes[c] |= NUMERIC
        if accents.normalize_str(chr(c)) == "":
            classes[c] |= COMBINING
    for match in regex.finditer(r"\p{Extended_Pictographic}", WHOLE):
        classes[ord(match[0])] |= PICTOGRAPH
    breaks, changed = probe_breaks()
    for c, value in breaks.items():
        classes[c] |= value << BREAK_SHIFT
    nfd, nfkd, nfc = normalizers.NFD(), normalizers.NFKD(), normalizers.NFC()
    compatibility, pairs = {}, {}
    for c in CODES:
        x = chr(c)
        canonical, other = nfd.normalize_str(x), nfkd.normalize_str(x)
        if canonical != other:
            compatibility[c] = base.points(other)
        if c not in base.HANGUL and canonical != x and nfc.normalize_str(x) == x:
            head = nfc.normalize_str(canonical[:-1])
            if len(head) != 1:
                stop("%s is not composed of two" % base.name(c))
            pairs[(ord(head), ord(canonical[-1]))] = c
    return classes, compatibility, pairs, (probe_scripts(), *probe_regex_scripts()), changed


HEADER_TEXT = """\
// Generated by Tests/FixtureMakers/make_unicode_class_tables.py from tokenizers %(version)s. Do not edit.
//
// How the regular expressions, normalizers and pre-tokenizers of the Hugging Face `tokenizers` library see each code
// point, asked of the library itself. All functions take any 32-bit number; above U+10FFFF is 0.

#ifndef CUNICODECLASSES_H
#define CUNICODECLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// General categories, the low five bits of `cu_class`.
enum {
    %(categories)s
};

/// Bits of `cu_class`: \\s and \\w of regular expressions, numeric (pre-tokenizer Digits), combining (normalizer
/// StripAccents), extended pictographic.
enum { CU_REGEX_SPACE = %(space)d, CU_REGEX_WORD = %(word)d, CU_NUMERIC = %(numeric)d, CU_COMBINING = %(combining)d, CU_PICTOGRAPH = %(pictograph)d };

/// Grapheme cluster break classes: `cu_class` shifted right by CU_BREAK_SHIFT.
enum {
    CU_BREAK_SHIFT = %(shift)d,
    %(breaks)s
};

/// The tables, for the functions below only.
extern const uint8_t cu_class2_index[4352];
extern const uint16_t cu_class2_pages[%(class_pages)d][256];
extern const uint8_t cu_compatibility_index[4352];
extern const uint16_t cu_compatibility_pages[%(compatibility_pages)d][256];
extern const uint32_t cu_compatibility_pool[%(compatibility_pool)d];
extern const uint32_t cu_script_starts[%(scripts)d];
extern const uint8_t cu_script_numbers[%(scripts)d];
extern const uint32_t cu_regex_script_starts[%(regex_scripts)d];
extern const uint8_t cu_regex_script_numbers[%(regex_scripts)d];
extern const char *_Nonnull const cu_regex_script_names[%(script_names)d];
extern const uint8_t cu_regex_script_named[%(script_names)d];
extern const uint64_t cu_composition_keys[%(pairs)d];
extern const uint32_t cu_composition_values[%(pairs)d];

/// Category, bits and break class of a code point.
static inline uint16_t cu_class(uint32_t code) {
    return code > 0x10FFFF ? 0 : cu_class2_pages[cu_class2_index[code >> 8]][code & 0xFF];
}

/// The number of the run that a code point is in, of `count` runs that begin at `starts`.
static inline uint8_t cu_run(
    uint32_t code, const uint32_t *_Nonnull starts, const uint8_t *_Nonnull numbers, size_t count
) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (starts[middle] <= code) low = middle; else high = middle;
    }
    return code > 0x10FFFF ? 0 : numbers[low];
}

/// A number for the script of a code point as pre-tokenizer UnicodeScripts sees it; 0 where it takes that of its
/// neighbours.
static inline uint8_t cu_script(uint32_t code) {
    return cu_run(code, cu_script_starts, cu_script_numbers, %(scripts)d);
}

/// A number for the script of a code point as regular expressions see it, 0 for none.
static inline uint8_t cu_regex_script(uint32_t code) {
    return cu_run(code, cu_regex_script_starts, cu_regex_script_numbers, %(regex_scripts)d);
}

/// The number of a script by its name or abbreviation in small letters without "_", 0 if there is none.
static inline uint8_t cu_regex_script_number(const char *_Nonnull name) {
    for (size_t index = 0; index < %(script_names)d; index++) {
        if (strcmp(cu_regex_script_names[index], name) == 0) return cu_regex_script_named[index];
    }
    return 0;
}

/// The full compatibility decomposition (NFKD) of a code point where it differs from the canonical one (NFD); else NULL
/// and a count of 0. The memory is constant. %(compatibility)d code points.
static inline const uint32_t *_Nullable cu_decompose_compatibly(uint32_t code, int *_Nonnull count) {
    uint16_t offset = code > 0x10FFFF ? 0 : cu_compatibility_pages[cu_compatibility_index[code >> 8]][code & 0xFF];
    *count = (int)cu_compatibility_pool[offset];
    return offset == 0 ? NULL : &cu_compatibility_pool[offset + 1];
}

/// The primary composite of two code points, 0 if there is none; Hangul is left to the algorithm. %(pairs)d pairs.
static inline uint32_t cu_compose(uint32_t first, uint32_t second) {
    uint64_t key = (uint64_t)first << 32 | second;
    size_t low = 0, high = %(pairs)d;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cu_composition_keys[middle] < key) low = middle + 1; else high = middle;
    }
    return low < %(pairs)d && cu_composition_keys[low] == key ? cu_composition_values[low] : 0;
}

#endif
"""


def render(classes, compatibility, pairs, all_scripts):
    scripts, regex_scripts, script_names = all_scripts
    index, pages = base.fold(classes)
    offsets, pool = base.pooled(compatibility)
    compatibility_index, compatibility_pages = base.fold(offsets)
    keys = sorted(pairs)
    camel = lambda name: name.upper()  # noqa: E731
    facts = dict(
        version=tokenizers.__version__, space=SPACE, word=WORD, numeric=NUMERIC, combining=COMBINING,
        pictograph=PICTOGRAPH, shift=BREAK_SHIFT, class_pages=len(pages),
        categories=", ".join("CU_GC_%s = %d" % (camel(n), i) for i, n in enumerate(CATEGORIES)),
        breaks=", ".join("CU_BREAK_%s = %d" % (camel(n), i) for i, n in enumerate(BREAKS)),
        compatibility_pages=len(compatibility_pages), compatibility_pool=len(pool),
        compatibility=len(compatibility), pairs=len(keys), scripts=len(scripts),
        regex_scripts=len(regex_scripts), script_names=len(script_names),
    )  # fmt: skip
    source = "// Generated by Tests/FixtureMakers/make_unicode_class_tables.py from tokenizers %s. Do not edit.\n" % (
        tokenizers.__version__
    )
    source += '\n#include "CUnicodeClasses.h"\n'
    source += "\n" + base.write_array("uint8_t", "cu_class2_index", index, "%d")
    source += "\n" + base.write_pages("uint16_t", "cu_class2_pages", pages, "%d")
    source += "\n" + base.write_array("uint8_t", "cu_compatibility_index", compatibility_index, "%d")
    source += "\n" + base.write_pages("uint16_t", "cu_compatibility_pages", compatibility_pages, "%d")
    source += "\n" + base.write_array("uint32_t", "cu_compatibility_pool", pool, "0x%X")
    source += "\n" + base.write_array("uint32_t", "cu_script_starts", [first for first, _ in scripts], "0x%X")
    source += "\n" + base.write_array("uint8_t", "cu_script_numbers", [number for _, number in scripts], "%d")
    source += "\n" + base.write_array("uint32_t", "cu_regex_script_starts", [first for first, _ in regex_scripts], "0x%X")
    source += "\n" + base.write_array("uint8_t", "cu_regex_script_numbers", [number for _, number in regex_scripts], "%d")
    source += "\n" + base.write_array("char *const", "cu_regex_script_names", [name for name, _ in script_names], '"%s"')
    source += "\n" + base.write_array("uint8_t", "cu_regex_script_named", [number for _, number in script_names], "%d")
    source += "\n" + base.write_array("uint64_t", "cu_composition_keys", [a << 32 | b for a, b in keys], "0x%XULL")
    source += "\n" + base.write_array("uint32_t", "cu_composition_values", [pairs[k] for k in keys], "0x%X")
    return HEADER_TEXT % facts, source


def verify(compatibility, pairs):
    with open(base.SOURCE, encoding="utf-8") as file:
        tables = base.Tables(file.read())

    def ordered(codes, compatible):
        out = []
        for c in codes:
            out += compatibility[c] if compatible and c in compatibility else [c]
        return tables.decomposed(out)

    def composed(codes):
        out, starter, last = [], None, 0
        for c in codes:
            k = tables.at("class", c)
            if starter is not None and (last < k or last == 0 and starter == len(out) - 1):
                a = out[starter]
                new = pairs.get((a, c))
                if 0x1100 <= a < 0x1113 and 0x1161 <= c < 0x1176:
                    new = 0xAC00 + ((a - 0x1100) * 21 + c - 0x1161) * 28
                elif 0xAC00 <= a < 0xAC00 + 11172 and (a - 0xAC00) % 28 == 0 and 0x11A7 < c < 0x11C3:
                    new = a + c - 0x11A7
                if new:
                    out[starter] = new
                    continue
            if k == 0:
                starter = len(out)
            last = k
            out.append(c)
        return out

    pick = random.Random(3)
    parts = sorted({c for pair in pairs for c in pair})
    pools = [sorted(compatibility), sorted(pairs.values()), parts, parts, range(0x300, 0x370), range(0x1100, 0x1200)]
    pools += [base.HANGUL, range(0x3000), range(0x20000)]
    forms = [normalizers.NFD(), normalizers.NFKD(), normalizers.NFC(), normalizers.NFKC()]
    for _ in range(50_000):
        codes = [pick.choice(pick.choice(pools)) for _ in range(pick.randint(1, 9))]
        codes = [c if not 0xD800 <= c <= 0xDFFF else 0x61 for c in codes]
        text = "".join(map(chr, codes))
        canonical, compatible = ordered(codes, False), ordered(codes, True)
        for form, want in zip(forms, (canonical, compatible, composed(canonical), composed(compatible))):
            if base.points(form.normalize_str(text)) != want:
                stop("%s of %r is not what the tables give" % (type(form).__name__, text))


def main():
    parser = argparse.ArgumentParser(description="Writes the class tables of CUnicodeTables from the library.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed files differ")
    check = parser.parse_args().check
    classes, compatibility, pairs, scripts, changed = probe()
    header, source = render(classes, compatibility, pairs, scripts)
    verify(compatibility, pairs)
    for path, text in ((HEADER, header), (SOURCE, source)):
        if check:
            with open(path, encoding="utf-8") as file:
                if file.read() != text:
                    stop("%s is not what the library gives" % os.path.relpath(path, base.ROOT))
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    print("%d compatibility, %d pairs; %d break classes differ from regex's: %s"
          % (len(compatibility), len(pairs), len(changed), " ".join(map(base.name, changed[:40]))))  # fmt: skip


if __name__ == "__main__":
    main()
