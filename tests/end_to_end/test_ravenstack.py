"""Data in which nothing predicts anything: the right answer is findings and a refusal; and a small drawn copy of them.

The twin is drawn with the same defects, each counted where it is planted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.jobs import Called, beside, called
from uptier.settings import OUTCOMES

END = pd.Timestamp("2025-01-01")
NEVER = pd.Timestamp("2100-01-01")
TABLES = ("accounts", "subscriptions", "feature_usage", "support_tickets", "churn_events")


@dataclass(frozen=True, eq=False)
class Run:
    folder: Path  # of the raw files
    ended: Called
    told: dict[str, Any]
    card: pd.DataFrame

    def raw(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"ravenstack_{name}.csv")

    def finding(self, code: str) -> dict[str, Any]:
        [found] = [one for one in self.told["check"]["findings"] if one["code"] == code]
        return found


def ran(folder: Path, config: Path) -> Run:
    ended = called("run", config, "--json")
    assert ended.code in (0, 3), ended.err
    told = ended.json()
    return Run(folder, ended, told, pd.read_parquet(told["score"]["scorecard"]))


@pytest.fixture(scope="module")
def ravenstack(third_party_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = third_party_data / "ravenstack"
    return ran(folder, beside("ravenstack.yaml", tmp_path_factory.mktemp("ravenstack")))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPTIER_DATA", str(folder))
        return ran(draw(folder / "ravenstack"), beside("ravenstack.yaml", folder))


# what holds of both --------------------------------------------------------------------------------------------------


def held(run: Run) -> pd.DataFrame:
    """Read the subscriptions, without uptier, with the days between which they ran."""
    rows = run.raw("subscriptions")
    start, end = pd.to_datetime(rows["start_date"]), pd.to_datetime(rows["end_date"])
    return rows.assign(start=start, end=end.fillna(NEVER))


def running(run: Run) -> pd.DataFrame:
    rows = held(run)
    return rows[(rows["start"] < END) & (rows["end"] >= END)]


def outside(run: Run) -> int:
    """Count the usage on days on which the account had no subscription."""
    usage = run.raw("feature_usage").merge(run.raw("subscriptions")[["subscription_id", "account_id"]])
    day, subscriptions = pd.to_datetime(usage["usage_date"]), held(run)
    covered = np.zeros(len(usage), dtype=bool)
    for account, rows in usage.groupby("account_id"):
        theirs = subscriptions[subscriptions["account_id"] == account]
        days = day[rows.index].to_numpy()[:, None]
        covered[rows.index] = ((days >= theirs["start"].to_numpy()) & (days < theirs["end"].to_numpy())).any(axis=1)
    return int((~covered).sum())


def side_by_side(run: Run) -> int:
    return int((running(run).groupby("account_id").size() > 1).sum())


def repeated(run: Run) -> int:
    return int((run.raw("feature_usage").groupby("usage_id").size() > 1).sum())


def check_the_defects_are_found(run: Run) -> None:
    assert run.told["check"]["errors"] == 0
    assert run.finding("duplicate-key")["count"] == repeated(run)
    assert run.finding("usage-outside-subscription")["count"] == outside(run)
    assert run.finding("side-by-side")["count"] == side_by_side(run)
    for code in ("duplicate-key", "usage-outside-subscription"):
        assert run.finding(code)["severity"] == "warning"
        assert run.finding(code)["accepted"]
        assert "Accepted (keep)" in run.finding(code)["message"]


def check_no_model_is_promoted(run: Run) -> None:
    assert run.ended.code == 3
    train, score = run.told["train"], run.told["score"]
    assert train["registered"]["alias"] == "challenger"
    assert [reason.partition(":")[0] for reason in train["refused_because"]] == [
        "seat_expansion",
        "plan_upgrade",
        "add_on",
    ]
    assert not any(train["heads"][name]["passed"] for name in ("seat_expansion", "plan_upgrade", "add_on"))
    assert (score["fallback"], score["model_version"]) == (True, None)


def check_the_scorecard_rests_on_rules(run: Run) -> None:
    assert sorted(run.card["account_id"]) == sorted(running(run)["account_id"].unique())
    assert set(run.card["basis"]) == {"rules"}
    shares = [
        name for name in run.card if name.startswith("p_") or name.endswith("_points") or name == "expected_value"
    ]
    assert len(shares) > len(OUTCOMES)
    assert run.card[shares].isna().all().all()
    assert run.card["tier"].notna().all()


# the data themselves -------------------------------------------------------------------------------------------------


def test_the_known_defects_are_found_and_counted(ravenstack: Run) -> None:
    check_the_defects_are_found(ravenstack)
    assert ravenstack.finding("duplicate-key")["count"] == 21
    assert ravenstack.finding("side-by-side")["count"] == 500
    assert ravenstack.finding("usage-outside-subscription")["count"] > 25_000 / 2


def test_no_model_is_promoted(ravenstack: Run) -> None:
    check_no_model_is_promoted(ravenstack)


def test_the_scorecard_says_that_it_rests_on_rules(ravenstack: Run) -> None:
    check_the_scorecard_rests_on_rules(ravenstack)
    assert len(ravenstack.card) == 500


# a drawn copy of their schema ----------------------------------------------------------------------------------------

PLANS = {"Basic": 19, "Pro": 49, "Enterprise": 199}
REPEATED = 3


def draw(folder: Path, *, seed: int = 0, accounts: int = 40) -> Path:
    """Write the five raw tables: subscriptions one beside the other, usage before them, ids drawn twice."""
    rng = np.random.default_rng(seed)
    names = [f"A-{number:04x}" for number in range(accounts)]
    held = [row for account in names for row in _subscriptions(rng, account)]
    subscriptions = pd.DataFrame(held).assign(subscription_id=[f"S-{number:04x}" for number in range(len(held))])
    usage = pd.DataFrame(
        {
            "usage_id": [f"U-{number:05x}" for number in range(1500)],
            "subscription_id": rng.choice(subscriptions["subscription_id"], size=1500),
            # drawn without regard to the subscription's own dates, as theirs were
            "usage_date": _days(rng, 1500, "2023-01-01"),
            "feature_name": [f"feature_{number}" for number in rng.integers(1, 9, size=1500)],
            "usage_count": rng.integers(1, 20, size=1500),
            "usage_duration_secs": rng.integers(60, 9000, size=1500),
            "error_count": 0,
            "is_beta_feature": False,
        }
    )
    usage.loc[1 : 2 * REPEATED - 1 : 2, "usage_id"] = usage.loc[: 2 * REPEATED - 2 : 2, "usage_id"].to_numpy()
    tables = {
        "accounts": pd.DataFrame({"account_id": names, "account_name": [f"Company_{name}" for name in names]}).assign(
            industry=rng.choice(["EdTech", "FinTech"], size=accounts),
            country=rng.choice(["US", "IN"], size=accounts),
            signup_date=_days(rng, accounts, "2023-01-01"),
            referral_source="organic",
            plan_tier=rng.choice(list(PLANS), size=accounts),
            seats=rng.integers(1, 60, size=accounts),
            is_trial="FALSE",
            churn_flag="FALSE",
        ),
        "subscriptions": subscriptions,
        "feature_usage": usage,
        "support_tickets": pd.DataFrame(
            {
                "ticket_id": [f"T-{number:04x}" for number in range(60)],
                "account_id": rng.choice(names, size=60),
                "submitted_at": _days(rng, 60, "2023-06-01"),
                "closed_at": "2024-12-30 3:00",
                "resolution_time_hours": 27,
                "priority": rng.choice(["low", "high"], size=60),
                "first_response_time_minutes": 30,
                "satisfaction_score": "",
                "escalation_flag": "FALSE",
            }
        ),
        "churn_events": pd.DataFrame({"churn_event_id": ["C-1"], "account_id": [names[0]], "churn_date": "2024-05-01"}),
    }
    folder.mkdir(parents=True)
    for name in TABLES:
        tables[name].to_csv(folder / f"ravenstack_{name}.csv", index=False)
    return folder


def _subscriptions(rng: np.random.Generator, account: str) -> list[dict[str, object]]:
    rows = []
    for number in range(int(rng.integers(2, 9))):
        start = pd.Timestamp("2023-03-01") + pd.Timedelta(days=int(rng.integers(0, 640)))
        ends = number and rng.random() < 0.2
        end = f"{start + pd.Timedelta(days=int(rng.integers(5, 20))):%Y-%m-%d}" if ends else ""
        plan, seats = str(rng.choice(list(PLANS))), int(rng.integers(1, 60))
        mrr = PLANS[plan] * seats
        rows.append(
            {"account_id": account, "start_date": f"{start:%Y-%m-%d}", "end_date": end, "plan_tier": plan}
            | {"seats": seats, "mrr_amount": mrr, "arr_amount": 12 * mrr, "is_trial": "FALSE", "upgrade_flag": "FALSE"}
            | {"downgrade_flag": "FALSE", "churn_flag": "TRUE" if ends else "FALSE"}
            | {"billing_frequency": str(rng.choice(["monthly", "annual"])), "auto_renew_flag": "TRUE"}
        )
    return rows


def _days(rng: np.random.Generator, count: int, first: str) -> list[str]:
    whole = (END - pd.Timestamp(first)).days
    return [
        f"{pd.Timestamp(first) + pd.Timedelta(days=int(after)):%Y-%m-%d}" for after in rng.integers(0, whole, count)
    ]


def test_drawn_the_planted_defects_are_found_and_counted(drawn: Run) -> None:
    check_the_defects_are_found(drawn)
    assert drawn.finding("duplicate-key")["count"] == REPEATED
    assert drawn.finding("side-by-side")["count"] > 30
    assert drawn.finding("usage-outside-subscription")["count"] > 100


def test_drawn_no_model_is_promoted(drawn: Run) -> None:
    check_no_model_is_promoted(drawn)


def test_drawn_the_scorecard_says_that_it_rests_on_rules(drawn: Run) -> None:
    check_the_scorecard_rests_on_rules(drawn)


def test_drawn_without_leave_the_defects_stop_the_job(
    drawn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPTIER_DATA", str(drawn.folder.parent))
    config = beside("ravenstack.yaml", tmp_path)
    config.write_text(config.read_text().partition("accept:")[0])
    checked = called("check", config, "--json")
    assert checked.code == 4
    errors = {one["code"] for one in checked.json()["findings"] if one["severity"] == "error"}
    assert errors == {"duplicate-key", "usage-outside-subscription"}
    stopped = called("run", config)
    assert stopped.code == 4
    assert "have 2 errors" in stopped.err
    assert not (tmp_path / "store" / "scorecards").exists()
