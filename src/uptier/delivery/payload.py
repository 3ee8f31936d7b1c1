"""What a destination is told: one row for each account, type and cycle, in fields that are the same everywhere."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from uptier.errors import DeliveryError

Value = str | int | float | dt.date | None


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    LONG_TEXT = "long text"
    WHOLE = "whole number"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a row.

    Attributes
    ----------
    name : str
        As files and databases call it; destinations with rules of their own for names derive theirs from it.
    kind : Kind
        What it holds.
    label : str
        What people read above it.
    about : str
        What it says, in a sentence.
    length : int
        Most characters of a text; 0 for what is no text.
    decimals : int
        Decimals of a number.
    """

    name: str
    kind: Kind
    label: str
    about: str
    length: int = 0
    decimals: int = 0


KEY = "uptier_key"
FINGERPRINT = "uptier_hash"
STATE = "state"
OPEN, CLOSED = "open", "closed"

FIELDS: tuple[Field, ...] = (
    Field(name=KEY, kind=Kind.TEXT, length=200, label="Key", about="Account, upsell type and cycle: never changes."),
    Field(name="account_id", kind=Kind.TEXT, length=120, label="Account", about="The account, as its source names it."),
    Field(name="upsell", kind=Kind.TEXT, length=40, label="Upsell", about="Code of the upsell type."),
    Field(name="cycle", kind=Kind.DAY, label="Cycle", about="When this case was opened."),
    Field(name=STATE, kind=Kind.TEXT, length=10, label="State", about="open or closed."),
    Field(name="closed_because", kind=Kind.TEXT, length=120, label="Closed because", about="Why it is closed."),
    Field(name="owner", kind=Kind.TEXT, length=120, label="CSM", about="Who looks after the account."),
    Field(name="action", kind=Kind.TEXT, length=40, label="Do", about="pitch, nurture first, protect or leave alone."),
    Field(name="action_reason", kind=Kind.TEXT, length=250, label="Because", about="Why that, in words."),
    Field(
        name="suppressed_by", kind=Kind.TEXT, length=60, label="Held back by",
        about="Code of the first rule that holds it back.",
    ),
    Field(
        name="held_by", kind=Kind.TEXT, length=250, label="Held back by all of",
        about="Codes of all rules that hold it back, joined by commas.",
    ),
    Field(name="tier", kind=Kind.TEXT, length=10, label="Tier", about="A, B, C or D, by fixed bounds; A is best."),
    Field(name="points", kind=Kind.WHOLE, label="Points", about="Of the points model; they rank under rules."),
    Field(name="rank", kind=Kind.WHOLE, label="Place", about="Place in the CSM's list; 1 is first."),
    Field(
        name="unlisted_because", kind=Kind.TEXT, length=120, label="Not listed because",
        about="Why an open case has no place.",
    ),
    Field(
        name="exploration", kind=Kind.TEXT, length=3, label="Drawn to explore",
        about="yes where a draw gave it its place, else no.",
    ),
    Field(
        name="chance", kind=Kind.NUMBER, decimals=6, label="Chance", about="Of the upsell, 0 to 1; none under rules."
    ),
    Field(name="risk", kind=Kind.NUMBER, decimals=6, label="Risk", about="Of leaving within 90 days, 0 to 1."),
    Field(name="expected_value", kind=Kind.NUMBER, decimals=2, label="Expected value", about="Of one contact."),
    Field(
        name="expected_value_low", kind=Kind.NUMBER, decimals=2, label="Expected value, low",
        about="At the low end of the chance's 95 % interval; none where that was not tested.",
    ),
    Field(
        name="expected_value_high", kind=Kind.NUMBER, decimals=2, label="Expected value, high",
        about="At the high end of the chance's 95 % interval; none where that was not tested.",
    ),
    Field(name="gain_arr", kind=Kind.NUMBER, decimals=2, label="Gain a year", about="What the upsell would add."),
    Field(name="currency", kind=Kind.TEXT, length=3, label="Currency", about="ISO code of the amounts."),
    Field(name="as_of", kind=Kind.DAY, label="Looked at", about="The date that was looked from."),
    Field(name="act_by", kind=Kind.DAY, label="Act by", about="Until when the trigger asks to act."),
    Field(name="expires_on", kind=Kind.DAY, label="Good until", about="After this day it is not to be acted on."),
    Field(name="reason_1_code", kind=Kind.TEXT, length=80, label="Reason 1 code", about="Stable code."),
    Field(name="reason_1", kind=Kind.TEXT, length=250, label="Reason 1", about="In the account's own numbers."),
    Field(name="reason_2_code", kind=Kind.TEXT, length=80, label="Reason 2 code", about="Stable code."),
    Field(name="reason_2", kind=Kind.TEXT, length=250, label="Reason 2", about="In the account's own numbers."),
    Field(name="reason_3_code", kind=Kind.TEXT, length=80, label="Reason 3 code", about="Stable code."),
    Field(name="reason_3", kind=Kind.TEXT, length=250, label="Reason 3", about="In the account's own numbers."),
    Field(name="against_1_code", kind=Kind.TEXT, length=80, label="Against code", about="Stable code."),
    Field(name="against_1", kind=Kind.TEXT, length=250, label="Against", about="What speaks against it."),
    Field(name="changed", kind=Kind.TEXT, length=250, label="Changed", about="What changed since last time."),
    Field(name="details", kind=Kind.LONG_TEXT, length=30_000, label="Brief", about="A link to the brief, or its text."),
    Field(
        name="triggers_fired", kind=Kind.TEXT, length=250, label="Triggers fired",
        about="Codes of the account's triggers, joined by commas.",
    ),
    Field(
        name="model_version", kind=Kind.TEXT, length=40, label="Model", about="Version of the model; none for rules."
    ),
    Field(name=FINGERPRINT, kind=Kind.TEXT, length=64, label="Fingerprint", about="Of all other fields."),
)  # fmt: skip
BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One row as every destination is told it.

    Attributes
    ----------
    key : str
        Account, type and cycle: what a destination finds its own row by.
    account_id : str
        For messages and the ledger.
    values : mapping of str to value
        By name of :data:`FIELDS`, all of them; None where there is nothing to say.
    """

    key: str
    account_id: str
    values: Mapping[str, Value]

    @property
    def fingerprint(self) -> str:
        """Hash of all that is told: equal rows are told once."""
        return str(self.values[FINGERPRINT])

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done about it."""
        return self.values[STATE] == OPEN


def payload(given: Mapping[str, object]) -> Payload:
    """Bring one row into the form in which it is told, whole and safe.

    Parameters
    ----------
    given : mapping of str to object
        By name of :data:`FIELDS`; what is absent or missing is told as nothing.

    Returns
    -------
    Payload
        Texts without control characters and cut at a word within their length, numbers rounded to their decimals.

    Raises
    ------
    DeliveryError
        If the row has no key or account, one that is too long to be a key, or what no field can hold; the account is
        named by its id alone.
    """
    account = _id(given.get("account_id"), "account_id", "?")
    key = _id(given.get(KEY), KEY, account)
    values: dict[str, Value] = {
        field.name: _told(field, given.get(field.name), account) for field in FIELDS if field.name != FINGERPRINT
    }
    values |= {KEY: key, "account_id": account}
    if values[STATE] not in (OPEN, CLOSED):
        raise DeliveryError(f"The row of account {account} is neither open nor closed.")
    return Payload(key=key, account_id=account, values=values | {FINGERPRINT: _hash(values)})


def closed(last: Mapping[str, Value], because: str) -> Payload:
    """Give the row that closes one that was told before.

    Parameters
    ----------
    last : mapping of str to value
        As it was told last.
    because : str
        Why it is closed.

    Returns
    -------
    Payload
        The same row, closed: nobody is to act on it.
    """
    return payload({**last, STATE: CLOSED, "closed_because": because, "rank": None})


def written(values: Mapping[str, Value]) -> str:
    """Write a row as JSON, the same for the same row.

    Parameters
    ----------
    values : mapping of str to value
        The row.

    Returns
    -------
    str
        Days as ISO dates.
    """
    plain = {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in values.items()}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))


def read(text: str) -> Payload:
    """Read a row that was written.

    Parameters
    ----------
    text : str
        As :func:`written` gave it.

    Returns
    -------
    Payload
        The same row, with the fingerprint under which it was told; a field that there was not then is None.
    """
    plain = json.loads(text)
    values: dict[str, Value] = dict.fromkeys(BY_NAME) | {
        name: dt.date.fromisoformat(value) if BY_NAME[name].kind is Kind.DAY and value is not None else value
        for name, value in plain.items()
        if name in BY_NAME
    }
    return Payload(key=str(values[KEY]), account_id=str(values["account_id"]), values=values)


def cut(text: str, length: int) -> str:
    """Cut a text at a word.

    Parameters
    ----------
    text : str
        Any.
    length : int
        Most characters.

    Returns
    -------
    str
        The text itself where it fits, else as many whole words as do, and an ellipsis. Codes that are joined by commas
        are words too.
    """
    if len(text) <= length:
        return text
    head = text[: length - 1]
    whole = head.rpartition(" ")[0] or head.rpartition(",")[0]
    return f"{(whole or head).rstrip(' ,;:.')}…"


def _told(field: Field, value: object, account: str) -> Value:
    if pd.api.types.is_scalar(value) and pd.isna(value):  # type: ignore[call-overload]  # whatever a frame may hold
        return None
    try:
        if field.kind is Kind.DAY:
            # a timestamp is a date too; its own date() leaves the time out
            return value.date() if isinstance(value, dt.datetime) else _day(value)
        if field.kind is Kind.WHOLE:
            return int(value)  # type: ignore[call-overload, no-any-return]  # what is no number is told below
        if field.kind is Kind.NUMBER:
            number = round(float(value), field.decimals)  # type: ignore[arg-type]  # likewise
            if number in (float("inf"), float("-inf")):
                raise ValueError(number)
            return number + 0.0  # never -0.0
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        return cut(_clean(str(value), keeps_lines=field.kind is Kind.LONG_TEXT), field.length) or None
    except (TypeError, ValueError):
        raise DeliveryError(
            f"The field {field.name} of account {account} cannot be told.",
            found=f"a value of type {type(value).__name__} where a {field.kind.value} belongs",
        ) from None


def _day(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def _clean(text: str, *, keeps_lines: bool) -> str:
    """Take out what a CRM, a spreadsheet or a terminal would stumble on: control characters, lone surrogates."""
    kept = "\n" if keeps_lines else ""
    safe = text
    if not (text.replace("\n", "") if keeps_lines else text).isprintable():  # seldom, and slow
        safe = "".join(sign if sign.isprintable() or sign in kept else " " for sign in text)
        safe = safe.encode("utf-8", "ignore").decode("utf-8")
    return safe.strip() if keeps_lines else " ".join(safe.split())


def _id(value: object, name: str, account: str) -> str:
    told = "" if value is None else str(value)
    if not told.strip() or told != _clean(told, keeps_lines=False) or len(told) > BY_NAME[name].length:
        raise DeliveryError(
            f"A row of account {account} has no {name} that a destination can keep.",
            found="nothing" if not told.strip() else f"{len(told)} characters, at most {BY_NAME[name].length} are kept",
            do="Ids hold printable characters without doubled blanks; map a column that does.",
        )
    return told


def _hash(values: Mapping[str, Value]) -> str:
    return hashlib.sha256(written(values).encode("utf-8")).hexdigest()
