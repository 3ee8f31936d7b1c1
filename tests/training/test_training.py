from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings, without_signal
from uptier.errors import ModelError, TrainingError
from uptier.outcomes.outcome import Examples
from uptier.settings import Settings
from uptier.training.champion import Champion
from uptier.training.known_at_audit import Difference
from uptier.training.training import Trained, train


def trained(project: Settings, *given: Examples, champion: Champion | None = None) -> Trained:
    return train(
        {one.outcome: one for one in given},
        CATALOG,
        project,
        gains={"seat_expansion": 0.3},
        data_hashes={"accounts": "abc"},
        warnings=["duplicate_rows: kept the first"],
        champion=champion,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(
        settings(tmp_path_factory.mktemp("world")),
        drawn_examples("seat_expansion"),
        without_signal(drawn_examples("plan_upgrade", seed=1), seed=1),
        drawn_examples("post_upsell_churn", accounts=20, seed=2),
    )


def test_a_real_signal_is_promoted(world: Trained) -> None:
    assert world.promoted
    assert world.refused_because == ()
    assert world.bundle.fitted == ("seat_expansion",)
    judgement = world.judgements["seat_expansion"]
    assert judgement.passed
    assert all(one.passed for one in judgement.comparisons)


def test_a_head_that_fails_is_its_base_rate_and_says_so(world: Trained) -> None:
    head, judgement = world.bundle.heads["plan_upgrade"], world.judgements["plan_upgrade"]
    assert not head.is_fitted
    assert not judgement.passed
    assert judgement.fallback == head.fallback
    assert judgement.head is not None
    assert "Every account gets the base rate." in str(head.fallback)


def test_too_few_cases_are_pooled_over_all_rows_in_words(world: Trained) -> None:
    head, given = world.bundle.heads["post_upsell_churn"], drawn_examples("post_upsell_churn", accounts=20, seed=2)
    assert head.base_rate == given.label.mean()
    assert f"Too few cases to learn from: {given.label.sum()} in 200 windows" in str(head.fallback)
    assert world.judgements["post_upsell_churn"].head is None


def test_json_holds_what_the_command_line_prints(world: Trained) -> None:
    told = json.loads(json.dumps({name: made.as_json() for name, made in world.judgements.items()}, allow_nan=False))
    head = told["seat_expansion"]
    for measure in ("auc", "average_precision", "log_loss", "brier", "ece", "precision_at_capacity"):
        low, figure, high = head[measure]
        assert low <= figure <= high
        assert len(head["ungrouped"][measure]) == 3
        assert head["ungrouped"][measure] != head[measure]
    assert head["passed"] is True
    assert head["fallback"] is None
    for baseline in ("points", "utilisation", "logistic"):
        assert head["baselines"][baseline]["auc"][1] < head["auc"][0]
    assert len(head["lift_by_decile"]) == 10
    assert (head["n"], head["purged"], head["left_out"]) == (1200, 800, {"censored": 3})
    assert told["post_upsell_churn"]["n"] == 200


@pytest.mark.parametrize("seed", range(8))
def test_pure_noise_is_refused(seed: int, tmp_path: Path) -> None:
    noise = without_signal(drawn_examples("seat_expansion", accounts=300, seed=seed), seed=seed)
    made = trained(settings(tmp_path, seed=seed), noise)
    assert not made.promoted
    assert made.bundle.fitted == ()
    assert made.refused_because == (f"seat_expansion: {made.bundle.heads['seat_expansion'].fallback}",)
    assert made.explained == {}


def test_a_churn_head_alone_promotes_nothing(tmp_path: Path) -> None:
    made = trained(settings(tmp_path), drawn_examples("churn"))
    assert made.bundle.fitted == ("churn",)
    assert made.refused_because == ("No conversion outcome was given to learn.",)


def test_same_input_gives_the_same_files_in_any_order_of_rows(tmp_path: Path) -> None:
    given = drawn_examples(accounts=250)
    mixed = np.random.default_rng(1).permutation(len(given.frame))
    moved = {name: getattr(given, name).iloc[mixed].reset_index(drop=True) for name in ("frame", "label", "known_at")}
    moved["event_at"] = given.event_at.iloc[mixed].reset_index(drop=True)
    project = settings(tmp_path, threads=2)
    written = []
    for name, one, how in (("a", given, project), ("b", replace(given, **moved), settings(tmp_path))):
        folder = trained(how, one).bundle.save(tmp_path / name)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"bundle.json", "seat_expansion.txt"}


def test_an_alarm_that_nobody_accepted_stops_promotion_and_names_its_signal(tmp_path: Path) -> None:
    made = trained(settings(tmp_path, accept_alarms=()), drawn_examples("seat_expansion"))
    assert not made.promoted
    assert "Leakage alarm: too_good, seat_expansion, signal 'growth'" in made.refused_because[0]
    assert made.judgements["seat_expansion"].accepted_alarms == ()


def test_an_accepted_alarm_is_kept_with_its_reason(world: Trained) -> None:
    judgement = world.judgements["seat_expansion"]
    assert judgement.alarms == ()
    [(alarm, accepting)] = judgement.accepted_alarms
    assert (alarm.signal, accepting.reason) == ("growth", "drawn to tell nearly everything")
    assert judgement.as_json()["accepted_alarms"] == [{"alarm": alarm.told(), "reason": accepting.reason}]


def test_a_signal_that_sees_what_was_not_known_stops_promotion(tmp_path: Path) -> None:
    found = (Difference(signal="noise", rows=2, compared=3),)
    made = train(
        {"seat_expansion": drawn_examples("seat_expansion")},
        CATALOG,  # type: ignore[arg-type]
        settings(tmp_path),
        gains={},
        data_hashes={},
        warnings=[],
        differing=lambda: found,
    )
    assert not made.promoted
    assert "known_at, seat_expansion, signal 'noise'" in made.refused_because[0]


def test_the_audit_is_done_once_and_only_where_there_is_something_to_learn(tmp_path: Path) -> None:
    asked: list[str] = []

    def audit() -> tuple[Difference, ...]:
        asked.append("asked")
        return ()

    def learn(**examples: Examples) -> Trained:
        given: dict[str, Any] = {"gains": {}, "data_hashes": {}, "warnings": [], "differing": audit}
        return train(examples, CATALOG, settings(tmp_path), **given)  # type: ignore[arg-type]  # the signals it has are enough

    few = drawn_examples("churn", accounts=30)
    assert "audit" not in learn(churn=few).seconds
    assert asked == []
    many = learn(
        seat_expansion=drawn_examples("seat_expansion"), plan_upgrade=drawn_examples("plan_upgrade"), churn=few
    )
    assert asked == ["asked"]
    assert many.seconds["audit"] >= 0


def test_an_account_looked_at_twice_on_a_date_is_refused(tmp_path: Path) -> None:
    given = drawn_examples(accounts=30)
    given.frame.loc[1, "as_of"] = given.frame["as_of"].iloc[0]
    with pytest.raises(TrainingError, match="1 of 300 rows are repeated"):
        trained(settings(tmp_path), given)


def test_the_champions_head_stays_where_the_new_one_does_not_pass(world: Trained, tmp_path: Path) -> None:
    champion = Champion(bundle=world.bundle, version="4")
    noise = without_signal(drawn_examples("seat_expansion", seed=3), seed=3)
    noise.frame["segment"] = "new"
    made = trained(settings(tmp_path), noise, drawn_examples("churn"), champion=champion)
    assert not made.promoted, "a head that is carried over is no reason to move the alias"
    head = made.bundle.heads["seat_expansion"]
    assert (head.trees, head.carried_from) == (world.bundle.heads["seat_expansion"].trees, "4")
    assert made.bundle.heads["churn"].carried_from is None
    # its codes still mean what they meant
    before = world.bundle.categories["segment"]
    assert made.bundle.categories["segment"] == (*before, "new")
    asked = drawn_examples(accounts=20, seed=4).frame
    theirs = world.bundle.probabilities(asked)["seat_expansion"]
    assert (made.bundle.probabilities(asked)["seat_expansion"] == theirs).all()


def test_repeated_windows_of_one_conversion_count_once(tmp_path: Path) -> None:
    given = drawn_examples(accounts=300)
    once = replace(given, event_at=given.event_at.where(given.event_at.isna(), given.event_at.max()))
    counts = trained(settings(tmp_path), once).judgements["seat_expansion"].everything
    assert counts.cases == counts.positive_accounts < counts.positives


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    train(
        {"churn": drawn_examples("churn", accounts=20)},
        CATALOG,
        settings(tmp_path),
        gains={},
        data_hashes={},
        warnings=[],
        progress=lambda *step: steps.append(step),
    )
    assert steps == [("Learning churn", 0, 1), ("Heads judged", 1, 1)]


def test_an_outcome_without_windows_says_that_nothing_is_known(tmp_path: Path) -> None:
    given = drawn_examples("add_on", accounts=5)
    empty = replace(
        given, frame=given.frame[:0], label=given.label[:0], known_at=given.known_at[:0], event_at=given.event_at[:0]
    )
    made = trained(settings(tmp_path), empty, drawn_examples("churn", accounts=20))
    assert "nothing is known of this outcome" in str(made.bundle.heads["add_on"].fallback)
    with pytest.raises(TrainingError, match="no account has a window that is over"):
        trained(settings(tmp_path), empty)


def test_labels_other_than_0_and_1_are_refused(tmp_path: Path) -> None:
    given = drawn_examples(accounts=20)
    with pytest.raises(TrainingError, match="labels of 'seat_expansion' must be 0 or 1"):
        trained(settings(tmp_path), replace(given, label=given.label.replace(1, 2)))


def test_a_frame_without_a_signal_is_refused_by_name(tmp_path: Path) -> None:
    given = drawn_examples()
    with pytest.raises(ModelError, match="lacks 2 of the 12 signals of the model: noise, segment"):
        trained(settings(tmp_path), replace(given, frame=given.frame.drop(columns=["noise", "segment"])))
