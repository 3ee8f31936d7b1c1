"""Python's collector of garbage, told to wait while expressions are formed and compiled."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let garbage lie for a moment.

    Expressions and SQL are trees of a million short-lived nodes: going through them again and again, to find that
    nearly all are still in use, costs a quarter of the time that compiling takes.

    Yields
    ------
    None
        What is garbage by then is collected at the next occasion afterwards.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()
