"""The canonical tables: what each column means, in which unit, how it changes, and what the key is.

A project maps its own schema onto these in its YAML. `docs/tables.md` is generated from this file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of value a column holds."""

    ID = "id"  # text; compared, never shown to a model
    CATEGORY = "category"  # text from a small set
    TEXT = "text"  # free text
    TIME = "time"  # a moment; loaded as UTC
    DAY = "day"  # a calendar day
    COUNT = "count"  # a whole number
    NUMBER = "number"  # any number
    MONEY = "money"  # account currency; loaded as whole minor units (hundredths), so that sums are exact


class Change(StrEnum):
    """How the values of a column change in the source, which decides what a past date may see of them."""

    FIXED = "fixed"  # written once, never altered
    DATED = "dated"  # changes, and each value carries its own dates
    CURRENT = "current"  # overwritten in place: what it said in the past is not known


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the contract.

    Attributes
    ----------
    kind : Kind
        What sort of value it holds.
    meaning : str
        What it says, as a phrase.
    unit : str
        Unit of a number, empty for none.
    required : bool
        Whether a table without it cannot be used.
    change : Change
        How it changes in the source.
    values : tuple of str
        The values it may take, empty for any.
    """

    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    change: Change = Change.FIXED
    values: tuple[str, ...] = ()


class Table:
    """A canonical table; each subclass is one, and its docstring says what one row is.

    Attributes
    ----------
    name : str
        The table's name in a project's YAML.
    key : tuple of str
        The columns that together name a row; empty where a row has no name of its own.
    own_key : str
        A column that is the key instead, where the source has it; empty for none.
    time : str
        The column that says when the row happened; empty for tables that only describe.
    required : bool
        Whether uptier can do without it.
    columns : dict of str to Column
        All columns, in reading order.
    """

    name: ClassVar[str]
    key: ClassVar[tuple[str, ...]] = ()
    own_key: ClassVar[str] = ""
    time: ClassVar[str] = ""
    required: ClassVar[bool] = False
    columns: ClassVar[dict[str, Column]]

    def __init_subclass__(cls) -> None:
        cls.columns = {name: column for name, column in vars(cls).items() if isinstance(column, Column)}
        CONTRACT[cls.name] = cls

    @classmethod
    def key_of(cls, present: Collection[str]) -> tuple[str, ...]:
        """Give the key that a source's rows have.

        Parameters
        ----------
        present : collection of str
            The canonical columns that the source has.

        Returns
        -------
        tuple of str
            Empty where the source lacks a column of the key that the contract does not require elsewhere.
        """
        if cls.own_key and cls.own_key in present:
            return (cls.own_key,)
        named = all(column in present for column in cls.key if column != "feature")
        return cls.key if named else ()

    @classmethod
    def required_columns(cls) -> list[str]:
        """Give the columns without which the table cannot be used.

        Returns
        -------
        list of str
            In reading order.
        """
        return [name for name, column in cls.columns.items() if column.required]


CONTRACT: dict[str, type[Table]] = {}

_ACCOUNT = Column(kind=Kind.ID, meaning="the account that the row is about", required=True)
_RECORDED = Column(
    kind=Kind.TIME, meaning="when the row became known to us; without it the table's lag_days is assumed"
)

USAGE_KINDS = (
    "login",
    "feature_used",
    "gate_hit",
    "upgrade_prompt",
    "trial_use",
    "limit_error",
    "export",
    "integration_call",
)
UPSELL_TYPES = ("seat_expansion", "plan_upgrade", "add_on")
CHANGE_REASONS = (
    "new",
    "expansion",
    "upgrade",
    "contraction",
    "downgrade",
    "renewal",
    "price_uplift",
    "currency",
    "true_up",
    "co_term",
    "merge",
    "correction",
)
END_REASONS = ("changed", "cancelled", "not_renewed", "merged")


class Accounts(Table):
    """One row for each company that is, or was, a paying customer."""

    name = "accounts"
    key = ("account_id",)
    required = True
    account_id = Column(kind=Kind.ID, meaning="the company's id, the same in all tables", required=True)
    account_name = Column(kind=Kind.TEXT, meaning="what people call it", change=Change.CURRENT)
    created_at = Column(kind=Kind.TIME, meaning="when it became a customer")
    segment = Column(kind=Kind.CATEGORY, meaning="start-up, mid-market, enterprise, ...", change=Change.CURRENT)
    industry = Column(kind=Kind.CATEGORY, meaning="line of business", change=Change.CURRENT)
    region = Column(kind=Kind.CATEGORY, meaning="country or sales region", change=Change.CURRENT)
    channel = Column(kind=Kind.CATEGORY, meaning="how it was won")
    owner = Column(kind=Kind.CATEGORY, meaning="the CSM who looks after it", change=Change.CURRENT)
    currency = Column(
        kind=Kind.CATEGORY,
        meaning="ISO code of the currency that it pays in, its account currency; the project's own where it is empty",
        change=Change.CURRENT,
    )


class Plans(Table):
    """One row for each plan on the price list."""

    name = "plans"
    key = ("plan_id",)
    plan_id = Column(kind=Kind.ID, meaning="the plan", required=True)
    plan_name = Column(kind=Kind.TEXT, meaning="what customers call it")
    tier_rank = Column(kind=Kind.COUNT, meaning="its place in the order of plans, 1 for the lowest", required=True)
    seats = Column(kind=Kind.COUNT, meaning="seats included", unit="seats")
    price = Column(kind=Kind.MONEY, meaning="list price", unit="account currency per month")


class PlanFeatures(Table):
    """One row for each feature that a plan includes."""

    name = "plan_features"
    key = ("plan_id", "feature")
    plan_id = Column(kind=Kind.ID, meaning="the plan", required=True)
    feature = Column(kind=Kind.CATEGORY, meaning="a feature, named as in the usage", required=True)


class PlanQuotas(Table):
    """One row for each meter that a plan limits."""

    name = "plan_quotas"
    key = ("plan_id", "meter")
    plan_id = Column(kind=Kind.ID, meaning="the plan", required=True)
    meter = Column(kind=Kind.CATEGORY, meaning="what is counted: contacts, storage_gb, api_calls, ...", required=True)
    quota = Column(kind=Kind.NUMBER, meaning="the most that the plan allows", unit="of the meter", required=True)


class Subscriptions(Table):
    """One row for each version of a subscription: from `valid_from` until `valid_to` its terms were these."""

    name = "subscriptions"
    key = ("subscription_id", "valid_from")
    time = "valid_from"
    required = True
    subscription_id = Column(kind=Kind.ID, meaning="the subscription; several may run side by side", required=True)
    account_id = _ACCOUNT
    plan_id = Column(kind=Kind.ID, meaning="the plan", change=Change.DATED)
    seats = Column(kind=Kind.COUNT, meaning="licensed seats", unit="seats", change=Change.DATED)
    mrr = Column(kind=Kind.MONEY, meaning="recurring revenue", unit="account currency per month", change=Change.DATED)
    billing_period_months = Column(
        kind=Kind.COUNT, meaning="how often it is billed", unit="months", change=Change.DATED
    )
    term_end = Column(kind=Kind.TIME, meaning="end of the term as agreed in the contract", change=Change.DATED)
    valid_from = Column(kind=Kind.TIME, meaning="first moment of this version", required=True)
    valid_to = Column(kind=Kind.TIME, meaning="first moment after it; empty while it runs", change=Change.DATED)
    change_reason = Column(
        kind=Kind.CATEGORY, meaning="why this version began; any other value says nothing", values=CHANGE_REASONS
    )
    end_reason = Column(
        kind=Kind.CATEGORY,
        meaning="why it ended ('changed' where another version follows); empty while it runs, any other value says "
        "nothing",
        change=Change.DATED,
        values=END_REASONS,
    )
    recorded_at = _RECORDED
    end_recorded_at = Column(kind=Kind.TIME, meaning="when its end became known; without it valid_to and the lag")


class AddOns(Table):
    """One row for each stretch of time in which an account held an add-on."""

    name = "addons"
    key = ("account_id", "addon_id", "valid_from")
    time = "valid_from"
    account_id = _ACCOUNT
    addon_id = Column(kind=Kind.CATEGORY, meaning="the add-on", required=True)
    mrr = Column(kind=Kind.MONEY, meaning="recurring revenue", unit="account currency per month")
    valid_from = Column(kind=Kind.TIME, meaning="first moment", required=True)
    valid_to = Column(kind=Kind.TIME, meaning="first moment after it; empty while it runs", change=Change.DATED)
    recorded_at = _RECORDED
    end_recorded_at = Column(kind=Kind.TIME, meaning="when its end became known; without it valid_to and the lag")


class Users(Table):
    """One row for each person who may use the product."""

    name = "users"
    key = ("account_id", "user_id")
    time = "created_at"
    account_id = _ACCOUNT
    user_id = Column(kind=Kind.ID, meaning="the person, as a pseudonym", required=True)
    role = Column(kind=Kind.CATEGORY, meaning="member, admin, champion or executive", change=Change.CURRENT)
    created_at = Column(kind=Kind.TIME, meaning="when the person was invited")
    recorded_at = _RECORDED


class UsageEvents(Table):
    """One row for each thing that a user did: the finer form of usage."""

    name = "usage_events"
    key = ("event_id",)
    time = "occurred_at"
    event_id = Column(kind=Kind.ID, meaning="the event; without it only wholly equal rows count as duplicates")
    account_id = _ACCOUNT
    user_id = Column(kind=Kind.ID, meaning="who did it")
    occurred_at = Column(kind=Kind.TIME, meaning="when", required=True)
    kind = Column(kind=Kind.CATEGORY, meaning="what sort of event", required=True, values=USAGE_KINDS)
    feature = Column(kind=Kind.CATEGORY, meaning="which feature it touched")
    session_id = Column(kind=Kind.ID, meaning="the session it belongs to")
    recorded_at = _RECORDED


class UsageDaily(Table):
    """One row for each account, day, kind and feature: the coarser form of usage."""

    name = "usage_daily"
    key = ("account_id", "day", "kind", "feature")
    own_key = "row_id"
    time = "day"
    row_id = Column(kind=Kind.ID, meaning="the source's own id of the row; where given, it is the key, and rows add up")
    account_id = _ACCOUNT
    day = Column(kind=Kind.DAY, meaning="the day, UTC", required=True)
    kind = Column(kind=Kind.CATEGORY, meaning="what sort of event", required=True, values=USAGE_KINDS)
    feature = Column(kind=Kind.CATEGORY, meaning="which feature it touched")
    events = Column(kind=Kind.COUNT, meaning="how often", unit="events", required=True)
    users = Column(kind=Kind.COUNT, meaning="distinct users of this kind and feature that day", unit="users")
    day_users = Column(
        kind=Kind.COUNT, meaning="distinct users of the account that day, whatever they did", unit="users"
    )
    recorded_at = _RECORDED


class MeterReadings(Table):
    """One row for each reading of a metered quantity."""

    name = "meter_readings"
    key = ("account_id", "meter", "read_at")
    time = "read_at"
    account_id = _ACCOUNT
    meter = Column(kind=Kind.CATEGORY, meaning="what is counted", required=True)
    read_at = Column(kind=Kind.TIME, meaning="when it was read", required=True)
    value = Column(kind=Kind.NUMBER, meaning="how much was in use", unit="of the meter", required=True)
    quota = Column(kind=Kind.NUMBER, meaning="the limit that applied; without it the plan's quota", unit="of the meter")
    recorded_at = _RECORDED


class Tickets(Table):
    """One row for each support ticket."""

    name = "tickets"
    key = ("ticket_id",)
    time = "opened_at"
    ticket_id = Column(kind=Kind.ID, meaning="the ticket", required=True)
    account_id = _ACCOUNT
    opened_at = Column(kind=Kind.TIME, meaning="when it was opened", required=True)
    closed_at = Column(kind=Kind.TIME, meaning="when it was closed; empty while open", change=Change.DATED)
    priority = Column(kind=Kind.CATEGORY, meaning="low, normal, high or urgent", change=Change.CURRENT)
    escalated = Column(kind=Kind.COUNT, meaning="1 if it was escalated", change=Change.CURRENT)
    text = Column(kind=Kind.TEXT, meaning="what the customer wrote")
    recorded_at = _RECORDED


class SurveyResponses(Table):
    """One row for each answer to a survey."""

    name = "survey_responses"
    key = ("response_id",)
    time = "answered_at"
    response_id = Column(kind=Kind.ID, meaning="the answer", required=True)
    account_id = _ACCOUNT
    answered_at = Column(kind=Kind.TIME, meaning="when", required=True)
    nps = Column(kind=Kind.COUNT, meaning="likelihood to recommend", unit="0 to 10")
    text = Column(kind=Kind.TEXT, meaning="the verbatim")
    recorded_at = _RECORDED


class Milestones(Table):
    """One row for each business outcome that an account achieved."""

    name = "milestones"
    key = ("account_id", "milestone", "reached_at")
    time = "reached_at"
    account_id = _ACCOUNT
    milestone = Column(kind=Kind.CATEGORY, meaning="first_value, go_live, goal_met, ...", required=True)
    reached_at = Column(kind=Kind.TIME, meaning="when", required=True)
    recorded_at = _RECORDED


class Outreach(Table):
    """One row for each contact of an account about an upsell."""

    name = "outreach"
    key = ("outreach_id",)
    time = "contacted_at"
    outreach_id = Column(kind=Kind.ID, meaning="the contact", required=True)
    account_id = _ACCOUNT
    contacted_at = Column(kind=Kind.TIME, meaning="when", required=True)
    upsell_type = Column(kind=Kind.CATEGORY, meaning="what was talked about", values=UPSELL_TYPES)
    started_by = Column(kind=Kind.CATEGORY, meaning="the trigger that started it, or 'calendar'")
    result = Column(kind=Kind.CATEGORY, meaning="won, lost or open", change=Change.CURRENT)
    result_at = Column(kind=Kind.TIME, meaning="when the result was known", change=Change.DATED)
    recorded_at = _RECORDED


class Opportunities(Table):
    """One row for each stage that an opportunity entered."""

    name = "opportunities"
    key = ("opportunity_id", "stage", "entered_at")
    time = "entered_at"
    opportunity_id = Column(kind=Kind.ID, meaning="the opportunity", required=True)
    account_id = _ACCOUNT
    upsell_type = Column(kind=Kind.CATEGORY, meaning="what is to be sold", values=UPSELL_TYPES)
    stage = Column(
        kind=Kind.CATEGORY, meaning="identified, qualified, engaged, negotiation, won or lost", required=True
    )
    entered_at = Column(kind=Kind.TIME, meaning="when it entered the stage", required=True)
    amount = Column(kind=Kind.MONEY, meaning="annual value", unit="account currency per year", change=Change.CURRENT)
    recorded_at = _RECORDED
