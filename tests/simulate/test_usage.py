from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.simulate.worlds import chronicle
from uptier.simulate.chain import place
from uptier.simulate.commerce import Chronicle
from uptier.simulate.parameters import jittered
from uptier.simulate.people import Teams, active_days, invite
from uptier.simulate.population import REGIONS
from uptier.simulate.rates import Rates
from uptier.simulate.rules import NEEDS, tiers
from uptier.simulate.timeline import day_number, weekday
from uptier.simulate.usage import DAY_SECONDS, KINDS, Usage, events, feature_names, meter_readings

BEYOND = ("gate_hit", "upgrade_prompt", "trial_use")


@pytest.fixture(scope="module")
def past() -> Chronicle:
    return chronicle(Rates(), accounts=150, seed=8)


@pytest.fixture(scope="module")
def active(past: Chronicle) -> pd.DataFrame:
    people = invite(past, Teams(), np.random.default_rng(1))
    return active_days(people, past, Teams(), np.random.default_rng(2))


def happened(active: pd.DataFrame, past: Chronicle, usage: Usage) -> pd.DataFrame:
    """Let people work, and say of each event in which step and on which tier it fell."""
    done = events(active, past, usage, np.random.default_rng(3))
    day = done["occurred"] // DAY_SECONDS
    step = np.searchsorted(past.timeline.edges, day, side="right") - 1
    return done.assign(
        day=day,
        step=step,
        tier=tiers(past.states["need"][step, done["account"]]),
        need=past.states["need"][step, done["account"]] % len(NEEDS),
        wanted=past.wanted[step, done["account"]],
        deep=past.population.deep[done["account"]],
        name=np.array(KINDS)[done["kind"]],
    )


@pytest.fixture(scope="module")
def done(active: pd.DataFrame, past: Chronicle) -> pd.DataFrame:
    return happened(active, past, Usage())


def test_nobody_tries_what_a_plan_lets_nobody_try(active: pd.DataFrame, past: Chronicle) -> None:
    lowest, middle, highest = past.prices.plans
    untried = past.prices.model_copy(update={"plans": (lowest, middle.model_copy(update={"trial_days": 0}), highest)})
    some = happened(active, dataclasses.replace(past, prices=untried), Usage())
    tries = some[some["name"] == "trial_use"]
    assert middle.trial_days > 0
    assert set(tries["tier"]) == {2}


def person_days(active: pd.DataFrame, past: Chronicle) -> pd.Series:
    return active.groupby(past.population.deep[active["account"]]).size()


def test_every_kind_of_event_occurs_and_logins_have_no_feature(done: pd.DataFrame) -> None:
    assert set(done["kind"]) == set(range(len(KINDS)))
    assert ((done["feature"] == -1) == (done["name"] == "login")).all()


def test_events_fall_on_the_days_on_which_people_are_there(done: pd.DataFrame, active: pd.DataFrame) -> None:
    days = set(zip(active["person"], active["account"], active["day"], strict=True))
    assert set(zip(done["person"], done["account"], done["day"], strict=True)) == days


def test_events_are_numbered_and_sorted_by_account_and_time(done: pd.DataFrame) -> None:
    assert done["number"].tolist() == list(range(len(done)))
    order = done.sort_values(["account", "occurred", "kind"], kind="stable").index
    assert order.equals(done.index)


def test_a_sitting_is_one_person_s_and_begins_with_the_login(done: pd.DataFrame) -> None:
    sittings = done.groupby("session")
    assert (sittings["person"].nunique() == 1).all()
    login = done[done["name"] == "login"].set_index("session")["occurred"]
    assert login.index.is_unique
    assert (sittings["occurred"].min() == login.sort_index()).all()
    length = (sittings["occurred"].max() - sittings["occurred"].min()) / 3600
    assert length.max() < max(Usage().sitting_hours)


def test_two_sittings_of_a_person_do_not_overlap(done: pd.DataFrame) -> None:
    sittings = done.groupby(["person", "session"])["occurred"].agg(["min", "max"]).sort_values(["person", "min"])
    before = sittings.groupby("person")["max"].shift()
    assert not (before >= sittings["min"]).any()


def test_gates_are_hit_on_features_of_the_next_tier_and_used_ones_belong_to_the_plan(
    done: pd.DataFrame, past: Chronicle
) -> None:
    included = np.array([len(past.prices.features(tier)) for tier in (1, 2, 3)])
    used = done[done["name"] == "feature_used"]
    assert (used["feature"] < included[used["tier"] - 1]).all()
    gated = done[done["name"].isin(BEYOND)]
    assert gated["tier"].max() == 2
    assert (gated["feature"] >= included[gated["tier"] - 1]).all()
    assert (gated["feature"] < included[gated["tier"]]).all()


def test_touches_of_the_next_tier_are_mostly_about_what_the_account_wants(
    active: pd.DataFrame, past: Chronicle, done: pd.DataFrame
) -> None:
    gated = done[done["name"].isin(BEYOND)]
    assert 0.6 < (gated["feature"] == gated["wanted"]).mean() < 0.8
    sure = happened(active, past, Usage(same_wish=1.0))
    sure = sure[sure["name"].isin(BEYOND)]
    assert (sure["feature"] == sure["wanted"]).all()
    never = happened(active, past, Usage(same_wish=0.0))
    never = never[never["name"].isin(BEYOND)]
    assert 0.1 < (never["feature"] == never["wanted"]).mean() < 0.3


def test_limits_are_hit_on_the_next_tier_or_on_invitations(done: pd.DataFrame, past: Chronicle) -> None:
    limits = done[done["name"] == "limit_error"]
    names = np.array(feature_names(past.prices))[limits["feature"]]
    inside = limits["feature"] < np.array([len(past.prices.features(tier)) for tier in (1, 2, 3)])[limits["tier"] - 1]
    assert set(names[inside]) == {"invite_user"}


def test_needs_show_in_what_is_touched(done: pd.DataFrame, past: Chronicle) -> None:
    steps = past.timeline.steps
    for kind, axis, states in (("gate_hit", "need", 3), ("export", "gap", 3), ("integration_call", "champion", 2)):
        rows = done[done["name"] == kind]
        places = past.states[axis][:steps] % states if axis == "need" else past.states[axis][:steps]
        living = past.alive[:steps] & (tiers(past.states["need"][:steps]) < 3)
        rows = rows[rows["tier"] < 3]
        state = places[rows["step"], rows["account"]]
        mean = [(state == one).sum() / (living & (places == one)).sum() for one in range(states)]
        assert mean[-1] > 1.5 * mean[0], kind


def test_deep_users_do_more_of_everything(done: pd.DataFrame, active: pd.DataFrame, past: Chronicle) -> None:
    days = person_days(active, past)
    for kind in ("login", "feature_used"):
        a_day = done[done["name"] == kind].groupby("deep").size() / days
        assert a_day[True] > 1.05 * a_day[False], kind
    occurred = done.groupby(["deep", "session"])["occurred"].agg(np.ptp)
    length = occurred[occurred > 0].groupby("deep").mean()
    assert length[True] > 1.1 * length[False]


def test_deep_users_use_more_different_features(active: pd.DataFrame, past: Chronicle) -> None:
    done = happened(active, past, Usage(breadth=(0.0, 1.0), breadth_added=(0.0, 0.0)))
    used = done[done["name"] == "feature_used"].groupby(["deep", "account", "tier"])["feature"].nunique()
    assert (used[False] == 1).all()
    assert used[True].mean() > 8


def test_with_time_more_features_are_used(active: pd.DataFrame, past: Chronicle) -> None:
    done = happened(active, past, Usage(breadth=(0.0, 0.0), breadth_added=(1.0, 1.0)))
    new = past.population.created_day >= past.population.start_day
    used = done[new[done["account"]] & (done["name"] == "feature_used")]
    age = used["step"] - past.population.start_step[used["account"]]
    assert (used[age == 0].groupby("account")["feature"].nunique() == 1).all()
    assert used[age > 25].groupby("account")["feature"].nunique().mean() > 5


def test_integrations_are_called_more_by_deep_users(active: pd.DataFrame, past: Chronicle) -> None:
    done = happened(active, past, Usage(integration_by_depth=(0.0, 1.0)))
    assert done[done["name"] == "integration_call"]["deep"].all()


def test_new_customers_try_more_while_they_are_set_up(active: pd.DataFrame, past: Chronicle) -> None:
    used = {}
    for times in (1.0, 3.0):
        done = happened(active, past, Usage(onboarding_features=times))
        new = past.population.created_day >= past.population.start_day
        age = done["step"] - past.population.start_step[done["account"]]
        early = new[done["account"]] & (age < 4)
        used[times] = done[early & (done["name"] == "feature_used")].shape[0]
    assert used[3.0] == pytest.approx(3 * used[1.0], rel=0.1)


def test_weekends_and_holidays_are_quiet(done: pd.DataFrame) -> None:
    by_day = np.bincount(weekday(done["day"].to_numpy()))
    assert by_day[5:].mean() < 0.15 * by_day[:5].mean()
    daily = done.groupby("day").size()
    christmas = day_number(pd.Timestamp("2025-12-25").date())
    assert daily.get(christmas, 0) < 0.35 * daily[christmas - 7]


def test_people_work_in_the_hours_of_their_region(done: pd.DataFrame, past: Chronicle) -> None:
    usage, hour = Usage(), done["occurred"] % DAY_SECONDS / 3600
    region = past.population.region[done["account"]]
    for place_, begins in enumerate(usage.day_begins):
        here = hour[region == place_]
        assert here.min() >= begins, REGIONS[place_]
        assert here.max() <= begins + usage.shift_hours + max(usage.sitting_hours)


def test_each_person_has_a_time_of_day(done: pd.DataFrame, past: Chronicle) -> None:
    logins = done[(done["name"] == "login") & (past.population.region[done["account"]] == 0)]
    hour = logins["occurred"] % DAY_SECONDS / 3600
    often = hour.groupby(logins["person"]).filter(lambda hours: len(hours) > 20)
    own = often.groupby(logins["person"]).std().mean()
    assert own < 0.8 * often.std()


def test_nobody_works_beyond_midnight(active: pd.DataFrame, past: Chronicle) -> None:
    long = Usage(day_begins=(20, 20, 20), shift_hours=20.0, sitting_hours=(9.0, 30.0))
    done = happened(active, past, long)
    days = set(zip(active["person"], active["day"], strict=True))
    assert set(zip(done["person"], done["day"], strict=True)) <= days


def test_events_become_known_after_minutes_and_never_after_the_world_ends(done: pd.DataFrame, past: Chronicle) -> None:
    lag = done["recorded"] - done["occurred"]
    assert lag.between(20, 920).all()
    assert done["recorded"].max() < past.timeline.edges[-1] * DAY_SECONDS


def test_without_anybody_there_nothing_happens(active: pd.DataFrame, past: Chronicle) -> None:
    done = events(active.iloc[:0], past, Usage(), np.random.default_rng(3))
    assert len(done) == 0
    assert "occurred" in done


@pytest.mark.parametrize("seed", range(5))
def test_any_usage_near_the_usual_one_can_be_lived(active: pd.DataFrame, past: Chronicle, seed: int) -> None:
    usage = jittered(Usage(), 0.5, np.random.default_rng(seed))
    assert len(happened(active, past, usage)) > len(active)
    readings = meter_readings(past, usage, np.random.default_rng(seed))
    assert readings["value"].between(0, readings["quota"]).all()


def test_a_meter_stays_within_the_quota_of_the_plan(past: Chronicle) -> None:
    rows = meter_readings(past, Usage(), np.random.default_rng(4))
    assert rows["value"].between(0, rows["quota"]).all()
    quotas = {(meter, quota) for plan in past.prices.plans for meter, quota in plan.quotas.items()}
    assert set(zip(rows["meter"], rows["quota"], strict=True)) <= quotas
    assert not rows.duplicated(["account", "meter", "read_at"]).any()
    assert rows[["account", "meter", "read_at"]].apply(tuple, axis=1).is_monotonic_increasing


def test_meters_are_read_while_an_account_lives_and_fill_with_need(past: Chronicle) -> None:
    rows = meter_readings(past, Usage(), np.random.default_rng(4))
    day = rows["read_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    assert (day < past.end_day[rows["account"]]).all()
    step = np.searchsorted(past.timeline.edges, day)
    assert past.alive[step, rows["account"]].all()
    need = past.states["need"][step, rows["account"]]
    filled = (rows["value"] / rows["quota"]).groupby(need).mean()
    assert filled[place("need", "1-strong")] > 1.3 * filled[place("need", "1-none")]
