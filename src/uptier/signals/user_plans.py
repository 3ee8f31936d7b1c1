"""What is asked of users, beside each other, answered from the rollup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.power_plans import POWER, measured, power_answers, team_sums, windows_of
from uptier.signals.windows import KEY
from uptier.tables.rolling import WORD

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

ROLES = ("days_of_role", "days_since_role")


def users(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how many users, and how active they are beside each other.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``active_users``, ``busiest_user_days``, ``busiest_user_events``, those of roles and those of power users.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid that has users.
    """
    # a question may look at the window before its own too
    reach = max(last + before for one in questions for last, before in windows_of(one))
    past = history.past_usage("people", days=reach)
    past = past.filter(past.user_id.notnull())
    counts: dict[str, Any] = {}
    for one in questions:
        for window in windows_of(one):
            counts |= _counts(past, one, window)
    people = past.group_by([*KEY, "user_id"]).aggregate(**counts)
    if any(one.what in ROLES for one in questions):
        people = _with_roles(history, people)
    plain = [one for one in questions if one.what not in POWER]
    power = [one for one in questions if one.what in POWER]
    if not power:
        return people.group_by(KEY).aggregate(**{one.column: _of_people(people, one) for one in plain})
    limits = history.tables.settings.thresholds
    windows = {window for one in power for window in windows_of(one)}
    people = measured(history, history.kept(people), windows)
    answers = {one.column: _of_people(people, one) for one in plain} | team_sums(people, windows, limits)
    teams = history.kept(people.group_by(KEY).aggregate(**answers))
    found = teams.left_join(power_answers(history, people, teams, power, limits), KEY)
    # where nobody is above the multiple of the mean nobody is far above
    counts = {one.column: found[one.column].fill_null(0) for one in power if one.what != "days_since_emerged"}
    return found.mutate(**counts).select(*KEY, *(one.column for one in questions))


def _counts(past: ir.Table, one: Question, window: tuple[int, int]) -> dict[str, Any]:
    last, before = window
    name = f"{last}_{before}"
    chosen = (past.age > before) & (past.age <= before + last)
    none = ibis.literal(0, "int64")
    # a day that became known in several rows is one day of work
    counts: dict[str, Any] = {f"days_{name}": ibis.ifelse(chosen, past["first"], none).sum().cast("int64")}
    if one.what in POWER or one.what == "busiest_user_events":
        counts[f"events_{name}"] = ibis.ifelse(chosen, past.events, none).sum().cast("int64")
    if one.what in POWER:
        for word in _words(past):
            counts[f"{word}_{name}"] = ibis.ifelse(chosen, past[word], none).bit_or()
        counts[f"began_{name}"] = ibis.ifelse(chosen, past.age, none).max()
    if one.what == "days_since_role":
        counts[f"last_{name}"] = ibis.ifelse(chosen, past.age, ibis.null("int64")).min()
    return counts


def _of_people(people: ir.Table, one: Question) -> Any:
    name = f"{one.last}_{one.before}"
    worked = people[f"days_{name}"]
    if one.what == "active_users":
        return ibis.ifelse(worked > 0, 1, 0).sum().cast("int64")
    if one.what == "busiest_user_days":
        return worked.max()
    if one.what == "busiest_user_events":
        return people[f"events_{name}"].max()
    if one.what == "days_since_role":
        return ibis.ifelse(people.role.isin(one.kinds), people[f"last_{name}"], ibis.null("int64")).min()
    return ibis.ifelse(people.role.isin(one.kinds), worked, 0).max()  # days_of_role


def _with_roles(history: History, people: ir.Table) -> ir.Table:
    listed = history.facts("users")
    roles = listed.select(
        "account_id",
        "user_id",
        role=listed.role,
        role_since=listed.role_since if "role_since" in listed.columns else ibis.null("date"),
        invited=listed.day,
        listed=listed.known_day,
    )
    joined = people.left_join(roles, ["account_id", "user_id"]).drop("account_id_right", "user_id_right")
    held = joined.role_since.isnull() | (joined.role_since <= joined.as_of)
    # a list of users need not say when each was invited; where it does, who is not known yet has no role
    held &= ibis.coalesce(joined.invited < joined.as_of, True) & ibis.coalesce(joined.listed < joined.as_of, True)
    role = ibis.ifelse(held, joined.role, ibis.null("string"))
    return joined.mutate(role=role).drop("role_since", "invited", "listed")


def _words(past: ir.Table) -> list[str]:
    return [column for column in past.columns if column.startswith(WORD)]
