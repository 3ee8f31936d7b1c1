from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.signals.catalog import catalog
from uptier.thresholds import Thresholds
from uptier.training.firing import any_of, cases, fired, warnings


def frame(**columns: list[float]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    empty = {
        one.name: pd.Series([None] * n, dtype=object) if one.is_category else np.full(n, np.nan)
        for one in catalog().signals
    }
    return pd.DataFrame(empty | columns, index=range(10, 10 + n))


def test_a_trigger_fires_does_not_fire_or_is_not_available() -> None:
    rows = frame(highest_quota_utilisation=[0.95, 0.3, np.nan])
    told = fired(rows, catalog(), Thresholds())
    assert list(told) == [one.name for one in catalog().triggers]
    assert told["running_out_of_capacity"].tolist() == [True, False, False]
    assert told["approaching_seat_ceiling"].isna().all()
    assert told.index.equals(rows.index)


def test_one_known_signal_of_several_makes_a_trigger_available() -> None:
    told = fired(frame(limit_errors=[0.0, 40.0]), catalog(), Thresholds())
    assert told["running_out_of_capacity"].tolist() == [False, True]


def rows(drawn: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw one line an account: name, fired (x, . or ? for not available) at each month's first, events as days."""
    told, on = [], []
    for line in drawn.strip().splitlines():
        account, marks, *events = line.split()
        days = pd.to_datetime(events)
        for month, mark in enumerate(marks):
            as_of = pd.Timestamp("2026-01-01") + pd.DateOffset(months=month)
            coming = [day for day in days if as_of + pd.Timedelta(days=7) <= day < as_of + pd.Timedelta(days=67)]
            event = coming[0] if coming else pd.NaT
            told.append((account, as_of, int(bool(coming)), event))
            on.append({"x": 1.0, ".": 0.0, "?": np.nan}[mark])
    return pd.DataFrame(told, columns=["account_id", "as_of", "label", "event_at"]), np.array(on)


def told_of(drawn: str) -> dict[str, tuple[bool, float | None, bool]]:
    """Give whether it was known, the lead in days and whether it is cut off, by the account and month of the case."""
    given, on = rows(drawn)
    found = cases(given, days=67)
    made = warnings(found, given, on)
    names = given["account_id"].to_numpy()[found.row] + given["event_at"].dt.strftime(" %m").to_numpy()[found.row]
    return {
        name: (bool(known), None if np.isnan(lead) else float(lead), bool(cut))
        for name, known, lead, cut in zip(names, made.known, made.lead, made.at_first_look, strict=True)
    }


def test_lead_is_counted_from_the_first_date_of_the_spell() -> None:
    assert told_of("""
        once     ...x.. 2026-04-20
        lasting  .xxx.. 2026-04-20
        again    .x.x.. 2026-04-20
        early    xx.... 2026-06-20
        later    ....xx 2026-04-20
        at_first xxx... 2026-03-20
        never    ...... 2026-04-20
        blind    ?????? 2026-04-20
        """) == {
        "once 04": (True, 19.0, False),
        "lasting 04": (True, 78.0, False),  # on 2026-02-01, which is out of the 67 days, but the spell lasted
        "again 04": (True, 19.0, False),  # that of February was over
        "early 06": (True, None, False),
        "later 04": (True, None, False),
        "at_first 03": (True, 78.0, True),  # whatever the account before it ended on
        "never 04": (True, None, False),
        "blind 04": (False, None, False),
    }


def test_the_first_of_two_spells_within_reach_counts() -> None:
    assert told_of("two ..x.x. 2026-05-05") == {"two 05": (True, 65.0, False)}


def test_two_conversions_of_an_account_are_two_cases_and_the_next_account_is_another() -> None:
    assert told_of("""
        a .x..x. 2026-02-20 2026-06-03
        b ...... 2026-06-20
        """) == {"a 02": (True, 19.0, False), "a 06": (True, 33.0, False), "b 06": (True, None, False)}


def test_a_case_seen_from_two_dates_is_one_case() -> None:
    given, _ = rows("a ...... 2026-04-20")
    assert given["label"].sum() == 2
    assert len(cases(given, days=67).row) == 1


def test_no_row_has_no_case() -> None:
    given, _ = rows("a ...... 2026-04-20")
    none = given.iloc[:0]
    assert len(cases(none, days=67).row) == 0
    assert len(warnings(cases(none, days=67), none, np.array([])).lead) == 0


def test_any_conversion_is_the_earliest_of_all_and_none_only_where_all_are_known() -> None:
    def part(labels: dict[str, str | None]) -> pd.DataFrame:
        event = pd.to_datetime(pd.Series(list(labels.values()), dtype=object))
        return pd.DataFrame(
            {
                "account_id": list(labels),
                "as_of": pd.Timestamp("2026-01-01"),
                "origin": 1,
                "label": event.notna().astype(int),
                "event_at": event,
            }
        )

    made = any_of(
        {
            "seat_expansion": part({"a": "2026-02-01", "b": None, "c": None, "d": "2026-03-01"}),
            "add_on": part({"a": "2026-01-20", "b": None, "e": "2026-01-09"}),
        }
    )
    assert made["account_id"].tolist() == ["a", "b", "d", "e"]
    assert made["label"].tolist() == [1, 0, 1, 1]
    assert made["event_at"].dt.strftime("%m-%d").tolist()[0] == "01-20"
