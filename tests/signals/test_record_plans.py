"""What the plans of records promise beside their families' signals."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from tests.signals.answers import AS_OF, answers_of
from uptier.signals.measures import Measures
from uptier.signals.people_measures import PeopleMeasures
from uptier.signals.people_plans import RESULTS
from uptier.signals.plans import answered
from uptier.signals.record_measures import RecordMeasures
from uptier.signals.record_plans import milestones
from uptier.signals.upsell_plans import NOT_BOUGHT, NOT_GIVEN_UP
from uptier.signals.voice_measures import WRITTEN, VoiceMeasures
from uptier.signals.voice_plans import holds
from uptier.tables.contracts import CHANGE_REASONS, CONTRACT
from uptier.tables.drawn import drawn


def test_measures_of_records_are_among_all() -> None:
    assert issubclass(Measures, RecordMeasures)
    assert issubclass(RecordMeasures, (VoiceMeasures, PeopleMeasures))


def test_customers_write_where_the_contract_has_texts() -> None:
    assert set(WRITTEN) == {name for name, table in CONTRACT.items() if "text" in table.columns}


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("We do it BY HAND.", ("by hand",), True),
        ("We do it by hand.", ("By Hand", "else"), True),
        ("50 % off", ("%",), True),
        ("50 off", ("%",), False),
        ("", ("by hand",), False),
        (None, ("by hand",), False),
        ("We do it by hand.", (), False),
    ],
)
def test_a_text_holds_one_of_the_words_or_not(text: str | None, words: tuple[str, ...], found: bool) -> None:
    rows = ibis.memtable(pd.DataFrame({"text": pd.Series([text], dtype="str")}), schema={"text": "string"})
    assert rows.mutate(found=holds(words)).to_pandas()["found"].tolist() == [found]


def test_reasons_that_are_no_choice_are_of_the_contract() -> None:
    assert set(NOT_GIVEN_UP) < set(NOT_BOUGHT) < set(CHANGE_REASONS)


@pytest.mark.parametrize("result", [*RESULTS, "open", "later", ""])
def test_every_talk_is_won_lost_or_open(result: str) -> None:
    text = f"# outreach\naccount | contacted_at | result | result_at\na | 2026-03-01 | {result} | 2026-03-10"
    answers = answers_of("relationship", text, accounts="a")
    counts = {"won": answers["talks_won"]["a"], "lost": answers["talks_lost"]["a"], "open": answers["talks_open"]["a"]}
    assert counts == {one: int(one == (result if result in RESULTS else "open")) for one in counts}


def test_milestones_of_all_time_and_of_a_window_are_counted_apart() -> None:
    text = "# milestones\naccount | milestone | reached_at\na | goal_met | 2025-01-01\na | goal_met | 2026-03-01"
    history = drawn(text, as_of=AS_OF, accounts="a")
    measures = Measures(history.has, history.tables.settings.thresholds)
    measures.milestones()
    measures.milestones(last=90)
    found = milestones(history, list(measures.asked.values()), None).to_pandas()
    assert (found["milestones"].tolist(), found["milestones_last90"].tolist()) == ([2], [1])
    every = answered(history, measures.asked, frozenset()).to_pandas()
    assert every["milestones_last90"].tolist() == [1]
