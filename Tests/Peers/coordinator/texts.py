"""Texts of which most are short and a few long, as calls have them."""

import random

import programs

MEDIAN, SIGMA = 20, 1.0  # of a log-normal distribution of tokens
TOKENS_MIN, TOKENS_MAX = 3, 256
TOKENS_PER_WORD = 1.35


def heavy_tailed(chance: random.Random, count: int) -> list[str]:
    """Different texts of about 3 to 256 tokens, half of them under 20."""
    words = [word for text in programs.lines(programs.TEXTS) for word in text.split()]
    found: dict[str, None] = {}
    while len(found) < count:
        tokens = min(max(MEDIAN * chance.lognormvariate(0, SIGMA), TOKENS_MIN), TOKENS_MAX)
        length = max(1, round((tokens - 2) / TOKENS_PER_WORD))
        start = chance.randrange(len(words) - length)
        found.setdefault(" ".join(words[start : start + length]))
    return list(found)


def percentile(values: list[float], share: float) -> float:
    """0 where there are none."""
    return sorted(values)[int((len(values) - 1) * share)] if values else 0.0
