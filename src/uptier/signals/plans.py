"""How the questions to the past are answered: one pass over each source table, for all accounts and as-of dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals import (
    contract_plans,
    feature_plans,
    meter_plans,
    people_plans,
    period_plans,
    record_plans,
    upsell_plans,
    usage_plans,
    user_plans,
    voice_plans,
)
from uptier.signals.question import PLAN, STRETCH, Question
from uptier.signals.windows import KEY, whole_months
from uptier.tables.clean import vouched_columns

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.history import History

    Plan = Callable[[History, list[Question], ir.Table | None], ir.Table | list[ir.Table]]

# what is 0, not unknown, for an account of which the table has no row
_COUNTS = frozenset(
    {
        "events",
        "logins",
        "touches",
        "days_with",
        "days_touched",
        "largest_cluster",
        "peak_daily_users",
        "user_days",
        "active_users",
        "frequent_users",
        "broad_users",
        "deep_users",
        "power_users",
        "emerged_users",
        "busiest_user_days",
        "busiest_user_events",
        "days_of_role",
        "addons",
        "milestones",
        "tickets",
        "open_tickets",
        "escalations",
        "answers",
        "people",
        "invited",
        "outreach",
        "talks",
        "upsells",
        "setbacks",
    }
)
_TEXT = frozenset({"plan_id", "account", "meter_name"})
# what is counted in a column that is overwritten in place: before the project vouches for it, nothing is known
_VOUCHED = {
    "days_of_role": ("users", "role"),
    "people": ("users", "role"),
    "escalations": ("tickets", "escalated"),
}


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
        found = answer(history, questions, contract)
        for part in found if isinstance(found, list) else [found]:
            kept = history.kept(part)
            if plan == "subscriptions":
                # the others build on the first day of billing periods, and on the plan for its quotas and features
                contract = kept.select(*KEY, *(column for column in kept.columns if column in (PLAN, STRETCH)))
            answers = answers.left_join(kept, KEY).drop("account_id_right", "as_of_right")
    features = [one for one in asked.values() if one.plan == "features" and one.column not in lacking]
    answers = feature_plans.counted(history, answers, features)
    known = set(answers.columns)
    if STRETCH in known:
        first_day = (answers.as_of - answers[STRETCH].as_interval("D")).cast("date")
        answers = answers.mutate(complete_periods=whole_months(first_day, answers.as_of))
    filled: dict[str, Any] = {}
    for column, one in asked.items():
        if column not in known:
            filled[column] = ibis.null("string" if one.what in _TEXT else "float64")
        elif one.what in _COUNTS:
            filled[column] = ibis.coalesce(answers[column], 0)
            if one.period:
                filled[column] = ibis.ifelse(answers.complete_periods >= one.period, filled[column], ibis.null("int64"))
            if one.what in _VOUCHED:
                # that nothing is known is not the same as that there was none
                table, overwritten = _VOUCHED[one.what]
                since = vouched_columns(table, history.tables.settings)[overwritten]
                vouched = answers["as_of"] >= ibis.date(since.isoformat())
                filled[column] = ibis.ifelse(vouched, filled[column], ibis.null("int64"))
    return answers.mutate(**filled)


_PLANS: dict[str, Plan] = {
    # subscriptions first: the others build on what is held
    "subscriptions": contract_plans.subscriptions,
    "usage_days": usage_plans.days,
    "usage_touches": usage_plans.touches,
    "usage_last": usage_plans.last_use,
    "usage_clusters": usage_plans.clusters,
    "usage_users": user_plans.users,
    "usage_periods": period_plans.periods,
    "addons": contract_plans.addons,
    "upsells": upsell_plans.upsells,
    "meters": meter_plans.meters,
    "milestones": record_plans.milestones,
    "tickets": voice_plans.tickets,
    "surveys": voice_plans.surveys,
    "roles": people_plans.roles,
    "invitations": people_plans.invitations,
    "outreach": people_plans.outreach,
    "accounts": record_plans.accounts,
}
