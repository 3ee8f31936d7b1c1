from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.simulate.commerce import REASONS, Commerce
from uptier.simulate.plans import price_list

Tables = dict[str, pd.DataFrame]
UPLIFT = 1 + Commerce().uplift


def versions(tables: Tables) -> pd.DataFrame:
    rows = tables["subscriptions"].sort_values(["subscription_id", "valid_from"], ignore_index=True)
    before = rows.groupby("subscription_id").shift()
    ranks = tables["plans"].set_index("plan_id")["tier_rank"]
    return rows.assign(
        seats_before=before["seats"],
        mrr_before=before["mrr"],
        term_before=before["term_end"],
        to_before=before["valid_to"],
        tier=rows["plan_id"].map(ranks),
        tier_before=before["plan_id"].map(ranks),
    )


def test_versions_of_a_subscription_follow_each_other_without_overlap_or_hole(tables: Tables) -> None:
    rows = versions(tables)
    later = rows[rows["seats_before"].notna()]
    assert len(later) > 50
    assert (later["to_before"] == later["valid_from"]).all()
    assert (rows["valid_to"].isna() | (rows["valid_to"] > rows["valid_from"])).all()
    assert rows.groupby("account_id")["subscription_id"].nunique().max() == 1


def test_a_version_says_when_it_and_its_end_became_known(tables: Tables) -> None:
    rows = tables["subscriptions"]
    assert (rows["recorded_at"] >= rows["valid_from"]).all()
    assert (rows["end_recorded_at"].isna() == rows["valid_to"].isna()).all()
    ended = rows[rows["valid_to"].notna()]
    assert (ended["end_recorded_at"] >= ended["valid_to"]).all()


def test_a_renewal_changes_no_seats_and_no_plan_but_the_price_a_little(tables: Tables) -> None:
    rows = versions(tables)
    renewed = rows[(rows["term_end"] > rows["term_before"]) & (rows["valid_from"] == rows["term_before"])]
    # a purchase on the very day of the renewal is one version with it
    alone = renewed[(renewed["seats"] == renewed["seats_before"]) & (renewed["tier"] == renewed["tier_before"])]
    assert len(alone) >= 0.95 * len(renewed) > 20
    np.testing.assert_allclose(alone["mrr"] / alone["mrr_before"], UPLIFT, rtol=1e-3)


def test_terms_end_in_the_future_a_year_at_most_away(tables: Tables) -> None:
    rows = tables["subscriptions"]
    days = (rows["term_end"] - rows["valid_from"]).dt.days
    assert days.min() >= 0
    assert days.max() <= 366


def test_what_is_neither_a_renewal_nor_a_start_changes_seats_or_plan(tables: Tables) -> None:
    rows = versions(tables)
    changed = rows[rows["seats_before"].notna() & (rows["term_end"] == rows["term_before"])]
    assert len(changed) > 30
    same = (changed["seats"] == changed["seats_before"]) & (changed["tier"] == changed["tier_before"])
    assert same.sum() == 0
    assert ((changed["tier"] - changed["tier_before"]).abs() <= 1).all()


def test_money_is_in_whole_cents_and_follows_the_price_list(tables: Tables) -> None:
    rows = tables["subscriptions"]
    assert np.allclose(rows["mrr"] * 100, np.round(rows["mrr"] * 100))
    seat_price = rows["plan_id"].map({plan.id: plan.seat_price for plan in price_list().plans})
    a_seat = rows["mrr"] / rows["seats"] / seat_price
    assert a_seat.between(0.7, UPLIFT**3).all()


def test_nothing_is_bought_after_the_end(tables: Tables) -> None:
    last = tables["subscriptions"].sort_values("valid_from").groupby("account_id").tail(1)
    ends = last.set_index("account_id")["valid_to"].dropna()
    assert len(ends) >= 5
    for name, time in (("addons", "valid_from"), ("outreach", "contacted_at"), ("opportunities", "recorded_at")):
        rows = tables[name][tables[name]["account_id"].isin(ends.index)]
        day = rows[time].dt.floor("D")
        assert (day <= rows["account_id"].map(ends)).all(), name
    held = tables["addons"][tables["addons"]["account_id"].isin(ends.index)]
    assert (held["valid_to"] == held["account_id"].map(ends)).all()


def test_an_account_does_not_hold_an_add_on_twice(tables: Tables) -> None:
    assert tables["addons"].duplicated(["account_id", "addon_id"]).sum() == 0


def test_the_reason_of_a_version_is_what_changed(tables: Tables) -> None:
    rows = versions(tables)
    first = rows["seats_before"].isna()
    assert set(rows.loc[first, "change_reason"]) == {"new"}
    later = rows[~first]
    assert set(later["change_reason"]) <= {*REASONS.values(), "price_uplift"}
    tiers, seats = later["tier"] - later["tier_before"], later["seats"] - later["seats_before"]
    by_reason = later["change_reason"]
    assert (tiers[by_reason == "upgrade"] == 1).all()
    assert (tiers[by_reason == "downgrade"] == -1).all()
    assert (seats[by_reason == "expansion"] > 0).all()
    assert (seats[by_reason == "contraction"] < 0).all()
    assert (seats[by_reason == "price_uplift"] == 0).all()


def test_the_reason_of_an_end_is_a_change_or_how_the_account_left(tables: Tables) -> None:
    rows = versions(tables)
    assert (rows["end_reason"].isna() == rows["valid_to"].isna()).all()
    last = ~rows["subscription_id"].duplicated(keep="last")
    assert set(rows.loc[~last, "end_reason"]) == {"changed"}
    assert set(rows.loc[last, "end_reason"].dropna()) == {"cancelled", "not_renewed"}
