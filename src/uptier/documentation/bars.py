"""Small charts written by hand: a few hundred bytes each, the same ones wherever they are made."""

from __future__ import annotations

import html
from collections.abc import Sequence

from uptier.documentation.world.svg import BLUE, FONT, GREY, INK, ORANGE

WIDTH, HEIGHT = 240, 48  # pixels
TOP, BASE = 4, 34  # of the bars
WIDEST = 24  # of a column
ROW = 15  # of a chart of names
NAMES, MOST = 96, 104  # where bars of names begin, and how long they are at most


def columns(heights: Sequence[int], low: str, high: str, mark: float | None = None) -> str:
    """Draw columns over an axis with two ends.

    Parameters
    ----------
    heights : sequence of int
        Counts, from left to right.
    low, high : str
        What stands at the ends of the axis.
    mark : float, optional
        Where a line is drawn, as a share of the axis.

    Returns
    -------
    str
        An SVG.

    Examples
    --------
    >>> picture = columns([1, 2], "0", "9")
    >>> 'd="M0 34V19h23v15zM24 34V4h23v30z"' in picture
    True
    """
    step = min(WIDTH / max(len(heights), 1), WIDEST)
    wide = round(step * len(heights))
    most = max(heights, default=0) or 1
    path = ""
    for place, count in enumerate(heights):
        # what is there at all is seen
        tall = max(round((BASE - TOP) * count / most), 1) if count else 0
        if tall:
            left, right = round(place * step), round((place + 1) * step)
            path += f"M{left} {BASE}V{BASE - tall}h{max(right - left - 1, 1)}v{tall}z"
    parts = [f'<path fill="{BLUE}" d="{path}"/>', f'<path stroke="{GREY}" d="M0 {BASE}.5h{wide}"/>']
    if mark is not None:
        at = min(max(round(mark * wide), 1), wide - 1)
        parts.append(f'<path stroke="{ORANGE}" stroke-width="2" d="M{at} 0V{BASE + 4}"/>')
    parts += [_text(0, HEIGHT - 3, low), _text(wide, HEIGHT - 3, high, end=True)]
    return _svg(HEIGHT, parts)


def names(rows: Sequence[tuple[str, float]]) -> str:
    """Draw a bar for each name.

    Parameters
    ----------
    rows : sequence of (str, float)
        Names and their shares, from top to bottom.

    Returns
    -------
    str
        An SVG.
    """
    most = max((share for _, share in rows), default=0.0) or 1.0
    parts = []
    for place, (name, share) in enumerate(rows):
        top = place * ROW
        wide = max(round(MOST * share / most), 1)
        parts += [
            _text(NAMES - 6, top + 11, name, end=True),
            f'<path fill="{BLUE}" d="M{NAMES} {top + 2}h{wide}v{ROW - 4}h-{wide}z"/>',
            _text(NAMES + wide + 4, top + 11, f"{100 * share:.0f} %"),
        ]
    return _svg(ROW * max(len(rows), 1), parts)


def _text(across: int, down: int, said: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{across}" y="{down}"{anchor}>{html.escape(said)}</text>'


def _svg(height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="-4 0 {WIDTH + 8} {height}" font-family="{FONT}" font-size="10" fill="{INK}">'
    )
    # on white, so that a dark page does not swallow it
    ground = f'<path fill="#fff" d="M-4 0h{WIDTH + 8}v{height}H-4z"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"
