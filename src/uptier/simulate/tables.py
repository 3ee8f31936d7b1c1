"""From numbers to the tables of the contract: ids, names, times in UTC, columns in order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from uptier.simulate.files import schema_of
from uptier.simulate.people import People
from uptier.simulate.plans import PriceList
from uptier.simulate.population import CHANNELS, INDUSTRIES, REGIONS, SEGMENTS, Population
from uptier.simulate.timeline import Floats, Ints, Timeline, moments
from uptier.simulate.usage import KINDS, feature_names

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


def user_table(people: People, population: Population, timeline: Timeline, random: np.random.Generator) -> pa.Table:
    """Give the table `users`.

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
    Table
        In the columns of the contract; people are invited some days before they come, with older customers long before.
    """
    lead: Floats = random.random(len(people.account))
    first = timeline.edges[people.first]
    start = population.start_day[people.account]
    created = population.created_day[people.account]
    older = (people.first == 0) & (created < start)
    earliest = np.where(older, created, np.maximum(start, first - INVITED_DAYS))
    minute = (first * 1440 - lead * (first - earliest) * 1440).astype(np.int64)
    frame = pd.DataFrame(
        {
            "account": people.account,
            "user_id": person_ids(len(people.account)),
            "role": people.role,
            "created_at": moments(minute // 1440, minute % 1440),
            "recorded_at": moments(minute // 1440, minute % 1440 + 3),
        }
    )
    return as_contract("users", with_ids(frame, population))


def event_table(events: pd.DataFrame, people: People, population: Population, prices: PriceList) -> pa.Table:
    """Give the table `usage_events`.

    Parameters
    ----------
    events : DataFrame
        From :func:`uptier.simulate.usage.events`.
    people : People
        Everybody.
    population : Population
        The accounts.
    prices : PriceList
        The names of features.

    Returns
    -------
    Table
        In the columns of the contract.
    """
    names = pa.array([*feature_names(prices), None])  # -1 is none
    feature = events["feature"].to_numpy()
    columns = {
        "event_id": _lettered("e", events["number"].to_numpy()),
        "account_id": pa.array(population.ids).take(pa.array(events["account"].to_numpy())),
        "user_id": pa.array(person_ids(len(people.account))).take(pa.array(events["person"].to_numpy())),
        "occurred_at": _seconds(events["occurred"].to_numpy()),
        "kind": pa.array(KINDS).take(pa.array(events["kind"].to_numpy())),
        "feature": names.take(pa.array(np.where(feature < 0, len(names) - 1, feature))),
        "session_id": _lettered("v", events["session"].to_numpy()),
        "recorded_at": _seconds(events["recorded"].to_numpy()),
    }
    return pa.table(columns).cast(schema_of("usage_events"))


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


def person_ids(count: int) -> list[str]:
    """Give the pseudonyms of people.

    Parameters
    ----------
    count : int
        How many.

    Returns
    -------
    list of str
        In order.
    """
    return [f"u{number + 1:06d}" for number in range(count)]


def _named(names: tuple[str, ...], places: Ints) -> list[str]:
    return [names[one] for one in places]


def _lettered(letter: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(letter, pa.array(numbers).cast(pa.string()), "")


def _seconds(seconds: Ints) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC"))
