"""Makes texts.jsonl: 512 English texts of one to six sentences, about as many of each, for the benchmarks.

    python3 Tests/Peers/make_texts.py          on Debian 12; the result is committed

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

TEXTS = 512
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


def main():
    packages = debian_descriptions.packages(debian_descriptions.fetch())
    packages.sort(key=lambda package: hashlib.sha256(package["package"].encode()).digest())
    texts, sources, seen = [], set(), set()
    for package in packages:
        wanted = len(texts) % SENTENCES_MAX + 1
        found = list(sentences(package["body"]))[:wanted]
        # One text of each source package: its binaries repeat each other.
        if len(found) < wanted or package["source"] in sources or seen.intersection(found):
            continue
        sources.add(package["source"])
        seen.update(found)
        texts.append(" ".join(found))
        if len(texts) == TEXTS:
            break
    with open(os.path.join(HERE, "texts.jsonl"), "w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps(text, ensure_ascii=False) + "\n")
    print("%d texts, %d bytes" % (len(texts), sum(len(text.encode()) for text in texts)))


if __name__ == "__main__":
    main()
