"""Several models of one head as one: the mean of their margins, in LightGBM's own text.

So a bag is explained, saved and served as any single model is, and its contributions still add up to its margin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

VALUES = re.compile(r"^(leaf_value|internal_value)=(.*)$", re.MULTILINE)
TREE = re.compile(r"^Tree=\d+$", re.MULTILINE)
SIZES = re.compile(r"^tree_sizes=.*$", re.MULTILINE)
END = "end of trees"
PARAMETERS = "parameters:"


def averaged(models: Sequence[str], *, stretch: float = 1.0, shift: float = 0.0) -> str:
    """Give the model whose margin is the mean of the margins of others, stretched and shifted.

    Parameters
    ----------
    models : sequence of str
        LightGBM's texts of models over the same columns; at least one.
    stretch : float
        What the mean is multiplied by.
    shift : float
        What is then added, log-odds.

    Returns
    -------
    str
        LightGBM's text with the trees of all. Head and parameters are those of the first; importances, which would be
        of the first alone, are left out.
    """
    trees = [tree for text in models for tree in _trees(text)]
    scale = stretch / len(models)
    blocks = [
        TREE.sub(f"Tree={number}", VALUES.sub(partial(_changed, scale=scale, add=0.0 if number else shift), tree))
        for number, tree in enumerate(trees)
    ]
    head, _, _ = models[0].partition("Tree=0\n")
    _, _, rest = models[0].partition(PARAMETERS)
    # LightGBM reads the trees by these sizes, in bytes
    head = SIZES.sub("tree_sizes=" + " ".join(str(len(block.encode())) for block in blocks), head)
    return head + "".join(blocks) + END + "\n\n" + PARAMETERS + rest


def count(trees: str) -> int:
    """Give the number of trees in a model's text.

    Parameters
    ----------
    trees : str
        LightGBM's text.

    Returns
    -------
    int
        All trees, those of all models of a bag together.
    """
    return len(TREE.findall(trees))


def _trees(text: str) -> list[str]:
    body = text[: text.index(END)]
    starts = [found.start() for found in TREE.finditer(body)]
    return [body[start:end] for start, end in zip(starts, [*starts[1:], len(body)], strict=True)]


def _changed(found: re.Match[str], *, scale: float, add: float) -> str:
    return f"{found[1]}=" + " ".join(repr(float(value) * scale + add) for value in found[2].split())
