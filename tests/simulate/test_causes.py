"""Shapley's value, against its first definition, on tables of chances drawn at random."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from uptier.simulate.causes import CAUSES, Kind, Outlook, Table, log_odds_by_cause, shares_of
from uptier.simulate.chain import AXES, CONVERSIONS
from uptier.simulate.looks import Looks

KINDS: list[Kind] = [(brisk, deep, called) for brisk, deep, called in product((False, True), repeat=3)]
STATES = int(np.prod([len(states) for states in AXES.values()]))
OWN, UNRENEWED = 1, 0  # cells
STIRRED = {
    "growth": "growing",
    "pressure": "full",
    "need": "2-strong",
    "gap": "urgent",
    "mood": "poor",
    "champion": "absent",
    "budget": "free",
    "talk": "add_on",
}
CALM = {
    "growth": "steady",
    "pressure": "easy",
    "need": "1-none",
    "gap": "none",
    "mood": "fair",
    "champion": "present",
    "budget": "tight",
    "talk": "idle",
}


def account(*, brisk: bool = True, deep: bool = True, contacted: bool = True, **state: str) -> Looks:
    """One row; its term ends soon."""
    places = STIRRED | state
    return Looks(
        account_id=np.array(["a"], dtype=object),
        month=np.array([0]),
        state={axis: np.array([AXES[axis].index(places[axis])]) for axis in AXES},
        brisk=np.array([brisk]),
        deep=np.array([deep]),
        contacted=np.array([contacted]),
        renewal=np.array([1]),
        wanted=np.array([None], dtype=object),
        lacking=np.array([None], dtype=object),
    )


def outlook(seed: int, names: tuple[str, ...] = ("",)) -> Outlook:
    """Chances that follow no rule."""
    random = np.random.default_rng(seed)
    sold_in = {name: AXES["talk"].index(name) for name in names if name}
    talks = {kind: len(AXES["talk"]) if kind[2] else 1 for kind in KINDS}
    tables = {
        kind: Table(
            talks=talks[kind],
            sold_in=sold_in,
            chances={name: random.random((3, STATES // len(AXES["talk"]) * talks[kind])) for name in names},
            courses=np.array([[0, 1], [2, 0]]),
            shares=np.array([[0.3, 0.7], [0.6, 0.4]]),
        )
        for kind in KINDS
    }
    return Outlook(tables, own=np.array([OWN]), unrenewed=np.array([UNRENEWED]))


def chance(seen: Outlook, looks: Looks, causes: frozenset[str], sold: dict[str, Outlook]) -> float:
    """The chance of an account that has only some of its causes, by plain look-ups."""
    place = {axis: int(places[0]) for axis, places in looks.state.items()}
    for axis in AXES:
        if axis not in causes:
            place[axis] = AXES[axis].index(CALM[axis]) if axis != "need" else place["need"] // 3 * 3
    brisk, deep, called, cell = bool(looks.brisk[0]), bool(looks.deep[0]), bool(looks.contacted[0]), OWN
    if "setting" not in causes:
        brisk, called, cell = False, True, UNRENEWED
        place["need"] %= 3
    kind = (brisk, deep and "depth" in causes, called)

    def looked_up(one: Outlook, name: str, talk: int) -> float:
        of = one.tables[kind]
        table = sum(share * of.chances[name][row] for row, share in zip(of.courses[cell], of.shares[cell], strict=True))
        shape = [*(len(states) for axis, states in AXES.items() if axis != "talk"), one.tables[kind].talks]
        return float(table.reshape(shape)[(*(place[axis] for axis in AXES if axis != "talk"), talk if called else 0)])

    if not sold:
        return looked_up(seen, "", place["talk"])
    likely = {name: looked_up(one, "", place["talk"]) for name, one in sold.items()}
    after = {name: looked_up(seen, name, AXES["talk"].index(name)) for name in sold}
    return sum(likely[name] * after[name] for name in sold) / sum(likely.values())


def by_all_orders(seen: Outlook, looks: Looks, active: tuple[str, ...], sold: dict[str, Outlook]) -> dict[str, float]:
    def value(causes: frozenset[str]) -> float:
        p = chance(seen, looks, causes, sold)
        return float(np.log(p / (1 - p)))

    known = {
        there: value(there)
        for present in product((True, False), repeat=len(active))
        for there in [frozenset(cause for cause, is_there in zip(active, present, strict=True) if is_there)]
    }
    gains = dict.fromkeys(CAUSES, 0.0)
    orders = list(permutations(active))
    for order in orders:
        here: frozenset[str] = frozenset()
        for cause in order:
            gains[cause] += known[here | {cause}] - known[here]
            here |= {cause}
    return {cause: gain / len(orders) for cause, gain in gains.items()}


@pytest.mark.parametrize(
    "active",
    [
        ("growth", "pressure", "mood", "champion", "talk", "setting"),
        ("need", "gap", "budget", "depth", "talk", "setting"),
        ("growth", "need", "gap", "champion", "depth", "setting"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("contacted", [True, False])
@pytest.mark.parametrize("after_a_sale", [False, True])
def test_a_cause_adds_its_mean_gain_over_all_orders(
    active: tuple[str, ...], contacted: bool, after_a_sale: bool
) -> None:
    calm = {axis: CALM[axis] for axis in AXES if axis not in active}
    calm |= {} if "need" in active else {"need": "2-none"}
    calm |= {} if contacted else {"talk": "idle"}  # nobody calls
    looks = account(contacted=contacted, deep="depth" in active, **calm)
    sold = {name: outlook(7 + place) for place, name in enumerate(CONVERSIONS)} if after_a_sale else {}
    seen = outlook(3, CONVERSIONS) if after_a_sale else outlook(3)
    expected = by_all_orders(seen, looks, active, sold)
    shares = log_odds_by_cause(seen, looks, sold)
    assert dict(zip(CAUSES, shares[:, 0], strict=True)) == pytest.approx(expected, abs=1e-12)
    for cause in CAUSES:
        assert (expected[cause] == 0) == (cause not in active or (cause == "talk" and not contacted))


@pytest.mark.parametrize("after_a_sale", [False, True])
def test_causes_add_up_from_an_account_at_rest_to_the_row(after_a_sale: bool) -> None:
    looks = account()
    sold = {name: outlook(7 + place) for place, name in enumerate(CONVERSIONS)} if after_a_sale else {}
    seen = outlook(3, CONVERSIONS) if after_a_sale else outlook(3)
    with_all, with_none = (chance(seen, looks, causes, sold) for causes in (frozenset(CAUSES), frozenset[str]()))
    gap = np.log(with_all / (1 - with_all)) - np.log(with_none / (1 - with_none))
    assert log_odds_by_cause(seen, looks, sold).sum() == pytest.approx(gap, abs=1e-12)


def test_two_causes_that_do_the_same_get_the_same() -> None:
    """A chance that is raised by a champion, by a free budget, and by both no further."""
    both = np.zeros([len(states) for states in AXES.values()])
    champion, budget = (list(AXES).index(axis) for axis in ("champion", "budget"))
    there = np.indices(both.shape)[champion] == AXES["champion"].index("absent")
    free = np.indices(both.shape)[budget] == AXES["budget"].index("free")
    values = np.where(there | free, 0.4, 0.1)
    tables = {
        kind: Table(
            talks=5 if kind[2] else 1,
            sold_in={},
            chances={"": (values if kind[2] else values[..., :1]).reshape(1, -1)},
            courses=np.zeros((2, 1), dtype=np.int64),
            shares=np.ones((2, 1)),
        )
        for kind in KINDS
    }
    seen = Outlook(tables, own=np.array([OWN]), unrenewed=np.array([UNRENEWED]))
    shares = dict(zip(CAUSES, log_odds_by_cause(seen, account(), {})[:, 0], strict=True))
    gap = np.log(0.4 / 0.6) - np.log(0.1 / 0.9)
    expected = dict.fromkeys(CAUSES, 0.0) | {"champion": gap / 2, "budget": gap / 2}
    assert shares == pytest.approx(expected, abs=1e-12)


def test_each_row_has_its_own_cells() -> None:
    """A row far from its renewal is looked up beside one that is near it."""
    looks = account(contacted=False, talk="idle")
    twice = Looks(
        **{name: np.repeat(getattr(looks, name), 2) for name in Looks.__dataclass_fields__ if name != "state"},  # type: ignore[arg-type]
        state={axis: np.repeat(places, 2) for axis, places in looks.state.items()},
    )
    seen = outlook(3)
    far = replace(seen, own=seen.unrenewed)
    both = replace(seen, own=np.array([OWN, UNRENEWED]), unrenewed=np.array([UNRENEWED, UNRENEWED]))
    together = log_odds_by_cause(both, twice, {})
    apart = [log_odds_by_cause(one, looks, {})[:, 0] for one in (seen, far)]
    np.testing.assert_array_equal(together, np.stack(apart, axis=1))
    assert (together[:, 0] != together[:, 1]).any()


def test_no_chance_at_all_is_no_error() -> None:
    sold = shares_of({name: np.array([0.0, 0.1]) for name in CONVERSIONS})
    for share in sold.values():
        assert share.tolist() == [0.0, pytest.approx(1 / 3)]
