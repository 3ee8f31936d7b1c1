"""The check: what in a project's tables breaks the contract, with a code, a count, a severity and what to do.

Errors stop every later step unless the project accepts them with a reason and a treatment; warnings do not. Nothing is
dropped in silence: what is left out is counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis

from uptier.errors import SettingsError, TableError, closest, did_you_mean
from uptier.project_file import where
from uptier.tables.check_names import misspelt, unlisted, unmapped
from uptier.tables.clean import dated, future_ends
from uptier.tables.contracts import CONTRACT, Change, Kind
from uptier.tables.findings import EQUAL_ROWS, Finding, Findings, Severity
from uptier.tables.forms import as_versions
from uptier.tables.mapping import Mapped, ambiguous_ids, map_table
from uptier.tables.treatments import (
    future_rows,
    negative_numbers,
    null_values,
    repeated_keys,
    within_subscription,
    without_equal_rows,
)

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.settings import Settings
    from uptier.tables.source import Source

    Kept = Callable[[ir.Table, str], ir.Table]

OUTSIDE_SHARE = 0.05  # of usage outside any subscription, above which a mapping is more likely wrong than the customers

# findings about rows, which a project may look at and live with; what makes a table unreadable is not among them
# with the treatments that it can have: one that would do nothing is refused
ACCEPTABLE = {
    "column-misspelt": ("keep",),
    "duplicate-key": ("keep_first", "drop", "keep"),
    "ends-before-begins": ("drop", "keep"),
    "future-row": ("drop", "keep"),
    "negative-number": ("drop", "keep"),
    "null-value": ("drop", "keep"),
    "overlapping-subscription": ("keep",),
    "unknown-account": ("drop",),
    "usage-outside-subscription": ("drop", "keep"),
    "wrong-type": ("keep",),
}


def check(
    source: Source, settings: Settings, progress: Callable[[str], None] | None = None
) -> tuple[Findings, dict[str, Mapped]]:
    """Look at every table of a project.

    Parameters
    ----------
    source : Source
        Where the data are.
    settings : Settings
        The project.
    progress : callable, optional
        Told the name of each table as its turn comes.

    Returns
    -------
    findings : Findings
        What was found; findings that the project accepts are warnings.
    mapped : dict of str to Mapped
        The tables that can be read.

    Raises
    ------
    SettingsError
        If the project accepts a code that there is not, or vouches for a column that is not overwritten.
    """
    _require_known(settings)
    found: list[Finding] = []
    mapped: dict[str, Mapped] = {}
    for name in settings.tables:
        if name not in CONTRACT:
            found.append(_unknown_table(name, settings))
    for name, contract in CONTRACT.items():
        try:
            one = map_table(source, settings, name)
        except TableError as error:
            found.append(_error(error.code, name, 1, str(error)))
            continue
        if one is None:
            found.append(_absent(name, required=contract.required))
        else:
            mapped[name] = one
            found.extend(_ambiguous(source, settings, name))
    if "usage_events" not in mapped and "usage_daily" not in mapped and not _concerns(found, "usage_"):
        found.append(_error("table-absent", "usage_events", 1, "Neither usage_events nor usage_daily is there."))
    for name, one in mapped.items():
        if progress is not None:
            progress(name)
        found.extend(misspelt(one))
        with source.meanwhile() as kept:
            found.extend(_rows(one, settings, kept))
            found.extend(_between(one, mapped, settings, kept))
    order = {severity: place for place, severity in enumerate(Severity)}
    accepted = [_accepted(one, settings) for one in found if one.count]
    return Findings(tuple(sorted(accepted, key=lambda one: order[one.severity]))), mapped


def _require_known(settings: Settings) -> None:
    # a misspelt code or column would be passed over in silence, and the error come back as if nothing had been said
    for number, accepted in enumerate(settings.accept):
        if accepted.code not in ACCEPTABLE:
            raise SettingsError(
                f"{where(settings.path, 'accept', number, 'code')}: no finding that can be accepted has the code "
                f"'{accepted.code}'.",
                do=did_you_mean(accepted.code, ACCEPTABLE),
            )
        if accepted.treatment not in ACCEPTABLE[accepted.code]:
            raise SettingsError(
                f"{where(settings.path, 'accept', number, 'treatment')}: findings of the code {accepted.code} have no "
                f"treatment '{accepted.treatment}'.",
                do=f"Choose: {', '.join(ACCEPTABLE[accepted.code])}.",
            )
    overwritten = [
        f"{name}.{column}"
        for name, contract in CONTRACT.items()
        for column, described in contract.columns.items()
        if described.change is Change.CURRENT
    ]
    for place in settings.holds_since:
        if place not in overwritten:
            raise SettingsError(
                f"{where(settings.path, 'holds_since', place)}: '{place}' is no column that sources overwrite.",
                do=did_you_mean(place, overwritten),
            )


def _rows(one: Mapped, settings: Settings, kept: Kept) -> Iterable[Finding]:
    """Find what a table shows by itself."""
    name, contract = one.name, CONTRACT[one.name]
    table = _dated(one, settings)
    counts = {
        "null-value": _sum(null_values(table, name)),
        "negative-number": _sum(negative_numbers(table, name)),
    }
    if contract.time:
        counts["future-row"] = _sum(future_rows(table, settings))
    if "end_day" in table.columns:
        counts["future-end"] = _sum(future_ends(table, settings))
        counts["ends-before-begins"] = _sum(table.valid_to < table.valid_from)
    numbers = _numbers(table.aggregate(**counts))
    rows = _count(one.table)
    if not rows:
        severity = Severity.ERROR if contract.required or name.startswith("usage_") else Severity.WARNING
        yield Finding(
            code="empty-table", table=name, count=1, severity=severity, message=f"The table '{name}' has no rows."
        )
        return
    key = contract.key_of(one.present)
    equal, doubled = _repeats(one.table, key, rows, kept)
    yield _warning(EQUAL_ROWS, name, equal, "rows are equal in every column to another; they are left out.")
    yield from _wrong_types(one)
    yield _error("null-value", name, numbers["null-value"], "rows lack a value that the contract requires.")
    yield _error("negative-number", name, numbers["negative-number"], "rows hold a number below zero.")
    yield _error(
        "future-row",
        name,
        numbers.get("future-row", 0),
        f"rows became known on or after data_until ({settings.data_until}). Is data_until right?",
    )
    yield _warning(
        "future-end",
        name,
        numbers.get("future-end", 0),
        f"rows ended before data_until ({settings.data_until}), which was known only later; they are taken to run on.",
    )
    yield _error("ends-before-begins", name, numbers.get("ends-before-begins", 0), "rows end before they begin.")
    if key:
        told = f"keys ({', '.join(key)}) stand in several rows with different content."
        yield _error("duplicate-key", name, doubled, told)
    if name == "subscriptions":
        yield from _overlaps(table, one.form)
        yield _side_by_side(table, settings)
    if name.startswith("usage_"):
        yield from unmapped(one, settings)
        yield from unlisted(one, settings)


def _between(one: Mapped, mapped: Mapping[str, Mapped], settings: Settings, kept: Kept) -> Iterable[Finding]:
    """Find what shows only beside another table."""
    name, table = one.name, one.table
    if "account_id" in table.columns and name != "accounts" and "accounts" in mapped:
        strangers = table.anti_join(mapped["accounts"].table, "account_id")
        told = Finding(
            code="unknown-account",
            table=name,
            count=_count(strangers),
            severity=Severity.ERROR if name in ("subscriptions", "addons") else Severity.WARNING,
            message="rows are about an account that the table 'accounts' does not have; they are left out. "
            "Are the ids of one kind? See identities: in docs/settings.md.",
        )
        yield told
    if name == "subscriptions" and "plans" in mapped:
        plans = mapped["plans"].table
        strangers = table.filter(table.plan_id.notnull()).anti_join(plans, "plan_id")
        yield _warning(
            "unknown-plan",
            name,
            _count(strangers),
            "rows name a plan that the table 'plans' does not have; its tier "
            "is then not known, and plan upgrades from or to it are not seen.",
        )
    if name.startswith("usage_") and "subscriptions" in mapped:
        # an account's day is inside or outside whatever happened on it: far fewer days than rows
        usage = _dated(one, settings)
        # a row without account or time is a finding of its own
        usage = usage.filter(usage.account_id.notnull() & usage.day.notnull())
        usage = kept(usage.group_by("account_id", "day").aggregate(rows=usage.count()), "usage")
        inside = within_subscription(usage, _dated(mapped["subscriptions"], settings))
        rows = _total(usage)
        outside = rows - _total(inside)
        share = outside / max(rows, 1)
        dated_past = mapped["subscriptions"].form != "current"
        yield Finding(
            code="usage-outside-subscription",
            table=name,
            count=outside,
            # a table of today alone does not have those who left, whose usage is then outside
            severity=Severity.ERROR if share > OUTSIDE_SHARE and dated_past else Severity.WARNING,
            message=f"rows ({share:.0%} of all) fall on a day on which their account had no subscription. Are dates "
            "and ids mapped rightly?",
        )


def _ambiguous(source: Source, settings: Settings, name: str) -> Iterable[Finding]:
    doubled = ambiguous_ids(source, settings, name)
    if doubled is not None:
        told = "ids of the identities table name several accounts each; rows would count for all of them."
        yield _error("identity-ambiguous", name, _count(doubled), told)


def _dated(one: Mapped, settings: Settings) -> ir.Table:
    table, wanted = one.table, settings.table(one.name)
    if one.name == "subscriptions":
        # a doubled row would look like a change of its own
        table = as_versions(without_equal_rows(table, CONTRACT[one.name].key_of(one.present)), one.form)
    return dated(table, one.name, wanted.lag_days)


def _repeats(table: ir.Table, key: tuple[str, ...], rows: int, kept: Kept) -> tuple[int, int]:
    """Count the rows that are equal to another, and the keys that stand in several different rows."""
    if not key:
        return rows - _count(table.distinct()), 0
    repeated = kept(repeated_keys(table, key), "repeated")
    suspects = _total(repeated)
    if not suspects:
        return 0, 0
    same = [table[column].identical_to(repeated[column]) for column in key]
    distinct = kept(table.semi_join(repeated, same).distinct(), "distinct")
    return suspects - _count(distinct), _count(repeated_keys(distinct, key))


def _total(counted: ir.Table) -> int:
    return _numbers(counted.aggregate(n=ibis.coalesce(counted.rows.sum(), 0)))["n"]


def _wrong_types(one: Mapped) -> Iterable[Finding]:
    contract = CONTRACT[one.name]
    texts = {
        column: one.raw[origin]
        for column, origin in one.origin.items()
        if contract.columns[column].kind in (Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.TIME, Kind.DAY)
        and one.raw[origin].type().is_string()
    }
    if not texts:
        return
    # all columns at once: text comes from CSV, which is parsed anew for each question
    written = _numbers(one.raw.aggregate(**{name: _sum(raw.notnull() & (raw != "")) for name, raw in texts.items()}))
    read = _numbers(one.table.aggregate(**{name: _sum(one.table[name].notnull()) for name in texts}))
    for column in texts:
        yield _error(
            "wrong-type",
            one.name,
            max(written[column] - read[column], 0),
            f"values of {column} are no {contract.columns[column].kind}; treated as missing where this is accepted.",
        )


def _overlaps(table: ir.Table, form: str) -> Iterable[Finding]:
    if form == "current":
        yield _warning(
            "current-state-only",
            "subscriptions",
            1,
            "The table tells only what holds today. Scoring by rules works; training needs the past: keep a dated copy "
            "of this table every day from now on, and use form: snapshots once there are some months of it.",
        )
        return
    window = ibis.window(group_by=table.subscription_id, order_by=[table.valid_from, table.valid_to])
    following = table.mutate(_next=table.valid_from.lead().over(window))
    overlapping = following._next.notnull() & (following.valid_to.isnull() | (following.valid_to > following._next))
    yield _error(
        "overlapping-subscription",
        "subscriptions",
        _numbers(following.aggregate(n=_sum(overlapping)))["n"],
        "versions of one subscription run into the next version of the same id. Subscriptions that really run side by "
        "side need ids of their own.",
    )


def _side_by_side(table: ir.Table, settings: Settings) -> Finding:
    open_ended = table.end_day.isnull() | (table.end_day >= settings.data_until)
    running = table.filter((table.day < settings.data_until) & open_ended)
    accounts = running.group_by("account_id").aggregate(held=running.subscription_id.nunique())
    several = _numbers(accounts.aggregate(n=_sum(accounts.held > 1), most=ibis.coalesce(accounts.held.max(), 0)))
    return _warning(
        "side-by-side",
        "subscriptions",
        several["n"],
        f"accounts hold several subscriptions at once at the end of the data, up to {several['most']}. Their seats and "
        "MRR add up. Is that so, or did nobody end the old ones?",
    )


def _absent(name: str, *, required: bool) -> Finding:
    if required:
        return _error("table-absent", name, 1, f"The source has no table '{name}'. Name it under tables.{name}.from.")
    return _warning("table-absent", name, 1, f"The source has no table '{name}'.")


def _unknown_table(name: str, settings: Settings) -> Finding:
    near = closest(name, CONTRACT)
    hint = f"Did you mean '{near[0]}'?" if near else f"The contract has: {', '.join(CONTRACT)}."
    return _error("table-unknown", name, 1, f"There is no table '{name}' in the contract. {hint}")


def _concerns(found: list[Finding], prefix: str) -> bool:
    return any(one.table.startswith(prefix) and one.severity is Severity.ERROR for one in found)


def _accepted(one: Finding, settings: Settings) -> Finding:
    for accepted in settings.accept:
        if accepted.code == one.code and accepted.table in (None, one.table) and one.severity is Severity.ERROR:
            told = f"{one.message} Accepted ({accepted.treatment}): {accepted.reason}"
            return replace(one, severity=Severity.WARNING, message=told, accepted=accepted.reason)
    return one


def _error(code: str, table: str, count: int, message: str) -> Finding:
    return Finding(code=code, table=table, count=count, severity=Severity.ERROR, message=message)


def _warning(code: str, table: str, count: int, message: str) -> Finding:
    return Finding(code=code, table=table, count=count, severity=Severity.WARNING, message=message)


def _sum(condition: Any) -> Any:
    return ibis.coalesce(ibis.ifelse(condition, 1, 0).sum(), 0)


def _count(table: ir.Table) -> int:
    return int(table.count().execute())


def _numbers(row: ir.Table) -> dict[str, int]:
    return {str(name): int(value) for name, value in row.execute().iloc[0].items()}
