"""Where trees change their answer: the values at which they split, and the range that they have seen."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_INFOS = re.compile(r"^feature_infos=(.*)$", re.MULTILINE)
_RANGE = re.compile(r"\[(\S+):(\S+)\]")
_LINES = re.compile(r"^(split_feature|threshold|decision_type)=(.*)$", re.MULTILINE)
_OF_CODES = 1  # the bit of a decision that looks at categories


@lru_cache(maxsize=32)
def split_points(trees: str) -> tuple[NDArray[np.float64], ...]:
    """Give the values at which trees split each column of numbers.

    Parameters
    ----------
    trees : str
        LightGBM's text.

    Returns
    -------
    tuple of ndarray
        One for each column, sorted, each value once: between two of them trees give one answer. A value that equals a
        point lies on its lower side. Empty for a column that no tree looks at, and for categories.
    """
    found: list[set[float]] = [set() for _ in _infos(trees)]
    columns: list[int] = []
    thresholds: list[float] = []
    for kind, text in _LINES.findall(trees):
        if kind == "split_feature":
            columns = [int(word) for word in text.split()]
        elif kind == "threshold":
            thresholds = [float(word) for word in text.split()]
        else:
            for column, threshold, how in zip(columns, thresholds, text.split(), strict=True):
                if not int(how) & _OF_CODES:
                    found[column].add(threshold)
    return tuple(np.array(sorted(points), dtype=np.float64) for points in found)


@lru_cache(maxsize=32)
def seen_ranges(trees: str) -> tuple[tuple[float, float] | None, ...]:
    """Give the least and the greatest value of each column of numbers in the rows that trees learnt from.

    Parameters
    ----------
    trees : str
        LightGBM's text.

    Returns
    -------
    tuple of (float, float) or None
        One for each column; None for categories, and for a column that never varied.
    """
    ranges = []
    for info in _infos(trees):
        match = _RANGE.fullmatch(info)
        ranges.append((float(match[1]), float(match[2])) if match else None)
    return tuple(ranges)


def _infos(trees: str) -> list[str]:
    match = _INFOS.search(trees)
    return match[1].split() if match else []
