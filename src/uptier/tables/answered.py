"""What people answered, laid over the table of outreach: contacts that the project's own table does not tell.

A contact begins where a case's status turns into one that says that somebody talked to the account. It happened when
the answer was given, and is known since it was pulled; what comes later adds to it and takes nothing back, so that a
date sees what it saw then. All of it is an expression: nothing is created on a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from uptier.tables import readings
from uptier.tables.answers import RESULTS, TALKED, known_before, said_at
from uptier.tables.clean import later
from uptier.tables.contracts import CONTRACT, UPSELL_TYPES
from uptier.tables.mapping import TYPES, Mapped

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.settings import Settings
    from uptier.tables.source import Source

NAME = "outreach"
TOLD = ("outreach_id", "account_id", "contacted_at", "upsell_type", "started_by", "result", "result_at", "recorded_at")
TIMES = ("contacted_at", "result_at", "recorded_at")
SAME = ("account_id", "contacted_on", "upsell_type")  # contacts that agree in these are one
# between values and between rows of a text: neither is printable, so no id has one
BETWEEN_VALUES, BETWEEN_ROWS = "\ue000", "\ue001"


def with_answers(
    mapped: Mapping[str, Mapped], source: Source, settings: Settings, answers: pd.DataFrame
) -> dict[str, Mapped]:
    """Lay answers over the mapped tables.

    Parameters
    ----------
    mapped : mapping of str to Mapped
        The tables that the source has.
    source : Source
        Where they are; nothing is created there.
    settings : Settings
        The project: what became known at or after its `data_until` is left out.
    answers : DataFrame, shape (n_answers, 11)
        As :func:`uptier.tables.answers.read_answers` gives it.

    Returns
    -------
    dict of str to Mapped
        The same tables; `outreach` with the contacts that answers tell, also where the project has no such table. A
        contact that the project's own table tells too (same account, day and upsell type; same account and day where
        that table never says the type) is there once, as the project tells it, and known since the earlier of both.
    """
    told = contacts(known_before(answers, settings.data_until))
    if told.empty:
        return dict(mapped)
    extra = _table(told, source)
    own = mapped.get(NAME)
    if own is None:
        lacks = set() if told["result"].notna().any() else {"result", "result_at"}
        made = Mapped(
            name=NAME, table=extra, raw=extra, present=frozenset(TOLD) - lacks, origin={}, unused=()
        )  # nothing of it comes from a column of the source
        return {**mapped, NAME: made}
    return {**mapped, NAME: replace(own, table=_together(own, extra, settings))}


def contacts(answers: pd.DataFrame) -> pd.DataFrame:
    """Give the contacts that answers tell of.

    Parameters
    ----------
    answers : DataFrame, shape (n_answers, 11)
        As :func:`uptier.tables.answers.read_answers` gives it.

    Returns
    -------
    DataFrame, shape (n_contacts, 8)
        Columns of the table of outreach. Two of the same account, day and upsell type are one. result is that of the
        first answer that tells one, known since it was pulled; None where none does. upsell_type is None for a talk
        that is about no type.
    """
    rows: list[dict[str, Any]] = []
    begun: dict[str, int] = {}  # contacts of each case
    status: dict[tuple[str, str], str] = {}  # of each case at each source
    newest: dict[str, dict[str, Any]] = {}
    same: dict[tuple[str, object, str], dict[str, Any]] = {}
    for source, key, account, upsell, reason, now, said, known in _in_order(answers):
        before = status.get((source, key))
        status[source, key] = now
        if now not in TALKED:
            continue
        if before not in TALKED:
            contact = (account, said.date(), upsell)
            if contact not in same:
                begun[key] = begun.get(key, 0) + 1
                same[contact] = {
                    "outreach_id": f"answer:{key}:{begun[key]}",
                    "account_id": account,
                    "contacted_at": said,
                    "upsell_type": upsell if upsell in UPSELL_TYPES else None,
                    "started_by": reason,
                    "recorded_at": known,
                }
                rows.append(same[contact])
            newest[key] = same[contact]
        if now in RESULTS and "result" not in newest[key]:
            newest[key] |= {"result": RESULTS[now], "result_at": known}
    return pd.DataFrame(rows, columns=list(TOLD))


def _in_order(
    answers: pd.DataFrame,
) -> Iterator[tuple[str, str, str, str, str | None, str, pd.Timestamp, pd.Timestamp]]:
    talked = answers.loc[answers["status"].isin(TALKED), "uptier_key"]
    ordered = answers[answers["uptier_key"].isin(talked)].sort_values("known_at", kind="stable")
    reasons = ordered["reason_code"].astype(object).where(ordered["reason_code"].notna(), None)
    texts = (ordered[name] for name in ("source", "uptier_key", "account_id", "upsell"))
    return zip(*texts, reasons, ordered["status"], said_at(ordered), ordered["known_at"], strict=True)


def _together(own: Mapped, extra: ir.Table, settings: Settings) -> ir.Table:
    about = ["account_id", "_day"] + (["_about"] if "upsell_type" in own.present else [])
    theirs, ours = _with_day(own.table), _with_day(extra)
    fresh = ours.anti_join(theirs, about).drop("_day", "_about")
    # told here before the project's own row was known: it is the same contact, and was known from then on
    first = ours.group_by(about).aggregate(_first=ours.recorded_at.min())
    joined = theirs.left_join(first, about)
    lag = settings.table(NAME).lag_days
    known = ibis.coalesce(joined.recorded_at.date(), later(joined.contacted_at.date(), lag))
    earlier = ibis.coalesce(joined._first.date() < known, False)
    recorded = ibis.ifelse(earlier, joined._first, joined.recorded_at)
    columns = list(own.table.columns)
    return joined.mutate(recorded_at=recorded).select(*columns).union(fresh.select(*columns))


def _with_day(table: ir.Table) -> ir.Table:
    return table.mutate(_day=table.contacted_at.date(), _about=ibis.coalesce(table.upsell_type, ""))


def _table(told: pd.DataFrame, source: Source) -> ir.Table:
    """Give rows to the engine: as they are to our own, elsewhere written into the query itself."""
    contract = CONTRACT[NAME].columns
    if source.is_ours:
        typed = {name: told[name].astype("datetime64[us]" if name in TIMES else object) for name in TOLD}
        schema = {name: TYPES[contract[name].kind] for name in TOLD}
        rows = ibis.memtable(pd.DataFrame(typed), schema=schema)
        return rows.select(*contract)
    written = told.astype(object).where(told.notna(), "")
    for name in TIMES:
        written[name] = [one and f"{one:%Y-%m-%d %H:%M:%S}" for one in written[name]]
    text = BETWEEN_ROWS.join(BETWEEN_VALUES.join(row) for row in written[list(TOLD)].itertuples(index=False))
    lines = ibis.literal(text).split(BETWEEN_ROWS).name("line").as_table().unnest("line")
    values = lines.line.split(BETWEEN_VALUES)
    columns = {name: values[place].nullif("") for place, name in enumerate(TOLD)}
    columns |= {name: readings.time_of(columns[name], source.connection.name) for name in TIMES}
    return lines.select(**{name: columns[name] for name in contract})
