from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from uptier.errors import SimulationError
from uptier.simulate.parameters import (
    FourMix,
    FourMoves,
    Group,
    Rate,
    Share,
    Three,
    ThreeMoves,
    ThreeRates,
    TierMix,
    jittered,
    leaves,
)
from uptier.simulate.presets import PRESETS, Parameters, find_preset, with_changes

SHARES = st.floats(0, 1)
SEEDS = st.integers(0, 2**32 - 1)
SMALL = 1e-12


def mixes(count: int) -> st.SearchStrategy[tuple[float, ...]]:
    weights = st.lists(st.floats(0, 1), min_size=count, max_size=count).filter(lambda row: sum(row) > 0.01)
    return weights.map(lambda row: tuple(one / sum(row) for one in row))


class Inner(Group):
    chance: Share
    chances: Three
    rates: ThreeRates


class Sample(Group):
    mean: float
    rate: Rate
    positive: Annotated[float, Field(gt=0)]
    half: Annotated[float, Field(ge=0.2, le=0.5)]
    count: int
    name: str
    on: bool
    days: tuple[str, ...]
    mix: FourMix
    rows: TierMix
    moves: ThreeMoves
    inner: Inner


SAMPLES = st.builds(
    Sample,
    mean=st.floats(-100, 100),
    rate=st.floats(0, 1e6),
    positive=st.floats(1e-6, 1e6),
    half=st.floats(0.2, 0.5),
    count=st.integers(-5, 5),
    name=st.text(max_size=3),
    on=st.booleans(),
    days=st.just(("12-24", "12-25")),
    mix=mixes(4),
    rows=st.tuples(*(mixes(3) for _ in range(4))),
    moves=st.tuples(*(mixes(3) for _ in range(3))),
    inner=st.builds(
        Inner,
        chance=st.floats(0, 1),
        chances=st.tuples(*(st.floats(0, 1) for _ in range(3))),
        rates=st.tuples(*(st.floats(0, 10) for _ in range(3))),
    ),
)


def drawn(group: Sample, share: float, seed: int) -> Sample:
    return jittered(group, share, np.random.default_rng(seed))


def within(fresh: float, value: float, share: float, most: float = math.inf, least: float = -math.inf) -> bool:
    low, high = sorted((value * (1 - share), value * (1 + share)))
    room = SMALL * (1 + abs(value))
    return min(max(low, least), most) - room <= fresh <= max(min(high, most), least) + room


@settings(deadline=None)
@given(SAMPLES, SHARES, SEEDS)
def test_numbers_stay_within_the_share_and_their_bounds(group: Sample, share: float, seed: int) -> None:
    fresh = drawn(group, share, seed)
    assert within(fresh.mean, group.mean, share)
    assert within(fresh.rate, group.rate, share)
    assert within(fresh.positive, group.positive, share)
    assert fresh.positive > 0
    assert within(fresh.half, group.half, share, most=0.5, least=0.2)
    assert within(fresh.inner.chance, group.inner.chance, share, most=1)
    pairs = [*zip(fresh.inner.chances, group.inner.chances, strict=True)]
    assert all(within(one, value, share, most=1) for one, value in pairs)
    assert all(within(*pair, share) for pair in zip(fresh.inner.rates, group.inner.rates, strict=True))


@settings(deadline=None)
@given(SAMPLES, SHARES, SEEDS)
def test_what_adds_up_still_does(group: Sample, share: float, seed: int) -> None:
    fresh = drawn(group, share, seed)
    for row, before in zip((fresh.mix, *fresh.rows), (group.mix, *group.rows), strict=True):
        assert sum(row) == pytest.approx(1)
        # each was drawn within the share, and then all were divided by their sum, which lies within it too
        for one, value in zip(row, before, strict=True):
            assert value * (1 - share) / (1 + share) - SMALL <= one
            assert one * (1 - share) <= value * (1 + share) + SMALL
    for here, (row, before) in enumerate(zip(fresh.moves, group.moves, strict=True)):
        assert sum(row) == pytest.approx(1)
        assert min(row) >= 0
        leaving = [(one, value) for to, (one, value) in enumerate(zip(row, before, strict=True)) if to != here]
        assert all(one <= value * (1 + share) + SMALL for one, value in leaving)
        if row[here] > SMALL:  # there was room for all moves as they were drawn
            assert all(within(one, value, share) for one, value in leaving)


@settings(deadline=None)
@given(SAMPLES, SHARES, SEEDS)
def test_whole_numbers_texts_and_switches_stay_and_the_same_seed_draws_the_same(
    group: Sample, share: float, seed: int
) -> None:
    fresh = drawn(group, share, seed)
    assert (fresh.count, fresh.name, fresh.on, fresh.days) == (group.count, group.name, group.on, group.days)
    assert drawn(group, share, seed) == fresh


def test_another_seed_draws_others_and_no_share_changes_nothing() -> None:
    parameters = Parameters()
    one, two = (jittered(parameters, 0.3, np.random.default_rng(seed)) for seed in (1, 2))
    numbers = [name for name, value in leaves(parameters.rates) if isinstance(value, float) and value > 0]
    values = [dict(leaves(group.rates)) for group in (one, two)]
    assert [name for name in numbers if values[0][name] == values[1][name]] == []
    none = dict(leaves(jittered(parameters, 0.0, np.random.default_rng(1))))
    for name, value in leaves(parameters):
        if isinstance(value, float):
            assert none[name] == value


def test_parameters_that_are_held_stay() -> None:
    parameters = Parameters()
    fresh = jittered(parameters, 0.3, np.random.default_rng(1), held=["rates", "usage.exports"])
    assert fresh.rates == parameters.rates
    assert fresh.usage.exports == parameters.usage.exports
    assert fresh.usage.middle_activity != parameters.usage.middle_activity


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_jittered(name: str) -> None:
    preset = PRESETS[name]
    for seed in range(50):
        fresh = jittered(preset.parameters, 0.3, np.random.default_rng(seed), held=preset.held)
        assert (fresh.accounts, fresh.months) == (preset.parameters.accounts, preset.parameters.months)


def test_the_null_world_stays_null_under_jitter() -> None:
    preset = PRESETS["null"]
    rates = jittered(preset.parameters, 0.5, np.random.default_rng(1), held=preset.held).rates
    for decision in ("seat", "upgrade", "addon"):
        hazards = {*getattr(rates, f"{decision}_alone"), *getattr(rates, f"{decision}_in_talk")}
        assert len(hazards) == 1
    assert rates.churn_at_renewal == 1.0
    assert rates.calm != preset.parameters.rates.calm


def test_drawing_goes_on_until_there_is_room() -> None:
    class Crowded(Group):
        up: Share
        down: Share

        def model_post_init(self, context: Any) -> None:
            if self.up + self.down > 1:
                raise ValueError("too much")

    for seed in range(30):
        fresh = jittered(Crowded(up=0.5, down=0.5), 0.9, np.random.default_rng(seed))
        assert fresh.up + fresh.down <= 1


def test_moves_without_staying_need_no_second_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptier.simulate.parameters.TRIES", 1)

    class Restless(Group):
        moves: FourMoves

    restless = Restless(moves=((0.0, 0.3, 0.3, 0.4), (0.3, 0.0, 0.3, 0.4), (0.3, 0.3, 0.0, 0.4), (0.3, 0.3, 0.4, 0.0)))
    for seed in range(200):  # the last bit of a sum may lie beyond 1
        assert all(min(row) >= 0 for row in jittered(restless, 0.9, np.random.default_rng(seed)).moves)


def test_leaves_are_dotted_and_complete() -> None:
    found = dict(leaves(Parameters()))
    assert found["accounts"] == Parameters().accounts
    assert found["rates.calm.filling"] == Parameters().rates.calm.filling
    assert found["customers.before.mood"] == Parameters().customers.before.mood
    assert not any(isinstance(value, Group) for value in found.values())


def test_every_parameter_is_described_where_it_is_declared() -> None:
    def groups(kind: type[Group]) -> list[type[Group]]:
        inner = [field.annotation for field in kind.model_fields.values()]
        return [
            kind,
            *(one for part in inner if isinstance(part, type) and issubclass(part, Group) for one in groups(part)),
        ]

    undescribed = []
    for kind in groups(Parameters):
        said = (kind.__doc__ or "").partition("Attributes")[2]
        heads = {
            name.strip() for line in said.splitlines() if " : " in line for name in line.partition(" : ")[0].split(",")
        }
        undescribed += [f"{kind.__name__}.{name}" for name in kind.model_fields if name not in heads]
    assert undescribed == []


# what a person changes -----------------------------------------------------------------------------------------------


def changes(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_what_is_given_takes_the_place_of_what_the_preset_has(tmp_path: Path) -> None:
    path = changes(tmp_path, "accounts: 30\nmonths: 5\nrates: {churn: 0.1}\ncustomers: {regions: [0.5, 0.25, 0.25]}\n")
    made = with_changes(find_preset("demo"), path, {"months": 7})
    assert (made.accounts, made.months, made.rates.churn) == (30, 7, 0.1)
    assert made.customers.regions == (0.5, 0.25, 0.25)
    assert made.rates.lower_plan == find_preset("demo").rates.lower_plan
    assert made.customers.seats == find_preset("demo").customers.seats


def test_all_parameters_of_a_preset_can_be_written_down_and_read_again(tmp_path: Path) -> None:
    for name in PRESETS:
        parameters = find_preset(name)
        said = {"preset": name, "seed": 1, "parameters": parameters.model_dump(mode="json")}
        assert with_changes(find_preset("demo"), changes(tmp_path, yaml.safe_dump(said)), {}) == parameters


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rates:\n  churn: -0.1\n", "line 2, rates.churn: must be 0 or more. Found: -0.1."),
        ("rates:\n  strain: 1.2\n", "line 2, rates.strain: must be 1 or less. Found: 1.2."),
        ("rates:\n  churn: often\n", "line 2, rates.churn: must be a number. Found: 'often'."),
        ("rates:\n  churn: yes\n", "line 2, rates.churn: must be a number. Found: True."),
        ("rates:\n  churn: .nan\n", "line 2, rates.churn: must be a number. Found: nan."),
        ("rates:\n  churn:\n", "line 2, rates.churn: must be a number. Found: nothing."),
        ("rates:\n", "line 1, rates: must be keys with values. Found: nothing."),
        ("rates: 3\n", "line 1, rates: must be keys with values. Found: 3."),
        ("rates:\n  churm: 0.1\n", "line 2, rates.churm: there is no such key. Did you mean 'churn'?"),
        ("rate:\n  churn: 0.1\n", "line 1, rate: there is no such key. Did you mean 'rates'?"),
        ("churn: 0.1\n", "line 1, churn: there is no such key. Did you mean 'rates.churn'?"),
        (
            "rates:\n  calm:\n    filing: 1\n",
            "line 3, rates.calm.filing: there is no such key. Did you mean 'filling'?",
        ),
        ("months: 121\n", "line 1, months: must be 120 or less. Found: 121."),
        ("months: 3.5\n", "line 1, months: must be a whole number. Found: 3.5."),
        ("months: '3'\n", "line 1, months: must be a whole number. Found: '3'."),
        (
            "customers:\n  regions: [0.5, 0.2, 0.2]\n",
            "line 2, customers.regions: these shares must add up to 1, not 0.9.",
        ),
        (
            "customers:\n  regions:\n  - 0.5\n  - -0.5\n  - 1.0\n",
            "line 4, customers.regions.1: must be 0 or more. Found: -0.5.",
        ),
        ("customers:\n  regions: [1]\n", "line 2, customers.regions: must be a list of 3 values."),
        ("customers:\n  regions: [0.5, 0.5, 0, 0]\n", "line 2, customers.regions: must be a list of 3 values."),
        ("customers:\n  regions: 1\n", "line 2, customers.regions: must be a list of 3 values. Found: 1."),
        (
            "customers:\n  tiers:\n  - [1, 0, 0]\n  - [1, 0, 0]\n  - [1, 0]\n  - [1, 0, 0]\n",
            "line 5, customers.tiers.2: must be a list of 3 values.",
        ),
        (
            "rates:\n  need: [0.1, 0.6, 0.5, 0.1]\n",
            "line 1, rates: the chances of need: becoming strong and passing add up to 1.10, more than 1.",
        ),
        ("usage:\n  middle_activity: 0\n", "line 2, usage.middle_activity: must be more than 0. Found: 0."),
        ("1: 2\n", "line 1, 1: a key must be a text. Found: 2."),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = changes(tmp_path, text)
    with pytest.raises(SimulationError) as error:
        with_changes(find_preset("demo"), path, {})
    assert str(error.value) == f"{path}, {said}"


def test_what_a_worlds_own_file_has_wrong_is_said_where_it_stands(tmp_path: Path) -> None:
    path = changes(tmp_path, "preset: demo\nseed: 1\nparameters:\n  rates:\n    churn: -1\n")
    with pytest.raises(SimulationError) as error:
        with_changes(find_preset("demo"), path, {})
    assert str(error.value) == f"{path}, line 5, parameters.rates.churn: must be 0 or more. Found: -1."


def test_what_is_given_beside_the_file_is_not_put_down_to_it(tmp_path: Path) -> None:
    path = changes(tmp_path, "months: 5\n")
    with pytest.raises(SimulationError) as error:
        with_changes(find_preset("demo"), path, {"months": 0})
    assert str(error.value) == "The months of a world must be 1 or more. Found: 0."


def test_groups_refuse_what_is_no_number() -> None:
    for value in ("0.5", True, None, math.nan, math.inf):
        with pytest.raises(ValidationError):
            Inner.model_validate({"chance": value, "chances": (0, 0, 0), "rates": (1, 1, 1)})
    assert Inner.model_validate({"chance": 1, "chances": [0, 0, 0], "rates": [1, 1, 1]}).chances == (0.0, 0.0, 0.0)
