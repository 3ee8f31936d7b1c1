"""Tables that people open in a spreadsheet: no text in them is run as a formula."""

from __future__ import annotations

import numpy as np
import pandas as pd

# A spreadsheet takes a text that begins like this for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Make texts harmless that a spreadsheet would take for formulas.

    Parameters
    ----------
    table : DataFrame
        Any table.

    Returns
    -------
    DataFrame
        Texts that begin like a formula have an apostrophe before them; numbers and dates are as they were.
    """
    made = table.copy()
    for name in made.columns:
        if isinstance(made[name].dtype, pd.StringDtype) or made[name].dtype == object:
            # most texts occur many times
            place, texts = pd.factorize(made[name], use_na_sentinel=True)
            safe = [harmless_text(text) if isinstance(text, str) else text for text in texts]
            changed = np.array([now is not text for now, text in zip(safe, texts, strict=True)] + [False])
            if changed.any():
                made.loc[changed[place], name] = [safe[at] for at in place[changed[place]]]
    return made


def harmless_text(text: str) -> str:
    """Make one text harmless that a spreadsheet would take for a formula.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        With an apostrophe before it where it begins like a formula, else the text itself.
    """
    # spreadsheets trim blanks before they look
    return f"'{text}" if text.lstrip(" \n").startswith(FORMULA_STARTS) else text
