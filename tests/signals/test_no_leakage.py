from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.signals.timelines import (
    Looker,
    World,
    check_equal_rows_count_once,
    check_only_the_past_matters,
    worlds,
)

EXAMPLES = {"usage_events": 25, "usage_daily": 8}  # of 8 histories each, all in one table: an engine call is the cost
LEAST_SHARE = 0.3  # of the drawn histories that must hold a future row, and a late one


@pytest.mark.parametrize("usage", EXAMPLES)
def test_no_signal_changes_with_what_happens_or_becomes_known_later(usage: str) -> None:
    looker, tally = Looker(), Counter[str]()

    @settings(max_examples=EXAMPLES[usage], suppress_health_check=list(HealthCheck))
    @given(world=worlds(usage))
    def property_holds(world: World) -> None:
        check_only_the_past_matters(world, looker, tally)

    property_holds()
    assert tally["future"] >= LEAST_SHARE * tally["histories"], tally
    assert tally["late"] >= LEAST_SHARE * tally["histories"], tally


def test_a_row_that_stands_twice_counts_once() -> None:
    looker = Looker()

    @settings(max_examples=5, suppress_health_check=list(HealthCheck))
    @given(world=worlds())
    def property_holds(world: World) -> None:
        check_equal_rows_count_once(world, looker)

    property_holds()
