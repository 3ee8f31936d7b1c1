from __future__ import annotations

import pandas as pd

from uptier.scoring.standing import standing
from uptier.tables.drawn import tables_of

WORLD = """
# subscriptions
account | valid_from | valid_to   | term_end
year    | 2025-01-01 | 2025-07-01 | 2026-01-01
year    | 2025-07-01 |            | 2026-01-01
month   | 2026-01-01 | 2026-02-01 | 2026-02-01
month   | 2026-02-01 |            | 2026-03-01
endless | 2025-01-01 |            |
# outreach
account | upsell_type    | contacted_at
year    | add_on         | 2026-01-01
year    | add_on         | 2026-02-20
year    | seat_expansion | 2026-03-01
month   |                | 2026-02-27
month   | plan_upgrade   | 2026-02-28
# tickets
account | opened_at  | closed_at  | escalated
year    | 2026-02-01 |            | 1
month   | 2026-02-01 | 2026-02-28 | 1
month   | 2026-02-02 |            | 0
endless | 2026-02-01 | 2026-03-01 | 1
"""


def stands(world, *, accounts="year month endless", **settings):
    tables = tables_of(world, data_until="2026-04-01", accounts=accounts, **settings)
    frame = pd.DataFrame({"account_id": accounts.split(), "as_of": pd.Timestamp("2026-03-01")})
    found = standing(tables, frame)
    assert found.index.equals(frame.index)
    told = found.astype(object).where(found.notna(), None).set_axis(frame["account_id"], axis=0)
    return {name: told[name].to_dict() for name in told.columns}


def test_contacts_count_by_type_and_those_of_no_type_for_all() -> None:
    found = stands(WORLD)
    assert found["days_since_contact_add_on"] == {"year": 9, "month": 2, "endless": None}
    assert found["days_since_contact_plan_upgrade"] == {"year": None, "month": 1, "endless": None}
    # one of the as-of date itself is not known yet
    assert found["days_since_contact_seat_expansion"] == {"year": None, "month": 2, "endless": None}


def test_an_escalation_is_open_until_its_ticket_is_known_to_be_closed() -> None:
    assert stands(WORLD)["open_escalation"] == {"year": True, "month": False, "endless": True}


def test_an_escalation_whose_end_is_not_recorded_counts_for_some_days() -> None:
    world = """
        # tickets
        account | opened_at  | escalated
        in      | 2026-01-30 | 1
        out     | 2026-01-29 | 1
        """
    assert stands(world, accounts="in out")["open_escalation"] == {"in": True, "out": False}
    short = stands(world, accounts="in out", worklist={"escalation_days": 29})
    assert short["open_escalation"] == {"in": False, "out": False}


def test_the_length_of_a_term_is_the_longest_that_was_agreed_on() -> None:
    assert stands(WORLD)["term_days"] == {"year": 365, "month": 31, "endless": None}


def test_what_no_table_tells_is_not_known() -> None:
    found = stands("# milestones\naccount | milestone | reached_at\na | go_live | 2026-01-01", accounts="a")
    assert found == {name: {"a": None} for name in found}
    assert len(found) == 5


def test_of_no_account_nothing_is_asked() -> None:
    tables = tables_of(WORLD, data_until="2026-04-01")
    assert standing(tables, pd.DataFrame({"account_id": [], "as_of": []})).empty
