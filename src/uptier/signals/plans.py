"""How the questions to the past are answered: one pass over each source table, for all accounts and as-of dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals import contract_plans, record_plans, usage_plans
from uptier.signals.question import PLAN, Question
from uptier.signals.windows import KEY
from uptier.tables.clean import vouched_columns

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.history import History

    Plan = Callable[[History, list[Question], ir.Table | None], ir.Table]

# what is 0, not unknown, for an account of which the table has no row
_COUNTS = frozenset(
    {
        "events",
        "features",
        "days_with",
        "peak_daily_users",
        "user_days",
        "active_users",
        "power_users",
        "busiest_user_days",
        "busiest_user_events",
        "days_of_role",
        "addons",
        "milestones",
        "tickets",
        "open_tickets",
    }
)
_TEXT = frozenset({"plan_id", "account"})


def answered(history: History, asked: Mapping[str, Question], lacking: frozenset[str]) -> ir.Table:
    """Answer all questions.

    Parameters
    ----------
    history : History
        The past.
    asked : mapping of str to Question
        By column.
    lacking : frozenset of str
        Columns of questions that the project's tables cannot answer.

    Returns
    -------
    Table
        The grid with one column for each question; null for what cannot be answered.
    """
    answers = history.grid
    contract: ir.Table | None = None
    for plan, answer in _PLANS.items():
        questions = [one for one in asked.values() if one.plan == plan and one.column not in lacking]
        if not questions:
            continue
        found = history.kept(answer(history, questions, contract))
        if plan == "subscriptions":
            # the others build on the bounds of billing periods, and on the plan for its quotas
            bounds = [column for column in found.columns if column.startswith("period_age_") or column == PLAN]
            contract = found.select(*KEY, *bounds) if bounds else None
        answers = answers.left_join(found, KEY).drop("account_id_right", "as_of_right")
    known = set(answers.columns)
    filled: dict[str, Any] = {}
    for column, one in asked.items():
        if column not in known:
            filled[column] = ibis.null("string" if one.what in _TEXT else "float64")
        elif one.what in _COUNTS:
            filled[column] = ibis.coalesce(answers[column], 0)
            if one.period:
                began = answers[f"period_age_{one.period}"] <= answers["stretch_days"]
                filled[column] = ibis.ifelse(began, filled[column], ibis.null("int64"))
            if one.what == "days_of_role":
                # who led before the project vouches for roles is not known, which is not the same as nobody
                since = vouched_columns("users", history.tables.settings)["role"]
                vouched = answers["as_of"] >= ibis.date(since.isoformat())
                filled[column] = ibis.ifelse(vouched, filled[column], ibis.null("int64"))
    return answers.mutate(**filled)


_PLANS: dict[str, Plan] = {
    # subscriptions first: the bounds of billing periods come from there
    "subscriptions": contract_plans.subscriptions,
    "usage": usage_plans.activity,
    "usage_last": usage_plans.last_use,
    "usage_days": usage_plans.days,
    "usage_users": usage_plans.users,
    "addons": contract_plans.addons,
    "meters": record_plans.meters,
    "milestones": record_plans.milestones,
    "tickets": record_plans.tickets,
    "surveys": record_plans.surveys,
    "accounts": record_plans.accounts,
}
