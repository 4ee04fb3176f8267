"""Makes the English texts of the benchmarks, of one to six sentences, about as many of each: texts.jsonl, 512 for
speed, and quality_texts.jsonl, 2,000 others for quality.

    python3 Tests/Peers/make_texts.py          on Debian 12; the results are committed

The sentences are those of Debian's package descriptions, consecutive ones of one package, chosen by the hash of the
package's name. The list of packages comes and goes with Debian's point releases, so a later run may give other texts;
compare figures only between runs on the same file.
"""

import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "FixtureMakers"))
import debian_descriptions  # noqa: E402

FILES = {"texts.jsonl": 512, "quality_texts.jsonl": 2_000}
SENTENCES_MAX = 6
CHARACTERS_MIN, CHARACTERS_MAX = 30, 220  # of one sentence


def sentences(body):
    """The sentences of the paragraphs that are prose, in order."""
    for paragraph in body.split("\n"):
        if not re.fullmatch(r"[A-Z][^*•\t]*[.!?]", paragraph) or "  " in paragraph:
            continue
        for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", paragraph):
            if CHARACTERS_MIN <= len(sentence) <= CHARACTERS_MAX:
                yield sentence


def texts(count):
    """The first texts in the order of the packages' hashes; none has a sentence or a source of another."""
    packages = debian_descriptions.packages(debian_descriptions.fetch())
    packages.sort(key=lambda package: hashlib.sha256(package["package"].encode()).digest())
    out, sources, seen = [], set(), set()
    for package in packages:
        wanted = len(out) % SENTENCES_MAX + 1
        found = list(sentences(package["body"]))[:wanted]
        # One text of each source package: its binaries repeat each other.
        if len(found) < wanted or package["source"] in sources or seen.intersection(found):
            continue
        sources.add(package["source"])
        seen.update(found)
        out.append(" ".join(found))
        if len(out) == count:
            return out
    sys.exit("only %d texts" % len(out))


def main():
    rest = texts(sum(FILES.values()))
    for name, count in FILES.items():
        some, rest = rest[:count], rest[count:]
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
            for text in some:
                file.write(json.dumps(text, ensure_ascii=False) + "\n")
        print("%s: %d texts, %d bytes" % (name, len(some), sum(len(text.encode()) for text in some)))


if __name__ == "__main__":
    main()
