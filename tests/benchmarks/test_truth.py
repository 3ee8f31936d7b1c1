"""What `benchmarks/truth.py` asks of lists, which rows its models may learn from, and how it goes on where it was."""

from __future__ import annotations

import datetime as dt
import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from uptier.model.bundle import Bundle, Head
from uptier.outcomes.outcome import Examples

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RIVALS = ("p_convert", "points", "renewal", "random")


@pytest.fixture
def truth(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("truth")


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("_lists")


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("_truth")


def test_among_buyers_who_hardly_would_buy_hardly_counts(measures: ModuleType) -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.5, size=4000)
    buying = np.where(np.arange(4000) % 2 == 0, 0.3, 1e-9)
    told = np.where(np.arange(4000) % 2 == 0, p * 0.8, 0.9 - p)  # nonsense where nobody buys
    found = measures.among_buyers(told, p, buying)
    assert found["buyers_mean_ratio"] == pytest.approx(0.8, abs=1e-6)
    assert found["buyers_top_fifth"] == pytest.approx(0.8, abs=1e-4)
    assert found["buyers_share"] == pytest.approx(1.0, abs=1e-4)
    assert found["buyers_mean_true"] == pytest.approx(p[::2].mean(), abs=1e-6)
    assert found["buyers_ece"] == pytest.approx(0.2 * p[::2].mean(), rel=0.01)
    assert measures.among_buyers(told, p, np.ones(4000))["buyers_share"] < 0.5


def medians(**of: float) -> dict[str, Any]:
    shares = {"of_oracle_uptier": 0.85} | {f"of_oracle_{name}": 0.5 for name in RIVALS}
    guard = {"guard_value": 10.0, "guard_driven_away": -0.5}
    return {"worlds_learnt": 5} | {name: {"median": one} for name, one in (shares | guard | of).items()}


def test_a_list_that_reaches_enough_and_leads_misses_nothing(truth: ModuleType) -> None:
    assert truth.value_misses("standard", medians()) == []


@pytest.mark.parametrize("rival", RIVALS)
def test_a_rival_that_is_as_good_is_a_miss(truth: ModuleType, rival: str) -> None:
    (missed,) = truth.value_misses("standard", medians(**{f"of_oracle_{rival}": 0.85}))
    assert missed == f"{rival} 0.850, ours 0.850"


def test_a_share_below_four_fifths_is_a_miss(truth: ModuleType) -> None:
    assert truth.value_misses("standard", medians(of_oracle_uptier=0.80)) == []
    assert truth.value_misses("standard", medians(of_oracle_uptier=0.799)) == ["0.799 of the oracle's"]


def test_of_the_pushy_programme_the_guard_is_judged_alone(truth: ModuleType) -> None:
    assert truth.value_misses("pushy", medians(of_oracle_uptier=0.1)) == []
    assert truth.value_misses("pushy", medians(guard_driven_away=0.0)) == ["guard, driven away +0.000"]
    assert truth.value_misses("pushy", medians(guard_value=-1.0)) == ["guard, value -1"]
    assert truth.value_misses("standard", medians(guard_value=-1.0)) == []


def test_rows_are_learnt_from_once_their_label_is_known(lists: ModuleType) -> None:
    days = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01", "2025-01-01"])
    given = Examples(
        outcome="add_on",
        frame=pd.DataFrame({"account_id": list("abcd"), "as_of": days}),
        label=pd.Series([0, 1, 0, 1]),
        known_at=pd.Series(pd.to_datetime(["2025-03-01", "2025-03-02", "2025-01-01", None])),
        event_at=pd.Series(pd.to_datetime([None, "2025-02-20", None, "2025-01-20"])),
        gained=pd.Series([0.0, 5.0, 0.0, 7.0]),
    )
    kept = lists.known_by(given, pd.Timestamp("2025-03-01"))
    assert kept.frame["account_id"].tolist() == ["a"]
    assert [len(one) for one in (kept.label, kept.known_at, kept.event_at, kept.gained)] == [1, 1, 1, 1]
    assert len(lists.known_by(given, pd.Timestamp("2025-04-01")).frame) == 3


def scene(lists: ModuleType, may: list[list[bool]], values: list[list[float]]) -> Any:
    nobody_moves = {"p_churn_contacted": 0.1, "p_churn_never_contacted": 0.1}
    return lists.Scene(
        truth=pd.DataFrame([nobody_moves] * len(may)),
        owner=np.array(["x"] * len(may), dtype=object),
        may=np.array(may),
        values=np.array(values),
        contact_cost=50.0,
    )


def test_what_holds_a_talk_back_holds_it_back_from_every_list(lists: ModuleType) -> None:
    given = scene(lists, [[True] * 3, [False, True, True], [True] * 3], [[100.0] * 3, [900.0] * 3, [10.0] * 3])
    found = given.brought(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 0]), 2)
    assert (found["value"], found["contacts"]) == (110.0, 2.0)
    about_another = given.brought(np.array([1.0, 3.0, 2.0]), np.array([0, 1, 0]), 2)
    assert about_another["value"] == 910.0


def test_a_discovery_talk_brings_nothing_but_its_cost(lists: ModuleType) -> None:
    given = scene(lists, [[True] * 3, [True] * 3], [[100.0] * 3, [900.0] * 3])
    assert given.worth(np.array([1.0, 1.0]), np.array([2, -1]))["value"] == 50.0
    # who asks for no type at all is on no list by score
    assert given.brought(np.array([1.0, 2.0]), np.array([0, -1]), 2)["contacts"] == 1.0


def test_the_oracle_contacts_nobody_at_a_loss_and_obeys_what_holds_back(lists: ModuleType) -> None:
    given = scene(lists, [[False, True, True], [True] * 3, [True] * 3], [[900, 70, 60], [-5, -9, -7], [5, 20, 10]])
    bundle = SimpleNamespace(
        probabilities=lambda looks: pd.DataFrame({name: [0.1, 0.2, 0.3] for name in lists.CONVERSIONS})
    )
    looks = pd.DataFrame({"days_until_renewal": [10.0, -1.0, 5.0]})
    said = {"expected_value": [-1.0, 7.0, 3.0], "action": ["pitch", "protect", "nurture first"]}
    card = pd.DataFrame({"on_top": [False] * 3, "upsell": [1, 1, 1], "points": [3, 2, 1]} | said)
    found = lists.beside(given, bundle, looks, card, 2)
    assert found["oracle"]["value"] == 90.0
    assert found["oracle_of_all"]["value"] == 920.0
    assert found["points"]["value"] == 70 - 9
    assert found["expected_value"]["value"] == 20  # the first is not worth it, the second is protected
    assert found["renewal"]["value"] == 70 + 20  # whose term is over is not near its renewal
    assert found["p_convert"]["value"] == 5 - 5  # all types alike: the first
    assert found["random"]["value"] == pytest.approx(2 / 3 * (70 - 9 + 20))


def head_of(outcome: str, rate: float) -> Head:
    return Head(
        outcome=outcome, base_rate=rate, interval=(0.0, 1.0), n=10, positives=1, positive_accounts=1, fallback="few"
    )


def test_who_is_blind_to_churn_sees_the_chances_of_upsells_as_before(lists: ModuleType) -> None:
    rates = {"seat_expansion": 0.1, "plan_upgrade": 0.2, "add_on": 0.3, "churn": 0.4, "post_upsell_churn": 0.5}
    bundle = Bundle(
        project="p",
        catalogue_hash="",
        trained_at_as_of=dt.date(2025, 1, 1),
        signals=(),
        categories={},
        heads={name: head_of(name, rate) for name, rate in rates.items()},
    )
    seeing = lists.Products(project=None, bundle=bundle, looks=None, facts=None, known=None)
    told = seeing.blind_to_churn().bundle.probabilities(pd.DataFrame(index=[0]))
    assert told.iloc[0].to_dict() == rates | {"churn": 0.0, "post_upsell_churn": 0.0}
    by_rules = lists.Products(project=None, bundle=None, looks=None, facts=None, known=None)
    assert by_rules.blind_to_churn() is by_rules


class _Found:
    """What a project is asked for before anything is learnt."""

    def __init__(self, path: Path) -> None:
        self.settings = SimpleNamespace(thresholds=None)
        self.asked = path

    def catalog(self) -> Any:
        return SimpleNamespace(fingerprint=lambda thresholds: "0123456789abcdef", signals=())

    def examples(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def home(tmp_path: Path, truth: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "standard-1-10-0.0"
    (home / "world").mkdir(parents=True)
    pd.DataFrame({"account_id": ["a"]}).to_parquet(home / "world" / "truth.parquet")
    monkeypatch.setattr(truth, "Project", _Found)
    return home


def test_where_figures_lack_the_value_it_alone_is_found(
    truth: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = home / "figures-0123456789ab.json"
    kept.write_text(json.dumps({"churn": {"ours_auc": 0.7}}), encoding="utf-8")
    monkeypatch.setattr(truth, "of_outcome", lambda *given: pytest.fail("outcomes are learnt again"))
    monkeypatch.setattr(truth, "of_lists", lambda *given: {"value_uptier": 5.0})
    wanted = {"churn": {"ours_auc": 0.7}, "value": {"value_uptier": 5.0}}
    assert truth.compared(home.parent, "standard", 1, 0.0, 10) == wanted
    assert json.loads(kept.read_text(encoding="utf-8")) == wanted


def test_where_all_is_kept_nothing_is_found_again(
    truth: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"churn": {"ours_auc": 0.7}, "value": {"value_uptier": 5.0}}
    (home / "figures-0123456789ab.json").write_text(json.dumps(wanted), encoding="utf-8")
    monkeypatch.setattr(truth, "of_lists", lambda *given: pytest.fail("lists are made again"))
    assert truth.compared(home.parent, "standard", 1, 0.0, 10) == wanted
