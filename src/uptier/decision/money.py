"""Amounts in one currency: what accounts pay in others is brought into the project's own, at dated rates.

Only what is ranked and added up is converted. What is said to an account stays in the money that it pays in.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pandas as pd

from uptier.errors import ScoringError

ACCOUNT_CURRENCY = "account_currency"  # beside the signals of a frame: what amounts are said in
COLUMNS = ("currency", "day", "rate")
CODE = re.compile(r"^[A-Z]{3}$")
SHOWN = 5  # lines or days that an error names


def read_rates(path: Path, *, currency: str) -> pd.DataFrame:
    """Read what other currencies are worth.

    Parameters
    ----------
    path : Path
        A CSV with currency (ISO code), day (YYYY-MM-DD) and rate.
    currency : str
        The project's: a rate is how much of it one unit of the other is worth.

    Returns
    -------
    DataFrame, shape (n_rates, 3)
        currency, day (date) and rate (above 0), sorted by both; the project's own currency is worth 1 and left out.

    Raises
    ------
    ScoringError
        If there is no such file, or a line of it cannot be used: no ISO code, no date, a rate that is not above 0, one
        currency twice on a day, or a rate of the project's currency that is not 1. Lines are named, not what they hold.
    """
    asked = "Write a CSV with the columns currency, day, rate; scoring.rates names it."
    try:
        given = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:  # what is no CSV and what is no UTF-8 are ValueErrors
        raise ScoringError(f"The rates in {path} cannot be read.", do=asked) from error
    lacking = [name for name in COLUMNS if name not in given.columns]
    if lacking:
        raise ScoringError(f"The rates in {path} lack a column.", found=f"no {', '.join(lacking)}", do=asked)
    codes = given["currency"].str.strip()
    days = pd.to_datetime(given["day"].str.strip(), format="%Y-%m-%d", errors="coerce")
    rates = pd.to_numeric(given["rate"].str.strip(), errors="coerce").astype("float64")
    usable = rates.between(0, np.inf, inclusive="neither")
    own = codes == currency
    _refuse(path, ~codes.str.fullmatch(CODE.pattern), "name no currency", "Write its ISO code, such as EUR.")
    _refuse(path, days.isna(), "name no day", "Write days as YYYY-MM-DD.")
    _refuse(path, ~usable, "have a rate that is no number above 0", "Correct or remove them.")
    _refuse(
        path,
        own & (rates != 1),
        f"say that {currency}, the project's own currency, is not worth 1",
        f"A rate is how much {currency} one unit is worth: are these the rates of another currency?",
    )
    found = pd.DataFrame({"currency": codes, "day": days.dt.date, "rate": rates})
    _refuse(
        path, found.duplicated(["currency", "day"]), "give a currency a second rate on one day", "Keep one of them."
    )
    return found[~own].sort_values(["currency", "day"], ignore_index=True)


def paid_in(currencies: pd.Series[str], *, currency: str) -> pd.Series[str]:
    """Give the code of what each account pays in.

    Parameters
    ----------
    currencies : Series of str, shape (n_accounts,)
        As the source has it; missing or empty for the project's own.
    currency : str
        The project's.

    Returns
    -------
    Series of str, shape (n_accounts,)
        With the same index: in capitals, without blanks, never missing; not yet known to be ISO codes.
    """
    codes = currencies.astype(object).where(currencies.notna(), "").astype(str).str.strip().str.upper()
    return codes.mask(codes == "", currency)


def worth_of(
    codes: pd.Series[str], rates: pd.DataFrame | None, *, currency: str, as_of: dt.date, max_age_days: int
) -> pd.Series[float]:
    """Give what one unit of each account's currency is worth.

    Parameters
    ----------
    codes : Series of str, shape (n_accounts,)
        What each account pays in, as :func:`paid_in` gave it.
    rates : DataFrame or None
        As :func:`read_rates` gave them; None where the project has none.
    currency : str
        The project's.
    as_of : date
        The latest rate on or before this date counts, never a later one.
    max_age_days : int
        How much older than that it may be.

    Returns
    -------
    Series of float, shape (n_accounts,)
        With the same index: how much of the project's currency one unit is worth; 1 for its own. Never NaN.

    Raises
    ------
    ScoringError
        If a currency has no rate by then, or an old one, or is no ISO code.
    """
    known = {currency: 1.0}
    for code in sorted(set(codes) - {currency}):
        known[code] = _rate(code, rates, currency=currency, as_of=as_of, max_age_days=max_age_days)
    return codes.map(known).astype("float64")


def _rate(code: str, rates: pd.DataFrame | None, *, currency: str, as_of: dt.date, max_age_days: int) -> float:
    if not CODE.match(code):
        raise ScoringError(
            "Some accounts have a currency that is no ISO code.",
            found=f"{len(code)} characters",
            do="Translate it under tables.accounts.values.currency, as in {'€': EUR}.",
        )
    if rates is None:
        raise ScoringError(
            f"Some accounts pay in {code}, and the project has no rates; its currency is {currency}.",
            do="Name a CSV of rates under scoring.rates, or, if that column is not to be trusted, say "
            f"constants: {{currency: {currency}}} under tables.accounts.",
        )
    own = rates[rates["currency"] == code]
    before = own[own["day"] <= as_of]
    if before.empty:
        first = "no rate of it at all" if own.empty else f"its first of {len(own)} rates is of {own['day'].iloc[0]}"
        raise ScoringError(
            f"Some accounts pay in {code}, which has no rate on or before {as_of}.",
            found=first,
            do=f"Add one to the file of scoring.rates: how much {currency} one {code} was worth then.",
        )
    last = before.iloc[-1]
    if (as_of - last["day"]).days > max_age_days:
        later = own[own["day"] > as_of]["day"].tolist()
        ahead = f"; there are later ones, from {later[0]} on, which were not known then" if later else ""
        raise ScoringError(
            f"The rate of {code} is too old for {as_of}: at most {max_age_days} days are allowed.",
            found=f"the latest is of {last['day']}{ahead}",
            do="Add a newer one to the file of scoring.rates, or allow more with scoring.rates_max_age_days.",
        )
    return float(last["rate"])


def _refuse(path: Path, wrong: pd.Series[bool], what: str, do: str) -> None:
    if wrong.any():
        lines = [str(place + 2) for place in np.flatnonzero(wrong)[:SHOWN]]
        raise ScoringError(
            f"Rates in {path} {what}.", found=f"{int(wrong.sum())} such rows, first on line {', '.join(lines)}", do=do
        )
