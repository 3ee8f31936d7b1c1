"""The checker of sentences finds true ones true, and goes red where a number is altered: `benchmarks/sentences.py`."""

from __future__ import annotations

import ast
import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from uptier.outcomes.snapshots import running_at
from uptier.settings import Settings, read_settings
from uptier.signals.catalog import Catalog, catalog
from uptier.simulate.demo import project_text
from uptier.simulate.world import simulate

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
CHECKER = BENCHMARKS / "checker"
ACCOUNTS, MONTHS, SEED = 80, 14, 4
DATES = [dt.date(2025, month, 5 + month) for month in (2, 4, 6, 8, 10, 12)]
NUMBER_OF_ALTERED = 20
KNOWN = {"checker", "_pandas"}  # what the checker may import beside libraries and the thresholds of uptier
SIMULATED = "dirty"


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@dataclass(frozen=True, eq=False)
class Spoken:
    """A small world with every defect, its signals, and its figures as the checker sees them."""

    frame: pd.DataFrame
    figures: Any
    catalog: Catalog
    settings: Settings


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        from checker import figures_of
        from sentences import framed, opened

        folder = tmp_path_factory.mktemp("spoken")
        world = simulate(preset=SIMULATED, seed=SEED, accounts=ACCOUNTS, months=MONTHS, out=folder / "world")
        config = folder / "small.yaml"
        config.write_text(project_text(project="small", source="./world"), encoding="utf-8")
        tables = opened(config)
        frame = framed(tables, running_at(tables, DATES), catalog())
        figures = figures_of(world.folder, frame[["account_id", "as_of"]])
        return Spoken(frame, figures, catalog(), read_settings(config))


# what is true stays green, what is altered goes red ------------------------------------------------------------------


def test_every_reason_of_some_hundred_looks_is_true(spoken: Spoken) -> None:
    from checker import check
    from sentences import every_reason

    said = every_reason(spoken.frame, None, spoken.catalog, spoken.settings)
    report = check(said, spoken.figures)
    assert report.looks > 250
    assert report.sentences.total() > report.looks
    assert report.false == []
    assert report.unknown == []


def test_every_sentence_of_every_signal_is_true(spoken: Spoken) -> None:
    from checker import check
    from sentences import in_every_way

    said = in_every_way(spoken.frame, spoken.catalog, spoken.settings)
    report = check(said, spoken.figures)
    assert report.unknown == []
    assert len(report.sentences) > 100, "some signals share the words for what they do not know"
    assert report.false == []


def test_each_altered_phrase_is_red_wherever_it_is_said(spoken: Spoken) -> None:
    from checker import check
    from sentences import ALTERED, alterations, with_alteration

    assert len({one.signal for one in ALTERED}) == NUMBER_OF_ALTERED
    caught, altered, passed = alterations(spoken.frame, spoken.catalog, spoken.settings, spoken.figures)
    assert {one.signal for one in ALTERED} - caught == set()
    assert passed == 0
    assert altered > NUMBER_OF_ALTERED * 50
    # an altered window is no sentence that anybody knows; an altered figure is false
    for one in ALTERED:
        report = check(with_alteration(one, spoken.frame, spoken.catalog, spoken.settings), spoken.figures)
        assert bool(report.unknown) == (one.window is not None), one


def test_every_wording_of_the_catalogue_is_known() -> None:
    from checker.verdicts import meanings_of

    said = {"once", "2 days", "2 users", "3 %", "2", "USD 2", "2 hours", "acme", "3 times"}
    said |= {f"2 {many}" for many in ("seats", "months", "billing periods", "events", "functions", "meters")}
    said |= {f"2 {many}" for many in ("add-ons", "milestones", "triggers", "tickets", "points")}
    for signal in catalog().signals:
        phrase = signal.phrase
        others = dict.fromkeys(phrase.placeholders() - {"value"}, "2 seats") | {"active_users": "2 users"}
        for text in filter(None, (phrase.value, phrase.zero, phrase.negative, phrase.missing)):
            understood = {
                claim.about
                for value in (said if "{value}" in text else {""})
                for claim, _ in meanings_of(text.format_map(others | {"value": value}))
            }
            # signals of one table share the words for what nobody recorded
            assert signal.name in understood or (understood and text == phrase.missing), f"{signal.name}: {text}"


# how numbers are read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "true", "false"),
    [
        ("share", "92 %", [0.915, 0.92, 0.9249], [0.91, 0.93]),
        ("share", "under 1 %", [0.001, 0.0049], [0.0, 0.01, -0.001]),
        ("share", "over 99 %", [0.996, 0.9999], [1.0, 0.98]),
        ("share", "100 %", [1.0, 1.004], [0.999, 1.01]),
        ("share", "0 %", [0.0], [0.004, -0.004]),
        ("share", "1,250 %", [12.5], [12.6]),
        ("often", "once", [1.0], [0.0, 2.0]),
        ("often", "twice", [2.0], [1.0, 3.0]),
        ("often", "1,204 times", [1204.0], [1203.0]),
        ("days", "1 day", [1.0, 0.6], [0.0, 2.0]),
        ("days", "less than 1 day", [0.2], [0.0, 1.0]),
        ("hours", "95 hours", [95.2], [96.0, 94.0]),
        ("hours", "4 days", [96.0, 107.0], [95.0, 109.0]),
        ("money", "USD 1,200", [1200.4, 1199.6], [1201.0, 1199.0]),
        ("money", "USD 0", [0.0], [0.3]),
        ("number", "less than 0.1", [0.03], [0.0, 0.2]),
        ("number", "2.5", [2.46, 2.54], [2.4, 2.6]),
    ],
)
def test_a_said_number_stands_for_what_is_rounded_to_it(
    kind: str, said: str, true: list[float], false: list[float]
) -> None:
    import re

    from checker.verdicts import holds
    from checker.words import KINDS

    assert re.fullmatch(KINDS[kind].pattern, said)
    span = KINDS[kind].span
    assert span is not None
    assert [holds(value, span(said)) for value in true] == [True] * len(true)
    assert [holds(value, span(said)) for value in false] == [False] * len(false)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("days", "1 days"),
        ("days", "2 day"),
        ("often", "1 times"),
        ("often", "2 times"),
        ("money", "EUR 2"),
        ("share", "-3 %"),
        ("share", "03 %"),
        ("number", "2.0"),
        ("seats", "1234 seats"),
        ("name", " "),
    ],
)
def test_what_nobody_would_say_is_not_understood(kind: str, said: str) -> None:
    import re

    from checker.words import KINDS

    assert not re.fullmatch(KINDS[kind].pattern, said)


def test_sentences_are_taken_apart_and_names_with_dots_are_not() -> None:
    from checker.verdicts import sentences_in

    assert sentences_in("The licence covers 5 seats. Nobody was invited in 12 weeks") == (
        "The licence covers 5 seats",
        "Nobody was invited in 12 weeks",
    )
    assert sentences_in("The plan is Pro v. 2. The region is St. Gallen") == (
        "The plan is Pro v. 2",
        "The region is St. Gallen",
    )
    assert sentences_in("Nobody knows this. Nobody was invited in 12 weeks")[0] == "Nobody knows this"


def test_both_figures_of_a_sentence_are_held_against_the_account() -> None:
    from checker import Figures, check

    values: dict[str, list[Any]] = {"active_users": [23.0], "seat_utilisation": [0.92], "seats": [25.0]}
    figures = Figures(place={("acme", 20_000): 0}, values=values)
    text = "The team had {} users active in the last 28 days: {} % of {} seats"
    for told, true in (((23, 92, 25), True), ((22, 92, 25), False), ((23, 91, 25), False), ((23, 92, 24), False)):
        looks = {"account_id": ["acme"], "as_of": [pd.Timestamp("2024-10-04")], "sentence": [text.format(*told)]}
        report = check(pd.DataFrame(looks), figures)
        assert (report.false == []) is true, told
        assert report.unknown == []


def test_a_fall_and_a_nothing_are_held_against_the_sign() -> None:
    from checker import Figures, check

    figures = Figures(place={("acme", 20_000): 0}, values={"usage_growth": [-0.25]})
    look = {"account_id": ["acme"], "as_of": [pd.Timestamp("2024-10-04")]}
    for sentence, true in {
        "Use fell by 25 % against the four weeks before": True,
        "Use grew by 25 % against the four weeks before": False,
        "Use is where it was four weeks before": False,
        "There was no use to compare with": False,
    }.items():
        # the words for what is not known are shared by two signals
        values = {**figures.values, "usage_growth_before": [0.5]}
        report = check(pd.DataFrame({**look, "sentence": [sentence]}), Figures(figures.place, values))
        assert (report.false == []) is true, sentence


# what the checker may know -------------------------------------------------------------------------------------------


def test_the_checker_imports_neither_signals_nor_explanation() -> None:
    assert linted(ROOT) == 0


@pytest.mark.parametrize("room", ["checker", "_pandas"])
def test_an_import_of_either_is_red(room: str, tmp_path: Path) -> None:
    for name in ("checker", "_pandas"):
        (tmp_path / "benchmarks" / name).mkdir(parents=True)
        (tmp_path / "benchmarks" / name / "__init__.py").touch()
    # by way of another module of uptier
    (tmp_path / "benchmarks" / room / "planted.py").write_text("import uptier.scoring.batch\n")
    assert linted(tmp_path) == 1


def test_the_checker_imports_no_other_benchmark() -> None:
    # import-linter knows modules by their whole names, and scripts import their neighbours by short ones
    assert {name for path in CHECKER.glob("*.py") for name in imports(path.read_text(encoding="utf-8"))} <= KNOWN
    assert imports("import _worlds\nfrom uptier.thresholds import Thresholds\n") == {"_worlds"}


def imports(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    neighbours = {path.stem for path in BENCHMARKS.iterdir()}
    allowed = {"uptier.thresholds"}
    return {
        one.split(".")[0]
        for one in found - allowed
        if one.split(".")[0] in neighbours or one.split(".")[0] in ("uptier", "tests", "benchmarks")
    }


def linted(folder: Path) -> int:
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--no-logo", "--no-cache", "--config", CHECKER / "imports.toml"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.returncode
