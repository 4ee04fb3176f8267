"""Lines that every tokenizer is compared on: the same as Tests/TokenizationTests/Support/GeneratedLines.swift makes.

Nothing but whole numbers decides what comes, so that two short programs in two languages agree; a hash of all lines,
recorded with the fixtures, holds that they do.
"""

# The first and last letter of each script.
SCRIPTS = [
    (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0x370, 0x3FF), (0x1F00, 0x1FFF), (0x400, 0x4FF), (0x531, 0x587),
    (0x591, 0x5EA), (0x60C, 0x6D3), (0x700, 0x74A), (0x780, 0x7B1), (0x7C0, 0x7FA), (0x900, 0x97F), (0x980, 0x9FE),
    (0xA01, 0xA75), (0xA81, 0xAFF), (0xB01, 0xB77), (0xB82, 0xBFA), (0xC00, 0xC7F), (0xC80, 0xCF3), (0xD00, 0xD7F),
    (0xD81, 0xDF4), (0xE01, 0xE5B), (0xE81, 0xEDF), (0xF00, 0xFD4), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF),
    (0xAC00, 0xD7A3), (0x1200, 0x137C), (0x13A0, 0x13FD), (0x1401, 0x167F), (0x1681, 0x169C), (0x16A0, 0x16F8),
    (0x1780, 0x17F9), (0x1800, 0x18AA), (0x1B00, 0x1B7C), (0x2C00, 0x2C5F), (0x2D30, 0x2D7F), (0x3041, 0x309F),
    (0x30A0, 0x30FF), (0x3105, 0x312F), (0x4E00, 0x9FFF), (0xA000, 0xA48C), (0xA960, 0xA9DF), (0xFB00, 0xFDFF),
    (0xFF01, 0xFFDC), (0x10400, 0x1044F), (0x1D400, 0x1D7FF), (0x1E900, 0x1E95F), (0x1F300, 0x1F6FF), (0x20000, 0x2A6DF),
]  # fmt: skip

SEPARATORS = [" ", " ", " ", " ", "  ", ", ", ". ", "-", "'", "\n", "\r\n", "\u00a0", "\u3000", "12 ", "!?"]

# What looks for trouble, to be put together at random.
PIECES = [
    "", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n ", "\v", "\f", "\u0085", "\u00a0", "\u2028", "\u200b", "\u200c",
    "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u3000", "\0", "\x01", "\x7f", "\ufffd", "\ufffe", "\U0010ffff",
    "a", "b", "A", "I", "x", "the", "The", "THE", "water", "mill", "pond", "hello", "and", "ing", "s", "t", "0", "1", "12",
    "123", "1234567", "\u0663\u0664", "\u0967", "\u00b2", "\u2167", "\u00bd", "\uff11", "'", "'s", "'S", "'t", "'re", "'Ve",
    "'LL", "'d", "'m", "'\u017f", "'\u017fs", "\u2019s", "\u017f", "\u212a", "\u0130", "\u0131", "\u03a3", "\u03c2", "\u00df",
    "\u1e9e", "\u01c5", "\ufb01", "\ufb03", "\u00e9", "e\u0301", "\u0301", "\u0301\u0323", "\u0323\u0301", "\u0345", "\u1ab0",
    "\u20d0", "\u3099", "\u304b\u3099", "\u30ab", "\u30fc", "\uff76\uff9e", "\u4e2d", "\u6587", "\u3007", "\uac00", "\u1100",
    "\u1161", "\u11a8", "\u0e33", "\u0eb3", "\u0915\u094d\u0937", "\u0915\u094d\u200d", "\u0915\u093f", "\u0600", "\u06dd",
    "\u0627\u0644\u0644\u0647", "\ufdfa", "\u202e", "\u2066", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd",
    "\u2764\ufe0f", "\U0001f1e9\U0001f1ea\U0001f1eb", "1\ufe0f\u20e3", "\u00a9\u200d\u00ae", "\U0001d400", "\U00020000", ".",
    ",", "...", "!", "?", "-", "--", "\u2014", "_", "__", "(", ")", "[", "]", "{", "}", "<", ">", "#", "##", "@", "$", "\u20ac",
    "%", "+", "=", "/", "//", "\\", "|", "~", "`", "``", "''", '"', "^", "*", ":", ";", "&", "<s>", "</s>", "<unk>", "<mask>",
    "<pad>", "<|im_start|>", "<|endoftext|>", "<0x0A>", "<0xE4>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "\u2581", "\u2581\u2581",
    "\u2581the", "\u0120", "\u0120the", "\u010a", "\u0178", "</w>", "\u0430", "\u0435", "\u0440\u0430", "\u03bf", "\uff41", "\u0251",
    "\U0001d41a", "http://a.b/c?d=e", "a@b.c", "3.14", "1,000", "x86_64", "C++", "don't", "DON'T", "I'll", "we've",
]  # fmt: skip


class Numbers:
    """Xorshift of 32 bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % count


def code_points():
    """Every code point of every block (planes 4 to 13 have none): 32 a line, in context in the first two planes."""
    for start in range(0, 0x20000, 32):
        if not 0xD800 <= start <= 0xDFFF:
            yield "".join("a%sb %s\u0301" % (chr(c), chr(c)) for c in range(start, start + 32))
    for first, last in ((0x20000, 0x3FFFF), (0xE0000, 0x10FFFF)):
        for start in range(first, last, 128):
            yield "".join(chr(c) + ("a" if c % 8 == 7 else "") for c in range(start, start + 128))


def words():
    """Words of letters of every script, with what stands between words."""
    numbers = Numbers(20261123)
    for first, last in SCRIPTS:
        for _ in range(180):
            line = ""
            for _ in range(1 + numbers.below(8)):
                for _ in range(1 + numbers.below(7)):
                    line += chr(first + numbers.below(last - first + 1))
                if numbers.below(12) == 0:
                    line += PIECES[numbers.below(len(PIECES))]
                line += SEPARATORS[numbers.below(len(SEPARATORS))]
            yield line


def adversarial():
    """Pieces one after the other, and words of great length."""
    numbers = Numbers(7)
    for _ in range(4000):
        yield "".join(PIECES[numbers.below(len(PIECES))] for _ in range(1 + numbers.below(14)))
    for piece in PIECES:
        yield piece * (1 + 300 // max(1, len(piece)))
    for letter in ("a", "e\u0301", "\u4e2d", "\U0001f600", "ab ", "\n", " ", "1", "'s"):
        yield letter * 3000


def lines():
    """The lines of all three kinds."""
    return {"code-points": list(code_points()), "words": list(words()), "adversarial": list(adversarial())}
