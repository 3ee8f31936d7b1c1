"""Windows to the day: as-of date 2025-03-01, a gap of 7 days and a horizon of 60: 03-08 to 05-06, both included."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from uptier.moments import Horizon
from uptier.outcomes.labelling import Window, labels
from uptier.outcomes.outcome import Labels

AS_OF = "2025-03-01"
FIRST, LAST, AFTER = "2025-03-08", "2025-05-06", "2025-05-07"


def test_the_window_begins_after_the_gap_and_ends_with_the_horizon() -> None:
    found = labelled(
        {
            "day_before": [("2025-02-28", "add_on")],
            "as_of_day": [(AS_OF, "add_on")],
            "gap_ends": [("2025-03-07", "add_on")],
            "window_begins": [(FIRST, "add_on")],
            "window_ends": [(LAST, "add_on")],
            "day_after": [(AFTER, "add_on")],
            "nothing": [],
        }
    )
    assert label_of(found) == {"day_before": 0, "window_begins": 1, "window_ends": 1, "day_after": 0, "nothing": 0}
    assert found.left_out == {"censored": 0, "in_the_gap": 2, "merged_away": 0}


def test_another_kind_in_the_gap_leaves_out_and_in_the_window_does_not_count() -> None:
    found = labelled(
        {
            "left_in_gap": [("2025-03-05", "leaving")],
            "other_upsell_in_gap": [("2025-03-05", "plan_upgrade"), ("2025-04-01", "add_on")],
            "downgrade_in_gap": [("2025-03-05", "downgrade"), ("2025-04-01", "add_on")],
            "left_in_window": [("2025-04-01", "leaving")],
            "other_upsell_in_window": [("2025-04-01", "plan_upgrade")],
        }
    )
    assert label_of(found) == {"downgrade_in_gap": 1, "left_in_window": 0, "other_upsell_in_window": 0}
    assert found.left_out == {"censored": 0, "in_the_gap": 2, "merged_away": 0}


def test_a_window_counts_once_it_is_over_and_the_lag_with_it() -> None:
    told = {"early": [(FIRST, "add_on")], "none": []}
    assert label_of(labelled(told, data_until=AFTER)) == {"early": 1, "none": 0}
    # a positive that has happened is left out too: keeping it alone would make the rate of the last months too high
    early = labelled(told, data_until=LAST)
    assert (label_of(early), early.left_out) == ({}, {"censored": 2, "in_the_gap": 0, "merged_away": 0})
    assert label_of(labelled(told, data_until="2025-05-10", lag_days=3)) == {"early": 1, "none": 0}
    assert labelled(told, data_until="2025-05-09", lag_days=3).left_out == {
        "censored": 2,
        "in_the_gap": 0,
        "merged_away": 0,
    }


def test_an_immature_row_with_a_spoilt_gap_is_counted_once() -> None:
    found = labelled({"a": [("2025-03-05", "leaving")]}, data_until="2025-03-20")
    assert found.left_out == {"censored": 1, "in_the_gap": 0, "merged_away": 0}


def test_a_label_is_known_when_its_window_is_over_and_its_event_recorded() -> None:
    found = labelled(
        {
            "soon": [("2025-04-01", "add_on", "2025-04-03")],
            "late": [("2025-04-01", "add_on", "2025-08-09")],
            "none": [],
        },
        lag_days=2,
    )
    assert days(found, "known_at") == {"soon": "2025-05-09", "late": "2025-08-09", "none": "2025-05-09"}
    assert days(found, "event_at") == {"soon": "2025-04-01", "late": "2025-04-01", "none": None}


def test_the_first_event_of_a_window_makes_the_label() -> None:
    found = labelled({"a": [("2025-04-20", "add_on"), ("2025-04-01", "add_on"), ("2025-01-01", "add_on")]})
    assert days(found, "event_at") == {"a": "2025-04-01"}


def test_windows_that_see_one_event_share_its_day() -> None:
    looks = pd.DataFrame(
        {"account_id": ["a"] * 4, "as_of": pd.to_datetime([f"2025-0{month}-01" for month in (2, 3, 4, 5)])}
    )
    found = labels(looks, drawn_changes({"a": [("2025-04-05", "add_on")]}), window())
    assert found.rows["label"].tolist() == [1, 1, 0]
    assert found.rows["event_at"].dropna().dt.strftime("%Y-%m-%d").unique().tolist() == ["2025-04-05"]
    assert found.left_out == {"censored": 0, "in_the_gap": 1, "merged_away": 0}


def test_no_looks_and_no_changes_make_no_labels() -> None:
    nobody = pd.DataFrame({"account_id": pd.Series(dtype="str"), "as_of": pd.Series(dtype="datetime64[us]")})
    nothing = labels(nobody, drawn_changes({}), window())
    assert (len(nothing.rows), nothing.left_out) == (0, {"censored": 0, "in_the_gap": 0, "merged_away": 0})


def labelled(told: dict[str, list[tuple[str, ...]]], **changed: object) -> Labels:
    looks = pd.DataFrame({"account_id": pd.Series([*told], dtype="str"), "as_of": pd.Timestamp(AS_OF)})
    return labels(looks.astype({"as_of": "datetime64[us]"}), drawn_changes(told), window(**changed))


def drawn_changes(told: dict[str, list[tuple[str, ...]]]) -> pd.DataFrame:
    rows = [
        (account, one[0], one[1], one[-1] if len(one) > 2 else one[0]) for account, all_ in told.items() for one in all_
    ]
    frame = pd.DataFrame(rows, columns=["account_id", "day", "kind", "known_day"]).astype("str")
    return frame.astype({"day": "datetime64[us]", "known_day": "datetime64[us]"})


def window(*, data_until: str = "2026-01-01", lag_days: int = 0) -> Window:
    return Window(
        outcome="add_on",
        kinds=("add_on",),
        excluding=("seat_expansion", "plan_upgrade", "add_on", "leaving"),
        horizon=Horizon(gap_days=7, horizon_days=60),
        lag_days=lag_days,
        data_until=dt.date.fromisoformat(data_until),
    )


def label_of(found: Labels) -> dict[str, int]:
    return dict(zip(found.rows["account_id"], found.rows["label"], strict=True))


def days(found: Labels, column: str) -> dict[str, str | None]:
    return {
        account: None if pd.isna(day) else f"{day:%Y-%m-%d}"
        for account, day in zip(found.rows["account_id"], found.rows[column], strict=True)
    }
