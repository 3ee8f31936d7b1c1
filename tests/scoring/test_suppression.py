"""Each rule just inside and just outside its bound, alone and among others."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.scoring.worked import settings
from tests.tables.told_answers import drawn_answers
from uptier.errors import ScoringError
from uptier.scoring.suppression import (
    FOR_GOOD,
    LABELS,
    RULES,
    dismissals,
    listed,
    read_dismissed,
    recorded,
    rolls,
    suppressions,
)
from uptier.tables.answers import add_answers

AS_OF = dt.date(2026, 3, 1)
ORDER = [
    "open_opportunity", "open_escalation", "detractor", "recent_contact", "payment_trouble", "before_first_value",
    "renewal_freeze", "opted_out", "dismissed", "holdout",
]  # fmt: skip

# what makes each rule hold, just inside its bound, and what does not, just outside it
INSIDE = {
    "open_opportunity": {"open_opportunity": True},
    "open_escalation": {"open_escalation": True},
    "detractor": {"nps": 6},
    "recent_contact": {"days_since_contact_add_on": 29},
    "payment_trouble": {"payment_trouble": True},
    "before_first_value": {"before_first_value": True},
    "renewal_freeze": {"days_until_renewal": 30, "term_days": 365},
    "opted_out": {"opted_out": True},
}
OUTSIDE = {
    "open_opportunity": {"open_opportunity": False},
    "open_escalation": {"open_escalation": False},
    "detractor": {"nps": 7},
    "recent_contact": {"days_since_contact_add_on": 30, "days_since_contact_seat_expansion": 1},
    "payment_trouble": {"payment_trouble": False},
    "before_first_value": {"before_first_value": None},
    "renewal_freeze": {"days_until_renewal": 31, "term_days": 365},
    "opted_out": {"opted_out": None},
}


def asked(known, upsell="add_on", *, dismissed=None, account="a", **given):
    cases = pd.DataFrame([{"account_id": account, "upsell": upsell, **known}])
    held = suppressions(cases, settings(**given), as_of=AS_OF, dismissed=dismissed)
    codes = listed(held).iloc[0]
    assert recorded(held).iloc[0] == (codes and codes.split(",")[0])
    return [] if codes is None else codes.split(",")


def drawn_facts(codes):
    """Give the facts of an account about which these rules hold and no others."""
    return {name: value for code in INSIDE for name, value in (INSIDE if code in codes else OUTSIDE)[code].items()}


def test_the_order_of_precedence_is_the_documented_one():
    assert [rule.code for rule in RULES] == ORDER == list(LABELS)
    assert FOR_GOOD == ("opted_out", "holdout")


@pytest.mark.parametrize("code", INSIDE)
def test_a_rule_holds_just_inside_its_bound_and_not_just_outside(code):
    assert asked(INSIDE[code]) == [code]
    assert asked(OUTSIDE[code]) == []


def test_nothing_known_holds_nobody_back():
    assert asked({}) == []
    assert asked({"nps": np.nan, "open_opportunity": None, "days_until_renewal": np.nan}) == []


@given(some.sets(some.sampled_from(ORDER)))
def test_of_all_that_hold_the_first_is_recorded_and_all_are_listed(codes):
    known = drawn_facts(codes)
    away = {("a", "add_on"): AS_OF + dt.timedelta(days=int("dismissed" in codes))}
    share = 0.999 if "holdout" in codes else 0.0
    assert asked(known, dismissed=away, holdout_share=share) == [code for code in ORDER if code in codes]


@given(some.lists(some.tuples(*(some.booleans() for _ in INSIDE)), min_size=1, max_size=30))
def test_accounts_do_not_touch_each_other(drawn):
    known = [drawn_facts({code for code, on in zip(INSIDE, row, strict=True) if on}) for row in drawn]
    cases = pd.DataFrame([{"account_id": str(place), "upsell": "add_on", **one} for place, one in enumerate(known)])
    held = suppressions(cases, settings(), as_of=AS_OF)
    for place, one in enumerate(known):
        assert (listed(held).iloc[place] or "").split(",") == (asked(one) or [""])
    shuffled = suppressions(cases.iloc[::-1], settings(), as_of=AS_OF)
    pd.testing.assert_frame_equal(shuffled.sort_index(), held)


def test_the_cooldown_is_that_of_the_type():
    known = {"days_since_contact_add_on": 10, "days_since_contact_seat_expansion": 40}
    given = {"cooldown_days": {"add_on": 10, "seat_expansion": 41, "plan_upgrade": 90}}
    assert asked(known, "add_on", **given) == []
    assert asked(known, "seat_expansion", **given) == ["recent_contact"]
    assert asked(known, "plan_upgrade", **given) == []
    # a talk to find out comes too soon after a contact about anything
    assert asked(known, "discovery", **given) == ["recent_contact"]
    assert asked(known, "discovery", cooldown_days={"discovery": 10}) == []


def test_where_contacts_are_not_told_by_type_the_latest_of_any_counts():
    assert asked({"days_since_outreach": 29}) == ["recent_contact"]
    assert asked({"days_since_outreach": 30}) == []
    assert asked({"days_since_outreach": 1, "days_since_contact_seat_expansion": 1}) == []


def test_a_term_that_rolls_over_is_never_frozen():
    assert asked({"days_until_renewal": 5, "term_days": 60}) == []
    assert asked({"days_until_renewal": 5, "term_days": 61}) == ["renewal_freeze"]
    # not known: a wrong yes would hurt
    assert asked({"days_until_renewal": 5}) == ["renewal_freeze"]
    assert asked({"days_until_renewal": -3, "term_days": 365}) == ["renewal_freeze"]
    assert asked({"days_until_renewal": 0, "term_days": 365}, freeze_days=0) == []
    assert rolls(pd.DataFrame({"term_days": [60.0, 61.0, np.nan]}), 30).tolist() == [True, False, False]


def test_a_dismissal_ends_on_its_date_and_may_be_of_all_types():
    day = dt.timedelta(days=1)
    assert asked({}, dismissed={("a", "add_on"): AS_OF + day}) == ["dismissed"]
    assert asked({}, dismissed={("a", "add_on"): AS_OF}) == []
    assert asked({}, dismissed={("a", ""): AS_OF + day}) == ["dismissed"]
    assert asked({}, dismissed={("a", "plan_upgrade"): AS_OF + day, ("b", ""): AS_OF + day}) == []


def test_the_detractor_bound_is_that_of_the_trigger():
    mild = settings().model_copy(update={"thresholds": settings().thresholds.model_copy(update={"detractor_nps": 4})})
    cases = pd.DataFrame({"account_id": ["a", "b"], "upsell": "add_on", "nps": [4, 5]})
    assert suppressions(cases, mild, as_of=AS_OF)["detractor"].tolist() == [True, False]


def test_no_case_at_all_is_no_trouble():
    held = suppressions(pd.DataFrame({"account_id": [], "upsell": []}), settings(holdout_share=0.5), as_of=AS_OF)
    assert list(held.columns) == ORDER
    assert recorded(held).tolist() == listed(held).tolist() == []


def test_dismissals_are_read_from_a_file(tmp_path):
    path = tmp_path / "away.csv"
    path.write_text("account_id,upsell,until\n007,add_on,2026-04-01\n007,add_on,2026-03-01\n8,,2026-05-01\n")
    assert read_dismissed(path) == {("007", "add_on"): dt.date(2026, 4, 1), ("8", ""): dt.date(2026, 5, 1)}
    path.write_text("account_id,upsell,until\n")
    assert read_dismissed(path) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("", "cannot be read"),
        ("account_id,until\na,2026-01-01\n", "no upsell"),
        ("account_id,upsell,until\na,add_on,2026-01-01\na,cross_sell,2026-01-01\n", "1 such rows, first on line 3"),
        ("account_id,upsell,until\na,add_on,01.02.2026\n,add_on,2026-01-01\n", "2 such rows, first on line 2, 3"),
    ],
)
def test_a_file_of_dismissals_that_cannot_be_used_is_refused(tmp_path, text, said):
    path = tmp_path / "away.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ScoringError, match=said):
        read_dismissed(path)


ANSWERED = """
key                      | status    | because         | until      | answered_at | known_at
a:add_on:2026-01-01      | Dismissed | not now         | 2026-05-01 |             | 2026-02-01 06:00
b:add_on:2026-01-01      | Dismissed | not now         | 2026-05-01 |             | 2026-02-01 06:00
b:add_on:2026-01-01      | New       |                 |            |             | 2026-02-02 06:00
c:discovery:2026-01-01   | Dismissed | reason is wrong |            | 2026-01-20  | 2026-02-01 06:00
c:discovery:2026-02-01   | Dismissed | other           |            |             | 2026-02-03 06:00
d:plan_upgrade:2026-01-01| Contacted |                 |            |             | 2026-02-01 06:00
"""


def answered(folder, **worklist):
    store = folder / "store"
    add_answers(store, drawn_answers(ANSWERED))
    return settings(**worklist).model_copy(update={"store": store, "path": folder / "acme.yaml"})


def test_what_people_dismissed_stays_away_until_its_date_or_for_ninety_days(tmp_path):
    found = dismissals(answered(tmp_path))
    assert found == {("a", "add_on"): dt.date(2026, 5, 1), ("c", "discovery"): dt.date(2026, 5, 4)}
    # what was answered later was not known then
    assert dismissals(answered(tmp_path / "again"), before=dt.date(2026, 2, 2)) == {
        ("a", "add_on"): dt.date(2026, 5, 1),
        ("b", "add_on"): dt.date(2026, 5, 1),
        ("c", "discovery"): dt.date(2026, 4, 20),
    }


def test_a_dismissed_case_comes_back_on_its_date(tmp_path):
    until = dismissals(answered(tmp_path))
    cases = pd.DataFrame({"account_id": ["a", "a", "b"], "upsell": ["add_on", "plan_upgrade", "add_on"]})
    for day, held in ((dt.date(2026, 4, 30), [True, False, False]), (dt.date(2026, 5, 1), [False] * 3)):
        assert suppressions(cases, settings(), as_of=day, dismissed=until)["dismissed"].tolist() == held


def test_answers_and_the_file_hold_together_and_the_later_date_counts(tmp_path):
    (tmp_path / "away.csv").write_text(
        "account_id,upsell,until\na,add_on,2026-06-01\nc,discovery,2026-03-01\nz,,2026-04-01\n"
    )
    assert dismissals(answered(tmp_path, dismissed="away.csv")) == {
        ("a", "add_on"): dt.date(2026, 6, 1),
        ("c", "discovery"): dt.date(2026, 5, 4),
        ("z", ""): dt.date(2026, 4, 1),
    }


def test_without_a_file_and_without_answers_nothing_is_dismissed(tmp_path):
    assert dismissals(settings().model_copy(update={"store": tmp_path})) == {}
