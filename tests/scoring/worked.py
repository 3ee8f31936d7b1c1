"""Accounts drawn by a few words each, and their worklist over some months."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from tests.explanation.tiny import CATALOG, bundle
from tests.explanation.tiny import settings as tiny_settings
from uptier.scoring.worklist import worklist
from uptier.settings import OUTCOMES, Settings
from uptier.worklist_settings import WorklistSettings

# which signal of the tiny catalogue fires the trigger that opens each type
FIRES = {"seat_expansion": "seat_utilisation", "plan_upgrade": "gate_crossings", "add_on": "milestones_reached"}
FIRED = {"seat_utilisation": 0.9, "gate_crossings": 3.0, "milestones_reached": 1.0}


def settings(**worklist_settings) -> Settings:
    part = WorklistSettings.model_validate(worklist_settings)
    return tiny_settings().model_copy(update={"worklist": part})


def month(number: int) -> dt.date:
    return dt.date(2026 + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def account(name: str, *fired: str, best: str | None = "", action: str = "", value: float = 500.0, **known) -> dict:
    """Tell of one account: which types' triggers fire, and whatever differs from an account that is pitched to."""
    best = (fired[0] if fired else None) if best == "" else best
    action = action or ("pitch" if fired else "leave alone")
    return {"account_id": name, "fired": fired, "best_type": best, "action": action, "value": value, **known}


def scored(accounts: list[dict], as_of: dt.date, *, rules: bool = False):
    """Give the scorecard, signals and facts of some accounts."""
    day = pd.Timestamp(as_of)
    frame, facts, card = [], [], []
    for one in accounts:
        fires = [FIRES[name] for name in one["fired"]]
        codes = [trigger.name for trigger in CATALOG.triggers if trigger.says[0] in fires]
        frame.append(
            {"account_id": one["account_id"], "as_of": day}
            | {signal: FIRED[signal] if signal in fires else 0.0 for signal in FIRED}
            | {"usage_growth": 0.0, "highest_quota_utilisation": 0.0}
            | {name: one.get(name, float("nan")) for name in ("days_until_renewal", "nps", "days_since_upsell")}
        )
        facts.append(
            {"account_id": one["account_id"]}
            | {name: one[name] for name in one if name.startswith(("days_since_contact", "term_", "open_", "opted"))}
            | {"payment_trouble": one.get("payment_trouble"), "before_first_value": one.get("before_first_value")}
        )
        card.append(
            {"account_id": one["account_id"], "owner": one.get("owner", "ana"), "best_type": one["best_type"]}
            | {"action": one["action"], "action_reason": f"because {one['action']}", "mrr": one.get("mrr", 1000.0)}
            | {"expected_value": float("nan") if rules else one["value"], "gain_arr": 1200.0, "basis": "model"}
            | {"points": one.get("points", 60), "tier": one.get("tier", "Medium"), "model_version": "3"}
            | {"expires_on": day + pd.Timedelta(days=30), "triggers_fired": ",".join(codes)}
            | {f"p_{name}": 0.2 for name in OUTCOMES}
            | {f"{place}{of}": f"{place} of {one['account_id']}" for place in PLACES for of in ("", "_code")}
        )
        if rules:
            card[-1]["basis"] = "rules"
    return pd.DataFrame(card), pd.DataFrame(frame), pd.DataFrame(facts)


PLACES = ("reason_1", "reason_2", "reason_3", "against_1")


def worked(accounts: list[dict], number: int = 3, *, before=None, dismissed=None, rules=False, model=False, **given):
    """Give the worklist of a month."""
    as_of = month(number)
    card, frame, facts = scored(accounts, as_of, rules=rules)
    return worklist(
        card, frame, facts, CATALOG, settings(**given), as_of=as_of, before=before, dismissed=dismissed,
        bundle=bundle() if model else None,
    )  # fmt: skip
