"""From numbers to the tables of the contract: ids, names, times in UTC, columns in order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from uptier.simulate.books import Books
from uptier.simulate.daily import by_day
from uptier.simulate.files import schema_of
from uptier.simulate.people import People
from uptier.simulate.plans import PriceList
from uptier.simulate.population import CHANNELS, INDUSTRIES, REGIONS, SEGMENTS, Population
from uptier.simulate.timeline import Floats, Ints, Timeline, moments
from uptier.simulate.usage import KINDS, feature_names

ROOM_FOR_EVENTS = 100_000_000  # in each block of accounts
INVITED_DAYS = 5  # at most so long before their first step people are invited


def account_table(population: Population) -> pa.Table:
    """Give the table `accounts`.

    Parameters
    ----------
    population : Population
        The accounts.

    Returns
    -------
    Table
        In the columns of the contract.
    """
    ids = population.ids
    frame = pd.DataFrame(
        {
            "account_id": ids,
            "account_name": [f"Account {one}" for one in ids],
            "created_at": moments(population.created_day),
            "segment": _named(SEGMENTS, population.segment),
            "industry": _named(INDUSTRIES, population.industry),
            "region": _named(REGIONS, population.region),
            "channel": _named(CHANNELS, population.channel),
            "owner": [f"csm-{number + 1:02d}" for number in population.owner],
        }
    )
    return as_contract("accounts", frame)


def plan_tables(prices: PriceList) -> dict[str, pa.Table]:
    """Give the tables `plans`, `plan_features` and `plan_quotas`.

    Parameters
    ----------
    prices : PriceList
        The price list.

    Returns
    -------
    dict of str to Table
        In the columns of the contract.
    """
    plans = pd.DataFrame(
        [
            {"plan_id": plan.id, "plan_name": plan.name, "tier_rank": rank, "seats": plan.seats, "price": plan.price}
            for rank, plan in enumerate(prices.plans, start=1)
        ]
    )
    features = pd.DataFrame(
        [
            {"plan_id": plan.id, "feature": feature}
            for rank, plan in enumerate(prices.plans, start=1)
            for feature in prices.features(rank)
        ]
    )
    quotas = pd.DataFrame(
        [
            {"plan_id": plan.id, "meter": meter, "quota": float(quota)}
            for plan in prices.plans
            for meter, quota in plan.quotas.items()
        ]
    )
    frames = {"plans": plans, "plan_features": features, "plan_quotas": quotas}
    return {name: as_contract(name, frame) for name, frame in frames.items()}


def user_rows(people: People, population: Population, timeline: Timeline, random: np.random.Generator) -> pd.DataFrame:
    """Give the rows of the table `users`.

    Parameters
    ----------
    people : People
        Everybody.
    population : Population
        The accounts.
    timeline : Timeline
        The world's clock.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        As :class:`uptier.simulate.books.Books` has them; people are invited some days before they come, with older
        customers long before.
    """
    lead: Floats = random.random(len(people.account))
    first = timeline.edges[people.first]
    start = population.start_day[people.account]
    created = population.created_day[people.account]
    older = (people.first == 0) & (created < start)
    earliest = np.where(older, created, np.maximum(start, first - INVITED_DAYS))
    minute = (first * 1440 - lead * (first - earliest) * 1440).astype(np.int64)
    return pd.DataFrame(
        {
            "account": people.account,
            "person": np.arange(len(people.account)),
            "role": people.role,
            "created_at": moments(minute // 1440, minute % 1440),
            "recorded_at": moments(minute // 1440, minute % 1440 + 3),
            "last_day": timeline.edges[people.last],
        }
    )


def user_table(books: Books) -> pa.Table:
    """Give the table `users`.

    Parameters
    ----------
    books : Books
        What was written down.

    Returns
    -------
    Table
        In the columns of the contract.
    """
    ids = pd.Series(books.user_ids, dtype="str").take(books.users["person"].to_numpy())
    return as_contract("users", with_ids(books.users.assign(user_id=ids.to_numpy()), books.population))


def event_table(books: Books, prices: PriceList) -> pa.Table:
    """Give the table `usage_events`.

    Parameters
    ----------
    books : Books
        What was written down.
    prices : PriceList
        The names of features.

    Returns
    -------
    Table
        In the columns of the contract.
    """
    events, first = books.events, books.population.block * ROOM_FOR_EVENTS
    columns = {
        "event_id": _lettered("e", first + events["number"].to_numpy()),
        "account_id": pa.array(books.population.ids).take(pa.array(events["account"].to_numpy())),
        "user_id": pa.array(books.user_ids).take(pa.array(events["person"].to_numpy())),
        "occurred_at": _seconds(events["occurred"].to_numpy()),
        "kind": pa.array(KINDS).take(pa.array(events["kind"].to_numpy())),
        "feature": _features(events["feature"].to_numpy(), prices),
        "session_id": _lettered("v", first + events["session"].to_numpy()),
        "recorded_at": _seconds(events["recorded"].to_numpy()),
    }
    return pa.table(columns).cast(schema_of("usage_events"))


def daily_table(books: Books, prices: PriceList) -> pa.Table:
    """Give the table `usage_daily`, the coarser form of the same usage.

    Parameters
    ----------
    books : Books
        What was written down.
    prices : PriceList
        The names of features.

    Returns
    -------
    Table
        In the columns of the contract but `row_id`: a column of it, were it empty, would be taken for the key.
    """
    rows = by_day(books.events)
    columns = {
        "account_id": pa.array(books.population.ids).take(pa.array(rows["account"].to_numpy())),
        "day": pa.array(rows["day"].to_numpy().astype(np.int32)).cast(pa.date32()),
        "kind": pa.array(KINDS).take(pa.array(rows["kind"].to_numpy())),
        "feature": _features(rows["feature"].to_numpy(), prices),
        **{name: pa.array(rows[name].to_numpy()) for name in ("events", "users", "day_users")},
        "recorded_at": _seconds(rows["recorded"].to_numpy()),
    }
    schema = schema_of("usage_daily")
    return pa.table(columns).cast(schema.remove(schema.get_field_index("row_id")))


def as_contract(name: str, frame: pd.DataFrame) -> pa.Table:
    """Put a frame into the columns and types of the contract.

    Parameters
    ----------
    name : str
        Canonical name.
    frame : DataFrame
        With those columns; times are in UTC without saying so.

    Returns
    -------
    Table
        In the order of the contract.
    """
    schema = schema_of(name)
    arrays = []
    for column in schema:
        values = frame[column.name]
        if pa.types.is_timestamp(column.type):
            values = values.astype("datetime64[us]")
            arrays.append(pa.array(values, type=pa.timestamp("us")).cast(column.type))
        else:
            arrays.append(pa.array(values, type=column.type, from_pandas=True))
    return pa.table(arrays, schema=schema)


def with_ids(frame: pd.DataFrame, population: Population) -> pd.DataFrame:
    """Put account ids in the place of account numbers.

    Parameters
    ----------
    frame : DataFrame
        With a column `account`.
    population : Population
        The accounts.

    Returns
    -------
    DataFrame
        With `account_id` as first column instead.
    """
    numbers = frame["account"].to_numpy().astype(np.int64)
    ids = pd.Series(population.ids, dtype="str").take(numbers).to_numpy()
    return pd.concat([pd.Series(ids, name="account_id", index=frame.index), frame.drop(columns="account")], axis=1)


def person_ids(count: int, first: int = 0) -> list[str]:
    """Give the pseudonyms of people.

    Parameters
    ----------
    count : int
        How many.
    first : int, optional
        How many there are in the blocks before.

    Returns
    -------
    list of str
        In order.
    """
    return [f"u{first + number + 1:06d}" for number in range(count)]


def _named(names: tuple[str, ...], places: Ints) -> list[str]:
    return [names[one] for one in places]


def _lettered(letter: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(letter, pa.array(numbers).cast(pa.string()), "")


def _features(places: Ints, prices: PriceList) -> pa.Array:
    names = pa.array([*feature_names(prices), None])  # -1 is none
    return names.take(pa.array(np.where(places < 0, len(names) - 1, places)))


def _seconds(seconds: Ints) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC"))
