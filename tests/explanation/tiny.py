"""A catalogue of five families, small enough to reason about, and a bundle learnt on it.

The real catalogue's names are used, so that the points model finds its signals.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

from uptier.model.bundle import Bundle, BundleSignal, Head
from uptier.model.calibrator import Sigmoid
from uptier.settings import OUTCOMES, Settings
from uptier.signals.catalog import Catalog
from uptier.signals.signal import Effect, Phrase, Signal, Unit
from uptier.signals.trigger import Trigger

AS_OF = dt.date(2026, 3, 1)


def made(family: str, name: str, unit: Unit, value: str, missing: str, *, zero: str = "", negative: str = "") -> Signal:
    def function(history):
        return history

    function.__name__, function.__module__, function.__doc__ = name, f"tiny.{family}", f"{name}."
    phrase = Phrase(value=value, missing=missing, zero=zero, negative=negative)
    return Signal(function, label=name, unit=unit, effect=Effect.EITHER, phrase=phrase)


def voiced(family: str, name: str, label: str, opens: str | None, says: tuple[str, ...], rule) -> Trigger:
    def fires(frame, thresholds):
        return rule(frame, thresholds)

    fires.__name__, fires.__module__, fires.__doc__ = name, f"tiny.{family}", f"{name}."
    return Trigger(fires, label=label, opens=opens, act_within_days=14 if opens else None, frame="", says=says)


SIGNALS = (
    made(
        "seats",
        "seat_utilisation",
        Unit.SHARE,
        "{value} of the {seats} were active in the last 28 days",
        "It is not known how many of the seats are used",
    ),
    made(
        "seats",
        "active_users",
        Unit.USERS,
        "{value} were active in the last 28 days",
        "Nobody's use is recorded",
        zero="Nobody was active in the last 28 days",
    ),
    made(
        "seats",
        "daily_active_share",
        Unit.SHARE,
        "{value} of the seats are used on a usual day",
        "Daily use is unknown",
    ),
    made("capacity", "highest_quota_utilisation", Unit.SHARE, "{value} of a quota is used up", "No quota is known"),
    made(
        "gates",
        "gate_crossings",
        Unit.TIMES,
        "Tools above the plan were tried {value} in 14 days",
        "Tools above the plan are not recorded",
        zero="Nobody tried a tool above the plan",
    ),
    made(
        "gates",
        "trial_days_per_week",
        Unit.DAYS,
        "Premium tools are tried on {value} a week",
        "Trials are not recorded",
        zero="No premium tool is tried",
    ),
    made(
        "velocity",
        "usage_growth",
        Unit.GROWTH,
        "Use grew by {value} since last month",
        "Too young for a trend",
        zero="Use is as it was last month",
        negative="Use fell by {value} since last month",
    ),
    made("velocity", "days_since_last_login", Unit.DAYS, "The last login was {value} ago", "Nobody ever logged in"),
    made(
        "value",
        "milestones_reached",
        Unit.MILESTONES,
        "{value} reached",
        "No goals are recorded",
        zero="No goal is reached yet",
    ),
    made("value", "health_score", Unit.POINTS, "The health score is {value}", "No health score"),
    made("value", "executive_active_days", Unit.DAYS, "An executive was active on {value}", "No executive is known"),
    made("commercial", "seats", Unit.SEATS, "The plan has {value}", "No seat count is known"),
    made("commercial", "mrr", Unit.MONEY, "The account pays {value} a month", "No price is known"),
    made("commercial", "days_until_renewal", Unit.DAYS, "Renewal is in {value}", "No renewal date is known"),
    made("commercial", "plan_name", Unit.CATEGORY, "The plan is {value}", "No plan is known"),
)

TRIGGERS = (
    voiced(
        "seats", "approaching_seat_ceiling", "Approaching seat ceiling", "seat_expansion",
        ("seat_utilisation", "daily_active_share"),
        lambda frame, thresholds: frame["seat_utilisation"] >= thresholds.seat_utilisation,
    ),
    voiced(
        "capacity", "quota_nearly_used_up", "Quota nearly used up", "plan_upgrade", ("highest_quota_utilisation",),
        lambda frame, thresholds: frame["highest_quota_utilisation"] >= thresholds.quota_utilisation,
    ),
    voiced(
        "gates", "feature_tier_crossings", "Tier crossings", "plan_upgrade",
        ("gate_crossings", "trial_days_per_week"),
        lambda frame, thresholds: frame["gate_crossings"] >= thresholds.gate_crossings,
    ),
    voiced(
        "velocity", "usage_inflection", "Usage velocity inflection", None, ("usage_growth",),
        lambda frame, thresholds: frame["usage_growth"] >= thresholds.growth,
    ),
    voiced(
        "value", "outcome_achieved", "Business outcome achieved", "add_on", ("milestones_reached", "health_score"),
        lambda frame, _: frame["milestones_reached"] > 0,
    ),
)  # fmt: skip


class TinyCatalog(Catalog):
    """The real catalogue's class; only the fingerprint, which compiles expressions, is a word."""

    def fingerprint(self, thresholds) -> str:
        return "tiny"


CATALOG = TinyCatalog(SIGNALS, TRIGGERS)


def frame(rows: int, *, seed: int = 1, missing: float = 0.1) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    seats = draw.integers(3, 60, rows).astype(float)
    used = np.minimum(draw.beta(4, 2, rows) * 1.1, 1.0)
    columns = {
        "seat_utilisation": used,
        "active_users": np.round(used * seats),
        "daily_active_share": used * draw.beta(5, 2, rows),
        "highest_quota_utilisation": draw.beta(3, 2, rows),
        "gate_crossings": draw.poisson(1.0, rows).astype(float),
        "trial_days_per_week": draw.integers(0, 6, rows).astype(float),
        "usage_growth": draw.normal(0.05, 0.2, rows),
        "days_since_last_login": draw.integers(0, 40, rows).astype(float),
        "milestones_reached": draw.poisson(0.4, rows).astype(float),
        "health_score": draw.integers(20, 100, rows).astype(float),
        "executive_active_days": draw.integers(0, 5, rows).astype(float),
        "seats": seats,
        "mrr": seats * 40,
        "days_until_renewal": draw.integers(0, 365, rows).astype(float),
    }
    for name, values in columns.items():
        if name != "mrr":
            values[draw.random(rows) < missing] = np.nan
    plans = draw.choice(np.array(["Starter", "Team", "Business", None], dtype=object), rows)
    return pd.DataFrame(
        {"account_id": [f"{number:04d}" for number in range(rows)], "as_of": pd.Timestamp(AS_OF), **columns}
    ).assign(plan_name=plans)


def facts(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": rows["account_id"],
            "account_name": "Company " + rows["account_id"],
            "owner": "north",
            "segment": "mid-market",
            "plan_name": rows["plan_name"],
            "seats": rows["seats"],
            "mrr": rows["mrr"],
            "open_opportunity": False,
        },
        index=rows.index,
    )


@cache
def bundle(*, pooled: tuple[str, ...] = ("post_upsell_churn",)) -> Bundle:
    rows = frame(3000, seed=2)
    signals = tuple(BundleSignal(signal.name, signal.family, signal.is_category) for signal in SIGNALS)
    categories = {"plan_name": ("Business", "Starter", "Team")}
    empty = Bundle(
        project="tiny", catalogue_hash="tiny", trained_at_as_of=AS_OF, signals=signals, categories=categories, heads={}
    )
    matrix = empty.matrix(rows)
    draw = np.random.default_rng(3)
    heads = {}
    for outcome, log_odds in _truth(rows).items():
        label = draw.random(len(rows)) < 1 / (1 + np.exp(-np.nan_to_num(log_odds, nan=-2)))
        head = Head(
            outcome=outcome,
            base_rate=float(label.mean()),
            interval=(float(label.mean()) * 0.8, float(label.mean()) * 1.2),
            n=len(rows),
            positives=int(label.sum()),
            positive_accounts=int(label.sum()),
            trees=trees(matrix, label),
            calibrator=Sigmoid(slope=0.9, intercept=-0.1),
            expected_margin=None,
        )
        heads[outcome] = head.pooled("Too few cases to learn from.") if outcome in pooled else head
    gains = {"seat_expansion": 0.25, "plan_upgrade": 0.4, "add_on": 0.15}
    return Bundle(
        project="tiny", catalogue_hash="tiny", trained_at_as_of=AS_OF, signals=signals, categories=categories,
        heads={name: heads[name] for name in OUTCOMES}, gains=gains,
    )  # fmt: skip


def settings(store: Path = Path("store"), **scoring) -> Settings:
    given = {"project": "tiny", "path": "tiny.yaml", "source": "world", "store": store, "data_until": AS_OF}
    return Settings.model_validate(given | {"scoring": scoring})


def trees(matrix: np.ndarray, label: np.ndarray, *, rounds: int = 40, leaves: int = 7) -> str:
    parameters = {
        "objective": "binary", "num_leaves": leaves, "max_depth": 4, "learning_rate": 0.15, "min_data_in_leaf": 20,
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(matrix, label=label.astype(float))
    return lightgbm.train(parameters, data, num_boost_round=rounds).model_to_string()


def _truth(rows: pd.DataFrame) -> dict[str, pd.Series]:
    filled = rows.drop(columns=["account_id", "as_of", "plan_name"]).fillna(0)
    return {
        "seat_expansion": -4 + 5 * (filled["seat_utilisation"] - 0.4) + 2 * filled["usage_growth"],
        "plan_upgrade": -3.5 + 0.8 * filled["gate_crossings"] + 1.5 * filled["highest_quota_utilisation"],
        "add_on": -3.5 + 1.2 * filled["milestones_reached"] + (rows["plan_name"] == "Business") * 1.0,
        "churn": -3 - 3 * filled["usage_growth"] + 0.05 * filled["days_since_last_login"],
        "post_upsell_churn": -3 + 0 * filled["seats"],
    }
