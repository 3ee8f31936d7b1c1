from __future__ import annotations

import pandas as pd

from uptier.outcomes.changes import changes
from uptier.outcomes.churn import churn_labels, post_upsell_labels, upsell_episodes
from uptier.outcomes.endings import how_they_left
from uptier.tables.drawn import tables_of

SUBSCRIPTIONS = """
# subscriptions
subscription_id | account      | seats | valid_from | valid_to   | term_end   | end_reason
1               | told         | 5     | 2024-01-01 | 2025-04-01 | 2026-01-01 | not_renewed
2               | told_early   | 5     | 2024-01-01 | 2025-04-01 | 2025-04-01 | cancelled
3               | within       | 5     | 2024-01-01 | 2025-04-01 | 2025-04-03 |
4               | day_before   | 5     | 2024-01-01 | 2025-04-01 | 2025-04-02 |
5               | on_the_day   | 5     | 2024-01-01 | 2025-04-01 | 2025-04-01 |
6               | in_grace     | 5     | 2024-01-01 | 2025-04-01 | 2025-03-01 |
7               | after_grace  | 5     | 2024-01-01 | 2025-04-01 | 2025-02-28 |
8               | no_term      | 5     | 2024-01-01 | 2025-04-01 |            |
9               | other_words  | 5     | 2024-01-01 | 2025-04-01 | 2025-04-01 | insolvent
10              | told_of_two  | 5     | 2024-01-01 | 2025-04-01 | 2026-01-01 |
11              | told_of_two  | 5     | 2024-01-01 | 2025-04-01 | 2026-01-01 | not_renewed
12              | earlier_one  | 5     | 2024-01-01 | 2025-03-20 | 2026-01-01 | cancelled
13              | earlier_one  | 5     | 2024-01-01 | 2025-04-01 | 2025-04-01 |
"""
ACCOUNTS = (
    "told told_early within day_before on_the_day in_grace after_grace no_term other_words told_of_two earlier_one"
)
HOW = {
    "told": "non_renewal",
    "told_early": "cancellation",
    "within": "cancellation",
    "day_before": "non_renewal",
    "on_the_day": "non_renewal",
    "in_grace": "non_renewal",
    "after_grace": "not_told",
    "no_term": "not_told",
    "other_words": "non_renewal",
    "told_of_two": "non_renewal",
    "earlier_one": "non_renewal",
}


def test_cancellation_and_non_renewal_are_told_apart() -> None:
    tables = tables_of(SUBSCRIPTIONS, data_until="2026-01-01", accounts=ACCOUNTS)
    found = changes(tables)
    assert dict(zip(found["account_id"], found["how"], strict=True)) == HOW
    looks = pd.DataFrame({"account_id": ACCOUNTS.split(), "as_of": pd.Timestamp("2025-03-01")})
    labels = churn_labels(tables, looks.astype({"as_of": "datetime64[us]"}), found)
    assert dict(zip(labels.rows["account_id"], labels.rows["how"], strict=True)) == HOW


def test_without_reasons_and_terms_nothing_is_told() -> None:
    text = "# subscriptions\naccount | seats | valid_from | valid_to\na | 5 | 2024-01-01 | 2025-04-01"
    assert changes(tables_of(text, data_until="2026-01-01", accounts="a"))["how"].tolist() == ["not_told"]


def test_nobody_left() -> None:
    nobody = pd.DataFrame({"account_id": pd.Series(dtype="str"), "day": pd.Series(dtype="datetime64[us]")})
    versions = pd.DataFrame({"account_id": ["a"], "until": pd.Timestamp("9999-12-31"), "end_reason": None})
    assert how_they_left(nobody, versions.assign(term_end=pd.NaT)).empty


def test_after_an_upsell_a_downgrade_is_told_from_a_leaving() -> None:
    text = """
        # subscriptions
        account   | seats | valid_from | valid_to   | end_reason  | change_reason
        shrinks   | 5     | 2024-01-01 | 2025-02-01 | changed     | new
        shrinks   | 8     | 2025-02-01 | 2025-03-01 | changed     | expansion
        shrinks   | 6     | 2025-03-01 | 2025-03-20 | cancelled   | contraction
        cancels   | 5     | 2024-01-01 | 2025-02-01 | changed     | new
        cancels   | 8     | 2025-02-01 | 2025-03-20 | cancelled   | expansion
        runs_out  | 5     | 2024-01-01 | 2025-02-01 | changed     | new
        runs_out  | 8     | 2025-02-01 | 2025-03-20 | not_renewed | expansion
        stays     | 5     | 2024-01-01 | 2025-02-01 | changed     | new
        stays     | 8     | 2025-02-01 |            |             | expansion
        corrected | 5     | 2024-01-01 | 2025-02-01 | changed     | new
        corrected | 8     | 2025-02-01 | 2025-03-20 | changed     | expansion
        corrected | 7     | 2025-03-20 |            |             | correction
        """
    tables = tables_of(text, data_until="2026-01-01", accounts="shrinks cancels runs_out stays corrected")
    told = changes(tables)
    found = post_upsell_labels(tables, upsell_episodes(told), told).rows.set_index("account_id")
    # the first thing that happened tells
    assert found["how"].to_dict() == {
        "cancels": "cancellation",
        "corrected": "",
        "runs_out": "non_renewal",
        "shrinks": "downgrade",
        "stays": "",
    }
    assert found["not_counted"].to_dict() == dict.fromkeys(found.index, "") | {"corrected": "correction"}


def test_an_addon_that_is_given_up_is_a_downgrade_with_the_lag_of_its_table() -> None:
    text = """
        # subscriptions
        account | seats | valid_from | valid_to
        a       | 5     | 2024-01-01 | 2025-02-01
        a       | 8     | 2025-02-01 |
        # addons
        account | addon | valid_from | valid_to
        a       | sso   | 2024-01-01 | 2025-03-01
        """
    # the window is over on 2025-05-02
    for lag, kept in ((3, 1), (4, 0)):
        tables = tables_of(text, data_until="2025-05-05", accounts="a", tables={"addons": {"lag_days": lag}})
        told = changes(tables)
        found = post_upsell_labels(tables, upsell_episodes(told), told)
        assert found.rows["how"].tolist() == ["downgrade"] * kept
        assert found.left_out["censored"] == 1 - kept
