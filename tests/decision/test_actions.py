"""The written rule of actions, as a drawn table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uptier.decision.actions import Action, decide, decide_by_rules

DRAWN = """
account     | value | churn | opened | early | talks | action
open        |   100 |  0.05 | yes    | no    | no    | pitch
closed      |   100 |  0.05 | no     | no    | no    | nurture first
young       |   100 |  0.05 | yes    | yes   | no    | nurture first
poor        |    -1 |  0.05 | yes    | no    | no    | leave alone
worthless   |     0 |  0.05 | yes    | no    | no    | leave alone
unknown     |   nan |  0.05 | yes    | no    | no    | leave alone
talking     |   100 |  0.05 | yes    | no    | yes   | leave alone
leaving     |   100 |  0.25 | yes    | no    | no    | protect
nearly      |   100 |  0.24 | yes    | no    | no    | pitch
leaving_too |   nan |  0.90 | no     | yes   | yes   | protect
"""


def drawn():
    lines = [[cell.strip() for cell in line.split("|")] for line in DRAWN.strip().splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0]).set_index("account")


def decided():
    table = drawn()
    values = pd.DataFrame(
        {
            "upsell": "seat_expansion",
            "expected_value": table["value"].astype(float),
            "churn": table["churn"].astype(float),
        }
    )
    flags = {name: (table[name] == "yes").to_numpy() for name in ("opened", "early", "talks")}
    return decide(values, opened=flags["opened"], too_early=flags["early"], in_talks=flags["talks"], churn_risk=0.25)


def test_the_first_line_of_the_rule_that_holds_decides():
    assert decided()["action"].to_dict() == drawn()["action"].to_dict()


def test_every_action_gives_its_reason():
    reasons = decided()["action_reason"]
    assert reasons.str.len().min() > 10
    assert reasons["talking"].startswith("already in talks")
    assert "talks are already open" in reasons["leaving_too"]
    assert reasons["unknown"] != reasons["poor"]


@pytest.mark.parametrize(
    ("tier", "fired", "talks", "action"),
    [
        ("High", True, False, "pitch"),
        ("Medium", True, False, "pitch"),
        ("Medium", False, False, "nurture first"),
        ("Low", True, False, "leave alone"),
        ("Not ready", False, False, "leave alone"),
        ("High", True, True, "leave alone"),
    ],
)
def test_without_a_model_the_tier_and_the_triggers_decide(tier, fired, talks, action):
    chosen = decide_by_rules(pd.Series([tier]), fired=np.array([fired]), in_talks=np.array([talks]))
    assert chosen["action"].tolist() == [action]
    assert "%" not in chosen["action_reason"].iloc[0]


def test_there_are_four_actions():
    assert [action.value for action in Action] == ["pitch", "nurture first", "protect", "leave alone"]
