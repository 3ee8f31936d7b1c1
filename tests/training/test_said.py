from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables.told_answers import drawn_answers
from tests.training.worlds import settings
from uptier.tables.answers import add_answers
from uptier.training.said import Said, said_of

ANSWERED = """
key                       | reason_code              | status    | because         | known_at
a:add_on:2025-01-01       | running_out_of_capacity  | Contacted |                 | 2025-01-03
a:add_on:2025-01-01       | running_out_of_capacity  | Dismissed | reason is wrong | 2025-01-05
b:add_on:2025-01-01       | running_out_of_capacity  | Dismissed | not now         | 2025-01-05
c:add_on:2025-01-01       | running_out_of_capacity  | Dismissed | reason is wrong | 2025-01-05
c:add_on:2025-01-01       | running_out_of_capacity  | New       |                 | 2025-01-06
d:add_on:2025-01-01       | approaching_seat_ceiling | Done      |                 | 2025-01-05
e:add_on:2025-01-01       |                          | Done      |                 | 2025-01-05
f:add_on:2025-01-01       | approaching_seat_ceiling | Done      |                 | 2099-01-05
"""


def test_answers_count_for_the_trigger_whose_reason_came_first(tmp_path: Path) -> None:
    project = settings(tmp_path)
    assert said_of(project) == {}
    add_answers(project.store, drawn_answers(ANSWERED))
    assert said_of(project) == {
        # c was taken back
        "running_out_of_capacity": Said(answered=2, contacted=1, not_now=1, wrong=1),
        "approaching_seat_ceiling": Said(answered=1, contacted=1),
    }


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (Said(), False),
        (Said(answered=9, wrong=9), False),
        (Said(answered=10, wrong=5), False),
        (Said(answered=10, wrong=6), True),
        (Said(answered=100, wrong=33), False),
        (Said(answered=100, wrong=34), True),
    ],
)
def test_a_reason_is_called_wrong_beyond_chance_in_more_than_a_quarter(said: Said, wrong: bool) -> None:
    assert said.calls_wrong is wrong
