from __future__ import annotations

import pytest
from pydantic import ValidationError

from uptier.outcome_settings import OutcomeSettings, OutcomesSettings
from uptier.tables.drawn import settings_of


def test_by_default_the_contract_dates_an_upsell_and_every_one_counts() -> None:
    outcomes = settings_of(data_until="2026-01-01").outcomes
    assert (outcomes.label_time, outcomes.evidence_days, outcomes.settling_days) == ("contract", 180, 31)
    least = outcomes.of("seat_expansion")
    assert (least.minimum_seats, least.minimum_share, least.minimum_tiers, least.minimum_mrr) == (1, 0, 1, 0)


def test_what_a_project_says_of_an_outcome_stands_beside_the_keys_for_all() -> None:
    outcomes = OutcomesSettings.model_validate({"label_time": "evidence", "add_on": {"minimum_mrr": 25}})
    assert outcomes.windows == {"add_on": OutcomeSettings(minimum_mrr=25)}
    assert outcomes.of("churn") == OutcomeSettings()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"churn": {"minimum_mrr": 5}}, "'minimum_mrr' says nothing about churn; minimums that do: none"),
        (
            {"plan_upgrade": {"minimum_seats": 2}},
            "'minimum_seats' says nothing about plan_upgrade; minimums that do: minimum_tiers, minimum_mrr",
        ),
        (
            {"add_on": {"minimum_share": 0.1}},
            "'minimum_share' says nothing about add_on; minimums that do: minimum_mrr",
        ),
        ({"goal_met": {"minimum_tiers": 2}}, "'minimum_tiers' says nothing about goal_met; minimums that do: none"),
        ({"label_time": "close"}, "Input should be 'contract' or 'evidence'"),
        ({"seat_expansion": {"minimum_seats": 0}}, "greater than or equal to 1"),
        ({"evidence_days": 0}, "greater than 0"),
    ],
)
def test_a_minimum_where_it_does_nothing_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OutcomesSettings.model_validate(given)
