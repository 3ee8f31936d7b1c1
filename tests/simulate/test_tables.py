"""From numbers to the tables of the contract: ids of their own in each block, columns in order, times in UTC."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.simulate.worlds import population, timeline
from uptier.simulate.block import BLOCK
from uptier.simulate.books import Books
from uptier.simulate.files import schema_of
from uptier.simulate.looks import Looks
from uptier.simulate.people import People
from uptier.simulate.plans import price_list
from uptier.simulate.population import CHANNELS, INDUSTRIES, REGIONS, ROOM_FOR_IDS, SEGMENTS, Population
from uptier.simulate.presets import Parameters
from uptier.simulate.tables import (
    INVITED_DAYS,
    ROOM_FOR_EVENTS,
    account_table,
    as_contract,
    daily_table,
    event_table,
    person_ids,
    plan_tables,
    user_rows,
    user_table,
    with_ids,
)
from uptier.simulate.usage import DAY_SECONDS, KINDS, feature_names

PRICES = price_list()
WORLD = timeline(12)
DAY = int(WORLD.edges[0])
UTC = dt.UTC
LOGIN, USED = KINDS.index("login"), KINDS.index("feature_used")


def settled(block: int = 0) -> Population:
    return replace(population(Parameters(), accounts=6, seed=3), block=block)


def books(block: int = 0) -> Books:
    """Two people, of whom one is a user of two accounts; three events, of which one arrived twice."""
    begins = DAY * DAY_SECONDS
    events = pd.DataFrame(
        [
            (0, 0, 0, 0, LOGIN, -1, begins + 10, begins + 40),
            (1, 0, 0, 0, USED, 2, begins + 20, begins + 50),
            (1, 0, 0, 0, USED, 2, begins + 20, begins + 50),
            (2, 1, 1, 1, USED, 0, begins + DAY_SECONDS, begins + DAY_SECONDS + 9),
        ],
        columns=["number", "account", "person", "session", "kind", "feature", "occurred", "recorded"],
    )
    moment = pd.to_datetime(["2025-01-02 10:00", "2025-01-03 10:00", "2025-01-04 10:00"])
    users = pd.DataFrame({"account": [0, 1, 1], "person": [0, 0, 1], "role": ["admin", "member", "champion"]})
    return Books(
        population=settled(block),
        user_ids=person_ids(2, settled(block).first_number),
        users=users.assign(created_at=moment, recorded_at=moment + pd.Timedelta(minutes=3), last_day=DAY + 9),
        events=events,
        tables={},
        looks=nothing(),
    )


def nothing() -> Looks:
    none = np.zeros(0)
    return Looks(**dict.fromkeys(Looks.__dataclass_fields__, none) | {"state": {}})


def made(block: int = 0) -> dict[str, pa.Table]:
    return {
        "accounts": account_table(settled(block)),
        **plan_tables(PRICES),
        "users": user_table(books(block)),
        "usage_events": event_table(books(block), PRICES),
    }


@pytest.mark.parametrize("name", list(made()))
def test_columns_are_those_of_the_contract_in_its_order(name: str) -> None:
    assert made()[name].schema.equals(schema_of(name))


def test_daily_usage_has_no_row_id_and_else_the_columns_of_the_contract() -> None:
    found = daily_table(books(), PRICES)
    schema = schema_of("usage_daily")
    assert found.schema.equals(pa.schema([field for field in schema if field.name != "row_id"]))
    names = feature_names(PRICES)
    first, second = (dt.date(1970, 1, 1) + dt.timedelta(days=DAY + one) for one in (0, 1))
    known = [dt.datetime.combine(day, dt.time(0, 0, at), UTC) for day, at in ((first, 50), (second, 9))]
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("0001", first, "login", None, 1, 1, 1, known[0]),
        ("0001", first, "feature_used", names[2], 1, 1, 1, known[0]),
        ("0002", second, "feature_used", names[0], 1, 1, 1, known[1]),
    ]


def test_events_say_who_did_what_when() -> None:
    found = event_table(books(), PRICES).to_pylist()
    begins = dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(days=DAY)
    assert (
        found[1]
        == found[2]
        == {
            "event_id": "e1",
            "account_id": "0001",
            "user_id": "u000001",
            "occurred_at": begins + dt.timedelta(seconds=20),
            "kind": "feature_used",
            "feature": feature_names(PRICES)[2],
            "session_id": "v0",
            "recorded_at": begins + dt.timedelta(seconds=50),
        }
    )
    assert (found[0]["kind"], found[0]["feature"]) == ("login", None)
    assert (found[3]["account_id"], found[3]["user_id"], found[3]["session_id"]) == ("0002", "u000002", "v1")


@pytest.mark.parametrize("block", [1, 99])
def test_the_ids_of_a_block_lie_behind_those_of_the_blocks_before(block: int) -> None:
    events, users = (made(block)[name].to_pylist() for name in ("usage_events", "users"))
    assert [row["event_id"] for row in events] == [f"e{block * ROOM_FOR_EVENTS + one}" for one in (0, 1, 1, 2)]
    assert [row["session_id"] for row in events] == [f"v{block * ROOM_FOR_EVENTS + one}" for one in (0, 0, 0, 1)]
    assert [row["user_id"] for row in users] == [f"u{block * ROOM_FOR_IDS + one:06d}" for one in (1, 1, 2)]
    # a hundred thousand events of each account, and a thousand people, are more than any world has
    assert ROOM_FOR_EVENTS == 100_000 * BLOCK
    assert ROOM_FOR_IDS == 1_000 * BLOCK


def test_users_are_named_by_their_person_and_account() -> None:
    found = user_table(books()).to_pylist()
    assert [(row["account_id"], row["user_id"], row["role"]) for row in found] == [
        ("0001", "u000001", "admin"),
        ("0002", "u000001", "member"),
        ("0002", "u000002", "champion"),
    ]
    assert found[0]["created_at"] == dt.datetime(2025, 1, 2, 10, tzinfo=UTC)
    assert found[0]["recorded_at"] == dt.datetime(2025, 1, 2, 10, 3, tzinfo=UTC)


def test_accounts_are_told_in_words() -> None:
    who = settled()
    found = account_table(who).to_pylist()
    assert [row["account_id"] for row in found] == who.ids
    for one, row in enumerate(found):
        assert row["segment"] == SEGMENTS[who.segment[one]]
        assert row["industry"] == INDUSTRIES[who.industry[one]]
        assert row["region"] == REGIONS[who.region[one]]
        assert row["channel"] == CHANNELS[who.channel[one]]
        assert row["owner"] == f"csm-{who.owner[one] + 1:02d}"
        assert row["account_name"] == f"Account {row['account_id']}"
        created = dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(days=int(who.created_day[one]))
        assert row["created_at"] == created


def test_plans_are_ranked_and_have_all_of_the_plans_below() -> None:
    found = {name: table.to_pandas() for name, table in plan_tables(PRICES).items()}
    assert found["plans"]["tier_rank"].tolist() == [1, 2, 3]
    assert found["plans"]["price"].tolist() == [plan.price for plan in PRICES.plans]
    held = found["plan_features"].groupby("plan_id")["feature"].apply(tuple)
    quotas = found["plan_quotas"].set_index(["plan_id", "meter"])["quota"]
    for rank, plan in enumerate(PRICES.plans, start=1):
        assert held[plan.id] == PRICES.features(rank)
        assert quotas[plan.id].to_dict() == dict(plan.quotas)


def test_people_are_invited_shortly_before_they_come_and_by_older_customers_long_before() -> None:
    who = settled()
    old, new = int(np.flatnonzero(who.created_day < DAY)[0]), int(np.flatnonzero(who.start_day > DAY)[0])
    start = int(who.start_step[new])
    count = 400
    account = np.repeat([old, old, new], count)
    first = np.repeat([0, 20, start], count)
    people = People(
        account=account,
        role=np.array(["member"] * len(account), dtype=object),
        first=first,
        last=np.full(len(account), WORLD.steps),
        zeal=np.zeros(len(account)),
        usual=np.zeros(len(account)),
    )
    found = user_rows(people, who, WORLD, np.random.default_rng(2))
    invited = (found["created_at"] - pd.Timestamp(0)) / pd.Timedelta(days=1)
    before = WORLD.edges[first] - invited
    assert before.min() >= 0
    was_there, later, at_start = (before[one * count : (one + 1) * count] for one in range(3))
    age = DAY - who.created_day[old]
    assert 0.9 * age < was_there.max() <= age + 0.01
    assert 0.9 * INVITED_DAYS < later.max() <= INVITED_DAYS + 0.01
    # nobody before the account is a customer
    assert at_start.max() <= WORLD.edges[start] - who.start_day[new] + 0.01
    assert (found["recorded_at"] - found["created_at"] == pd.Timedelta(minutes=3)).all()
    assert found["person"].tolist() == list(range(3 * count))
    assert (found["last_day"] == WORLD.edges[-1]).all()


def test_a_frame_is_put_into_the_contract_whatever_its_order_and_gaps() -> None:
    columns = schema_of("milestones").names
    frame = pd.DataFrame({name: pd.Series([None, None], dtype="object") for name in reversed(columns)})
    frame = frame.assign(
        account_id=["b", "a"], reached_at=pd.to_datetime(["2025-01-02 03:04", None]), recorded_at=pd.NaT, more=1
    )
    found = as_contract("milestones", frame)
    assert found.schema.equals(schema_of("milestones"))
    assert found["account_id"].to_pylist() == ["b", "a"]
    assert found["reached_at"].to_pylist() == [dt.datetime(2025, 1, 2, 3, 4, tzinfo=UTC), None]
    assert found["milestone"].to_pylist() == [None, None]


def test_account_ids_come_first_in_the_place_of_numbers() -> None:
    rows = pd.DataFrame({"x": [7, 8, 9], "account": [5, 0, 5]}, index=[3, 1, 2])
    found = with_ids(rows, settled())
    assert list(found.columns) == ["account_id", "x"]
    assert found["account_id"].tolist() == ["0006", "0001", "0006"]
    assert found["x"].tolist() == [7, 8, 9]


def test_people_are_numbered_from_one() -> None:
    assert person_ids(3) == ["u000001", "u000002", "u000003"]
    assert person_ids(1, 2_000_000) == ["u2000001"]
    assert person_ids(0) == []
