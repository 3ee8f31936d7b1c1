"""Each defect alone does what it says and nothing else; all together leave a world that uptier can read."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError

from uptier.errors import SimulationError
from uptier.project import Project
from uptier.simulate import block, defects
from uptier.simulate.block import Block, make_block
from uptier.simulate.books import NEVER
from uptier.simulate.defects import OPTIONAL, Defects
from uptier.simulate.mergers import Mergers
from uptier.simulate.plans import price_list
from uptier.simulate.population import SEGMENTS
from uptier.simulate.presets import Parameters
from uptier.simulate.timeline import Timeline
from uptier.simulate.world import simulate
from uptier.tables.contracts import CONTRACT

SWITCHES = (
    "late_events",
    "late_rows",
    "migrated",
    "doubled_events",
    "doubled_tickets",
    "bots",
    "test_users",
    "true_ups",
    "abroad",
    "mergers",
    "backfilled",
)
OFF: dict[str, float] = dict.fromkeys(SWITCHES, 0.0)
STRONG = {
    "late_events": 0.1,
    "late_rows": 0.3,
    "migrated": 0.5,
    "doubled_events": 5_000.0,
    "doubled_tickets": 50_000.0,
    "bots": 0.2,
    "test_users": 0.2,
    "true_ups": 0.5,
    "abroad": 0.3,
    "mergers": 0.2,
    "backfilled": 1.0,
}
LATE = ("subscriptions", "addons", "users", "tickets", "survey_responses", "outreach", "milestones", "meter_readings")
TOUCHED = {
    "late_events": ("usage_events",),
    "late_rows": LATE,
    "migrated": ("tickets", "survey_responses"),
    "doubled_events": ("usage_events",),
    "doubled_tickets": ("tickets",),
    "bots": ("users", "usage_events"),
    "test_users": ("users", "usage_events"),
    "true_ups": ("subscriptions",),
    "abroad": ("subscriptions",),
    "mergers": (*LATE, "opportunities", "usage_events"),
    "backfilled": ("accounts",),
}
WORLD = Timeline(dt.date(2025, 1, 1), dt.date(2026, 1, 1))
UNTIL = pd.Timestamp(WORLD.data_until, tz="UTC")
ACCOUNTS = 130  # enough that some that are absorbed hold add-ons


@cache
def made(switched: Defects) -> Block:
    parameters = Parameters(accounts=ACCOUNTS, months=12, defects=switched)
    return make_block(parameters, price_list(), WORLD, seed=4, number=0)


def with_only(name: str) -> Block:
    return made(Defects.model_validate({**OFF, name: STRONG[name]}))


def without_any() -> Block:
    return made(Defects.model_validate(OFF))


def rows(found: Block, name: str) -> pd.DataFrame:
    return found.tables[name].to_pandas()


def all_on(**more: object) -> Block:
    return made(Defects.model_validate({**STRONG, **more}))


@pytest.mark.parametrize("name", SWITCHES)
def test_a_defect_touches_its_own_tables_alone(name: str) -> None:
    clean, spoilt = without_any().tables, with_only(name).tables
    changed = {table for table in clean if not clean[table].equals(spoilt[table])}
    assert changed == set(TOUCHED[name])
    assert (len(with_only(name).looks) == len(without_any().looks)) == (name != "mergers")


def test_switching_one_on_leaves_what_another_does_as_it_was() -> None:
    alone = rows(with_only("late_events"), "usage_events")
    more = {**OFF, "late_events": STRONG["late_events"], "bots": 0.2, "test_users": 0.2, "true_ups": 0.5}
    together = rows(made(Defects.model_validate(more)), "usage_events")
    together = together[together["event_id"].isin(alone["event_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(together, alone)


def test_some_events_become_known_late_or_not_at_all() -> None:
    clean, spoilt = (rows(found, "usage_events") for found in (without_any(), with_only("late_events")))
    both = clean.merge(spoilt, on="event_id", suffixes=("_clean", ""), validate="one_to_one")
    waited = both["recorded_at"] - both["recorded_at_clean"]
    late = waited[waited > pd.Timedelta(0)]
    assert len(late) / len(both) == pytest.approx(0.1, abs=0.01)
    assert late.between(pd.Timedelta(days=1), pd.Timedelta(days=3)).all()
    missing = clean[~clean["event_id"].isin(spoilt["event_id"])]
    assert len(missing) > 0
    assert missing["occurred_at"].min() > UNTIL - pd.Timedelta(days=4)


@pytest.mark.parametrize("name", LATE)
def test_rows_become_known_late_and_nothing_else_of_them_changes(name: str) -> None:
    clean, spoilt = (rows(found, name) for found in (without_any(), with_only("late_rows")))
    told = [column for column in clean.columns if column not in ("recorded_at", "end_recorded_at")]
    pd.testing.assert_frame_equal(clean[told], spoilt[told])
    waited = spoilt["recorded_at"] - clean["recorded_at"]
    assert (waited > pd.Timedelta(0)).mean() == pytest.approx(0.3, abs=0.2 if len(clean) < 300 else 0.06)
    assert waited.between(pd.Timedelta(0), pd.Timedelta(days=14)).all()
    assert (spoilt["recorded_at"] < UNTIL).all()


def test_late_versions_stay_in_order() -> None:
    for found in (with_only("late_rows"), all_on()):
        versions = rows(found, "subscriptions").sort_values(["subscription_id", "valid_from"])
        following = versions.groupby("subscription_id")[["valid_from", "recorded_at"]].shift(-1)
        goes_on = following["valid_from"] == versions["valid_to"]
        assert (versions["end_recorded_at"] == following["recorded_at"])[goes_on].all()
        assert (following["recorded_at"] >= versions["recorded_at"])[goes_on].all()
        ended = versions[versions["valid_to"].notna()]
        assert (ended["end_recorded_at"] >= ended[["recorded_at", "valid_to"]].max(axis=1)).all()
        assert (ended["end_recorded_at"] < UNTIL).all()


@pytest.mark.parametrize(("name", "happened"), [("tickets", "opened_at"), ("survey_responses", "answered_at")])
def test_what_an_older_system_held_became_known_in_one_go(name: str, happened: str) -> None:
    clean, spoilt = (rows(found, name) for found in (without_any(), with_only("migrated")))
    moment = pd.Timestamp("2025-07-02 02:00", tz="UTC")  # after half of the year
    older = spoilt[happened] < moment
    assert 0 < older.sum() < len(older)
    assert (spoilt.loc[older, "recorded_at"] == moment).all()
    pd.testing.assert_frame_equal(spoilt[~older], clean[~older])


def test_a_migration_at_the_very_end_is_still_within_the_world() -> None:
    found = rows(made(Defects.model_validate({**OFF, "migrated": 1.0})), "tickets")
    assert (found["recorded_at"] < UNTIL).all()


@pytest.mark.parametrize(
    ("name", "table", "share"), [("doubled_events", "usage_events", 0.005), ("doubled_tickets", "tickets", 0.05)]
)
def test_doubled_rows_are_wholly_equal(name: str, table: str, share: float) -> None:
    clean, spoilt = (rows(found, table) for found in (without_any(), with_only(name)))
    pd.testing.assert_frame_equal(spoilt.drop_duplicates(ignore_index=True), clean)
    assert len(spoilt) / len(clean) - 1 == pytest.approx(share, rel=0.4)


def test_bots_come_round_the_clock_on_every_day() -> None:
    clean, spoilt = without_any(), with_only("bots")
    people = rows(spoilt, "users")
    bots = people[~people["user_id"].isin(rows(clean, "users")["user_id"])]
    assert len(bots) / ACCOUNTS == pytest.approx(0.2, abs=0.15)
    assert set(bots["role"]) == {"member"}
    assert bots["account_id"].is_unique
    events = rows(spoilt, "usage_events")
    theirs = events[events["user_id"].isin(bots["user_id"])]
    assert set(theirs["kind"]) == {"login", "integration_call"}
    calls = theirs[theirs["kind"] == "integration_call"]
    assert set(calls["feature"]) == {"api"}
    assert set(calls.groupby("user_id")["occurred_at"].diff().dropna()) == {pd.Timedelta(hours=3)}
    assert set(calls["occurred_at"].dt.day_of_week) == set(range(7))
    begun = theirs.merge(people, on=["account_id", "user_id"], validate="many_to_one")
    assert (begun["occurred_at"] > begun["created_at"]).all()
    pd.testing.assert_frame_equal(
        events[~events["user_id"].isin(bots["user_id"])].reset_index(drop=True), rows(clean, "usage_events")
    )


def test_the_vendors_staff_are_the_same_few_in_many_accounts_on_few_days() -> None:
    clean, spoilt = without_any(), with_only("test_users")
    people = rows(spoilt, "users")
    staff = people[~people["user_id"].isin(rows(clean, "users")["user_id"])]
    assert staff["user_id"].nunique() <= 6 < len(staff)
    assert set(staff["role"]) == {"member"}
    events = rows(spoilt, "usage_events")
    theirs = events[events["user_id"].isin(staff["user_id"])]
    assert set(theirs["occurred_at"].dt.day_of_week) == set(range(5))
    days = theirs.groupby(["account_id", "user_id", theirs["occurred_at"].dt.month])["occurred_at"]
    assert days.apply(lambda at: at.dt.date.nunique()).mean() == pytest.approx(3.2, abs=0.6)
    first = theirs.groupby(["account_id", "user_id"])["occurred_at"].min().reset_index()
    assert (first.merge(staff)["occurred_at"] > first.merge(staff)["created_at"]).all()


def test_a_true_up_adds_seats_at_a_renewal_and_later_versions_pay_for_them() -> None:
    clean, spoilt = (rows(found, "subscriptions") for found in (without_any(), with_only("true_ups")))
    corrected = spoilt["change_reason"] == "true_up"
    renewals = clean["change_reason"].isin(["renewal", "price_uplift"])
    assert corrected[renewals].mean() == pytest.approx(0.5, abs=0.2)
    assert not corrected[~renewals].any()
    added = spoilt["seats"] - clean["seats"]
    assert (added > 0).equals(corrected.groupby(spoilt["account_id"]).cummax())
    assert (added[corrected] == np.maximum(1, np.round(0.04 * clean["seats"][corrected]))).all()
    assert np.allclose(spoilt["mrr"] / spoilt["seats"], clean["mrr"] / clean["seats"], atol=0.01)
    told = [column for column in clean.columns if column not in ("seats", "mrr", "change_reason")]
    pd.testing.assert_frame_equal(clean[told], spoilt[told])


def test_accounts_billed_abroad_cost_something_else_in_each_quarter() -> None:
    clean, spoilt = (rows(found, "subscriptions") for found in (without_any(), with_only("abroad")))
    moved = spoilt[spoilt["change_reason"] == "currency"]
    quarters = pd.to_datetime(["2025-04-01", "2025-07-01", "2025-10-01"], utc=True)
    assert set(moved["valid_from"]) == set(quarters)
    assert moved["account_id"].nunique() / ACCOUNTS == pytest.approx(0.3, abs=0.15)
    assert (rates_by_quarter(spoilt).groupby("quarter")["rate"].apply(np.ptp) < 2e-4).all()
    before = spoilt.sort_values(["subscription_id", "valid_from"])
    before = before.groupby("subscription_id")[["plan_id", "seats", "valid_to", "end_reason"]].shift(1).loc[moved.index]
    assert before["plan_id"].equals(moved["plan_id"])
    assert (before["seats"] == moved["seats"]).all()
    assert (before["valid_to"] == moved["valid_from"]).all()
    assert set(before["end_reason"]) == {"changed"}
    # cuts aside, the terms are what they were
    kept = spoilt[spoilt["change_reason"] != "currency"].reset_index(drop=True)
    assert kept["seats"].equals(clean["seats"])
    assert kept["valid_from"].equals(clean["valid_from"])
    ends = ["subscription_id", "valid_to", "end_recorded_at", "end_reason"]
    last, was = (every.groupby("subscription_id").tail(1)[ends].reset_index(drop=True) for every in (spoilt, clean))
    pd.testing.assert_frame_equal(last, was)


def rates_by_quarter(versions: pd.DataFrame) -> pd.DataFrame:
    """What the first day of each quarter did to revenue."""
    before = versions.groupby("subscription_id")["mrr"].shift(1)
    moved = versions["change_reason"] == "currency"
    return pd.DataFrame({"quarter": versions["valid_from"], "rate": versions["mrr"] / before})[moved]


def test_the_exchange_rate_is_that_of_the_whole_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "BLOCK", 25)
    parameters = Parameters(accounts=50, months=12, defects=Defects.model_validate({**OFF, "abroad": 1.0}))
    blocks = [make_block(parameters, price_list(), WORLD, seed=4, number=number) for number in (0, 1)]
    rates = [rates_by_quarter(rows(found, "subscriptions")).groupby("quarter")["rate"].median() for found in blocks]
    assert np.allclose(rates[0], rates[1], atol=2e-4)
    assert not np.allclose(rates[0], 1.0, atol=2e-3)
    for table, key in (("usage_events", "event_id"), ("users", "user_id"), ("tickets", "ticket_id")):
        assert not set(rows(blocks[0], table)[key]) & set(rows(blocks[1], table)[key])


def absorbed(versions: pd.DataFrame) -> pd.DataFrame:
    """Who was absorbed, by whom, and when."""
    ended = versions[versions["end_reason"] == "merged"][["subscription_id", "account_id", "valid_to", "seats", "mrr"]]
    begun = versions[versions["change_reason"] == "merge"]
    begun = begun.assign(subscription_id=begun["subscription_id"].str.removesuffix("m"))
    return ended.merge(begun, on="subscription_id", suffixes=("", "_new"), validate="one_to_one")


def test_an_absorbed_account_goes_on_as_part_of_another() -> None:
    clean, spoilt = without_any(), with_only("mergers")
    pairs = absorbed(rows(spoilt, "subscriptions"))
    assert len(pairs) > 5
    assert (pairs["valid_to"] == pairs["valid_from"]).all()
    assert (pairs["account_id"] != pairs["account_id_new"]).all()
    assert pd.concat([pairs["account_id"], pairs["account_id_new"]]).is_unique
    day = pairs.set_index("account_id")["valid_to"]
    into = pairs.set_index("account_id")["account_id_new"]
    times = {
        name: CONTRACT[name].time for name in TOUCHED["mergers"] if name not in ("subscriptions", "addons", "users")
    }
    for name, time in times.items():
        was, found = rows(clean, name), rows(spoilt, name)
        assert (found[time] >= found["account_id"].map(day)).sum() == 0
        moved = was[time] >= was["account_id"].map(day)
        assert moved.any()
        expected = was["account_id"].mask(moved, was["account_id"].map(into)).value_counts()
        if name != "meter_readings":
            pd.testing.assert_series_equal(found["account_id"].value_counts().sort_index(), expected.sort_index())


def test_a_merger_on_the_day_of_another_change_ends_what_ran_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = rows(without_any(), "subscriptions")
    number = clean["account_id"].astype(int) - 1
    changed = clean[clean["change_reason"] == "expansion"].iloc[0]
    others = clean[(clean["valid_from"] < changed["valid_from"]) & clean["valid_to"].isna()]
    into, day = np.arange(ACCOUNTS), np.full(ACCOUNTS, NEVER)
    one = int(number[changed.name])
    into[one] = int(others["account_id"].iloc[0]) - 1
    day[one] = (changed["valid_from"] - pd.Timestamp(0, tz="UTC")).days
    at_ten = Mergers(into, day, np.full(ACCOUNTS, 600))
    monkeypatch.setattr(defects, "draw_mergers", lambda *_, **__: at_ten)
    found = rows(made.__wrapped__(Defects.model_validate(OFF)), "subscriptions")
    mine = found[found["subscription_id"].str.startswith(changed["subscription_id"])].set_index("valid_from")
    before = mine[mine["valid_to"] == changed["valid_from"]].iloc[0]
    after = mine.loc[changed["valid_from"]]
    assert (before["end_reason"], after["change_reason"]) == ("merged", "merge")
    assert before["end_recorded_at"] == after["recorded_at"] == changed["valid_from"] + pd.Timedelta(hours=10)
    assert after["subscription_id"] == changed["subscription_id"] + "m"
    assert (after["account_id"], after["seats"]) == (f"{into[one] + 1:04d}", changed["seats"])
    assert len(found) == len(clean)


def test_meters_of_merged_accounts_add_up() -> None:
    clean, spoilt = without_any(), with_only("mergers")
    pairs = absorbed(rows(spoilt, "subscriptions"))
    was, found = rows(clean, "meter_readings"), rows(spoilt, "meter_readings")
    assert not found.duplicated(["account_id", "meter", "read_at"]).any()
    together = was.groupby(["meter", "read_at"])[["value", "quota"]].sum()
    pd.testing.assert_frame_equal(found.groupby(["meter", "read_at"])[["value", "quota"]].sum(), together)
    one = pairs.iloc[0]
    after = found[(found["account_id"] == one["account_id_new"]) & (found["read_at"] >= one["valid_to"])]
    both = was[was["account_id"].isin([one["account_id"], one["account_id_new"]]) & (was["read_at"] >= one["valid_to"])]
    both = both.groupby(["meter", "read_at"])["quota"].sum()
    assert after.set_index(["meter", "read_at"])["quota"].sort_index().tolist() == both.tolist()


def test_revenue_and_seats_are_the_same_with_mergers_as_without() -> None:
    clean, spoilt = without_any(), with_only("mergers")
    for day in pd.date_range("2025-01-15", "2025-12-15", freq="MS", tz="UTC"):
        held = []
        for found in (clean, spoilt):
            every = rows(found, "subscriptions")
            now = every[(every["valid_from"] <= day) & ~(every["valid_to"] <= day)]
            held.append(now[["seats", "mrr"]].sum().round(2).to_dict())
        assert held[0] == held[1]


def test_a_merger_makes_no_add_on_that_nobody_bought() -> None:
    was, found = (rows(one, "addons") for one in (without_any(), with_only("mergers")))
    bought = ["addon_id", "mrr", "valid_from", "recorded_at"]
    assert set(found[bought].itertuples(index=False)) == set(was[bought].itertuples(index=False))
    pairs = absorbed(rows(with_only("mergers"), "subscriptions"))
    day = pairs.set_index("account_id")["valid_to"]
    theirs = found[found["account_id"].isin(day.index)]
    assert (theirs["valid_to"] == theirs["account_id"].map(day)).any()
    assert (theirs["valid_to"] <= theirs["account_id"].map(day)).all()


def test_everybody_who_uses_a_merged_account_is_its_user() -> None:
    for found in (with_only("mergers"), all_on()):
        users, events = rows(found, "users"), rows(found, "usage_events")
        known = pd.MultiIndex.from_frame(users[["account_id", "user_id"]])
        assert known.is_unique
        assert pd.MultiIndex.from_frame(events[["account_id", "user_id"]]).isin(known).all()


def test_truth_is_silent_of_merged_accounts_as_soon_as_a_window_reaches_the_day() -> None:
    looks, every = with_only("mergers").looks, without_any().looks
    pairs = absorbed(rows(with_only("mergers"), "subscriptions"))
    days = {**pairs.set_index("account_id")["valid_to"], **pairs.set_index("account_id_new")["valid_to"]}

    def dated(found: object) -> pd.DataFrame:
        months = np.datetime64("2025-01") + found.month  # type: ignore[attr-defined]
        as_of = pd.to_datetime(months.astype("datetime64[D]"), utc=True)
        return pd.DataFrame({"account_id": found.account_id, "as_of": as_of})  # type: ignore[attr-defined]

    all_of = dated(every)
    reached = all_of["as_of"] + pd.Timedelta(days=97) > all_of["account_id"].map(days)
    pd.testing.assert_frame_equal(dated(looks), all_of[~reached].reset_index(drop=True))
    assert looks.state["need"].tolist() == every.state["need"][~reached.to_numpy()].tolist()


def test_a_backfilled_segment_knows_who_bought_a_higher_plan() -> None:
    clean, spoilt = without_any(), with_only("backfilled")
    versions = rows(clean, "subscriptions")
    bought = set(versions.loc[versions["change_reason"] == "upgrade", "account_id"])
    was, found = (rows(one, "accounts").set_index("account_id")["segment"] for one in (clean, spoilt))
    bigger = {SEGMENTS[place]: SEGMENTS[min(place + 1, len(SEGMENTS) - 1)] for place in range(len(SEGMENTS))}
    assert bought
    assert found.to_dict() == {one: bigger[own] if one in bought else own for one, own in was.items()}


def test_a_missing_table_is_not_written() -> None:
    found = made(Defects.model_validate({**OFF, "missing": ("tickets", "users")}))
    clean = without_any().tables
    assert set(clean) - set(found.tables) == {"tickets", "users"}
    assert all(found.tables[name].equals(clean[name]) for name in found.tables)


@pytest.mark.parametrize("name", ["accounts", "subscriptions", "usage_events", "usage_daily", "plans", "invoices"])
def test_what_a_world_cannot_do_without_cannot_be_missing(name: str) -> None:
    with pytest.raises(ValidationError, match=f"'{name}' is no table that a world can do without, which are addons"):
        Defects(missing=(name,))
    assert name not in OPTIONAL


def test_coarse_usage_is_what_the_events_add_up_to() -> None:
    events = rows(all_on(), "usage_events").drop_duplicates()
    found = all_on(coarse_usage=True)
    assert "usage_events" not in found.tables
    daily = rows(found, "usage_daily")
    events["day"] = events["occurred_at"].dt.date
    cell = ["account_id", "day", "kind", "feature"]
    expected = events.groupby(cell, dropna=False).agg(events=("event_id", "size"), users=("user_id", "nunique"))
    by_day = events.groupby(["account_id", "day"])
    whole = by_day.agg(day_users=("user_id", "nunique"), recorded_at=("recorded_at", "max"))
    expected = expected.reset_index().merge(whole.reset_index(), on=["account_id", "day"])
    expected = expected.sort_values(cell, ignore_index=True)[list(daily.columns)]
    pd.testing.assert_frame_equal(daily.sort_values(cell, ignore_index=True), expected, check_dtype=False)


@pytest.mark.parametrize("coarse", [False, True])
def test_with_all_defects_the_contract_holds(coarse: bool) -> None:
    found = all_on(coarse_usage=coarse)
    accounts = set(rows(found, "accounts")["account_id"])
    for name in found.tables:
        table, contract = rows(found, name).drop_duplicates(), CONTRACT[name]
        key = list(contract.key_of(table.columns))
        assert not table.duplicated(key).any(), name
        assert table[contract.required_columns()].notna().all().all(), name
        assert set(table["account_id"]) <= accounts, name
        if "recorded_at" in table.columns and contract.time != "day":
            assert (table["recorded_at"] >= table[contract.time]).all(), name
        for column in {"recorded_at", "end_recorded_at", "closed_at", "result_at"} & set(table.columns):
            assert (table[column].dropna() < UNTIL).all(), (name, column)
        for column, kind in contract.columns.items():
            if kind.values and column in table.columns:
                assert set(table[column].dropna()) <= set(kind.values), (name, column)


def test_the_same_seed_gives_the_same_defects() -> None:
    parameters = Parameters(accounts=30, months=12, defects=Defects.model_validate(STRONG))
    one, two = (make_block(parameters, price_list(), WORLD, seed=9, number=0) for _ in range(2))
    assert all(one.tables[name].equals(two.tables[name]) for name in one.tables)


def test_a_world_of_no_events_can_be_spoilt() -> None:
    parameters = Parameters(accounts=1, months=1, defects=Defects.model_validate({**STRONG, "coarse_usage": True}))
    month = Timeline(dt.date(2025, 12, 1), dt.date(2026, 1, 1))
    found = [make_block(parameters, price_list(), month, seed=seed, number=0) for seed in range(6)]
    assert all(isinstance(one.tables["usage_daily"], pa.Table) for one in found)


FINDINGS = {
    "none": ({}, set()),
    "all": (
        STRONG,
        {("side-by-side", "subscriptions"), ("equal-rows", "usage_events"), ("equal-rows", "tickets")},
    ),
    "coarse": (
        {"coarse_usage": True, "missing": ["tickets"]},
        {("table-absent", "usage_events"), ("table-absent", "tickets")},
    ),
}
PROJECT = "project: spoilt\nsource: ./world\nstore: ./store\ndata_until: 2026-01-01\ncurrency: USD\ntimezone: UTC\n"


@pytest.mark.usefixtures("no_chances")
@pytest.mark.parametrize("which", list(FINDINGS))
def test_the_check_tells_what_was_done_and_nothing_else(which: str, tmp_path: Path) -> None:
    switched, expected = FINDINGS[which]
    changes = tmp_path / "changes.yaml"
    changes.write_text(yaml.safe_dump({"defects": {**OFF, **switched}}), encoding="utf-8")
    simulate(preset="demo", seed=4, accounts=60, months=12, changes=changes, out=tmp_path / "world")
    project = tmp_path / "spoilt.yaml"
    project.write_text(PROJECT, encoding="utf-8")
    findings = Project(project).check()
    assert not findings.errors
    found = {(one.code, one.table) for one in findings.all}
    absent = {("table-absent", "usage_daily")} if which != "coarse" else set()
    assert found == expected | absent


def test_a_bad_defect_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    changes = tmp_path / "changes.yaml"
    changes.write_text("defects:\n  missing: [accounts]\n", encoding="utf-8")
    with pytest.raises(SimulationError, match=r"'accounts' is no table that a world can do without"):
        simulate(preset="demo", seed=4, changes=changes, out=tmp_path / "world")
    assert not (tmp_path / "world").exists()
