from __future__ import annotations

import pytest
from pydantic import ValidationError

from uptier.worklist_settings import WorklistSettings


def test_what_the_yaml_leaves_out_keeps_its_default() -> None:
    settings = WorklistSettings.model_validate({"cooldown_days": {"add_on": 7}, "tiers": {"B": 500}})
    assert [settings.cooldown(name) for name in ("seat_expansion", "add_on", "discovery")] == [30, 7, 30]
    assert settings.bounds() == {"A": 1000, "B": 500, "C": 100}
    assert (settings.holdout_share, settings.exploration_share, settings.salt) == (0, 0, None)


@pytest.mark.parametrize(
    "given",
    [
        {"tiers": {"A": 300}},  # as high as B
        {"tiers": {"C": 400}},
        {"capacity": -1},
        {"capacity_of": {"ana": -1}},
        {"cooldown_days": {"cross_sell": 5}},
        {"holdout_share": 1},
        {"exploration_share": -0.1},
        {"salt": ""},
        {"freeze": 30},
    ],
)
def test_refuses_what_makes_no_worklist(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorklistSettings.model_validate(given)
