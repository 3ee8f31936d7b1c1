"""A scoring run on a small world: the worklist follows the one before it, and a second run changes nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.end_to_end.jobs import SMALL
from uptier import Project
from uptier.errors import ScoringError, StoreError
from uptier.scoring.scorecard import read_manifest, read_worklist
from uptier.store import only_copy
from uptier.work import scoring
from uptier.work.scoring import score

END, BEFORE = dt.date(2026, 1, 1), dt.date(2025, 12, 1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = jobs.small_project(tmp_path_factory.getbasetemp()).with_name("listed.yaml")
    path.write_text(SMALL.replace("store: ", "store: listed-") + "worklist: {capacity: 3, dismissed: away.csv}\n")
    path.with_name("away.csv").write_text("account_id,upsell,until\nnone,,2026-03-01\n")
    return path


def test_a_worklist_follows_the_one_before_it_and_a_second_run_is_the_same(config: Path) -> None:
    told: list[str] = []
    project = Project(config, lambda what, done, of: told.append(what))
    first, second = project.score(BEFORE).worklist, project.score(END).worklist
    assert told.index("Scoring") > 0
    assert first is not None
    assert second is not None
    assert set(first["cycle"]) == {pd.Timestamp(BEFORE)}
    assert set(second["cycle"]) == {pd.Timestamp(BEFORE), pd.Timestamp(END)}
    still = set(first.loc[first["state"] == "open", "uptier_key"])
    assert still
    assert still <= set(second["uptier_key"])
    assert second.groupby("owner", dropna=False)["rank"].max().max() <= 3
    again = project.score(END)
    assert again.worklist is not None
    pd.testing.assert_frame_equal(again.worklist, second)
    written = read_worklist(again.written.folder)
    assert written is not None
    pd.testing.assert_frame_equal(written, second)
    assert read_manifest(again.written.folder)["worklist"]["rows"] == len(second)


def test_a_run_that_was_stopped_goes_on_from_the_signals_that_it_had_formed(config: Path) -> None:
    def stopped(what: str, done: int, of: int) -> None:
        if what == "Scoring":
            raise KeyboardInterrupt

    whole = Project(config).score(BEFORE)
    store = whole.written.folder.parent.parent
    for file in (store / "frames" / "scored").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(KeyboardInterrupt):
        Project(config, stopped).score(BEFORE)
    told: list[str] = []
    again = Project(config, lambda what, done, of: told.append(what)).score(BEFORE)
    assert "Scoring" in told
    assert not [what for what in told if what.startswith("Forming")]
    pd.testing.assert_frame_equal(again.scorecard, whole.scorecard)
    assert [one.name for one in (store / "frames" / "scored").iterdir() if one.is_dir()] == [f"as_of={BEFORE}"]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project of forty accounts, since blocks of one are read one by one."""
    path = jobs.tiny_project(tmp_path_factory.getbasetemp(), seed=8).with_name("few.yaml")
    path.write_text(SMALL + "worklist: {capacity: 3}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("block", [1, 7])
def test_blocks_change_nothing(block: int, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Project(few).score(END)
    assert len(whole.scorecard) > 3 * block
    assert whole.worklist is not None
    assert len(whole.worklist)
    monkeypatch.setattr(scoring, "BLOCK", block)
    seen: list[tuple[int, int]] = []
    parts = Project(few, lambda what, done, of: seen.append((done, of)) if what == "Scoring" else None).score(END)
    assert (block, len(whole.scorecard)) in seen
    pd.testing.assert_frame_equal(parts.scorecard, whole.scorecard)
    assert parts.worklist is not None
    pd.testing.assert_frame_equal(parts.worklist, whole.worklist)
    assert read_manifest(parts.written.folder) == read_manifest(whole.written.folder)


def test_a_second_copy_is_refused_before_it_touches_anything(config: Path) -> None:
    project, told = Project(config), list[str]()
    with (
        only_copy(project.settings.store / scoring.LOCK, "Scoring"),
        pytest.raises(StoreError, match="Scoring is going on"),
    ):
        score(project._material, END, lambda what, done, of: told.append(what))
    assert not [what for what in told if what.startswith(("Forming", "Scoring"))]


def test_dismissals_that_cannot_be_read_stop_the_run_before_the_long_work(config: Path) -> None:
    config.with_name("away.csv").write_text("nothing\n")
    project, told = Project(config), list[str]()
    with pytest.raises(ScoringError, match="lack a column"):
        score(project._material, END, lambda what, done, of: told.append(what))
    assert told == []


def test_rates_that_cannot_be_read_stop_the_run_though_no_account_needs_them(config: Path) -> None:
    path = config.with_name("unread.yaml")
    path.write_text(SMALL.replace("store: ", "store: unread-") + "scoring: {rates: nowhere.csv}\n", encoding="utf-8")
    project, told = Project(path), list[str]()
    with pytest.raises(ScoringError, match=r"The rates in .*nowhere\.csv cannot be read"):
        score(project._material, END, lambda what, done, of: told.append(what))
    assert told == []
    assert not (project.settings.store / "scorecards").exists()


PAID = """\
tables:
  accounts:
    sql: SELECT *, CASE WHEN CAST(account_id AS INTEGER) % 2 = 0 THEN 'EUR' END AS currency FROM accounts
scoring: {rates: rates.csv}
"""


def test_accounts_that_pay_in_another_currency_are_ranked_in_the_projects_and_spoken_to_in_their_own(
    config: Path,
) -> None:
    """One euro is worth two dollars: whatever an account is worth doubles, and what is said stays in euros."""
    paid = config.with_name("paid.yaml")
    plain = config.with_name("plain.yaml")
    plain.write_text(SMALL.replace("store: ", "store: plain-"), encoding="utf-8")
    paid.write_text(SMALL.replace("store: ", "store: paid-") + PAID, encoding="utf-8")
    config.with_name("rates.csv").write_text(
        "currency,day,rate\nEUR,2025-12-20,2\nEUR,2026-01-02,99\n", encoding="utf-8"
    )
    one, other = (Project(path).score(END) for path in (plain, paid))
    before, after = (done.scorecard.set_index("account_id").sort_index() for done in (one, other))
    euros = after.index.astype(int) % 2 == 0
    assert 0 < euros.sum() < len(after)
    assert (after.loc[euros, "mrr"] == 2 * before.loc[euros, "mrr"]).all()
    pd.testing.assert_frame_equal(after[~euros].drop(columns="rank"), before[~euros].drop(columns="rank"))
    reasons = [name for name in after if name.startswith(("reason_", "against_")) and name[-1].isdigit()]
    told = [
        [text for name in reasons for text in card.loc[euros, name].dropna() if "USD" in text or "EUR" in text]
        for card in (before, after)
    ]
    assert [text.replace("USD", "EUR") for text in told[0]] == told[1]
    assert other.worklist is not None
    talks = other.worklist.dropna(subset="talk").set_index("account_id")["talk"]
    assert talks.str.contains("EUR").any()
    assert talks.str.contains("USD").any()
    for account, words in talks.items():
        assert ("USD" if int(str(account)) % 2 == 0 else "EUR") not in words
    account = str(after.index[euros][0])
    brief = Project(paid).explain(account, END)
    assert (brief.mrr, brief.currency) == (after.loc[account, "mrr"], "USD")
