"""A case in a field of text: who, what to do, why, when not to ask, and what to say; nothing that is not known."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from uptier.work.short_briefs import short_brief, who_of

ROW = {
    "upsell": "seat_expansion", "action": "pitch", "action_reason": "it pays", "reason_1": "23 of 25 seats are in use",
    "reason_2": None, "reason_3": float("nan"), "against_1": "3 tickets are open", "risk": 0.052, "held_by": None,
    "expires_on": pd.Timestamp("2026-03-31"), "changed": "new on the list", "talk": "The talk: growth.\nWith: Ada.",
}  # fmt: skip


def test_it_says_who_what_why_when_not_and_what_to_say() -> None:
    assert short_brief(ROW, who="Blue Harbour (0417), Pro plan").splitlines() == [
        "Blue Harbour (0417), Pro plan.",
        "Pitch more seats: it pays.",
        "For: 23 of 25 seats are in use.",
        "Against: 3 tickets are open.",
        "Risk: about 5 in 100 accounts like this leave within 90 days.",
        "Do not act on this after 31 March 2026.",
        "Changed: new on the list.",
        "The talk: growth.",
        "With: Ada.",
    ]


def test_who_is_held_back_is_not_to_be_asked_and_all_reasons_are_told() -> None:
    row = {
        **ROW,
        "action": "leave alone",
        "action_reason": "held back",
        "held_by": "detractor,renewal_freeze,acme_rule",
    }
    said = short_brief({**row, "talk": None}).splitlines()
    assert said[0] == "Leave alone: held back."
    assert "Do not ask now: the customer would not recommend us; the renewal is too near; acme_rule." in said


def test_what_is_not_known_is_not_said() -> None:
    assert short_brief(dict.fromkeys(ROW)) == ""
    assert short_brief(dict.fromkeys(ROW, float("nan"))) == ""
    assert short_brief({**dict.fromkeys(ROW), "expires_on": pd.NaT}) == ""
    assert short_brief({}) == ""
    assert short_brief({"expires_on": dt.date(2026, 3, 1)}) == "Do not act on this after 1 March 2026."


def test_an_account_is_called_by_its_name_id_plan_and_segment() -> None:
    card = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d"],
            "account_name": ["Acme Ltd", None, "c: Cask", "Dune"],
            "plan": ["Pro", "Team plan", None, "Pro"],
            "segment": ["enterprise", None, "mid-market", None],
        }
    )
    assert who_of(card, pd.Series(["a", "b", "c"])) == {
        "a": "Acme Ltd (a), Pro plan, enterprise",
        "b": "Account b, Team plan",
        "c": "c: Cask, mid-market",
    }
