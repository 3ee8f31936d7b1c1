"""Who is left alone although something speaks for a talk: rules with a fixed precedence, each with its code and words.

The first rule of :data:`RULES` that holds is what is recorded as the reason; all that hold can be listed. What is not
known holds nobody back, with four exceptions where a wrong yes would hurt:

* a contact that does not say what it was about counts as one about every upsell type;
* an open opportunity of any type holds back all types;
* an escalated ticket whose end is not recorded counts as open for `worklist.escalation_days`;
* an account whose length of term is not known is frozen before the end of its term like one with a long term.

Payment trouble and an opt-out stand in none of the canonical tables: both rules are not available unless whoever calls
gives them as facts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import ScoringError
from uptier.scoring.deciding import flag
from uptier.scoring.holdout import held_out
from uptier.scoring.standing import CONTACT
from uptier.settings import CONVERSIONS
from uptier.tables.answers import DISMISSED, known_before, newest, read_answers, said_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.settings import Settings

    Flags = NDArray[np.bool_]

DISCOVERY = "discovery"  # a talk to find out what the account needs, about no upsell type yet
ANY = ""  # in a file of dismissals: of all upsell types
Dismissed = Mapping[tuple[str, str], dt.date]

# A term of at most so many times a window lies within that window nearly all the time: it rolls over by itself, and its
# end is no renewal that anybody prepares.
ROLLING = 2

FACTS = ("open_opportunity", "open_escalation", "payment_trouble", "before_first_value", "opted_out")  # bool
NUMBERS = ("nps", "days_since_outreach", "days_until_renewal", "term_days", *(f"{CONTACT}{one}" for one in CONVERSIONS))


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What the rules are asked about.

    Attributes
    ----------
    cases : DataFrame, shape (n_cases, n_columns)
        account_id, upsell, and all of :data:`FACTS` and :data:`NUMBERS`.
    settings : Settings
        Bounds.
    as_of : date
        The date looked from.
    dismissed : mapping of (str, str) to date
        Account and upsell type, or "" for all types, to the date until which a talk stays away.
    """

    cases: pd.DataFrame
    settings: Settings
    as_of: dt.date
    dismissed: Dismissed


@dataclass(frozen=True, eq=False, kw_only=True)
class Rule:
    """One thing that holds a talk back.

    Attributes
    ----------
    code : str
        Stable.
    label : str
        In words, after "held back: ".
    holds : callable
        Says of which cases it is true.
    for_good : bool
        Whether a case that it holds back is closed, rather than waiting.
    """

    code: str
    label: str
    holds: Callable[[Asked], Flags]
    for_good: bool = False


def suppressions(
    cases: pd.DataFrame, settings: Settings, *, as_of: dt.date, dismissed: Dismissed | None = None
) -> pd.DataFrame:
    """Say which rules hold which cases back.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, n_columns)
        account_id, upsell (an upsell type or ``discovery``) and, as far as known, open_opportunity, open_escalation,
        payment_trouble, before_first_value and opted_out (bool), nps (0 to 10), days_since_contact_<type>,
        days_since_outreach (of any type), days_until_renewal and term_days. What is absent or NaN is not known.
    settings : Settings
        Bounds.
    as_of : date
        The date looked from.
    dismissed : mapping of (str, str) to date, optional
        Account and upsell type, or "" for all types, to the date until which a talk stays away.

    Returns
    -------
    DataFrame of bool, shape (n_cases, n_rules)
        With the cases' index; a column for each rule by its code, in order of precedence.
    """
    known = cases.reindex(columns=["account_id", "upsell", *FACTS, *NUMBERS])
    known = known.astype(dict.fromkeys(NUMBERS, "float64"))
    asked = Asked(cases=known, settings=settings, as_of=as_of, dismissed=dismissed or {})
    return pd.DataFrame({rule.code: rule.holds(asked) for rule in RULES}, index=cases.index)


def recorded(held: pd.DataFrame) -> pd.Series[str]:
    """Give the code of the first rule that holds.

    Parameters
    ----------
    held : DataFrame of bool, shape (n_cases, n_rules)
        As :func:`suppressions` gives it.

    Returns
    -------
    Series of object, shape (n_cases,)
        None where nothing holds the case back.
    """
    first = held.to_numpy(dtype=bool).argmax(axis=1) if len(held) else np.zeros(0, dtype=int)
    codes = held.columns.to_numpy(dtype=object)[first]
    return pd.Series(np.where(held.any(axis=1), codes, None), index=held.index, dtype=object)


def listed(held: pd.DataFrame) -> pd.Series[str]:
    """Give the codes of all rules that hold.

    Parameters
    ----------
    held : DataFrame of bool, shape (n_cases, n_rules)
        As :func:`suppressions` gives it.

    Returns
    -------
    Series of object, shape (n_cases,)
        In order of precedence, joined by commas; None where nothing holds the case back.
    """
    joined = np.full(len(held), "", dtype=object)
    for code in held.columns:
        holds = held[code].to_numpy(dtype=bool)
        joined[holds] = joined[holds] + f",{code}"
    return pd.Series([one[1:] or None for one in joined], index=held.index, dtype=object)


def rolls(cases: pd.DataFrame, days: int) -> Flags:
    """Say whose term is so short that its end is no renewal to prepare.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, n_columns)
        With term_days, NaN where not known.
    days : int
        The window before the end of the term that is asked about.

    Returns
    -------
    ndarray of bool, shape (n_cases,)
        True where the term is known and at most twice the window.
    """
    short: Flags = cases["term_days"].to_numpy(dtype=np.float64) <= ROLLING * days
    return short


def read_dismissed(path: Path) -> dict[tuple[str, str], dt.date]:
    """Read which talks stay away, and until when.

    Parameters
    ----------
    path : Path
        A CSV with account_id, upsell (empty for all types) and until (YYYY-MM-DD).

    Returns
    -------
    dict of (str, str) to date
        Of two rows about the same, the later date.

    Raises
    ------
    ScoringError
        If it cannot be read, lacks a column, or a row has no account, no known upsell type, or no date.
    """
    asked = "It is a CSV with the columns account_id, upsell and until; see docs/worklist.md."
    try:
        rows = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:  # what is no CSV and what is no UTF-8 are ValueErrors
        raise ScoringError(f"The dismissals in {path} cannot be read.", do=asked) from error
    lacking = [name for name in ("account_id", "upsell", "until") if name not in rows.columns]
    if lacking:
        raise ScoringError(f"The dismissals in {path} lack a column.", found=f"no {', '.join(lacking)}", do=asked)
    until = pd.to_datetime(rows["until"], format="%Y-%m-%d", errors="coerce")
    wrong = until.isna() | (rows["account_id"] == "") | ~rows["upsell"].isin([ANY, DISCOVERY, *CONVERSIONS])
    if wrong.any():
        lines = [str(place + 2) for place in np.flatnonzero(wrong)[:5]]
        raise ScoringError(
            f"Dismissals in {path} do not name an account, an upsell type and a date.",
            found=f"{int(wrong.sum())} such rows, first on line {', '.join(lines)}",
            do=f"Upsell types are {', '.join([*CONVERSIONS, DISCOVERY])}, or empty for all; dates are YYYY-MM-DD.",
        )
    found: dict[tuple[str, str], dt.date] = {}
    for account, upsell, day in zip(rows["account_id"], rows["upsell"], until, strict=True):
        key = (str(account), str(upsell))
        found[key] = max(day.date(), found.get(key, dt.date.min))
    return found


def dismissals(settings: Settings, *, before: dt.date | None = None) -> dict[tuple[str, str], dt.date]:
    """Gather which talks stay away, and until when: from the project's file and from what people answered.

    Parameters
    ----------
    settings : Settings
        The project: its file of dismissals, its store, and for how long a dismissal without a date holds.
    before : date, optional
        Only answers that were pulled before this day; all by default, since a list that goes out now heeds what people
        have said until now. The file has no such days and counts whole.

    Returns
    -------
    dict of (str, str) to date
        Account and upsell type, or "" for all types; of several about the same, the latest date. A case counts as its
        newest answer has it: what was dismissed and then taken up again does not stay away.

    Raises
    ------
    ScoringError
        If the file cannot be read.
    StoreError
        If the answers cannot be read.
    """
    path = settings.worklist.dismissed
    found = {} if path is None else read_dismissed(settings.path.absolute().parent / path.expanduser())
    told = read_answers(settings.store)
    stands = newest(told if before is None else known_before(told, before))
    away = stands[stands["status"] == DISMISSED]
    days = pd.Timedelta(days=settings.delivery.answers.dismissed_days)
    until = away["until"].fillna(said_at(away).dt.normalize() + days)
    for account, upsell, day in zip(away["account_id"], away["upsell"], until, strict=True):
        key = (str(account), str(upsell))
        found[key] = max(day.date(), found.get(key, dt.date.min))
    return found


def _fact(name: str) -> Callable[[Asked], Flags]:
    return lambda asked: flag(asked.cases[name])


def _detractor(asked: Asked) -> Flags:
    low: Flags = asked.cases["nps"].to_numpy() <= asked.settings.thresholds.detractor_nps
    return low


def _recent(asked: Asked) -> Flags:
    cases = asked.cases
    by_type = [f"{CONTACT}{upsell}" for upsell in CONVERSIONS]
    # where contacts are not told by type, the latest of any type stands for each
    told = cases[by_type].notna().any(axis=1)
    latest = cases[[*by_type, "days_since_outreach"]].min(axis=1)
    recent = np.zeros(len(cases), dtype=bool)
    for upsell in (*CONVERSIONS, DISCOVERY):
        here = (cases["upsell"] == upsell).to_numpy()
        since = latest if upsell == DISCOVERY else cases[f"{CONTACT}{upsell}"].where(told, latest)
        recent |= here & (since < asked.settings.worklist.cooldown(upsell)).to_numpy()
    return recent


def _frozen(asked: Asked) -> Flags:
    days, left = asked.settings.worklist.freeze_days, asked.cases["days_until_renewal"].to_numpy()
    if not days:
        return np.zeros(len(left), dtype=bool)
    # a term that has run out without a new one is being renewed too
    frozen: Flags = (left <= days) & ~rolls(asked.cases, days)
    return frozen


def _dismissed(asked: Asked) -> Flags:
    away = np.zeros(len(asked.cases), dtype=bool)
    still = {key for key, until in asked.dismissed.items() if asked.as_of < until}
    if still:
        pairs = zip(asked.cases["account_id"], asked.cases["upsell"], strict=True)
        away[:] = [(str(one), str(upsell)) in still or (str(one), ANY) in still for one, upsell in pairs]
    return away


# In order of precedence: what hurts most to overlook first; what is ours to decide last, so that "held out" is recorded
# of those alone that would have been talked to.
RULES = (
    Rule(code="open_opportunity", label="an opportunity is already open", holds=_fact("open_opportunity")),
    Rule(code="open_escalation", label="an escalated ticket is open", holds=_fact("open_escalation")),
    Rule(code="detractor", label="the customer would not recommend us", holds=_detractor),
    Rule(code="recent_contact", label="the account was contacted lately", holds=_recent),
    Rule(code="payment_trouble", label="there is trouble with payments", holds=_fact("payment_trouble")),
    Rule(code="before_first_value", label="there is no first success yet", holds=_fact("before_first_value")),
    Rule(code="renewal_freeze", label="the renewal is too near", holds=_frozen),
    Rule(code="opted_out", label="the account does not want such talks", holds=_fact("opted_out"), for_good=True),
    Rule(code="dismissed", label="a CSM put it off until a date", holds=_dismissed),
    Rule(
        code="holdout",
        label="the account is in the holdout",
        holds=lambda asked: held_out(asked.cases["account_id"], asked.settings),
        for_good=True,
    ),
)
LABELS: dict[str, str] = {rule.code: rule.label for rule in RULES}
FOR_GOOD: tuple[str, ...] = tuple(rule.code for rule in RULES if rule.for_good)
