"""On the demo's world, what is drawn of each account is what its signals say, and what is told is plain English."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.scoring.series import differences
from uptier import Project
from uptier.explanation.pictures import pictures
from uptier.explanation.recent import Recent, recent_words
from uptier.explanation.trends import Trends
from uptier.scoring.recent import recent_of
from uptier.scoring.trends import trends_of
from uptier.signals.catalog import catalog
from uptier.tables.history import history_of
from uptier.tables.rollup import usage_rollup

DATES = (dt.date(2026, 1, 1), dt.date(2025, 10, 1))
Looked = dict[dt.date, tuple[pd.DataFrame, dict[str, Trends], dict[str, Recent]]]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    project = Project(jobs.demo_config(tmp_path_factory.getbasetemp()))
    tables, labels = project._tables, {one.name: one.label for one in catalog().triggers}
    found: Looked = {}
    for as_of in DATES:
        frame = project.frame(as_of)
        history = history_of(tables, frame[["account_id", "as_of"]], usage_rollup(tables))
        trends = trends_of(history, frame, as_of, project.settings.thresholds)
        found[as_of] = frame, trends, recent_of(history, as_of, labels)
    return found


@pytest.mark.parametrize("as_of", DATES)
def test_each_series_ends_with_what_the_signals_say(looked: Looked, as_of: dt.date) -> None:
    frame, trends, _ = looked[as_of]
    assert differences(trends, frame, as_of) == []
    assert sum(one.seats is not None and one.seats.full_on is not None for one in trends.values()) > 50
    assert sum(bool(one.meters) for one in trends.values()) > 50
    assert sum(one.gates is not None and bool(one.gates.clusters) for one in trends.values()) > 50


@pytest.mark.parametrize("as_of", DATES)
def test_what_happened_lately_is_said_in_plain_english(looked: Looked, as_of: dt.date) -> None:
    said = [words for one in looked[as_of][2].values() for _, words in recent_words(one, as_of)]
    assert len(said) == 3 * len(looked[as_of][0])
    assert not [words for words in said if re.search(r"None\b|\bnan\b|_|  ", words)]
    years = [int(year) for words in said for year in re.findall(r"\b20\d\d\b", words)]
    assert max(years) <= as_of.year


def test_some_accounts_pictures_say_what_the_sentences_say(looked: Looked) -> None:
    frame, trends, _ = looked[DATES[0]]
    for _, row in frame.head(20).iterrows():
        for one in pictures(trends[row["account_id"]]):
            assert not re.search(r"None\b|\bnan\b|_|  |NaN", one.title + one.words)
            assert not re.search(r"NaN|undefined|Infinity", one.svg)
            if one.title.startswith("Active users"):
                assert one.words.startswith(f"{row['active_users']:.0f} users were active")
                assert f"the licence covers {row['seats']:,.0f} seats" in one.words
