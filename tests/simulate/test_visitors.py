"""Bots show by their rhythm, the vendor's staff by being the same few in many accounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.simulate.worlds import chronicle
from uptier.simulate.books import Books
from uptier.simulate.commerce import Chronicle
from uptier.simulate.looks import looks_of
from uptier.simulate.presets import Parameters
from uptier.simulate.tables import person_ids
from uptier.simulate.usage import DAY_SECONDS, KINDS, feature_names
from uptier.simulate.visitors import with_bots, with_test_users

ACCOUNTS = 30
HOUR = 3600
LOGIN, CALL, USED = (KINDS.index(kind) for kind in ("login", "integration_call", "feature_used"))


def past(block: int = 0) -> Chronicle:
    """Of whom some have a single day, and some leave."""
    found = chronicle(Parameters(), accounts=ACCOUNTS, seed=4, months=3)
    end = found.end_day.copy()
    end[0] = found.population.start_day[0] + 1
    end[1:4] = np.minimum(end[1:4], found.population.start_day[1:4] + 20)
    return replace(found, end_day=end, population=replace(found.population, block=block))


def books(ran: Chronicle) -> Books:
    """One person an account, who logs in once."""
    account, first = np.arange(ACCOUNTS), ran.population.start_day
    moment = pd.Series(first.astype("datetime64[D]").astype("datetime64[us]"))
    users = pd.DataFrame({"account": account, "person": account, "role": "member", "created_at": moment})
    occurred = first * DAY_SECONDS + 9 * HOUR
    events = pd.DataFrame({"number": account, "account": account, "person": account, "session": account})
    return Books(
        population=ran.population,
        user_ids=person_ids(ACCOUNTS, ran.population.first_number),
        users=users.assign(recorded_at=moment, last_day=ran.end_day),
        events=events.assign(kind=LOGIN, feature=-1, occurred=occurred, recorded=occurred + 60),
        tables={},
        looks=looks_of(ran),
    )


def bots(ran: Chronicle, *, share: float = 1.0, hours: int = 3) -> Books:
    return with_bots(books(ran), ran, share=share, hours=hours, random=np.random.default_rng(1))


def staff(
    ran: Chronicle,
    *,
    share: float = 1.0,
    each: int = 2,
    number: int = 4,
    days: float = 10.5,
    features: float = 3.0,
) -> Books:
    random = np.random.default_rng(1)
    return with_test_users(
        books(ran), ran, share=share, each=each, staff=number, days=days, features=features, random=random
    )


def theirs(found: Books) -> tuple[pd.DataFrame, pd.DataFrame]:
    return found.users[found.users["person"] >= ACCOUNTS], found.events[found.events["person"] >= ACCOUNTS]


@pytest.mark.parametrize("found", [bots(past()), staff(past())], ids=["bots", "staff"])
def test_people_and_what_they_did_stay_as_they_were(found: Books) -> None:
    before = books(past())
    pd.testing.assert_frame_equal(found.events.head(ACCOUNTS), before.events, check_dtype=False)
    mine = found.users[found.users["person"] < ACCOUNTS].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, before.users, check_dtype=False)
    assert found.user_ids[:ACCOUNTS] == before.user_ids
    assert len(set(found.user_ids)) == len(found.user_ids) > ACCOUNTS
    assert found.events["number"].is_unique
    # sessions of visitors are theirs alone
    assert found.events.groupby("session")[["account", "person"]].nunique().eq(1).all(axis=None)


@pytest.mark.parametrize("found", [bots(past()), staff(past())], ids=["bots", "staff"])
def test_visitors_come_after_they_were_invited_and_while_the_account_is_a_customer(found: Books) -> None:
    users, events = theirs(found)
    assert not users.duplicated(["account", "person"]).any()
    both = events.merge(users, on=["account", "person"], how="left", validate="many_to_one")
    assert (both["occurred"].to_numpy() > both["created_at"].astype("int64").to_numpy() // 1_000_000).all()
    assert (both["occurred"] // DAY_SECONDS < past().end_day[both["account"]]).all()
    assert (both["recorded"] == both["occurred"] + 30).all()
    assert (users["created_at"] < users["recorded_at"]).all()
    assert set(users["role"]) == {"member"}


@pytest.mark.parametrize("nobody", [bots(past(), share=0.0), staff(past(), share=0.0)], ids=["bots", "staff"])
def test_without_a_share_nobody_visits(nobody: Books) -> None:
    assert len(nobody.users) == len(nobody.events) == len(nobody.user_ids) == ACCOUNTS


@pytest.mark.parametrize("hours", [1, 3, 24])
def test_a_bot_calls_in_equal_distances_every_day_and_all_night(hours: int) -> None:
    users, events = theirs(bots(past(), hours=hours))
    assert users["person"].is_unique
    assert set(range(ACCOUNTS)) - set(users["account"]) <= {0, 1, 2, 3}  # whose time may be too short
    assert 0 not in set(users["account"])
    calls = events[events["kind"] == CALL]
    assert set(calls.groupby("person")["occurred"].diff().dropna()) == {hours * HOUR}
    assert (calls["feature"] == feature_names(past().prices).index("api")).all()
    days = calls["occurred"].to_numpy() // DAY_SECONDS
    assert set((days + 3) % 7) == set(range(7))
    if hours < 24:
        assert set(calls["occurred"].to_numpy() % DAY_SECONDS // (6 * HOUR)) == {0, 1, 2, 3}
    # to the last day
    last = calls.groupby("account")["occurred"].max() // DAY_SECONDS
    assert (last == past().end_day[last.index] - 1).all()


def test_a_bot_logs_in_once_a_day_just_before_it_calls_and_does_nothing_else() -> None:
    _, events = theirs(bots(past()))
    assert set(events["kind"]) == {LOGIN, CALL}
    logins, calls = (events[events["kind"] == kind] for kind in (LOGIN, CALL))
    assert (logins["feature"] == -1).all()
    assert logins["session"].is_unique
    first = calls.groupby("session")["occurred"].min()
    assert (first - logins.set_index("session")["occurred"]).between(0, 2).all()


def test_some_accounts_have_a_bot() -> None:
    users, _ = theirs(bots(past(), share=0.3))
    assert 2 <= len(users) <= 16


def test_bots_of_blocks_have_ids_of_their_own_and_staff_the_same_everywhere() -> None:
    assert not set(bots(past(0)).user_ids) & set(bots(past(7)).user_ids)
    ids = [f"u{900_001 + one}" for one in range(4)]
    assert staff(past(0)).user_ids[ACCOUNTS:] == staff(past(7)).user_ids[ACCOUNTS:] == ids


def test_the_same_few_of_the_staff_come_to_many_accounts() -> None:
    users, _ = theirs(staff(past()))
    assert set(users["person"]) == set(range(ACCOUNTS, ACCOUNTS + 4))
    visited = users.groupby("account")["person"].nunique()
    assert visited.max() == 2
    assert (visited.loc[4:] == 2).mean() > 0.8  # somebody may not come in a short time
    assert users.groupby("person")["account"].nunique().min() > 5
    everybody, _ = theirs(staff(past(), each=9, number=3, days=21))
    assert everybody.groupby("account")["person"].nunique().max() == 3


def test_staff_come_on_so_many_working_days_in_office_hours() -> None:
    ran = past()
    for days, share in ((21.0, 1.0), (10.5, 0.5), (2.1, 0.1)):
        _, events = theirs(staff(ran, days=days))
        day = events["occurred"] // DAY_SECONDS
        assert set((day + 3) % 7) <= set(range(5))
        assert events["occurred"].mod(DAY_SECONDS).between(8 * HOUR, 16.5 * HOUR).all()
        came = events.assign(day=day).groupby(["account", "person"])["day"].nunique()
        could = [
            np.busday_count(*np.array([start + 1, end]).astype("datetime64[D]"))
            for start, end in zip(ran.population.start_day, ran.end_day, strict=True)
        ]
        assert came.sum() / (2 * np.maximum(could, 0).sum()) == pytest.approx(share, rel=0.15)


def test_staff_try_features_of_any_plan() -> None:
    _, events = theirs(staff(past()))
    assert set(events["kind"]) == {LOGIN, USED}
    used = events.loc[events["kind"] == USED, "feature"]
    assert set(used) == set(range(len(feature_names(past().prices))))
    assert len(used) / events["session"].nunique() == pytest.approx(3, abs=0.2)
    logins = events[events["kind"] == LOGIN]
    assert logins["session"].is_unique
    assert (logins["feature"] == -1).all()
    began = events["session"].map(logins.set_index("session")["occurred"])
    assert (events["occurred"] - began).between(0, 1800).all()
