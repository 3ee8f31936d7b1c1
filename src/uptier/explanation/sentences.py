"""Sentences: a signal's phrase, filled with the account's own values, or nothing where one of them is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from uptier.decision.money import ACCOUNT_CURRENCY

if TYPE_CHECKING:
    from uptier.signals.catalog import Catalog
    from uptier.signals.signal import Signal

# Texts that stand for "nothing" in exported tables; said aloud they would be nonsense.
_NOTHING = frozenset({"", "nan", "none", "null", "nat", "<na>"})


def sentence(signal: Signal, row: Mapping[str, object], catalog: Catalog, currency: str) -> str | None:
    """Say a signal's value for one account.

    Parameters
    ----------
    signal : Signal
        What to say.
    row : mapping of str to object
        The account's signals by name; one that is absent, None or NaN is missing.
    catalog : Catalog
        Where the units of other signals in the phrase are found.
    currency : str
        ISO code, for money; the account's own, where the row has one, goes before it.

    Returns
    -------
    str or None
        A clean sentence without its full stop; None if a value that the phrase needs is missing.
    """
    value = known(row.get(signal.name))
    template, value = _template(signal, value)
    currency = currency_of(row, currency)
    speech = catalog.speech.with_units(signal.phrase.units)
    words = {} if value is None else {"value": signal.unit.told(value, currency=currency, speech=speech)}
    for name in signal.phrase.placeholders() - {"value"}:
        if "{" + name + "}" not in template:
            continue
        other = known(row.get(name))
        if other is None:
            return None
        words[name] = catalog.signal(name).unit.told(other, currency=currency, speech=speech)
    said = " ".join(template.format_map(words).split())
    return said or None


def currency_of(row: Mapping[str, object], currency: str) -> str:
    """Give the currency that an account's money is said in.

    Parameters
    ----------
    row : mapping of str to object
        The account's signals, and, where accounts pay in several currencies, its own under
        :data:`uptier.decision.money.ACCOUNT_CURRENCY`.
    currency : str
        ISO code of the project's currency.

    Returns
    -------
    str
        The account's own, or the project's.
    """
    own = known(row.get(ACCOUNT_CURRENCY))
    return currency if own is None else str(own)


def known(value: object) -> float | str | None:
    """Give a value that can be said aloud.

    Parameters
    ----------
    value : object
        A number, text, None or NaN.

    Returns
    -------
    float, str or None
        None for what is missing or not finite, and for texts such as "nan" that only stand for it.
    """
    if isinstance(value, str):
        said = " ".join(value.split())
        return None if said.lower() in _NOTHING else said
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever is no number is not known
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def tells(signal: Signal, row: Mapping[str, object]) -> bool:
    """Say whether a signal has something to tell of an account.

    Parameters
    ----------
    signal : Signal
        The signal.
    row : mapping of str to object
        The account's signals by name.

    Returns
    -------
    bool
        False where its value is not known, or is a 0 that has words of its own: they say that there is nothing to tell.
        Without such words 0 is a value as any other, as a likelihood to recommend of 0.
    """
    value = known(row.get(signal.name))
    return value is not None and not (value == 0 and signal.phrase.zero)


def _template(signal: Signal, value: float | str | None) -> tuple[str, float | str | None]:
    phrase = signal.phrase
    if value is None:
        return phrase.missing, None
    if isinstance(value, float) and value == 0 and phrase.zero:
        return phrase.zero, value
    if isinstance(value, float) and value < 0 and phrase.negative:
        return phrase.negative, -value
    return phrase.value, value
