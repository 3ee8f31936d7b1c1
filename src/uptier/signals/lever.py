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
    """

    more: str = ""
    less: str = ""

    @property
    def words(self) -> str:
        """What to do; what raises it where both can be done."""
        return self.more or self.less
