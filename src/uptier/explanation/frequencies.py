"""Chances as natural frequencies: "about 5 in 10 accounts like this".

People judge those better than bare percentages (Gigerenzer and Hoffrage, How to Improve Bayesian Reasoning Without
Instruction, 1995), which stand beside them.
"""

from __future__ import annotations

import math

from uptier.explanation.words import IN_ENGLISH, Words

MOST_ACCOUNTS = 1000  # that a frequency is said out of


def in_words(probability: float, words: Words = IN_ENGLISH) -> str:
    """Say a probability as a natural frequency.

    Parameters
    ----------
    probability : float
        Share, 0 to 1.
    words : Words
        The project's.

    Returns
    -------
    str
        To the nearest tenth, hundredth or thousandth, whichever is the first that is not 0.

    Examples
    --------
    >>> in_words(0.523), in_words(0.0444), in_words(0.002), in_words(0.0001), in_words(0.97)
    ('about 5 in 10', 'about 4 in 100', 'about 2 in 1,000', 'fewer than 1 in 1,000', 'more than 9 in 10')
    """
    kind, count, of = _frequency(probability)
    return words.say(f"frequencies.{kind}", count=count, of=words.number(f"{of:,}"))


def accounts_in_words(probability: float) -> int:
    """Give the number of accounts that the words after a frequency are about: of one, or of many.

    Parameters
    ----------
    probability : float
        Share, 0 to 1.

    Returns
    -------
    int
        1 after "about 1 in 10", say, and 2 or more after anything else.
    """
    kind, count, _ = _frequency(probability)
    return count if kind == "about" else MOST_ACCOUNTS


def interval_in_words(probability: float, interval: tuple[float, float], words: Words = IN_ENGLISH) -> str:
    """Say the interval of a probability as natural frequencies.

    Parameters
    ----------
    probability : float
        Share, 0 to 1.
    interval : tuple of float
        Low and high, shares.
    words : Words
        The project's.

    Returns
    -------
    str
        Out of as many as :func:`in_words` says, or of more where the low end would read as none, rounded outwards;
        where it does not hold the probability, it says that this is what the tests showed. Empty where :func:`in_words`
        names no figure.

    Examples
    --------
    >>> interval_in_words(0.523, (0.44, 0.58)), interval_in_words(0.0444, (0.021, 0.07))
    ('4 to 6 in 10', '2 to 7 in 100')
    >>> interval_in_words(0.523, (0.31, 0.4)), interval_in_words(0.13, (0.08, 0.151)), interval_in_words(0.97, (0.9, 1))
    ('3 to 4 in 10 when tested', '8 to 16 in 100', '')
    """
    kind, _, of = _frequency(probability)
    if kind != "about":
        return ""
    while of < MOST_ACCOUNTS and 0 < interval[0] * of < 1:
        of *= 10
    # 3.0000001 tenths are 3
    low, high = math.floor(interval[0] * of + 1e-6), math.ceil(interval[1] * of - 1e-6)
    within = words.number(f"{of:,}")
    said = (
        words.say("frequencies.interval", low=low, high=high, of=within)
        if low < high
        else words.say("frequencies.single", low=low, of=within)
    )
    return said if interval[0] <= probability <= interval[1] else words.say("frequencies.tested", interval=said)


def percent(share: float, words: Words = IN_ENGLISH) -> str:
    """Say a probability as a figure.

    Parameters
    ----------
    share : float
        0 to 1.
    words : Words
        The project's.

    Returns
    -------
    str
        Per cent with one decimal; with two digits where that would read as none.

    Examples
    --------
    >>> percent(0.523), percent(0.0004)
    ('52.3 %', '0.04 %')
    """
    return words.share(f"{share * 100:.1f}" if share >= 0.001 or share == 0 else f"{share * 100:.2g}")


def _frequency(probability: float) -> tuple[str, int, int]:
    """Which words say it, how many, and out of how many."""
    if probability >= 0.95:
        return "more", 9, 10
    hundredths = math.floor(probability * 100 + 0.5)
    if hundredths >= 10:
        return "about", math.floor(probability * 10 + 0.5), 10
    thousandths = math.floor(probability * 1000 + 0.5)
    if thousandths >= 10:
        return "about", hundredths, 100
    return ("about", thousandths, 1000) if thousandths else ("fewer", 1, 1000)
