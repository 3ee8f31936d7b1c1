"""Who is held out of the worklist, and who is drawn into it from lower ranks: by salted hashes, never by chance.

A draw depends on the salt and on the account's own id (for exploration, on the case's cycle too) and on nothing else:
not on the order of the rows, on who else is there, nor on any score. So it can be made before anything is scored, is
the same in every run and on every machine, and can be made again years later by whoever measures what the worklist
brought.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.settings import Settings

BITS = 53  # as many as a float holds exactly: more could round up to 1
BETWEEN = "\x1f"  # no id holds it, so that salt and id cannot run into each other


def salt_of(settings: Settings) -> str:
    """Give the salt of a project's draws.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    str
        Its own, or the project's name.
    """
    return settings.worklist.salt or settings.project


def draws(ids: Iterable[object], *, salt: str, purpose: str) -> NDArray[np.float64]:
    """Draw a number for each id.

    Parameters
    ----------
    ids : iterable
        Ids; their texts are hashed.
    salt : str
        Another salt draws other numbers.
    purpose : str
        What it is drawn for: draws for two purposes are independent.

    Returns
    -------
    ndarray, shape (n_ids,)
        0 to below 1, evenly spread: the first bits of the SHA-256 of salt, purpose and id.

    Examples
    --------
    >>> draws(["0417"], salt="acme", purpose="holdout").round(3).tolist()
    [0.222]
    """
    begun = hashlib.sha256(f"{salt}{BETWEEN}{purpose}{BETWEEN}".encode())

    def drawn(one: object) -> int:
        hashed = begun.copy()
        hashed.update(str(one).encode("utf-8", "surrogatepass"))
        return int.from_bytes(hashed.digest()[:8], "big") >> (64 - BITS)

    return np.fromiter((drawn(one) for one in ids), dtype=np.float64) / 2.0**BITS


def held_out(account_ids: Iterable[object], settings: Settings) -> NDArray[np.bool_]:
    """Say which accounts nobody is asked to talk to.

    Parameters
    ----------
    account_ids : iterable
        Accounts.
    settings : Settings
        The share and the salt.

    Returns
    -------
    ndarray of bool, shape (n_accounts,)
        About `worklist.holdout_share` of them; a larger share keeps all that a smaller one held out.
    """
    share = settings.worklist.holdout_share
    ids = list(account_ids)
    if not share:
        return np.zeros(len(ids), dtype=bool)
    held: NDArray[np.bool_] = draws(ids, salt=salt_of(settings), purpose="holdout") < share
    return held


def exploration_draws(account_ids: Iterable[object], cycles: Iterable[str], settings: Settings) -> NDArray[np.float64]:
    """Draw a number for each case, for exploration.

    Parameters
    ----------
    account_ids : iterable
        The cases' accounts.
    cycles : iterable of str
        Their cycles: a case keeps its draw as long as it is open, and the next one of the account gets another.
    settings : Settings
        The salt.

    Returns
    -------
    ndarray, shape (n_cases,)
        0 to below 1; a case is in the slice where this is below `worklist.exploration_share`.
    """
    ids = (f"{account}{BETWEEN}{cycle}" for account, cycle in zip(account_ids, cycles, strict=True))
    return draws(ids, salt=salt_of(settings), purpose="exploration")
