"""The track record of each trigger: how often it fires, what came of it, and whether it came in time.

A trigger is a claim of its own, apart from any model: "this customer is ready for more". Each is held against all that
happened, on every row with a label, and nothing is learnt from the rows. The rule, for each trigger:

* **not available**: none of its signals has a value.
* **too few to tell**: it fired on fewer than 30 accounts, or fewer than 10 of its rows converted and no more would have
  at the rate of the rest.
* **helps**: the rate where it fired is above that of the rest beyond chance: one-sided, by the standard deviation over
  accounts drawn, at 2.5 % for all triggers of the outcome together (Holm 1979).
* **helps, too late**: so it is, but before more than half of the conversions it told of, it first fired within the days
  that it takes to act.
* **works against**: the rate where it fired is below that of the rest beyond chance, at the same level.
* **not shown to help**: anything else.
* **called wrong**: it helps, or there are too few to tell, but of its rows that people answered they called the reason
  wrong in more than a quarter, beyond chance: the lower end of Wilson's 95 % interval lies above it, of at least 10
  answered rows. That share is uptier's choice; no source gives one.

All but *helps* and *too few to tell* have not earned their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from uptier.errors import TrainingError
from uptier.training.firing import Cases, cases, warnings
from uptier.training.intervals import Interval, interval
from uptier.training.judging import plain
from uptier.training.promotion import ALPHA, holm_levels
from uptier.training.resampling import Draws, drawn_accounts
from uptier.training.said import UNANSWERED, Said

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ACCOUNTS = 30
LEAST_CASES = 10  # rows that converted, or would have at the rate of the rest, whichever are more
MOSTLY = 0.5  # share of the conversions told of, over which a trigger is too late
COLUMNS = ("account_id", "as_of", "origin", "label", "event_at")

NAN = float("nan")
HELPS, TOO_LATE, AGAINST = "helps", "helps, too late", "works against"
NOT_SHOWN, TOO_FEW, NOT_AVAILABLE = "not shown to help", "too few to tell", "not available"
CALLED_WRONG = "called wrong"


@dataclass(frozen=True, kw_only=True)
class OriginLift:
    """A trigger's lift at one origin.

    Attributes
    ----------
    origin : str
        First date of the origin.
    lift : tuple of float
        Low, figure, high; over all rows of the origin.
    n, positives : int
        Rows where it fired, and those with the outcome.
    """

    origin: str
    lift: Interval
    n: int
    positives: int


@dataclass(frozen=True, kw_only=True)
class TriggerRecord:
    """What became of one trigger's claim.

    Attributes
    ----------
    trigger, outcome : str
        Its name, and what it was held against.
    verdict : str
        By the rule of this module.
    n : int
        Rows on which it was available.
    fired, positives, accounts : int
        Rows on which it fired, those of them with the outcome, and distinct accounts on which it fired.
    cases : int
        Conversions that it could have told of.
    coverage : tuple of float
        Share of the rows on which it fired.
    precision : tuple of float
        Share of the fired rows with the outcome.
    lift, lift_over_rest : tuple of float
        Precision over the rate of all rows, and over that of the rows on which it did not fire.
    by_origin : tuple of OriginLift
        Earliest first.
    origins_above : int
        Origins at which the lift is above 1.
    lead_days : tuple of float
        Lower quartile, median and upper quartile of the days from the first date on which it fired to the conversion,
        among the conversions it told of; as seen from the as-of dates, so up to one step between them too short.
    lead_censored : float
        Share of these in which it had fired at the first look already: the lead is at least that long.
    missed : tuple of float
        Share of the conversions before which it had not fired.
    too_late : tuple of float
        Share of the conversions it told of, in which it first fired within the days it takes to act, or not before the
        first commercial evidence.
    p, p_against : float
        Chance of a rate so far above that of the rest, and of one so far below it, for a trigger that tells nothing.
    said : Said
        What people said of the rows whose first reason it was.
    """

    trigger: str
    outcome: str
    verdict: str
    n: int
    fired: int
    positives: int
    accounts: int
    cases: int
    coverage: Interval
    precision: Interval
    lift: Interval
    lift_over_rest: Interval
    by_origin: tuple[OriginLift, ...]
    origins_above: int
    lead_days: tuple[float, float, float]
    lead_censored: float
    missed: Interval
    too_late: Interval
    p: float
    p_against: float
    said: Said = UNANSWERED

    @property
    def earns_its_place(self) -> bool:
        """Whether it helps, in time."""
        return self.verdict == HELPS

    def as_json(self) -> dict[str, Any]:
        """Give it in plain JSON types.

        Returns
        -------
        dict
            Intervals are ``[low, figure, high]``, None where there is no figure.
        """
        told: dict[str, Any] = plain(asdict(self))
        told["said"]["wrong_share"] = plain(self.said.wrong_share)
        return {**told, "earns_its_place": self.earns_its_place}


def track_record(
    rows: pd.DataFrame,
    fired: pd.DataFrame,
    *,
    outcome: str,
    gap_days: int,
    horizon_days: int,
    draws: int,
    seed: int,
    said: Mapping[str, Said] | None = None,
) -> tuple[TriggerRecord, ...]:
    """Hold triggers against what happened.

    Parameters
    ----------
    rows : DataFrame, shape (n, n_columns)
        Columns account_id, as_of, origin (a number that rises with time), label (0 or 1) and event_at (NaT where the
        label is 0); optionally evidence_at, the first commercial evidence of the event, NaT where not known. All rows
        with a label, not the test slice alone: nothing is learnt from them, and leads are longer than a test slice.
    fired : DataFrame, shape (n, n_triggers)
        True, False or NA (not available) by trigger, in the order of `rows`.
    outcome : str
        What the labels are about.
    gap_days : int
        Days that it takes to act.
    horizon_days : int
        Days of the window; a trigger told of a conversion if it fired within gap and horizon before it.
    draws : int
        How many times accounts are drawn.
    seed : int
        Of the draws.
    said : mapping of str to Said, optional
        What people said of the rows whose first reason was a trigger's, by trigger.

    Returns
    -------
    tuple of TriggerRecord
        In the order of the columns of `fired`.

    Raises
    ------
    TrainingError
        If `rows` lacks a column or `fired` has another length.
    """
    lacking = [name for name in COLUMNS if name not in rows]
    if lacking or len(rows) != len(fired):
        raise TrainingError(
            "A track record needs one row of triggers for each row with a label.",
            found=f"{len(fired):,} rows of triggers for {len(rows):,}" if not lacking else f"no {', '.join(lacking)}",
            do="Form both from the same examples.",
        )
    number, _ = pd.factorize(rows["account_id"])
    order = np.lexsort((rows["as_of"].to_numpy(), number))
    rows = rows.iloc[order].reset_index(drop=True)
    if "evidence_at" in rows:
        evidence = rows["evidence_at"].where(rows["label"] == 1)
        rows = rows.assign(event_at=pd.concat([rows["event_at"], evidence], axis=1).min(axis=1))
    drawn = drawn_accounts(rows["account_id"].to_numpy(dtype=object), draws=draws, seed=seed)
    told = cases(rows, days=gap_days + horizon_days)
    made = []
    for name in fired:
        on = np.asarray(fired[name].astype("Float64").to_numpy(na_value=np.nan)[order], dtype=np.float64)
        made.append(_measured(str(name), on, rows, told, drawn, outcome=outcome, gap_days=gap_days))
    helping = holm_levels({one.trigger: one.p for one in made if not one.verdict}, alpha=ALPHA)
    hurting = holm_levels({one.trigger: one.p_against for one in made if not one.verdict}, alpha=ALPHA)
    judged = (
        one
        if one.verdict
        else replace(one, verdict=_verdict(one, helping=helping[one.trigger], hurting=hurting[one.trigger]))
        for one in made
    )
    return tuple(_heeding(one, (said or {}).get(one.trigger, UNANSWERED)) for one in judged)


def markdown_table(records: Iterable[TriggerRecord]) -> str:
    """Write track records as a table.

    Parameters
    ----------
    records : iterable of TriggerRecord
        Of one outcome or of several.

    Returns
    -------
    str
        Markdown, without a line break at its end; triggers that have not earned their place are marked in bold. What
        people called wrong has a column where they answered anything.
    """
    rows = list(records)
    is_answered = any(one.said.answered for one in rows)
    lines = [
        "| trigger | held against | fired | precision | lift | origins above 1 | days ahead | missed | too late "
        f"{'| called wrong ' if is_answered else ''}| verdict |",
        f"|---|---|--:|--:|--:|--:|--:|--:|--:|{'--:|' if is_answered else ''}---|",
    ]
    for one in rows:
        low, middle, high = one.lead_days
        lead = f"{middle:.0f} ({low:.0f} to {high:.0f})" if np.isfinite(middle) else ""
        origins = f"{one.origins_above} of {len(one.by_origin)}"
        cells = (
            one.trigger,
            one.outcome,
            _share(one.coverage),
            _share(one.precision),
            _times(one.lift),
            origins if one.by_origin else "",
            lead,
            _share(one.missed),
            _share(one.too_late),
            *([f"{one.said.wrong} of {one.said.answered}"] if is_answered else []),
            one.verdict if one.verdict in (HELPS, TOO_FEW) else f"**{one.verdict}**",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _measured(
    name: str,
    on: NDArray[np.float64],
    rows: pd.DataFrame,
    told: Cases,
    draws: Draws,
    *,
    outcome: str,
    gap_days: int,
) -> TriggerRecord:
    label, as_of = rows["label"].to_numpy(dtype=np.float64), rows["as_of"]
    known, firing = ~np.isnan(on), on == 1
    numbers, origin = np.unique(rows["origin"].to_numpy(), return_inverse=True)
    sums = draws.totals_by(origin, known, firing, known * label, firing * label, groups=len(numbers))
    whole, on_sum, converted, hits = sums.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage, precision, rest = on_sum / whole, hits / on_sum, (converted - hits) / (whole - on_sum)
        lift = precision / (converted / whole)
        lifts = (sums[3] / sums[1]) / (sums[2] / sums[0])
        over_rest = precision / rest
    lifts[~np.isfinite(lifts)] = np.nan
    by_origin = tuple(
        OriginLift(
            origin=pd.Timestamp(as_of[origin == number].min()).date().isoformat(),
            lift=interval(lifts[:, number]),
            n=int(sums[1, 0, number]),
            positives=int(sums[3, 0, number]),
        )
        for number in range(len(numbers))
        if np.isfinite(lifts[0, number])
    )
    ahead = warnings(told, rows, on)
    cased = draws.at(told.row)
    seen = np.isfinite(ahead.lead)
    late = seen & (ahead.lead <= gap_days)
    could, saw, tardy = cased.totals(ahead.known, seen, late)
    lead = ahead.lead[seen]
    accounts = len(np.unique(draws.account[firing]))
    with np.errstate(invalid="ignore", divide="ignore"):
        missed, too_late = 1 - saw / could, tardy / saw
    enough = accounts >= LEAST_ACCOUNTS and max(float(hits[0]), float(on_sum[0] * rest[0])) >= LEAST_CASES
    return TriggerRecord(
        trigger=name,
        outcome=outcome,
        verdict=NOT_AVAILABLE if not known.any() else "" if enough else TOO_FEW,
        n=int(known.sum()),
        fired=int(firing.sum()),
        positives=int(hits[0]),
        accounts=accounts,
        cases=int(ahead.known.sum()),
        coverage=interval(coverage),
        precision=interval(precision),
        lift=interval(lift),
        lift_over_rest=interval(over_rest),
        by_origin=by_origin,
        origins_above=sum(one.lift[1] > 1 for one in by_origin),
        lead_days=_quartiles(lead),
        lead_censored=float(ahead.at_first_look[seen].mean()) if len(lead) else NAN,
        missed=interval(missed),
        too_late=interval(too_late),
        p=_chance(precision - rest),
        p_against=_chance(rest - precision),
    )


def _verdict(one: TriggerRecord, *, helping: float, hurting: float) -> str:
    if one.p < helping:
        return TOO_LATE if one.too_late[1] > MOSTLY else HELPS
    return AGAINST if one.p_against < hurting else NOT_SHOWN


def _heeding(one: TriggerRecord, said: Said) -> TriggerRecord:
    called_wrong = said.calls_wrong and one.verdict in (HELPS, TOO_FEW)
    return replace(one, said=said, verdict=CALLED_WRONG if called_wrong else one.verdict)


def _chance(lead: NDArray[np.float64]) -> float:
    held = lead[1:][np.isfinite(lead[1:])]
    error = float(held.std(ddof=1)) if len(held) > 1 else 0.0
    if not np.isfinite(lead[0]) or error <= 0:
        return 1.0
    return 1 - NormalDist().cdf(float(lead[0]) / error)


def _quartiles(lead: NDArray[np.float64]) -> tuple[float, float, float]:
    if not len(lead):
        return NAN, NAN, NAN
    low, middle, high = np.quantile(lead, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def _share(value: Interval) -> str:
    low, figure, high = value
    if not np.isfinite(figure):
        return ""
    return f"{figure:.1%} ({low:.1%} to {high:.1%})"


def _times(value: Interval) -> str:
    low, figure, high = value
    if not np.isfinite(figure):
        return ""
    return f"{figure:.2f} ({low:.2f} to {high:.2f})"
