"""What a CSM can do about a signal, told apart from what merely explains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Lever:
    """How a CSM can move a signal, as an imperative: "close open tickets".

    Attributes
    ----------
    more : str
        What raises it; empty where nobody can, or nobody would want to.
    less : str
        What lowers it.
    resets : bool
        Whether the deed brings it to its least at once, as a talk does with the days since the last one.
    """

    more: str = ""
    less: str = ""
    resets: bool = False

    @property
    def words(self) -> str:
        """What to do; what raises it where both can be done."""
        return self.more or self.less
