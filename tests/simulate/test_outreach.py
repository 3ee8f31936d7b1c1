from __future__ import annotations

import pandas as pd

from tests.simulate.worlds import chronicle
from uptier.simulate.outreach import CLOSED, SIGNS, STAGES, Programme
from uptier.simulate.presets import Parameters
from uptier.simulate.rates import Rates

Tables = dict[str, pd.DataFrame]


def test_calls_start_by_a_sign_of_what_they_are_about_or_by_the_calendar(tables: Tables) -> None:
    calls = tables["outreach"]
    by_type = calls.groupby("upsell_type")["started_by"].agg(set).to_dict()
    types = ("seat_expansion", "plan_upgrade", "add_on")
    assert by_type == {kind: {sign, "calendar"} for kind, sign in zip(types, SIGNS, strict=True)}


def test_a_result_is_dated_after_its_call_and_an_open_one_is_not(tables: Tables) -> None:
    calls = tables["outreach"]
    assert set(calls["result"]) == {"won", "lost", "open"}
    assert ((calls["result"] == "open") == calls["result_at"].isna()).all()
    closed = calls[calls["result"] != "open"]
    assert (closed["result_at"] >= closed["contacted_at"]).all()


def test_every_win_is_a_purchase_of_that_type_on_that_day(tables: Tables) -> None:
    won = tables["outreach"][tables["outreach"]["result"] == "won"]
    day = won["result_at"].dt.floor("D")
    addons = set(zip(tables["addons"]["account_id"], tables["addons"]["valid_from"], strict=True))
    terms = set(zip(tables["subscriptions"]["account_id"], tables["subscriptions"]["valid_from"], strict=True))
    for row, on in zip(won.itertuples(), day, strict=True):
        assert (row.account_id, on) in (addons if row.upsell_type == "add_on" else terms)


def test_an_account_has_one_talk_at_a_time(tables: Tables) -> None:
    calls = tables["outreach"].sort_values(["account_id", "contacted_at"])
    following = calls.groupby("account_id")["contacted_at"].shift(-1)
    assert (following.isna() | (calls["result_at"] <= following)).all()


def test_an_opportunity_passes_its_stages_in_order_and_closes_last(tables: Tables) -> None:
    rows = tables["opportunities"]
    order = {stage: place for place, stage in enumerate((*STAGES, *CLOSED))}
    for _, stages in rows.sort_values(["opportunity_id", "entered_at"]).groupby("opportunity_id"):
        places = [order[stage] for stage in stages["stage"]]
        assert places == sorted(places)
        assert places[0] == 0
        assert sum(stage in CLOSED for stage in stages["stage"]) <= 1
    assert (rows.groupby("opportunity_id")["amount"].nunique() == 1).all()
    assert rows["amount"].min() > 0


def test_some_accounts_are_never_called(tables: Tables) -> None:
    called = tables["outreach"]["account_id"].nunique()
    assert called < 0.85 * len(tables["accounts"])


def test_what_the_books_leave_out_is_a_parameter() -> None:
    logged = []
    for share in (0.0, 0.6, 1.0):
        past = chronicle(Parameters(programme=Programme(logged=share)), accounts=110, seed=5)
        logged.append(past.tables["opportunities"]["opportunity_id"].nunique() / len(past.tables["outreach"]))
    assert (logged[0], logged[2]) == (0.0, 1.0)
    assert 0.5 < logged[1] < 0.7


def test_without_a_calendar_every_call_has_a_sign() -> None:
    rates = Rates.model_validate(Rates().model_dump() | {"calendar_contact": 0.0})
    assert "calendar" not in set(chronicle(rates, accounts=110, seed=5).tables["outreach"]["started_by"])
