"""The same job on a B2B SaaS that nobody here designed, by its YAML alone; and on a small drawn copy of its schema."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.jobs import beside
from uptier.outcomes.outcome import Examples
from uptier.project import Project, Scoring, Training
from uptier.tables.findings import Findings

HIDDEN = {"users_propensity", "max_bill_period"}  # parameters of the simulator, see its data page
BURN_IN = dt.date(2022, 6, 1)
NEED_USERS = ("seat_utilisation", "active_users", "power_users", "busiest_user_share", "active_user_growth")


@dataclass(frozen=True, eq=False)
class Run:
    project: Project
    findings: Findings
    examples: dict[str, Examples]
    training: Training
    scoring: Scoring


def ran(config: Path) -> Run:
    project = Project(config)
    findings = project.check()
    examples = project.examples()
    project.examples = lambda: examples  # training would form them once more
    return Run(project, findings, examples, project.train(), project.score())


def visible_columns(run: Run) -> set[str]:
    columns = {name for one in run.examples.values() for name in one.frame}
    columns |= {name for table in run.project._tables.clean.values() for name in table.columns}
    return columns | set(run.scoring.scorecard)


# the data themselves -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def churnsim(third_party_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    assert (third_party_data / "churnsim_crm6").is_dir()
    return ran(beside("churnsim.yaml", tmp_path_factory.mktemp("churnsim")))


def test_the_yaml_is_all_that_it_needs(churnsim: Run) -> None:
    assert churnsim.findings.errors == ()
    accepted = {(one.code, one.table): one.count for one in churnsim.findings.all if one.accepted}
    assert accepted == {("future-row", "subscriptions"): 10, ("future-row", "usage_daily"): 32_683}
    assert churnsim.training.registered.alias == "champion"


def test_plan_upgrade_beats_points_and_peak_use_by_more_than_chance(churnsim: Run) -> None:
    judgement = churnsim.training.trained.judgements["plan_upgrade"]
    assert judgement.passed
    assert judgement.fallback is None
    assert judgement.utilisation_signal == "peak_daily_utilisation"
    leads = {(one.against, one.measure): one.interval for one in judgement.comparisons}
    assert leads["the points model", "AUC"][0] > 0
    assert leads["peak daily utilisation alone", "AUC"][0] > 0
    assert judgement.head is not None
    assert judgement.head.auc[1] > 0.8


def test_churn_after_an_upsell_has_too_few_cases_and_says_so(churnsim: Run) -> None:
    told = churnsim.training.trained.judgements["post_upsell_churn"].as_json()
    assert told["positives"] == 14
    assert told["fallback"].startswith("Too few cases to learn from")
    assert "the pooled rate, 14 of" in told["fallback"]
    assert churnsim.scoring.scorecard["p_post_upsell_churn"].nunique() == 1


def test_accounts_are_looked_at_from_the_end_of_the_burn_in_to_the_last_window_that_is_over(churnsim: Run) -> None:
    dates = churnsim.examples["plan_upgrade"].frame["as_of"]
    horizon = churnsim.project.settings.horizon("plan_upgrade")
    assert dates.min().date() == BURN_IN
    assert dates.max().date() == dt.date(2023, 10, 1)
    assert dates.max().date() + dt.timedelta(days=horizon.days) <= churnsim.project.settings.data_until
    assert churnsim.examples["plan_upgrade"].left_out["censored"] > 0


def test_the_hidden_parameters_stand_nowhere(churnsim: Run) -> None:
    assert not HIDDEN & visible_columns(churnsim)


def test_what_cannot_be_seen_is_not_available(churnsim: Run) -> None:
    card = churnsim.scoring.scorecard
    assert set(card["basis_add_on"]) == {"not available"}
    assert card["p_add_on"].isna().all()
    frame = churnsim.examples["plan_upgrade"].frame
    assert frame[list(NEED_USERS)].isna().all().all()
    assert frame["peak_daily_utilisation"].notna().mean() > 0.9


# a drawn copy of its schema ------------------------------------------------------------------------------------------

LIST = {"starter": (100.0, 5), "basic": (200.0, 10), "standard": (500.0, 25), "advanced": (1000.0, 50)}
HIGHER = {"starter": "basic", "basic": "standard", "standard": "advanced"}
TERMS = {"mthly": 1, "biann": 6, "annual": 12}
END = pd.Timestamp("2024-01-01")


def draw(folder: Path, *, seed: int = 0, hidden: int = 0) -> Path:
    """Write 30 accounts in the raw schema: three told below, the others by chance."""
    rng = np.random.default_rng(seed)
    told = {
        # moves to the next plan in August, leaves in December
        0: [("starter_mthly", f"2022-{month:02}-15", 1.0) for month in range(1, 8)]
        + [("basic_mthly", f"2022-{month:02}-15", 1.0) for month in range(8, 12)],
        # pays by the year, at a discount; stays
        1: [("standard_annual", "2022-03-01", 0.9), ("standard_annual", "2023-03-01", 0.9)],
        # pays by the half-year, and left after the first
        2: [("basic_biann", "2022-05-10", 1.0)],
    }
    periods = dict(told)
    for account in range(len(told), 30):
        periods[account] = list(_life(rng))
    subscriptions = [
        row
        for account, rows in periods.items()
        for product, start, paid in rows
        for row in _period(account, product, pd.Timestamp(start), paid)
    ]
    place = folder / "churnsim_crm6"
    place.mkdir(parents=True)
    pd.DataFrame(
        {
            "account_id": list(periods),
            "channel": "web",
            "date_of_birth": "2013-07-24",
            "country": rng.choice(["GA", "CA"], size=len(periods)),
            "start_date": [rows[0][1] for rows in periods.values()],
            "users_propensity": [hidden + account for account in periods],
            "max_bill_period": 12 - hidden,
        }
    ).to_csv(place / "account.csv", index=False)
    pd.DataFrame(subscriptions).to_csv(place / "subscription.csv", index=False)
    pd.DataFrame({"event_type_id": [0, 1, 2], "event_type_name": ["search", "quote", "meeting"]}).to_csv(
        place / "event_type.csv", index=False
    )
    days = [_day(rng, account, day) for account, rows in periods.items() for day in _days(account, rows)]
    events = pd.DataFrame([row for rows in days for row in rows])
    kinds = {"event_type_id": "int16", "n_events": "int32", "n_users": "int16", "account_id": "int32"}
    kinds |= {"value_sum": "float32", "day_active_users": "int16", "date": "datetime64[us]"}
    events.astype(kinds).to_parquet(place / "event_daily.parquet", index=False)
    return folder


def _life(rng: np.random.Generator) -> list[tuple[str, str, float]]:
    tier, term = str(rng.choice(list(HIGHER))), str(rng.choice(list(TERMS), p=[0.8, 0.1, 0.1]))
    start = pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(rng.integers(0, 300)))
    rows = []
    while start < END:
        rows.append((f"{tier}_{term}", f"{start:%Y-%m-%d}", 1.0))
        start += pd.DateOffset(months=TERMS[term])
        if rng.random() < 0.03:
            break
        tier = HIGHER.get(tier, tier) if rng.random() < 0.06 else tier
    return rows


def _period(account: int, product: str, start: pd.Timestamp, paid: float) -> list[dict[str, object]]:
    tier, _, term = product.partition("_")
    price, seats = LIST[tier]
    row = {"account_id": account, "product": product, "start_date": f"{start:%Y-%m-%d}"}
    row |= {"end_date": f"{start + pd.DateOffset(months=TERMS[term]):%Y-%m-%d}", "mrr": price * paid}
    row |= {"quantity": seats, "units": "users", "bill_period_months": TERMS[term], "discount": 1 - paid}
    # the upstream bug: both add-ons at every renewal
    extra = row | {"product": "meetings", "mrr": 300.0, "quantity": 5000, "units": "schedule_meeting"}
    return [row, extra, extra | {"product": "search_unlimited", "mrr": 200.0, "units": "search"}]


def _days(account: int, rows: list[tuple[str, str, float]]) -> pd.DatetimeIndex:
    last = max(pd.Timestamp(start) + pd.DateOffset(months=TERMS[name.partition("_")[2]]) for name, start, _ in rows)
    return pd.date_range(rows[0][1], min(last, END) - pd.Timedelta(days=1))


def _day(rng: np.random.Generator, account: int, day: pd.Timestamp) -> list[dict[str, object]]:
    if day.weekday() > 4:
        return []
    users = 1 + int(rng.integers(0, 4)) + 2 * (account == 0 and day >= pd.Timestamp("2022-07-01"))
    return [
        {"date": day, "event_type_id": kind, "n_events": users * int(rng.integers(1, 9)), "n_users": users}
        | {"value_sum": 0.0, "account_id": account, "day_active_users": users}
        for kind in rng.permutation(3)[: int(rng.integers(1, 4))]
    ]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPTIER_DATA", str(draw(folder / "data")))
        return ran(beside("churnsim.yaml", folder))


def seen(run: Run, account: str, as_of: str) -> pd.Series:
    frame = run.project.frame(dt.date.fromisoformat(as_of)).set_index("account_id")
    return frame.loc[account]


def test_drawn_the_yaml_maps_every_table(drawn: Run) -> None:
    assert drawn.findings.errors == ()
    assert {one.code for one in drawn.findings.all} <= {"table-absent", "future-row"}
    assert {"accounts", "plans", "subscriptions", "usage_daily"} == set(drawn.project._tables.clean)


def test_drawn_billing_periods_become_plans_seats_and_terms(drawn: Run) -> None:
    told = ["plan", "tier", "seats", "mrr", "billing_months"]
    assert seen(drawn, "0", "2022-08-01")[told].tolist() == ["starter", 1, 5, 100, 1]
    assert seen(drawn, "0", "2022-09-01")[told].tolist() == ["basic", 2, 10, 200, 1]
    yearly = seen(drawn, "1", "2022-12-01")
    assert yearly[told].tolist() == ["standard", 3, 25, 450, 12]
    assert yearly["days_until_renewal"] == 90
    # the term's end as agreed; that a second year followed is not known yet
    assert seen(drawn, "1", "2023-12-01")["days_until_renewal"] == 91
    assert seen(drawn, "2", "2022-11-01")[told].tolist() == ["basic", 2, 10, 200, 6]


def test_drawn_changes_between_periods_become_outcomes(drawn: Run) -> None:
    def labels(outcome: str, account: str) -> dict[str, int]:
        given = drawn.examples[outcome]
        rows = given.frame["account_id"] == account
        return dict(zip(given.frame.loc[rows, "as_of"].astype(str), given.label[rows].tolist(), strict=True))

    upgrades = labels("plan_upgrade", "0")
    # the window of June ends a week before the change, those of July and of 1 August see it
    assert {day: upgrades[day] for day in ("2022-06-01", "2022-07-01", "2022-08-01", "2022-09-01")} == {
        "2022-06-01": 0,
        "2022-07-01": 1,
        "2022-08-01": 1,
        "2022-09-01": 0,
    }
    assert labels("churn", "0")["2022-11-01"] == 1
    assert labels("churn", "2")["2022-09-01"] == 1
    assert set(labels("churn", "1").values()) == {0}
    # seats come with the plan there: no expansion of their own
    assert not drawn.examples["seat_expansion"].label.any()


def test_drawn_what_cannot_be_seen_is_not_available(drawn: Run) -> None:
    assert drawn.examples["add_on"].frame.empty
    assert drawn.examples["add_on"].left_out["not_available"] > 0
    assert set(drawn.scoring.scorecard["basis_add_on"]) <= {"not available", "rules"}
    frame = drawn.examples["plan_upgrade"].frame
    assert frame[list(NEED_USERS)].isna().all().all()
    assert frame["peak_daily_utilisation"].notna().all()


def test_drawn_peak_use_is_that_of_the_busiest_day(drawn: Run, tmp_path: Path) -> None:
    events = pd.read_parquet(Path(drawn.project.settings.source) / "event_daily.parquet")
    recent = events[(events["account_id"] == 0) & events["date"].between("2022-08-04", "2022-08-31")]
    assert seen(drawn, "0", "2022-09-01")["peak_daily_utilisation"] == recent["day_active_users"].max() / 10


def test_drawn_the_hidden_parameters_move_nothing(drawn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not HIDDEN & visible_columns(drawn)
    monkeypatch.setenv("UPTIER_DATA", str(draw(tmp_path / "data", hidden=11)))
    other = Project(beside("churnsim.yaml", tmp_path)).frame(dt.date(2023, 6, 1))
    pd.testing.assert_frame_equal(other, drawn.project.frame(dt.date(2023, 6, 1)))


def test_drawn_thirty_accounts_are_too_few_and_rules_decide(drawn: Run) -> None:
    assert drawn.training.registered.alias == "challenger"
    assert all("Too few cases" in reason or "no window" in reason for reason in drawn.training.trained.refused_because)
    assert drawn.scoring.written.fallback
