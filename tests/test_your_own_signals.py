"""The guide on your own signals and outcomes does what it says, with the very files that it shows."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from tests.end_to_end.jobs import called, no_chances
from uptier.explanation.reasons import fired_triggers
from uptier.project import Project
from uptier.signals.catalog import catalog
from uptier.simulate.world import simulate

GUIDE = Path(__file__).parents[1] / "docs" / "your-own-signals.md"
HEAD = "project: acme\nsource: ./world\nstore: ./store\ndata_until: 2026-01-01\ntimezone: UTC\n"
AS_OF = dt.date(2025, 12, 1)


def shown(kind: str) -> list[str]:
    """Give the blocks of code of the guide, in order."""
    return re.findall(rf"```{kind}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a project with the guide's own files, as the guide says."""
    folder = tmp_path_factory.mktemp("acme")
    with no_chances():
        simulate(preset="demo", seed=3, accounts=60, months=10, out=folder / "world")
    (folder / "acme").mkdir()
    names = [re.search(r"acme/\w+\.py", text).group() for text in shown("yaml")]  # type: ignore[union-attr]  # each has one
    for name, text in zip(names, shown("python"), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    yaml = folder / "acme.yaml"
    yaml.write_text(HEAD + "".join(shown("yaml")), encoding="utf-8")
    return yaml


def test_a_signal_added_in_one_file_stands_in_frame_page_and_brief(config: Path) -> None:
    project = Project(config)
    assert [one.name for one in project.catalog().signals if one not in catalog().signals] == ["calls_for_each_seat"]
    frame = project.frame(AS_OF)
    # by rules a brief tells three triggers at most, the first without its name: look at one of whom two or three fire
    fired = fired_triggers(frame, project.catalog(), project.settings.thresholds)
    talks = fired[[one.name for one in project.catalog().triggers if one.opens]].sum(axis=1)
    chosen = (fired["built_in"] & talks.between(2, 3)).argmax()
    assert fired["built_in"].iloc[chosen]
    assert talks.iloc[chosen] in (2, 3)
    # where its lines end depends on what else is told
    brief = " ".join(project.explain(str(frame["account_id"].iloc[chosen]), AS_OF).text().split())
    assert "Their own software called the product" in brief
    assert "Built into their own software" in brief
    page = called("signals", config, "--catalog")
    assert page.code == 0
    chapter = page.out.partition("\n## Integrations\n")[2]
    assert chapter.startswith("\nHow much of the customer's own software calls the product.")
    assert "### Calls for each seat" in chapter
    assert "**Trigger: Built into their own software** (`built_in`)" in chapter


def test_the_guides_signal_keeps_its_promises(config: Path) -> None:
    done = called("signals", config, "--test")
    assert done.code == 0, done.out
    assert "All 1 signals kept every promise that was tried." in done.out


def test_a_broken_promise_is_told_and_ends_with_its_own_code(config: Path) -> None:
    bad = config.with_name("bad.py")
    bad.write_text(
        shown("python")[0]
        .replace("return ratio(", "return history.seats().max().over() + ratio(")
        .replace("calls_for_each_seat", "bad")
    )
    broken = config.with_name("broken.yaml")
    broken.write_text(HEAD + "signals: {extra: [bad.py]}\n")
    done = called("signals", broken, "--test", "--json")
    assert done.code == 4
    assert "bad: others" in done.json()["broken"]


def test_the_guides_outcome_has_labels_and_signals_beside_them(config: Path) -> None:
    project = Project(config)
    assert project.settings.horizon("giving_something_up").gap_days == 14
    examples = project.examples()
    own = examples["giving_something_up"]
    assert list(examples)[-1] == "giving_something_up"
    assert len(own.frame) == len(own.label) > 0
    assert set(own.label) == {0, 1}
    assert "calls_for_each_seat" in own.frame
    assert (own.event_at.notna() == (own.label == 1)).all()
