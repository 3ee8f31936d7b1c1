from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from uptier.outcomes.changes import changes
from uptier.outcomes.churn import churn_labels, post_upsell_labels, upsell_episodes
from uptier.outcomes.outcome import Examples, Labels, examples
from uptier.outcomes.report import RULES, changes_not_counted, not_counted, removed, report
from uptier.outcomes.snapshots import snapshots
from uptier.outcomes.upsell import upsell_labels
from uptier.settings import CONVERSIONS
from uptier.tables.drawn import tables_of

WORLD = """
# plans
plan  | tier_rank
basic | 1
pro   | 2
# subscriptions
account | plan  | seats | mrr | valid_from | valid_to   | change_reason | end_reason
grows   | basic | 5     | 50  | 2024-01-01 | 2025-04-15 | new           | changed
grows   | basic | 9     | 90  | 2025-04-15 |            | expansion     |
dearer  | basic | 5     | 50  | 2024-01-01 | 2025-04-15 | new           | changed
dearer  | basic | 5     | 55  | 2025-04-15 |            |               |
merges  | basic | 5     | 50  | 2024-01-01 | 2025-04-15 | new           | merged
leaves  | basic | 5     | 50  | 2024-01-01 | 2025-04-15 | new           | cancelled
tops    | pro   | 5     | 99  | 2024-01-01 |            | new           |
# opportunities
account | upsell_type    | stage   | entered_at
dearer  | seat_expansion | engaged | 2025-03-15
"""
ACCOUNTS = "grows dearer merges leaves tops"
MONTHS = {"first": "2025-03-01", "last": "2025-04-01"}


def test_each_rule_is_counted_and_the_counts_add_up() -> None:
    found = report(labelled())
    told = {outcome: {name: count for name, count in row.items() if count} for outcome, row in found.T.items()}
    assert told == {
        "seat_expansion": {
            "looks": 10,
            "merged_away": 2,
            "open_opportunity": 1,
            "kept": 7,
            "positives": 2,
            "accounts": 1,
            "cases": 1,
        },
        "plan_upgrade": {"looks": 10, "on_highest_plan": 2, "merged_away": 2, "kept": 6},
        "add_on": {"looks": 10, "not_available": 10},
        "churn": {
            "looks": 10,
            "merged_away": 2,
            "kept": 8,
            "positives": 2,
            "accounts": 1,
            "cases": 1,
            "cancellation": 1,
        },
        "post_upsell_churn": {"looks": 1, "kept": 1},
        "all": {
            "looks": 41,
            "not_available": 10,
            "on_highest_plan": 2,
            "merged_away": 8 - 2,
            "open_opportunity": 1,
            "kept": 22,
            "positives": 4,
            "accounts": 2,
            "cases": 2,
            "cancellation": 1,
        },
    }
    assert list(found.columns[1 : 1 + len(RULES)]) == list(RULES)


def test_what_does_not_count_is_counted() -> None:
    found = not_counted(labelled())
    assert found.to_dict("records") == [
        # of two looks the one in April is in talks
        {"outcome": "seat_expansion", "because": "price_alone", "rows": 1},
        {"outcome": "plan_upgrade", "because": "price_alone", "rows": 2},
    ]
    tables = tables_of(WORLD, data_until="2026-01-01", accounts=ACCOUNTS)
    assert changes_not_counted(changes(tables)) == {"merged": 1, "price_alone": 1}


def test_examples_are_reported_as_their_labels_are() -> None:
    for one in labelled():
        frame = one.rows[["account_id", "as_of"]]
        assert removed(examples(one, frame)) == removed(one)


def test_examples_from_elsewhere_need_no_words() -> None:
    frame = pd.DataFrame({"account_id": ["a", "b"], "as_of": pd.Timestamp("2025-03-01")})
    day = pd.Series([pd.Timestamp("2025-04-01"), pd.NaT])
    given = Examples("churn", frame, pd.Series([1, 0]), known_at=day, event_at=day, left_out={"censored": 3})
    found = removed(given)
    assert (found.looks, found.kept, found.cases, found.how) == (5, 2, 1, {})
    assert report([given]).loc["churn", "censored"] == 3


def test_of_nothing_there_is_nothing_to_report() -> None:
    assert report([]).to_dict("records") == [dict.fromkeys(report([]).columns, 0)]
    assert not_counted([]).empty


DAYS = st.integers(0, 420).map(lambda day: f"{pd.Timestamp('2024-11-01') + pd.Timedelta(days=day):%Y-%m-%d}")
STAGES = st.sampled_from(["engaged", "won", "lost"])
REASONS = st.sampled_from(["", "expansion", "true_up", "price_uplift", "merge"])
ENDS = st.sampled_from(["", "cancelled", "not_renewed", "merged"])
VERSIONS = st.tuples(DAYS, st.integers(1, 4), st.integers(1, 3), REASONS)
DEALS = st.tuples(st.integers(0, 2), STAGES, DAYS, st.sampled_from(["", *CONVERSIONS]))


@st.composite
def stories(draw: st.DrawFn) -> str:
    """Draw the tables of a company of eight accounts to which anything may happen."""
    versions = "# subscriptions\naccount | plan | seats | mrr | valid_from | valid_to | change_reason | end_reason\n"
    deals = "# opportunities\nopportunity_id | account | upsell_type | stage | entered_at\n"
    addons = "# addons\naccount | addon | valid_from\n"
    for account in COMPANY.split():
        steps = [("2024-01-01", 2, 1, "new"), *draw(st.lists(VERSIONS, max_size=5, unique_by=lambda one: one[0]))]
        steps = sorted(steps)
        until = draw(DAYS)
        ends = [day for day, *_ in steps[1:]] + [until if until > steps[-1][0] else ""]
        why = ["changed"] * (len(steps) - 1) + [draw(ENDS) if ends[-1] else ""]
        for (day, seats, tier, reason), end, told in zip(steps, ends, why, strict=True):
            versions += f"{account} | p{tier} | {seats} | {10 * seats} | {day} | {end} | {reason} | {told}\n"
        for name, stage, day, kind in draw(st.lists(DEALS, max_size=5)):
            deals += f"{name} | {account} | {kind} | {stage} | {day}\n"
        for day in draw(st.lists(DAYS, max_size=2, unique=True)):
            addons += f"{account} | sso{day} | {day}\n"
    return "# plans\nplan | tier_rank\np1 | 1\np2 | 2\np3 | 3\n" + versions + deals + addons


COMPANY = "a b c d e f g h"


@settings(deadline=None, max_examples=4)
@given(text=stories(), label_time=st.sampled_from(["contract", "evidence"]), lag=st.integers(0, 20))
def test_every_look_is_kept_or_left_out_once(text: str, label_time: str, lag: int) -> None:
    tables = tables_of(
        text,
        data_until="2026-01-01",
        accounts=COMPANY,
        outcomes={"label_time": label_time, "seat_expansion": {"minimum_seats": 2}},
        tables={"subscriptions": {"lag_days": lag}},
        snapshots={"first": "2025-01-01", "last": "2026-01-01"},
    )
    told, looks = changes(tables), snapshots(tables)
    episodes = upsell_episodes(told)
    found = [upsell_labels(tables, looks, told, outcome) for outcome in CONVERSIONS]
    found += [churn_labels(tables, looks, told), post_upsell_labels(tables, episodes, told)]
    for one, looked in zip(found, [looks] * 4 + [episodes], strict=True):
        counts = removed(one)
        assert len(looked) == counts.looks == counts.kept + sum(counts.left_out.values())
        assert set(counts.left_out) <= set(RULES)
        assert len(one.rows) == len(one.rows.drop_duplicates(["account_id", "as_of"]))
        # no label is learnt from before it is known
        assert (one.rows["known_at"] <= pd.Timestamp("2026-01-01")).all()
        assert counts.cases == sum((counts.dated_by if one.outcome in CONVERSIONS else counts.how).values())


def labelled() -> list[Labels]:
    tables = tables_of(WORLD, data_until="2026-01-01", accounts=ACCOUNTS, snapshots=MONTHS)
    told, looks = changes(tables), snapshots(tables)
    found = [upsell_labels(tables, looks, told, outcome) for outcome in CONVERSIONS]
    return [*found, churn_labels(tables, looks, told), post_upsell_labels(tables, upsell_episodes(told), told)]
