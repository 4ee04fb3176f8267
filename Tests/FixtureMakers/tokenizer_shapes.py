"""The tokenizers of Tests/Fixtures/tokenizers: every kind, in the shapes of real families, and probes of single parts."""

import collections
import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
MODERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
MARKS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])  # fmt: skip
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
KIMI = "|".join([
    r"[\p{Han}]+", r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?", r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])  # fmt: skip
SCRIPTS = r"[\p{Cyrillic}&&\p{Ll}]+|[\p{Greek}[\p{Hangul}\p{Hebrew}]]{2,}|[^\p{Latin}\p{Common}\p{Arabic}&&[^\p{Han}]]|\p{Thai}+|\p{Common}"
ANCHORS = r"^\w+|\d+$|\A\W+|\S+\z|\s+\Z|(?<word>\b\p{Lu}\w+\b)|\w\B\w"
GROUPED = r"[0-9]{1,3}(?=(?:[0-9]{3})*(?![0-9]))"
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def expression(pattern):
    return {"Regex": pattern}


def byte_level(use_regex=True, add_prefix_space=False):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


def metaspace(scheme="always", splits=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}


def sequence(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def replace(pattern, content):
    return {"type": "Replace", "pattern": pattern, "content": content}


def added(content, **flags):
    token = {"id": 0, "content": content, "single_word": False, "lstrip": False, "rstrip": False}
    return {**token, "normalized": False, "special": True, **flags}


def file(model, normalizer=None, pre_tokenizer=None, post_processor=None, tokens=()):
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": list(tokens), "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": post_processor, "decoder": None, "model": model,
    }  # fmt: skip


def trained(lines, model, trainer, pre_tokenizer):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(lines, trainer)
    return json.loads(tokenizer.to_str())["model"]


def renumbered(model, first):
    """The BPE model with the tokens `first` before all others."""
    names = list(dict.fromkeys(first + sorted(model["vocab"], key=model["vocab"].get)))
    return {**model, "vocab": {name: index for index, name in enumerate(names)}}


def template(first=None, last=None, middle=(), types=(0, 0)):
    """`first A last`, and for pairs `first A last middle B last`; each token is (name, id)."""

    def text(name, kind):
        return {"Sequence": {"id": name, "type_id": kind}}

    def special(token, kind):
        return [{"SpecialToken": {"id": token[0], "type_id": kind}}] if token else []

    begin = special(first, types[0]) + [text("A", types[0])] + special(last, types[0])
    pair = begin + [piece for token in middle for piece in special(token, types[0])] + [text("B", types[1])]
    used = [token for token in (first, last, *middle) if token]
    return {
        "type": "TemplateProcessing", "single": begin, "pair": pair + special(last, types[1]),
        "special_tokens": {name: {"id": name, "ids": [index], "tokens": [name]} for name, index in used},
    }  # fmt: skip


def kinds(lines, charsmap):
    """(name, tokenizer.json) of every kind."""
    yield from byte_level_kinds(lines)
    yield from sentence_piece_kinds(lines)
    yield from unigram_kinds(lines, charsmap)
    words = trainers.WordLevelTrainer(vocab_size=3000, special_tokens=["<unk>"])
    level = trained(lines, models.WordLevel(unk_token="<unk>"), words, pre_tokenizers.Whitespace())
    yield "wordlevel", file(level, {"type": "Lowercase"}, sequence(
        "pretokenizers", {"type": "Whitespace"}, {"type": "Digits", "individual_digits": True}))  # fmt: skip


def byte_level_kinds(lines):
    begin, end = ("<s>", 0), ("</s>", 1)
    bytes_all = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=4000, initial_alphabet=bytes_all, special_tokens=["<s>", "</s>"])
    gpt2 = trained(lines, models.BPE(), trainer, pre_tokenizers.ByteLevel(add_prefix_space=False))
    small = dict(gpt2, merges=gpt2["merges"][:1200])
    names = {"<s>", "</s>", *bytes_all, *("".join(pair) for pair in small["merges"])}
    small["vocab"] = {name: index for index, name in enumerate(n for n in gpt2["vocab"] if n in names)}
    strings = dict(small, merges=[" ".join(pair) for pair in small["merges"]])
    special = [added("<s>"), added("</s>"), added("<|im_start|>", special=False)]
    two = {"sep": ["</s>", 1], "cls": ["<s>", 0]}
    yield "bpe-gpt2", file(gpt2, None, byte_level(), byte_level(), special)
    roberta = {"type": "RobertaProcessing", **two, "trim_offsets": True, "add_prefix_space": True}
    yield "bpe-roberta", file(strings, None, byte_level(add_prefix_space=True), roberta, [added("<mask>", lstrip=True)])
    # Runs of spaces are added tokens, and are looked for in normalized text.
    spaces = [added(" " * count, normalized=True, special=False) for count in (2, 3, 4, 8)]
    yield "bpe-modernbert", file(gpt2, {"type": "NFC"}, byte_level(), template(begin, end), special + spaces)
    yield "bpe-llama3", file(
        dict(small, ignore_merges=True), None,
        sequence("pretokenizers", split(expression(MODERN % r"\p{N}{1,3}")), byte_level(False)),
        sequence("processors", byte_level(), template(begin)), special,
    )  # fmt: skip
    yield "bpe-qwen2", file(
        strings, {"type": "NFC"}, sequence("pretokenizers", split(expression(MODERN % r"\p{N}")), byte_level(False)),
        byte_level(), special,
    )  # fmt: skip
    yield "bpe-qwen3.5", file(
        small, {"type": "NFC"}, sequence("pretokenizers", split(expression(MARKS)), byte_level(False)), template(None, end),
        special,
    )  # fmt: skip
    yield "bpe-o200k", file(
        small, None, sequence("pretokenizers", split(expression(O200K)), byte_level(False)), byte_level(), special
    )
    yield "bpe-deepseek", file(
        small, sequence("normalizers"),
        sequence("pretokenizers", split(expression(r"\p{N}{1,3}")), split(expression("[一-龥぀-ゟ゠-ヿ]+")),
                 split(expression(DEEPSEEK)), byte_level(False)),
        template(begin), special,
    )  # fmt: skip
    clip = dict(small, continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token="</s>")
    clip["vocab"] = dict(small["vocab"])
    for name in sorted(bytes_all):
        clip["vocab"][name + "</w>"] = len(clip["vocab"])
    yield "bpe-clip", file(
        clip, sequence("normalizers", {"type": "NFC"}, replace(expression(r"\s+"), " "), {"type": "Lowercase"}),
        sequence("pretokenizers", split(expression(CLIP), "Removed", True), byte_level(False)),
        {"type": "RobertaProcessing", **two, "trim_offsets": False, "add_prefix_space": False}, special,
    )  # fmt: skip
    yield "bpe-normalizer-bytes", file(small, {"type": "ByteLevel"}, None, template(begin, end), special)


def sentence_piece_kinds(lines):
    unknown, begin, end = ("<unk>", 0), ("<s>", 1), ("</s>", 2)
    trainer = trainers.BpeTrainer(vocab_size=2200, limit_alphabet=900, special_tokens=["<unk>", "<s>", "</s>"])
    llama = trained(lines, models.BPE(unk_token="<unk>"), trainer, pre_tokenizers.Metaspace())
    fallback = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)]
    llama = {**renumbered(llama, fallback), "fuse_unk": True, "byte_fallback": True}
    spaces = replace({"String": " "}, "▁")
    specials = [added(name) for name, _ in (unknown, begin, end)]
    plain = {**llama, "byte_fallback": False}
    first = template(begin)
    yield "bpe-llama2", file(
        llama, sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, spaces), None, first, specials)  # fmt: skip
    yield "bpe-phi3", file(
        llama, sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, spaces), None, first,
        [added("<unk>"), added("<s>"), added("</s>", rstrip=True), added("<|im_start|>", rstrip=True)])  # fmt: skip
    more = [added(text, special=False) for text in ("\n", "\n\n", "▁▁", "▁▁▁", "<mask>", "[CLS]")]
    yield "bpe-gemma", file(
        llama, spaces, split({"String": " "}, "MergedWithPrevious"), template(begin, end), specials + more)  # fmt: skip
    yield "bpe-mistral", file(llama, None, metaspace("first", False), first, specials)
    yield "bpe-fused-unknown", file(plain, None, metaspace(), first, specials)
    yield "bpe-unknown", file({**plain, "fuse_unk": False}, None, metaspace("never"), first, specials)
    # Half of the bytes are missing, so that unknown tokens and bytes mix.
    holes = {n: i for n, i in llama["vocab"].items() if not n.startswith("<0x") or int(n[3:5], 16) % 3}
    yield "bpe-some-bytes", file({**llama, "vocab": holes}, None, metaspace(), first, specials)
    yield "bpe-dropped", file({**plain, "unk_token": None}, None, metaspace(), first, specials)
    trainer = trainers.BpeTrainer(
        vocab_size=1500, limit_alphabet=300, special_tokens=["<unk>"], continuing_subword_prefix="##")  # fmt: skip
    prefixed = trained(lines, models.BPE(unk_token="<unk>", continuing_subword_prefix="##"), trainer,
                       pre_tokenizers.Whitespace())  # fmt: skip
    yield "bpe-prefixed", file(prefixed, None, {"type": "Whitespace"})


def unigram_kinds(lines, charsmap):
    begin, end = ("<s>", 1), ("</s>", 2)
    trainer = trainers.UnigramTrainer(vocab_size=4000, unk_token="<unk>", special_tokens=["<unk>", "<s>", "</s>"])
    # The trainer wants room for every character, so it sees lines of frequent ones only.
    usual = {c for c, _ in collections.Counter("".join(lines)).most_common(1200)}
    unigram = trained([x for x in lines if usual.issuperset(x)], models.Unigram(), trainer, pre_tokenizers.Metaspace())
    fewer = {**unigram, "vocab": unigram["vocab"][:1500]}
    with_bytes = {**fewer, "byte_fallback": True, "vocab": fewer["vocab"] + [["<0x%02X>" % b, -20.0] for b in range(256)]}
    precompiled = {"type": "Precompiled", "precompiled_charsmap": charsmap}
    squeeze = replace(expression(" {2,}"), " ")
    strip = {"type": "Strip", "strip_left": True, "strip_right": True}
    specials = [added("<unk>"), added("<s>"), added("</s>"), added("<mask>", lstrip=True)]
    both = template(begin, end, (end,))
    spaced = sequence("pretokenizers", {"type": "WhitespaceSplit"}, metaspace())
    yield "unigram-xlmr", file(unigram, sequence("normalizers", precompiled, squeeze), metaspace(), both, specials)
    yield "unigram-e5", file(unigram, precompiled, spaced, both, specials)
    yield "unigram-deberta-v3", file(
        unigram, sequence("normalizers", strip, precompiled, squeeze), metaspace(), template(begin, end, (), (0, 1)),
        specials)  # fmt: skip
    quotes = [replace({"String": text}, '"') for text in ("``", "''")]
    yield "unigram-albert", file(
        unigram, sequence("normalizers", *quotes, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, precompiled,
                          squeeze), spaced, template(begin, end, (), (0, 1)), specials)  # fmt: skip
    yield "unigram-t5", file(
        unigram, sequence("normalizers", precompiled, {**strip, "strip_left": False}, replace(expression(" {2,}"), "▁")),
        metaspace(), template(None, end), specials)  # fmt: skip
    yield "unigram-first", file(
        fewer, sequence("normalizers", precompiled, strip, squeeze), metaspace("first", False), both, specials)  # fmt: skip
    yield "unigram-bytes", file(
        with_bytes, sequence("normalizers", {"type": "Nmt"}, {"type": "NFKC"}), metaspace(), both, specials)  # fmt: skip
    yield "unigram-whole", file(fewer, None, None, both, specials)


def probes(charsmap):
    """(name, tokenizer.json) of single normalizers and pre-tokenizers, before a model that spells the bytes of each word
    and marks every character but a word's first: so that both the words and their text are seen in the ids."""
    model = {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "##", "end_of_word_suffix": None,
        "fuse_unk": False, "byte_fallback": True, "ignore_merges": False,
        "vocab": {"<0x%02X>" % b: b for b in range(256)}, "merges": [],
    }  # fmt: skip
    for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"):
        yield "probe-" + name.lower(), file(model, {"type": name})
    for left, right in ((True, True), (True, False), (False, True)):
        strip = {"type": "Strip", "strip_left": left, "strip_right": right}
        yield "probe-strip-%d%d" % (left, right), file(model, strip, metaspace("first", False))
    yield "probe-precompiled", file(model, {"type": "Precompiled", "precompiled_charsmap": charsmap})
    yield "probe-prepend", file(model, {"type": "Prepend", "prepend": "▁a"}, metaspace("never"))
    yield "probe-replace", file(
        model, sequence("normalizers", replace({"String": "an"}, "X"), replace(expression(r"[\p{P}\s]{2,}"), "")),
        metaspace("first"))  # fmt: skip
    yield "probe-clean", file(model, sequence("normalizers", {"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}))
    for scheme in ("always", "never", "first"):
        for splits in (True, False):
            yield "probe-metaspace-%s-%d" % (scheme, splits), file(model, None, metaspace(scheme, splits), None, [added("a")])
    for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer"):
        yield "probe-" + name.lower(), file(model, None, {"type": name})
    for individual in (True, False):
        yield "probe-digits-%d" % individual, file(model, None, {"type": "Digits", "individual_digits": individual})
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        yield "probe-punctuation-" + behavior.lower(), file(model, None, {"type": "Punctuation", "behavior": behavior})
        for invert in (False, True):
            pre = split(expression(r"[\s\p{P}]"), behavior, invert)
            yield "probe-split-%s-%d" % (behavior.lower(), invert), file(model, None, pre)
    yield "probe-delimiter", file(model, None, {"type": "CharDelimiterSplit", "delimiter": "a"})
    yield "probe-unicodescripts", file(model, None, {"type": "UnicodeScripts"})
    yield "probe-fixed", file(model, None, {"type": "FixedLength", "length": 3})
    yield "probe-classes", file(model, None, split(expression(r"\w+|[^\W\d]|\d{2,3}\S|\P{L}(?=\p{Ll})|(?<=\p{Lu})\D"), "Isolated"))
    yield "probe-categories", file(model, None, sequence("pretokenizers", *(
        split(expression(r"\p{%s}+" % name)) for name in "Lt Lm Mn Mc Me Nl No Pc Pd Ps Pe Pi Pf Sm Sc Sk So Z Cc Cf Co Cn".split())))  # fmt: skip
    for name, words in (("gpt2", GPT2), ("qwen2", MODERN % r"\p{N}"), ("cl100k", MODERN % r"\p{N}{1,3}"), ("marks", MARKS),
                        ("o200k", O200K), ("deepseek", DEEPSEEK), ("clip", CLIP), ("kimi", KIMI), ("scripts", SCRIPTS),
                        ("anchors", ANCHORS), ("grouped", GROUPED)):  # fmt: skip
        yield "probe-words-" + name, file(model, None, split(expression(words)))
