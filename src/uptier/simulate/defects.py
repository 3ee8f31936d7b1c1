"""What real data does to people: rows that are late, doubled, moved, overwritten or missing, and users who are none.

Each defect can be switched on by itself, and draws from a stream of chance of its own: the others stay as they were.
None of them takes part in what accounts decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from uptier.simulate.billing import billed_abroad, exchange_rates, true_ups
from uptier.simulate.books import Books
from uptier.simulate.commerce import Chronicle
from uptier.simulate.lateness import delivered, doubled_rows, late_events, late_rows, migrated
from uptier.simulate.mergers import draw_mergers, merged
from uptier.simulate.parameters import Group, Rate, Share
from uptier.simulate.population import SEGMENTS, Population
from uptier.simulate.visitors import with_bots, with_test_users
from uptier.tables.contracts import CONTRACT

PRICE_LIST = ("plans", "plan_features", "plan_quotas")  # the world's, not the customers'
OPTIONAL = tuple(
    name
    for name, table in CONTRACT.items()
    if not table.required and not name.startswith("usage_") and name not in PRICE_LIST
)
LATE_TABLES = (
    "subscriptions",
    "addons",
    "tickets",
    "survey_responses",
    "outreach",
    "milestones",
    "meter_readings",
)

Days = Annotated[int, Field(ge=1)]
PerMillion = Annotated[float, Field(ge=0, le=1_000_000)]


class Defects(Group):
    """What is wrong with the data, beside what is true; 0 switches a defect off.

    Attributes
    ----------
    late_events : float
        Share of usage events that become known late; what would become known after the world's end is missing.
    late_event_days : int
        They are between one and so many days late.
    late_rows : float
        Share of the rows of the other tables, and of the ends of subscriptions and add-ons, that become known late.
        Opportunities are not among them.
    late_row_days : int
        They are between one and so many days late, less where the world ends before.
    migrated : float
        Share of the time after which tickets and survey answers were brought over from an older system: all that is
        older became known at that moment.
    doubled_events : float
        Usage events that are delivered twice, as wholly equal rows; per million.
    doubled_tickets : float
        Tickets that stand in two wholly equal rows; per million.
    bots : float
        Share of accounts with a bot among their users. Its role is `member` and its name says nothing; it shows by its
        rhythm: logins and calls of integrations in equal distances, every day of the week and all night, and no feature
        but `api`.
    bot_hours : int
        From one call of a bot to the next, hours.
    test_users : float
        Share of accounts in which the vendor's own staff shows up as users. Their role is `member` and their names say
        nothing; they show by being the same few users in many accounts, on few days, in features of any plan.
    test_users_each : int
        How many of the staff come to such an account.
    staff : int
        How many there are in all.
    test_days : float
        Working days a month on which each of them comes, up to 21.
    test_features : float
        Mean number of features that one of them tries on a day.
    true_ups : float
        Share of renewals at which nothing else was decided and the seats are corrected upwards, reason `true_up`. All
        later versions have the added seats, and are billed for them.
    true_up_seats : float
        How many, share of the seats; at least one.
    abroad : float
        Share of accounts that are billed in another currency: a version begins on each first day of a quarter, reason
        `currency`, with the same plan and seats and another MRR.
    exchange_moves : float
        Standard deviation of the logarithm of the exchange rate from one quarter to the next, the same for all.
    mergers : float
        Share of accounts that are absorbed by another account. From that day on all that is theirs is the other's, but
        for add-ons, which end: their subscription ends, reason `merged`, and goes on under another id, reason `merge`.
        Truth is silent of both where a window reaches the day, and afterwards.
    merger_days : int
        How long both are customers side by side at least, were there no merger; days.
    backfilled : float
        Share of the accounts that ever bought a higher plan whose `accounts.segment` was overwritten with the next
        bigger one afterwards: the column knows the future.
    missing : tuple of str
        Tables that are not written.
    coarse_usage : bool
        Whether usage is written as `usage_daily` in place of `usage_events`; an event that was delivered twice counts
        once there.
    """

    late_events: Share = 0.01
    late_event_days: Days = 3
    late_rows: Share = 0.0
    late_row_days: Days = 14
    migrated: Share = 0.0
    doubled_events: PerMillion = 25.0
    doubled_tickets: PerMillion = 0.0
    bots: Share = 0.02
    bot_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] = 3
    test_users: Share = 0.02
    test_users_each: int = Field(default=2, ge=1)
    staff: int = Field(default=6, ge=1, le=10_000)
    test_days: float = Field(default=3.0, ge=0, le=21)
    test_features: Rate = 4.0
    true_ups: Share = 0.03
    true_up_seats: Rate = 0.04
    abroad: Share = 0.03
    exchange_moves: Rate = 0.03
    mergers: Share = 0.005
    merger_days: Days = 60
    backfilled: Share = 0.0
    missing: tuple[str, ...] = ()
    coarse_usage: bool = False

    @field_validator("missing")
    @classmethod
    def _optional(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in OPTIONAL:
                raise ValueError(f"'{name}' is no table that a world can do without, which are {', '.join(OPTIONAL)}")
        return names


def spoil(
    books: Books,
    chronicle: Chronicle,
    defects: Defects,
    *,
    chance: Callable[[str], np.random.Generator],
    exchange: np.random.Generator,
) -> Books:
    """Do to a block's rows what real data does to people.

    Parameters
    ----------
    books : Books
        What was written down.
    chronicle : Chronicle
        The world as it ran.
    defects : Defects
        How much of each.
    chance : callable
        Gives the block's stream of chance of a defect by its name.
    exchange : Generator
        Where exchange rates come from; the same for all blocks of a world.

    Returns
    -------
    Books
        The rows as they are found. Which tables are written at all is left to the caller.
    """
    population, timeline = chronicle.population, chronicle.timeline
    subscriptions = books.tables["subscriptions"]
    books = replace(
        books, population=_backfilled(population, chronicle, share=defects.backfilled, random=chance("backfilled"))
    )
    subscriptions = true_ups(
        subscriptions, share=defects.true_ups, size=defects.true_up_seats, random=chance("true_ups")
    )
    subscriptions = billed_abroad(
        subscriptions,
        accounts=len(population),
        share=defects.abroad,
        rates=exchange_rates(timeline, defects.exchange_moves, exchange),
        random=chance("abroad"),
    )
    books = books.with_table("subscriptions", subscriptions)
    books = with_bots(books, chronicle, share=defects.bots, hours=defects.bot_hours, random=chance("bots"))
    books = with_test_users(
        books,
        chronicle,
        share=defects.test_users,
        each=defects.test_users_each,
        staff=defects.staff,
        days=defects.test_days,
        features=defects.test_features,
        random=chance("test_users"),
    )
    # lateness and doubling see the rows in the order in which they were before mergers moved any
    books = replace(
        books,
        events=late_events(
            books.events, share=defects.late_events, days=defects.late_event_days, random=chance("late_events")
        ),
    )
    drawn = draw_mergers(chronicle, share=defects.mergers, fewest_days=defects.merger_days, random=chance("mergers"))
    books = merged(books, chronicle, drawn)
    books = _late_tables(books, chronicle, defects, chance)
    tickets = doubled_rows(books.tables["tickets"], doubled=defects.doubled_tickets, random=chance("doubled_tickets"))
    books = books.with_table("tickets", tickets)
    events = delivered(books.events, timeline, doubled=defects.doubled_events, random=chance("doubled_events"))
    return replace(books, events=events)


def _late_tables(
    books: Books, chronicle: Chronicle, defects: Defects, chance: Callable[[str], np.random.Generator]
) -> Books:
    timeline = chronicle.timeline
    if defects.late_rows > 0:
        share, days = defects.late_rows, defects.late_row_days
        users = late_rows(books.users, timeline, share=share, days=days, random=chance("late_rows users"))
        books = replace(books, users=users)
        for name in LATE_TABLES:
            random = chance(f"late_rows {name}")
            rows = late_rows(books.tables[name], timeline, share=share, days=days, random=random)
            books = books.with_table(name, rows)
    if defects.migrated > 0:
        for name in ("tickets", "survey_responses"):
            books = books.with_table(name, migrated(books.tables[name], name, timeline, share=defects.migrated))
    return books


def _backfilled(
    population: Population, chronicle: Chronicle, *, share: float, random: np.random.Generator
) -> Population:
    """Some of those that bought a higher plan are said to be of the next bigger segment, as if always."""
    versions = chronicle.tables["subscriptions"]
    upgraded = versions.loc[versions["change_reason"] == "upgrade", "account"].to_numpy()
    bought = np.isin(np.arange(len(population)), upgraded)
    overwritten = bought & (random.random(len(population)) < share)
    segment = np.minimum(population.segment + overwritten, len(SEGMENTS) - 1)
    return replace(population, segment=segment)
