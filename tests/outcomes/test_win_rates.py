from __future__ import annotations

import math

import pytest

from uptier.outcomes.win_rates import COLUMNS, wilson, win_rates
from uptier.tables.drawn import tables_of

OUTREACH = """
# outreach
account | contacted_at | upsell_type    | started_by               | result | result_at
a       | 2025-03-01   | seat_expansion | approaching_seat_ceiling | won    | 2025-03-20
a       | 2025-06-01   | seat_expansion | approaching_seat_ceiling | lost   | 2025-06-20
b       | 2025-03-01   | plan_upgrade   | boundary_crossings       | won    | 2025-03-20
b       | 2025-05-01   | plan_upgrade   | calendar                 | lost   |
c       | 2025-03-01   |                | calendar                 | open   |
c       | 2025-04-01   | add_on         | calendar                 |        |
c       | 2025-12-01   | add_on         |                          | won    | 2026-01-01
c       | 2025-12-01   | add_on         | calendar                 | won    | 2025-12-31
"""


def test_win_rates_are_those_of_decided_contacts() -> None:
    found = win_rates(tables_of(OUTREACH, data_until="2026-01-01"))
    told = {(row.by, row.group): (row.contacts, row.open, row.won, row.lost) for row in found.itertuples()}
    assert told == {
        ("all", "all"): (8, 3, 3, 2),
        ("started_by", "any trigger"): (3, 0, 2, 1),
        ("started_by", "approaching_seat_ceiling"): (2, 0, 1, 1),
        ("started_by", "boundary_crossings"): (1, 0, 1, 0),
        ("started_by", "calendar"): (4, 2, 1, 1),
        # won on the day after the data: not known yet
        ("started_by", "not told"): (1, 1, 0, 0),
        ("upsell_type", "add_on"): (3, 2, 1, 0),
        ("upsell_type", "not told"): (1, 1, 0, 0),
        ("upsell_type", "plan_upgrade"): (2, 0, 1, 1),
        ("upsell_type", "seat_expansion"): (2, 0, 1, 1),
    }
    rates = found.set_index(["by", "group"])["rate"]
    assert rates["all", "all"] == pytest.approx(3 / 5)
    assert math.isnan(rates["started_by", "not told"])


def test_an_account_that_nobody_contacted_is_in_no_win_rate() -> None:
    bought = """
        # subscriptions
        account | seats | valid_from | valid_to
        a       | 5     | 2024-01-01 |
        b       | 5     | 2024-01-01 |
        c       | 5     | 2024-01-01 |
        alone   | 5     | 2024-01-01 | 2025-04-01
        alone   | 9     | 2025-04-01 |
        """
    with_it = win_rates(tables_of(OUTREACH + bought, data_until="2026-01-01", accounts="a b c alone"))
    assert with_it.equals(win_rates(tables_of(OUTREACH, data_until="2026-01-01")))


def test_without_outreach_there_are_no_win_rates() -> None:
    found = win_rates(tables_of("", data_until="2026-01-01"))
    assert found.empty
    assert tuple(found.columns) == COLUMNS


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    expected = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (won, decided), bounds in expected.items():
        assert wilson(won, decided) == pytest.approx(bounds, abs=5e-5)
    assert wilson(20, 20)[1] == 1
    assert all(math.isnan(bound) for bound in wilson(0, 0))
