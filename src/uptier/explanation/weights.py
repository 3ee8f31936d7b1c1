"""What a reason weighs, in whole probability points: "+18 points"."""

from __future__ import annotations

import math

from uptier.explanation.words import IN_ENGLISH, Words


def hundredths(share: float) -> int:
    """Round a share of probability to whole points.

    Parameters
    ----------
    share : float
        -1 to 1.

    Returns
    -------
    int
        Halves away from 0.

    Examples
    --------
    >>> hundredths(0.005), hundredths(-0.005), hundredths(0.0049)
    (1, -1, 0)
    """
    whole = math.floor(abs(share) * 100 + 0.5)
    return whole if share > 0 else -whole


def weight_words(whole: int, words: Words = IN_ENGLISH) -> str:
    """Say points with their sign.

    Parameters
    ----------
    whole : int
        Points.
    words : Words
        The project's.

    Returns
    -------
    str
        ``"+18 points"``.

    Examples
    --------
    >>> weight_words(18), weight_words(-1)
    ('+18 points', '-1 point')
    """
    return words.count("weights.points", abs(whole), points=f"{'+' if whole > 0 else '-'}{abs(whole)}")
