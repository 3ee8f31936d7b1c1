"""The world is run again from a date, with many other futures, and what happens is compared with the truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from tests.simulate.futures import (
    CASES,
    CAUSES,
    OUTCOMES,
    WINDOW_DAYS,
    Past,
    Starts,
    at_rest,
    changes,
    compared,
    frequencies,
    past,
    starts,
)
from uptier.simulate import causes as causes_of_truth
from uptier.simulate.chain import AXES, CONVERSIONS
from uptier.simulate.looks import joined as put_together
from uptier.simulate.looks import looks_of
from uptier.simulate.presets import Parameters
from uptier.simulate.rates import DEAF, Rates, Shift
from uptier.simulate.truth import AFTER_UPSELL, CHURN_DAYS, CONVERSION_DAYS, GAP_DAYS, TARGETS, truth, window

FUTURES = 500
FIRST_DAY = dt.date(2025, 1, 1)
MONTHS = (1, 5)  # February and June: their windows end in different quarters of a month
LEAST_P_VALUE = 1e-4  # some 400 of them are looked at
SHIFTED = Parameters(shift=Shift(month=6, buying=0.4, churn=2.5, freed=0.3, backing=-1.0))

Compared = tuple[Past, Starts, pd.DataFrame, pd.DataFrame]


def small_world(parameters: Parameters) -> Past:
    return past(parameters, accounts=60, seed=11, months=12)


def begun_in(world: Past, *months: int) -> Starts:
    return starts(world, np.isin(looks_of(world.chronicle).month, months))


def truth_of(world: Past, begun: Starts) -> pd.DataFrame:
    return truth(world.eras, begun.looks, FIRST_DAY)


def log_odds(chance: pd.Series) -> pd.Series:
    return np.log(chance) - np.log1p(-chance)


@pytest.fixture(scope="module")
def world() -> Past:
    return small_world(Parameters())


@pytest.fixture(scope="module")
def begun(world: Past) -> Starts:
    return begun_in(world, *MONTHS)


@pytest.fixture(scope="module")
def told(world: Past, begun: Starts) -> pd.DataFrame:
    return truth_of(world, begun)


@pytest.fixture(scope="module")
def seen(world: Past, begun: Starts, told: pd.DataFrame) -> pd.DataFrame:
    return frequencies(begun, world.eras, told, futures=FUTURES, seed=17)


def faults(seen: pd.DataFrame, told: pd.DataFrame, outcome: str) -> dict[str, float]:
    """Where frequencies lie outside what chance does: overall, by third, by account, in their spread."""
    found = compared(seen[outcome].to_numpy(), told[f"p_{outcome}"].to_numpy(), futures=FUTURES, bins=3)
    return {name: value for name, value in found.items() if value < LEAST_P_VALUE}


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_frequencies_over_many_futures_agree_with_the_truth(
    begun: Starts, told: pd.DataFrame, seen: pd.DataFrame, outcome: str, case: str, month: int
) -> None:
    rows = begun.looks.month == month
    assert rows.sum() >= 30
    assert faults(seen[rows], told[rows], f"{outcome}{case}") == {}


BUYING = ("seat_alone", "seat_in_talk", "upgrade_alone", "upgrade_in_talk", "addon_alone", "addon_in_talk")
OTHER_RATES = {name: tuple(1.5 * rate for rate in getattr(Rates(), name)) for name in BUYING} | {
    "churn": 1.5 * Rates().churn
}


def test_chance_alone_is_not_found_wrong() -> None:
    """Not even where next to nothing is expected: one hit where 0.01 were likely is no scandal among many accounts."""
    random = np.random.default_rng(2)
    chances = 10 ** random.uniform(-5, -0.3, size=(400, 60))
    values = pd.DataFrame([compared(random.binomial(FUTURES, p), p, futures=FUTURES, bins=3) for p in chances])
    assert (values < 0.05).mean().max() < 0.09
    assert (values < LEAST_P_VALUE).sum().sum() <= 2


def test_a_truth_of_other_rates_is_found_wrong_in_every_outcome_and_case(
    world: Past, begun: Starts, seen: pd.DataFrame
) -> None:
    other = Rates.model_validate(Rates().model_dump() | OTHER_RATES)
    wrong = truth(replace(world.eras, rates=(other,)), begun.looks, FIRST_DAY)
    assert [name for name in seen if faults(seen, wrong, name) == {}] == []


def test_a_truth_of_another_window_is_found_wrong(told: pd.DataFrame, seen: pd.DataFrame) -> None:
    assert faults(seen, told.assign(p_churn=told["p_churn"] * 60 / 90), "churn") != {}


def test_the_truth_of_one_account_told_of_another_is_found_wrong(told: pd.DataFrame, seen: pd.DataFrame) -> None:
    """What agrees overall need not agree by account."""
    swapped = told.sample(frac=1, random_state=1).reset_index(drop=True)
    found = faults(seen, swapped, "seat_expansion")
    assert "overall" not in found
    assert {"accounts", "spread"} <= set(found)


def test_the_truth_holds_across_a_break() -> None:
    """From the first of April and June a window reaches into the half-year in which all is different."""
    broken = small_world(SHIFTED)
    begun = begun_in(broken, 3, 5)
    told = truth_of(broken, begun)
    seen = frequencies(begun, broken.eras, told, futures=FUTURES, seed=23)
    for month in (3, 5):
        rows = begun.looks.month == month
        assert {name: found for name in seen if (found := faults(seen[rows], told[rows], name))} == {}
    june = begun.looks.month == 5
    for rates in broken.eras.rates:  # those of either half alone are wrong
        unbroken = truth(replace(broken.eras, rates=(rates,)), begun_in(broken, 5).looks, FIRST_DAY)
        assert faults(seen[june], unbroken, "seat_expansion") != {}
        assert faults(seen[june], unbroken, "churn") != {}


@pytest.fixture(scope="module")
def without(world: Past) -> dict[str, tuple[Starts, pd.DataFrame]]:
    """Accounts of one date, as they are (under "") and with each cause taken away, and the truth of it."""
    here = begun_in(world, MONTHS[1])
    taken = {"": here, **{cause: at_rest(here, cause) for cause in CAUSES}}
    told = truth(world.eras, put_together([begun.looks for begun in taken.values()]), FIRST_DAY)
    parts = [told.iloc[first : first + len(here)].reset_index(drop=True) for first in range(0, len(told), len(here))]
    return {cause: (begun, part) for (cause, begun), part in zip(taken.items(), parts, strict=True)}


@pytest.mark.parametrize("cause", CAUSES)
def test_taking_a_cause_away_changes_what_happens_as_the_truth_says(
    world: Past, seen: pd.DataFrame, told: pd.DataFrame, without: dict[str, tuple[Starts, pd.DataFrame]], cause: str
) -> None:
    as_it_is = without[""][1]
    here = (told["as_of"] == as_it_is["as_of"].iloc[0]).to_numpy()
    begun, rest = without[cause]
    lived = frequencies(begun, world.eras, rest, futures=FUTURES, seed=29, cases=("",))
    for outcome in OUTCOMES:
        assert faults(lived, rest, outcome) == {}, outcome
        chances = (as_it_is[f"p_{outcome}"].to_numpy(), rest[f"p_{outcome}"].to_numpy())
        hits = (seen.loc[here, outcome].to_numpy(), lived[outcome].to_numpy())
        for change in changes(chances, hits, futures=FUTURES).values():
            assert not change.turns, outcome
            assert change.p_value > LEAST_P_VALUE, outcome


def test_every_cause_that_can_matter_changes_something_that_is_seen(
    without: dict[str, tuple[Starts, pd.DataFrame]],
) -> None:
    """Were a cause without effect, taking it away would prove nothing."""
    as_it_is = without[""][1]
    for cause in CAUSES:
        largest = max((as_it_is[f"p_{name}"] - without[cause][1][f"p_{name}"]).abs().max() for name in OUTCOMES)
        assert largest > 0.02, cause


def test_causes_and_the_mean_of_the_date_add_up_to_the_log_odds(told: pd.DataFrame) -> None:
    for outcome in OUTCOMES:
        why = told[[f"why_{outcome}_{cause}" for cause in CAUSES]]
        own = log_odds(told[f"p_{outcome}"]).where(why.notna().all(axis=1))
        mean = own.groupby(told["as_of"]).transform("mean")
        assert own.notna().sum() >= 60
        np.testing.assert_allclose((why.sum(axis=1) + mean)[own.notna()], own.dropna(), rtol=0, atol=1e-9)
        np.testing.assert_allclose(why.groupby(told["as_of"]).mean(), 0, atol=1e-9)


def test_on_the_highest_plan_there_is_no_why_of_a_higher_one(told: pd.DataFrame) -> None:
    highest = told["tier"] == 3
    assert 0 < highest.sum() < len(told)
    why = told.filter(like="why_plan_upgrade_")
    assert len(why.columns) == len(CAUSES)
    assert why[highest].isna().all().all()
    assert why[~highest].notna().all().all()
    assert told.filter(regex="why_(?!plan_upgrade)").notna().all().all()
    assert (told.loc[highest, "p_plan_upgrade"] < 0.01).all()  # down and up again within the window


STIRRED = {
    "growth": "growing",
    "pressure": "full",
    "need": "2-strong",
    "gap": "urgent",
    "mood": "poor",
    "champion": "absent",
    "budget": "free",
    "talk": "seat_expansion",
}
ACTIVE = [  # which causes an account still has: six at most, for 720 orders
    ("growth", "pressure", "mood", "champion", "talk", "setting"),
    ("need", "gap", "budget", "depth", "setting", "talk"),
    ("pressure", "need", "mood", "champion", "depth", "setting"),
]


def test_each_cause_adds_its_mean_gain_over_all_orders_in_which_causes_can_come(world: Past) -> None:
    """Shapley's value by its first definition, each set of causes being a truth of its own."""
    one = starts(world, np.flatnonzero(looks_of(world.chronicle).month == MONTHS[1])[:1])
    state = {axis: np.array([AXES[axis].index(place)]) for axis, place in STIRRED.items()}
    yes = np.array([True])
    stirred = replace(one.looks, state=state, brisk=yes, deep=yes, contacted=yes, renewal=np.array([1]))
    one = replace(one, looks=stirred)
    sets = [
        (active, frozenset(cause for cause, there in zip(active, present, strict=True) if there))
        for active in ACTIVE
        for present in product((True, False), repeat=len(active))
    ]
    parts = [at_rest(one, *(cause for cause in CAUSES if cause not in there)).looks for _, there in sets]
    told = truth(world.eras, put_together(parts), FIRST_DAY)
    for outcome, active in product(OUTCOMES, ACTIVE):
        value = dict(zip(sets, log_odds(told[f"p_{outcome}"]), strict=True))
        gains = dict.fromkeys(CAUSES, 0.0)
        for order in permutations(active):
            here: frozenset[str] = frozenset()
            for cause in order:
                gains[cause] += value[active, here | {cause}] - value[active, here]
                here |= {cause}
        # beside an account with none of the causes, the mean of the date does not matter
        everything, nothing = sets.index((active, frozenset(active))), sets.index((active, frozenset()))
        for cause, gain in gains.items():
            why = told[f"why_{outcome}_{cause}"]
            assert why[everything] - why[nothing] == pytest.approx(gain / 720, abs=1e-9), (outcome, cause)


def test_a_cause_at_rest_adds_what_it_adds_to_an_account_without_any_cause(
    world: Past, without: dict[str, tuple[Starts, pd.DataFrame]]
) -> None:
    begun = without[""][0]
    nothing = at_rest(begun, *CAUSES)
    told = truth(world.eras, put_together([begun.looks, nothing.looks]), FIRST_DAY)
    own, rest = told.iloc[: len(begun)], told.iloc[len(begun) :]
    same = {axis: begun.looks.state[axis] == nothing.looks.state[axis] for axis in AXES} | {"depth": ~begun.looks.deep}
    same["need"] = begun.looks.state["need"] % 3 == 0  # whatever the tier
    for outcome, cause in product(OUTCOMES, CAUSES):
        zero = rest[f"why_{outcome}_{cause}"]  # but for the mean of the date, which is taken off
        assert zero.max() - zero.min() < 1e-12
        if cause in same:
            added = (own.loc[same[cause], f"why_{outcome}_{cause}"] - zero.iloc[0]).dropna()
            assert len(added) >= 3
            assert added.abs().max() < 1e-12, (outcome, cause)


def test_the_truth_reads_the_state_at_the_date_not_the_path_after_it(world: Past) -> None:
    cut = {axis: places.copy() for axis, places in world.chronicle.states.items()}
    for places in cut.values():
        places[25:] = np.where(places[25:] < 0, places[25:], 0)  # another path from the first step of July on
    other = replace(world, chronicle=replace(world.chronicle, states=cut))
    before, after = looks_of(world.chronicle), looks_of(other.chronicle)
    early = before.month <= 6  # truth is given looks, and nothing else of the accounts
    for name in ("account_id", "month", "brisk", "deep", "contacted", "renewal", "wanted", "lacking"):
        assert (getattr(before, name)[early] == getattr(after, name)[early]).all()
    for axis in AXES:
        assert (before.state[axis][early] == after.state[axis][early]).all()
    assert (before.state["mood"][~early] != after.state["mood"][~early]).any()


def test_the_truth_of_an_account_does_not_hang_on_others_or_threads_but_for_the_mean(
    world: Past, told: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uptier.simulate.truth.THREADS", 1)
    some = np.flatnonzero(np.isin(looks_of(world.chronicle).month, MONTHS))[::3]
    shares: list[float] = []
    alone = truth(world.eras, starts(world, some).looks, FIRST_DAY, shares.append)
    chances = [f"p_{outcome}{case}" for outcome in OUTCOMES for case in CASES]
    np.testing.assert_array_equal(alone[chances], told[chances].iloc[::3])
    assert shares == sorted(shares)  # progress is told to the end
    assert shares[-1] == 1


def test_there_is_a_row_for_each_look(begun: Starts, told: pd.DataFrame) -> None:
    assert told["account_id"].tolist() == begun.looks.account_id.tolist()
    assert set(told["as_of"]) == {pd.Timestamp(2025, 2, 1), pd.Timestamp(2025, 6, 1)}
    assert not told.duplicated(["account_id", "as_of"]).any()


def test_chances_are_probabilities_and_contact_raises_those_of_upsells(told: pd.DataFrame) -> None:
    chances = told.filter(like="p_")
    assert len(chances.columns) == len(OUTCOMES) * len(CASES)
    assert chances.min().min() > 0
    assert chances.max().max() < 1
    for outcome in ("seat_expansion", "plan_upgrade", "add_on"):
        assert (told[f"p_{outcome}_contacted"] > told[f"p_{outcome}_never_contacted"]).all()


def test_who_is_never_contacted_has_the_chances_of_that_case(told: pd.DataFrame) -> None:
    never = told["never_contacted"]
    assert 0 < never.sum() < len(told)
    for outcome in OUTCOMES:
        same = told[f"p_{outcome}"] == told[f"p_{outcome}_never_contacted"]
        assert same[never].all()
        assert not same[~never].any()


def test_in_a_deaf_world_the_truth_is_the_same_for_all() -> None:
    deaf = small_world(Parameters(rates=DEAF))
    told = truth_of(deaf, begun_in(deaf, MONTHS[1]))
    assert len(told) >= 30
    assert told["p_churn"].max() - told["p_churn"].min() < 1e-12
    above = told["tier"] == 3  # nothing is above it, which leaves a little more room for the rest
    for outcome in (name for name in OUTCOMES if name != "churn"):
        for case in CASES:
            chance = told.loc[~above, f"p_{outcome}{case}"]
            assert chance.max() - chance.min() < 0.005 * chance.mean(), (outcome, case)
    assert (told.loc[above, "p_plan_upgrade"] == 0).all()
    why = told.loc[~above].filter(like="why_")
    assert why.abs().max().max() < 0.005


def test_a_window_ends_inside_a_step_by_its_share_of_working_days() -> None:
    # 1 March and 67 days: 7 May 2025, a Wednesday; 1-7 May has five working days, of which 1, 2, 5 and 6 lie inside
    assert (window(dt.date(2025, 3, 1), 67).last_step, window(dt.date(2025, 3, 1), 67).share) == (8, 0.8)
    # 1 January and 67 days: 9 March 2025, a Sunday; a Saturday lies inside the step that begins on the 8th
    assert (window(dt.date(2025, 1, 1), 67).last_step, window(dt.date(2025, 1, 1), 67).share) == (9, 0.0)


def test_what_the_futures_are_counted_by_is_what_the_truth_is_of() -> None:
    """A day more or less in a window is less than chance does, so the days are compared as they are written."""
    assert causes_of_truth.CAUSES == CAUSES
    assert TARGETS == OUTCOMES
    windows = {
        **dict.fromkeys(CONVERSIONS, (GAP_DAYS, GAP_DAYS + CONVERSION_DAYS)),
        "churn": (GAP_DAYS, GAP_DAYS + CHURN_DAYS),
        AFTER_UPSELL: (0, CHURN_DAYS),
    }
    assert windows == WINDOW_DAYS
