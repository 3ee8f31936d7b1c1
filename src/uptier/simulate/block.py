"""A block of accounts: made by itself, from chance of its own, so that a world of any size needs the memory of one."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from uptier.simulate.books import Books
from uptier.simulate.commerce import run
from uptier.simulate.defects import spoil
from uptier.simulate.looks import Looks, looks_of
from uptier.simulate.people import active_days, invite
from uptier.simulate.plans import PriceList
from uptier.simulate.population import settle
from uptier.simulate.presets import Parameters
from uptier.simulate.rates import eras
from uptier.simulate.tables import (
    account_table,
    as_contract,
    daily_table,
    event_table,
    person_ids,
    user_rows,
    user_table,
    with_ids,
)
from uptier.simulate.timeline import Timeline
from uptier.simulate.usage import events, meter_readings
from uptier.simulate.voice import milestones, survey_responses, tickets

BLOCK = 1000  # accounts


@dataclass(frozen=True, eq=False)
class Block:
    """What was made of some accounts.

    Attributes
    ----------
    tables : dict of str to Table
        In the columns of the contract.
    looks : Looks
        What truth is worked out from.
    """

    tables: dict[str, pa.Table]
    looks: Looks


def make_block(parameters: Parameters, prices: PriceList, timeline: Timeline, *, seed: int, number: int) -> Block:
    """Make a block of accounts.

    Parameters
    ----------
    parameters : Parameters
        Those of the world.
    prices : PriceList
        What can be bought.
    timeline : Timeline
        The world's clock.
    seed : int
        The world's.
    number : int
        Which block, from 0.

    Returns
    -------
    Block
        Its tables, and what the world knows.
    """

    def chance(part: str) -> np.random.Generator:
        return stream(seed, part, number)

    ids = account_ids(parameters.accounts)[number * BLOCK : (number + 1) * BLOCK]
    population = settle(
        parameters.customers,
        block=number,
        ids=ids,
        csms=max(1, parameters.accounts // parameters.customers.accounts_per_csm),
        timeline=timeline,
        never_contacted=parameters.rates.never_contacted,
        random=chance("population"),
    )
    chronicle = run(
        eras=eras(parameters.rates, parameters.shift),
        commerce=parameters.commerce,
        programme=parameters.programme,
        population=population,
        prices=prices,
        timeline=timeline,
        random=chance("commerce"),
    )
    people = invite(chronicle, parameters.teams, chance("people"))
    active = active_days(people, chronicle, parameters.teams, chance("days"))
    done = events(active, chronicle, parameters.usage, chance("events"))
    frames = {
        **chronicle.tables,
        "meter_readings": meter_readings(chronicle, parameters.usage, chance("meters")),
        "tickets": tickets(chronicle, parameters.voices, chance("tickets")),
        "survey_responses": survey_responses(chronicle, parameters.voices, chance("surveys")),
        "milestones": milestones(chronicle, parameters.voices, chance("milestones")),
    }
    books = Books(
        population=population,
        user_ids=person_ids(len(people.account), population.first_number),
        users=user_rows(people, population, timeline, chance("invitations")),
        events=done,
        tables=frames,
        looks=looks_of(chronicle),
    )
    books = spoil(
        books,
        chronicle,
        parameters.defects,
        chance=lambda name: chance(f"defects {name}"),
        exchange=stream(seed, "currency"),
    )
    usage = "usage_daily" if parameters.defects.coarse_usage else "usage_events"
    tables = {
        "accounts": account_table(books.population),
        "users": user_table(books),
        usage: daily_table(books, prices) if parameters.defects.coarse_usage else event_table(books, prices),
        **{name: as_contract(name, with_ids(frame, population)) for name, frame in books.tables.items()},
    }
    return Block({name: table for name, table in tables.items() if name not in parameters.defects.missing}, books.looks)


def account_ids(accounts: int) -> list[str]:
    """Give the ids of a world's accounts.

    Parameters
    ----------
    accounts : int
        How many.

    Returns
    -------
    list of str
        Zero-padded to four digits, or as many as are needed.
    """
    width = max(4, len(str(accounts)))
    return [f"{number:0{width}d}" for number in range(1, accounts + 1)]


def stream(seed: int, part: str, number: int = 0) -> np.random.Generator:
    """Give a stream of chance for each part, so that a change to one leaves the others as they were.

    Parameters
    ----------
    seed : int
        The world's.
    part : str
        What it is for.
    number : int, optional
        Which block it is for.

    Returns
    -------
    Generator
        The same for the same three.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(part.encode()), number)))
