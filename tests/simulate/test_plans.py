from __future__ import annotations

from uptier.simulate.plans import price_list


def test_a_higher_plan_has_all_of_the_lower_one_and_more_of_everything() -> None:
    prices = price_list()
    for rank in range(1, len(prices.plans)):
        lower, higher = prices.plans[rank - 1], prices.plans[rank]
        assert prices.features(rank + 1)[: len(prices.features(rank))] == prices.features(rank)
        assert len(prices.features(rank + 1)) > len(prices.features(rank))
        assert higher.seat_price > lower.seat_price
        assert all(higher.quotas[meter] > lower.quotas[meter] for meter in prices.meters)


def test_the_price_of_a_plan_is_that_of_its_seats() -> None:
    for plan in price_list().plans:
        assert plan.price == plan.seats * plan.seat_price


def test_names_are_unique() -> None:
    prices = price_list()
    features = prices.features(len(prices.plans))
    assert len(set(features)) == len(features)
    assert len({extra.id for extra in prices.extras}) == len(prices.extras) >= 3
