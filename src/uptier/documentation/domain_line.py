"""A line of what the sources say, and the sections in which the lines stand."""

from __future__ import annotations

from dataclasses import dataclass

WINDOWS = "Four usage signals that open a window"
OTHER = "Other triggers"
GUARDS = "Guards"
POINTS = "Points model"
CONTEXT = "Context"
OURS = "ours"  # no source says so
SECTIONS = (WINDOWS, OTHER, GUARDS, POINTS, CONTEXT)


@dataclass(frozen=True)
class Line:
    """One statement of a source.

    Attributes
    ----------
    section : str
        One of `SECTIONS`.
    said : str
        What it says, in our words.
    source : str
        S0 to S4, as the page on signals lists them; `OURS` where none of them says it.
    signals : tuple of str
        Signals that measure it.
    triggers : tuple of str
        Triggers that fire on it.
    thresholds : tuple of str
        Thresholds that it sets.
    rules : tuple of str
        Rules of the points model that are it.
    elsewhere : str
        What else does its work, where that is no signal.
    """

    section: str
    said: str
    source: str
    signals: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    elsewhere: str = ""
