from __future__ import annotations

import numpy as np

from uptier.simulate.chain import place
from uptier.simulate.plans import price_list
from uptier.simulate.shelf import Shelf, Wishes

PRICES = price_list()
EVERYONE = np.arange(40)


def test_nobody_lacks_what_was_bought_before() -> None:
    shelf = Shelf(PRICES, 0.4, len(EVERYONE), np.random.default_rng(1))
    day = minute = np.zeros(len(EVERYONE), dtype=np.int64)
    held: list[set[int]] = [set() for _ in EVERYONE]
    for _ in range(len(PRICES.extras) - 1):
        for account, which in enumerate(shelf.lacking):
            assert which not in held[account]
            held[account].add(int(which))
        shelf.bought(EVERYONE, day, minute, np.full(len(EVERYONE), 20))
        shelf.turned(EVERYONE)


def test_a_wish_is_about_the_next_tier_and_changes_with_a_new_need() -> None:
    tier = np.repeat([1, 2, 3], [20, 15, 5])
    wishes = Wishes(PRICES, tier, np.random.default_rng(2))
    first, second = len(PRICES.features(1)), len(PRICES.features(2))
    assert set(wishes.wanted[:20]) <= set(range(first, second))
    assert set(wishes.wanted[20:35]) <= set(range(second, len(PRICES.features(3))))
    assert set(wishes.wanted[35:]) == {-1}
    before = wishes.wanted
    calm = np.where(tier == 3, place("need", "3-none"), (tier - 1) * 3)
    needy = np.where(tier == 3, calm, calm + 1)
    wishes.turned(needy, needy)
    np.testing.assert_array_equal(wishes.wanted, before)
    wishes.turned(calm, needy)
    assert (wishes.wanted[:35] != before[:35]).any()
    np.testing.assert_array_equal(wishes.wanted[35:], before[35:])


def test_an_upgrade_brings_a_wish_of_the_tier_above() -> None:
    wishes = Wishes(PRICES, np.ones(30, dtype=np.int64), np.random.default_rng(3))
    wishes.turned(np.full(30, place("need", "1-strong")), np.full(30, place("need", "2-none")))
    assert wishes.wanted.min() >= len(PRICES.features(2))
    wishes.turned(np.full(30, place("need", "2-strong")), np.full(30, place("need", "3-none")))
    assert set(wishes.wanted) == {-1}
