"""Rows as destinations are told them: a plain one, and any that Hypothesis can think of."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from uptier.delivery.payload import FIELDS, FINGERPRINT, KEY, OPEN, STATE, Kind, Payload, payload

# what a CRM, a spreadsheet, a terminal, a page or a database may stumble on
ODD = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1+1",
    "\t=1",
    "\r=1",
    " =1",
    "🙂 zoë 中文 עברית",
    "line one\nline two\r\nline three",
    "zero \x00 bytes",
    "a,b;\"c\"'d'",
    "<script>alert(1)</script>",
    "x" * 10_000,
    "100%s %(a)s {x} $1 :y \\",
    "\u2028\u202e\ud800",
)
TEXTS = st.one_of(st.none(), st.sampled_from(ODD), st.text(max_size=40))


def row(account: str = "acme", **given: Any) -> Payload:
    """Give a plain open row, in which what is given is put."""
    plain: dict[str, Any] = {
        KEY: f"{account}:seat_expansion:2026-03-01",
        "account_id": account,
        "upsell": "seat_expansion",
        "cycle": dt.date(2026, 3, 1),
        STATE: OPEN,
        "owner": "Ada",
        "action": "pitch",
        "rank": 1,
        "chance": 0.25,
        "as_of": dt.date(2026, 3, 1),
        "act_by": dt.date(2026, 3, 9),
        "expires_on": dt.date(2026, 3, 15),
        "reason_1": "18 of the 20 seats were active",
    }
    return payload(plain | given)


def told(rows: list[Payload]) -> dict[str, str]:
    """Give what a destination holds that was told these rows."""
    return {one.key: one.fingerprint for one in rows}


@st.composite
def any_row(draw: st.DrawFn, key: str) -> Payload:
    """Draw a row with a key."""
    of_kind = {
        Kind.TEXT: TEXTS,
        Kind.LONG_TEXT: TEXTS,
        Kind.WHOLE: st.none() | st.integers(-(2**63), 2**63 - 1),
        Kind.NUMBER: st.none() | st.floats(-1e12, 1e12),
        Kind.DAY: st.none() | st.dates(min_value=dt.date(1, 1, 1)),
    }
    values = {field.name: draw(of_kind[field.kind]) for field in FIELDS if field.name != FINGERPRINT}
    return payload(values | {KEY: key, "account_id": key[:100], STATE: OPEN})


def any_rows() -> st.SearchStrategy[list[Payload]]:
    """Draw rows, each with a key of its own."""
    keys = st.lists(st.sampled_from(["a", "=b", "'=b", "-c", "d e", "🙂", 'f"', "g,h", "@i", "'j"]), unique=True)
    return keys.flatmap(lambda some: st.tuples(*(any_row(key) for key in some)).map(list))
