"""What is wrong with labels and signals is said, or has a known effect; nothing is registered of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.errors import ModelError, SettingsError, TrainingError
from uptier.outcomes.outcome import Examples
from uptier.training.training import Trained, train


def trained(given: Examples, folder: Path, **knobs: object) -> Trained:
    project = settings(folder, **knobs)
    return train({given.outcome: given}, CATALOG, project, gains={}, data_hashes={}, warnings=[])  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_only_is_pooled_and_says_why(value: int, tmp_path: Path) -> None:
    given = drawn_examples(accounts=80)
    made = trained(replace(given, label=given.label * 0 + value), tmp_path)
    head = made.bundle.heads["seat_expansion"]
    assert not made.promoted
    assert head.base_rate == value
    assert head.fallback


def test_a_third_label_is_refused(tmp_path: Path) -> None:
    given = drawn_examples(accounts=30)
    with pytest.raises(TrainingError, match="The labels of 'seat_expansion' must be 0 or 1"):
        trained(replace(given, label=given.label.replace({1: 2})), tmp_path)


def test_an_infinite_signal_is_named_and_no_value_is_shown(tmp_path: Path) -> None:
    given = drawn_examples()
    given.frame.loc[3, "growth"] = np.inf
    with pytest.raises(ModelError, match="Signals hold infinite values: growth") as told:
        trained(given, tmp_path)
    assert "account-0" not in str(told.value)


def test_a_signal_that_nobody_has_changes_nothing(tmp_path: Path) -> None:
    given = drawn_examples()
    given.frame["noise"] = np.nan
    made = trained(given, tmp_path)
    assert made.bundle.fitted == ("seat_expansion",)
    asked = drawn_examples(accounts=10, seed=2).frame
    before = made.bundle.probabilities(asked)
    assert (made.bundle.probabilities(asked.assign(noise=5.0)) == before).all().all()


def test_accepting_an_alarm_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    odd = ({"alarm": "too_god", "reason": "a slip of the pen"},)
    with pytest.raises(SettingsError, match="too_god"):
        trained(drawn_examples(), tmp_path, accept_alarms=odd)
