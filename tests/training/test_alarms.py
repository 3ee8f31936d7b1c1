from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import settings
from uptier.errors import SettingsError
from uptier.model.bundle import BundleSignal
from uptier.outcomes.outcome import Examples
from uptier.settings import Settings
from uptier.training.alarms import CODES, Alarm, accepted, alarms_of, alarms_of_table, drawn_rows
from uptier.training.rate_drift import base_rate_drift
from uptier.training_settings import AcceptedAlarm

GAP, DAYS, MONTHS = 7, 67, 14
SIGNALS = ("growth", "usage", "noise", "segment", "days_since_sale")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings(tmp_path_factory.mktemp("alarms"))


@pytest.fixture(scope="module")
def honest() -> Examples:
    return _drawn(seed=1)


def _drawn(seed: int, accounts: int = 1500, trait: float = 0.0) -> Examples:
    """Draw accounts that buy the sooner the more they have grown; `trait` is what never changes about them."""
    rng = np.random.default_rng(seed)
    days = 31 * (MONTHS + 3)
    lasting, segment = rng.normal(size=accounts), rng.integers(0, 3, size=accounts)
    rows = []
    growth, last = rng.normal(size=accounts), np.full(accounts, -np.inf)
    state = np.empty((accounts, days))
    sold = np.zeros((accounts, days), dtype=bool)
    for day in range(days):
        growth = 0.98 * growth + 0.2 * rng.normal(size=accounts)
        state[:, day] = growth
        chance = 0.0012 * np.exp(1.0 * growth + trait * lasting + 0.3 * (segment == 2))
        sold[:, day] = rng.random(accounts) < chance
        growth = growth - 1.0 * sold[:, day]
    for month in range(1, MONTHS):
        day = 31 * month
        ahead = sold[:, day : day + DAYS]
        first = np.where(ahead.any(axis=1), ahead.argmax(axis=1), -1)
        seen = sold[:, :day]
        last = np.where(seen.any(axis=1), seen[:, ::-1].argmax(axis=1) + 1.0, np.nan)
        one = pd.DataFrame(
            {
                "account_id": [f"account-{number:04d}" for number in range(accounts)],
                "as_of": pd.Timestamp("2024-01-01") + pd.Timedelta(days=day),
                "growth": state[:, day - 1],
                "usage": 0.5 * state[:, day - 1] + rng.normal(size=accounts),
                "noise": rng.normal(size=accounts),
                "segment": np.array(["small", "middle", "large"], dtype=object)[segment],
                "days_since_sale": last,
                "_first": first,
            }
        )
        rows.append(one[(first < 0) | (first >= GAP)])
    frame = pd.concat(rows, ignore_index=True)
    event = frame["as_of"] + pd.to_timedelta(frame["_first"].where(frame["_first"] >= 0), unit="D")
    label = (frame.pop("_first") >= 0).astype("int64")
    return Examples("seat_expansion", frame, label, frame["as_of"] + pd.Timedelta(days=DAYS), event)


def _rung(given: Examples, project: Settings, *more: str, margin: np.ndarray | None = None) -> list[Alarm]:
    signals = [BundleSignal(name, "drawn", name == "segment") for name in (*SIGNALS, *more)]
    fit = np.arange(len(given.frame))
    return list(alarms_of(given, fit, signals, {"segment": ("small",)}, settings=project, margin=margin))


def _with(given: Examples, **columns: object) -> Examples:
    return dataclasses.replace(given, frame=given.frame.assign(**columns))


def _until(given: Examples) -> pd.Series:
    return (given.event_at - given.frame["as_of"]).dt.days


def _named(alarms: list[Alarm]) -> set[tuple[str, str | None]]:
    return {(alarm.code, alarm.signal) for alarm in alarms}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_rings_where_nothing_leaks(seed: int, project: Settings) -> None:
    assert _rung(_drawn(seed), project) == []


def _flag(given: Examples, hit: float, miss: float) -> np.ndarray:
    """Draw a flag that stands for `hit` of the positives and `miss` of the others: no end of it is sure."""
    rng = np.random.default_rng(0)
    return 1.0 * (rng.random(len(given.label)) < np.where(given.label == 1, hit, miss))


def test_a_signal_that_tells_too_much_is_told_with_its_figures(honest: Examples, project: Settings) -> None:
    found = _rung(_with(honest, bill=_flag(honest, 0.9, 0.1)), project, "bill")
    assert _named(found) == {("too_good", "bill")}
    [alarm] = found
    assert alarm.measured["auc"] > 0.85
    assert alarm.measured["surest_share"] < 0.8
    assert alarm.told().startswith(
        "too_good, seat_expansion, signal 'bill': alone it tells the outcome with an AUC of 0.8"
    )
    assert "'growth'" in alarm.told()


def test_a_signal_that_is_the_best_by_far_is_too_good(honest: Examples, project: Settings) -> None:
    found = _rung(_with(honest, bill=_flag(honest, 0.7, 0.05)), project, "bill")
    assert _named(found) == {("too_good", "bill")}
    assert found[0].measured["strength"] - found[0].measured["next_best"] > 0.15
    assert found[0].measured["strength"] < 0.85
    assert _rung(_with(honest, bill=_flag(honest, 0.3, 0.05)), project, "bill") == []


def test_the_other_way_round_is_as_good(honest: Examples, project: Settings) -> None:
    assert ("too_good", "left") in _named(_rung(_with(honest, left=-1.0 * honest.label), project, "left"))


def test_what_is_missing_may_be_the_leak(honest: Examples, project: Settings) -> None:
    filled = np.where(honest.label == 1, np.random.default_rng(0).normal(size=len(honest.label)), np.nan)
    assert ("too_good", "reason") in _named(_rung(_with(honest, reason=filled), project, "reason"))


def test_a_category_that_is_the_outcome_is_too_good(honest: Examples, project: Settings) -> None:
    status = np.where(honest.label == 1, "sold", "open").astype(object)
    given = _with(honest, status=status)
    assert ("too_good", "status") in _named(_rung(given, project, "status"))


def test_a_category_with_a_value_for_every_account_tells_nothing(honest: Examples, project: Settings) -> None:
    assert _rung(_with(honest, owner=honest.frame["account_id"]), project, "owner") == []


def test_copies_of_a_leak_do_not_hide_each_other(honest: Examples, project: Settings) -> None:
    leak = _flag(honest, 0.7, 0.05)
    copy = np.where(np.random.default_rng(1).random(len(leak)) < 0.01, 1 - leak, leak)
    found = _rung(_with(honest, leak=leak, copy=copy), project, "leak", "copy")
    assert _named(found) == {("too_good", "leak"), ("too_good", "copy")}


def test_an_end_at_which_nearly_everybody_buys_is_too_good_however_few_they_are(
    honest: Examples, project: Settings
) -> None:
    few = np.random.default_rng(0).random(len(honest.label)) < 0.05
    found = _rung(_with(honest, flag=1.0 * (few & (honest.label == 1))), project, "flag")
    assert _named(found) == {("too_good", "flag")}
    assert found[0].measured["auc"] < 0.6
    assert found[0].measured["surest_share"] == 1.0


def test_a_signal_that_looks_twenty_days_ahead_falls_as_off_a_cliff(honest: Examples, project: Settings) -> None:
    noise = np.random.default_rng(0).normal(size=len(honest.label))
    found = _rung(_with(honest, ahead=2.0 * (_until(honest) < 20) + noise), project, "ahead")
    collapsed = [alarm for alarm in found if alarm.code == "collapses_with_gap"]
    assert [alarm.signal for alarm in collapsed] == ["ahead"]
    assert collapsed[0].measured["day"] in (10, 13, 16)  # of the window, which opens on day 7


def test_a_level_that_looks_ahead_is_seen_by_its_change(honest: Examples, project: Settings) -> None:
    size = pd.Series(np.random.default_rng(0).normal(size=1500) * 3, index=[f"account-{n:04d}" for n in range(1500)])
    seats = np.exp(honest.frame["account_id"].map(size)) * (1 + 0.25 * (_until(honest) < 20))
    found = _named(_rung(_with(honest, seats=seats), project, "seats"))
    assert found == {("collapses_with_gap", "seats")}


def test_a_signal_that_fades_on_a_slope_does_not_ring(honest: Examples, project: Settings) -> None:
    noise = np.random.default_rng(0).normal(size=len(honest.label))
    near = ((DAYS - _until(honest)) / (DAYS - GAP)).fillna(0.0)
    given = _with(honest, warmer=1.2 * near + noise)
    assert "collapses_with_gap" not in {code for code, _ in _named(_rung(given, project, "warmer"))}


def test_the_head_is_looked_at_as_signals_are(honest: Examples, project: Settings) -> None:
    noise = np.random.default_rng(0).normal(size=len(honest.label))
    ahead = (2.0 * (_until(honest) < 20) + noise).to_numpy()
    found = _rung(honest, project, margin=ahead)
    assert _named(found) == {("collapses_with_gap", None)}
    assert "the whole head" in found[0].told()
    assert _rung(honest, project, margin=honest.frame["growth"].to_numpy()) == []


def test_a_date_that_was_agreed_beforehand_may_tell_the_very_day(honest: Examples, project: Settings) -> None:
    noise = np.random.default_rng(0).normal(size=len(honest.label))
    near = 1.0 * (_until(honest) < 20) + noise
    assert ("collapses_with_gap", "days_left") in _named(_rung(_with(honest, days_left=near), project, "days_left"))
    given = _with(honest, days_until_renewal=near)
    assert _rung(given, project, "days_until_renewal", margin=near.to_numpy()) == []


def test_a_trait_that_tells_the_future_alone_is_not_written_back(honest: Examples, project: Settings) -> None:
    events = pd.DataFrame({"account_id": honest.frame["account_id"], "day": honest.event_at}).dropna()
    last = honest.frame["account_id"].map(events.groupby("account_id")["day"].max())
    ahead = 1.0 * (last >= honest.frame["as_of"]) + np.random.default_rng(0).normal(size=len(last))
    found = _named(_rung(_with(honest, ahead=ahead), project, "ahead"))
    assert "past_better_than_future" not in {code for code, _ in found}


def test_a_column_written_back_tells_past_and_far_as_well_as_near(honest: Examples, project: Settings) -> None:
    sold = honest.frame["account_id"].isin(honest.frame["account_id"][honest.label == 1])
    noise = 0.5 * np.random.default_rng(0).normal(size=len(sold))
    found = _rung(_with(honest, customer_type=sold + noise), project, "customer_type")
    assert ("past_better_than_future", "customer_type") in _named(found)
    told = next(alarm for alarm in found if alarm.code == "past_better_than_future")
    assert told.measured["past"] >= told.measured["future"] - 0.02


def test_knowing_the_past_alone_is_no_leak(honest: Examples, project: Settings) -> None:
    assert honest.frame["days_since_sale"].notna().any()
    assert "days_since_sale" not in {alarm.signal for alarm in _rung(honest, project)}


def test_too_few_accounts_tell_nothing(honest: Examples, project: Settings) -> None:
    given = _with(honest, bill=1.0 * honest.label)
    few = honest.frame["account_id"].isin(sorted(set(honest.frame["account_id"][honest.label == 1]))[:19])
    signals = [BundleSignal("bill", "drawn", False)]
    assert alarms_of(given, np.flatnonzero(few), signals, (), settings=project) == ()
    assert alarms_of(given, np.arange(len(few)), signals, (), settings=project) != ()


def test_only_the_fit_slice_is_looked_at(honest: Examples, project: Settings) -> None:
    late = (honest.frame["as_of"] > "2024-08-01").to_numpy()
    given = _with(honest, bill=np.where(late, honest.label, 0.0))
    signals = [BundleSignal("bill", "drawn", False)]
    assert alarms_of(given, np.flatnonzero(~late), signals, (), settings=project) == ()


def test_the_order_of_rows_does_not_matter(honest: Examples, project: Settings) -> None:
    given = _with(honest, ahead=1.0 * (_until(honest) < 20))
    mixed = np.random.default_rng(0).permutation(len(honest.label))
    parts = {
        name: getattr(given, name).iloc[mixed].reset_index(drop=True) for name in ("label", "known_at", "event_at")
    }
    other = dataclasses.replace(given, frame=given.frame.iloc[mixed].reset_index(drop=True), **parts)
    assert [one.told() for one in _rung(given, project, "ahead")] == [
        one.told() for one in _rung(other, project, "ahead")
    ]


def test_of_too_many_rows_whole_accounts_are_drawn() -> None:
    accounts = np.repeat(np.arange(100), 7)
    rows = drawn_rows(accounts, seed=3, at_most=350)
    assert 300 <= len(rows) <= 350
    assert set(np.bincount(accounts[rows], minlength=100)) == {0, 7}
    assert (drawn_rows(accounts, seed=3, at_most=350) == rows).all()
    assert len(drawn_rows(accounts, seed=3, at_most=700)) == 700


def test_a_ready_table_is_looked_at_without_accounts() -> None:
    rng = np.random.default_rng(0)
    label = (rng.random(4000) < 0.1).astype(int)
    table = pd.DataFrame({"call": 3.0 * label + rng.normal(size=4000), "age": rng.normal(size=4000), "job": "clerk"})
    assert [(one.code, one.signal) for one in alarms_of_table(table, label)] == [("too_good", "call")]
    assert alarms_of_table(table.drop(columns="call"), label) == ()


def test_a_rate_that_drifts_hides_no_leak_and_makes_none_of_a_calendar() -> None:
    rng = np.random.default_rng(0)
    moment = np.arange(20_000)
    label = (rng.random(20_000) < 0.05 + 0.6 * (moment > 15_000)).astype(int)
    leak = 2.5 * label + rng.normal(size=20_000) - 3.0 * (moment > 15_000)
    table = pd.DataFrame({"leak": leak, "noise": rng.normal(size=20_000)})
    assert all(alarm.measured["strength"] < 0.6 for alarm in alarms_of_table(table, label))
    [alarm] = alarms_of_table(table.assign(index_of_prices=1.0 * (moment > 15_000)), label, times=moment)
    assert alarm.signal == "leak"
    assert alarm.measured["strength"] > 0.9
    assert "among rows of the same time" in alarm.told()


def test_an_alarm_is_accepted_by_code_signal_and_outcome() -> None:
    one = Alarm(code="too_good", outcome="churn", signal="notice_given", found="it is.")
    head = Alarm(code="collapses_with_gap", outcome="churn", signal=None, found="it is.")
    why = "Notice is given to us in writing."
    for accept in (
        AcceptedAlarm(alarm="too_good", reason=why),
        AcceptedAlarm(alarm="too_good", signal="notice_given", reason=why),
        AcceptedAlarm(alarm="too_good", signal="notice_given", outcome="churn", reason=why),
    ):
        assert accepted([one, head], [accept]) == ((head,), ((one, accept),))
    for other in (
        AcceptedAlarm(alarm="known_at", reason=why),
        AcceptedAlarm(alarm="too_good", signal="seats", reason=why),
        AcceptedAlarm(alarm="too_good", outcome="add_on", reason=why),
    ):
        assert accepted([one], [other]) == ((one,), ())


def test_an_alarm_that_there_is_not_cannot_be_accepted() -> None:
    with pytest.raises(SettingsError, match="too_goood"):
        accepted([], [AcceptedAlarm(alarm="too_goood", reason="Because we say so.")])


def test_figures_can_be_written_as_json_and_codes_are_in_the_guide(honest: Examples, project: Settings) -> None:
    found = _rung(_with(honest, bill=1.0 * honest.label), project, "bill")
    assert json.loads(json.dumps([one.measured for one in found]))
    guide = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text(encoding="utf-8")
    assert all(f"`{code}`" in guide for code in CODES)


def test_a_rate_that_rises_is_told_with_its_figures() -> None:
    label = [0] * 90 + [1] * 10 + [0] * 50 + [1] * 50
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(100), 100 + rng.permutation(100)])
    drift = base_rate_drift(np.asarray(label)[order], np.repeat(pd.date_range("2025-01-01", periods=2), 100))
    assert drift.drifts
    assert drift.rates == (0.1, 0.5)
    assert "10.0% from 2025-01-01 on, 50.0% from 2025-01-02 on" in drift.told()


def test_a_rate_that_stays_is_no_finding() -> None:
    label = (np.random.default_rng(0).random(5000) < 0.1).astype(int)
    drift = base_rate_drift(label, np.arange(5000))
    assert not drift.drifts
    assert "no drift" in drift.told()
    assert "not known" in base_rate_drift([0, 1], [1, 1]).told()


def test_rows_of_one_account_are_no_proof_of_a_drift() -> None:
    # twelve accounts come one after the other; the last three buy in each of their rows, as two before them
    label = np.repeat([0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1], 25)
    account = np.repeat(np.arange(12), 25)
    assert base_rate_drift(label, np.arange(300)).drifts
    assert not base_rate_drift(label, np.arange(300), account=account).drifts
