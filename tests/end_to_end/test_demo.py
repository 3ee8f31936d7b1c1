"""What `make demo` promises, on its own world, done once for all tests here."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.end_to_end import jobs
from tests.end_to_end.jobs import DEMO_SEED, Job
from uptier.decision.actions import Action
from uptier.errors import ScoringError
from uptier.explanation.brief import LABEL, WIDTH, Brief
from uptier.explanation.sentences import sentence
from uptier.model.points import points
from uptier.project import Project
from uptier.scoring.account import briefs
from uptier.scoring.batch import columns
from uptier.scoring.facts import account_facts, source_dates
from uptier.scoring.recent import recent_of
from uptier.scoring.scorecard import latest, read_manifest
from uptier.settings import CONVERSIONS, OUTCOMES
from uptier.signals.catalog import catalog
from uptier.tables.history import history_of
from uptier.tables.rollup import usage_rollup
from uptier.terminal import findings_table, scorecard_table, training_table, training_words

SCREEN = 40  # lines that a CSM sees without scrolling, the talk below them
OPENING = 120  # words of who, why and what to do today
# what is no English to a CSM: words of machine learning, names of columns, holes
NO_WORD = re.compile(r"(?i:shap\b|feature|log-odds|\bmargin|classifier|\bmodel\b)|None\b(?! of)|\bnan\b|_")
PLACES = ("reason_1", "reason_2", "reason_3", "against_1", "against_2")


@pytest.fixture(scope="module")
def card(demo: Job) -> pd.DataFrame:
    return demo.scoring.scorecard


@pytest.fixture(scope="module")
def signals(demo: Job, card: pd.DataFrame) -> pd.DataFrame:
    """Put the signals into the order of the scorecard."""
    return demo.frame.set_index("account_id").loc[card["account_id"]].reset_index()


def world(demo: Job, table: str) -> pd.DataFrame:
    return pd.read_parquet(demo.config.parent / "world" / f"{table}.parquet")


def shown(table: object) -> str:
    from io import StringIO

    from rich.console import Console

    written = StringIO()
    Console(file=written, width=200).print(table)
    return written.getvalue()


# learning ------------------------------------------------------------------------------------------------------------


def test_the_data_have_no_errors(demo: Job) -> None:
    assert demo.findings.errors == ()


def test_the_model_becomes_the_champion(demo: Job) -> None:
    registered = demo.training.registered
    assert (registered.name, registered.version, registered.alias) == ("uptier", "1", "champion")
    assert demo.training.trained.refused_because == ()


def test_at_least_two_upsells_have_a_model_of_their_own(demo: Job) -> None:
    fallbacks = {name: demo.training.trained.judgements[name].fallback for name in CONVERSIONS}
    assert list(fallbacks.values()).count(None) >= 2, fallbacks


def test_what_a_head_says_on_the_screen_is_what_was_judged(demo: Job) -> None:
    said = shown(training_table(demo.training))
    for judgement in demo.training.trained.judgements.values():
        if judgement.head is not None:
            low, middle, high = judgement.head.auc
            assert f"{middle:.3f} ({low:.3f}, {high:.3f})" in said
    passed = sum(one.passed for one in demo.training.trained.judgements.values())
    assert said.count("passed") == passed
    assert "alias champion" in training_words(demo.training, demo.project.settings)


def test_no_model_has_learnt_from_what_lies_behind_its_test(demo: Job) -> None:
    trained = demo.training.trained
    assert trained.bundle.trained_at_as_of < demo.scoring.as_of
    assert all(one.test.n > 0 for one in trained.judgements.values() if one.head is not None)


# the scorecard -----------------------------------------------------------------------------------------------------


def test_every_account_with_a_subscription_stands_there_once(demo: Job, card: pd.DataFrame) -> None:
    as_of = pd.Timestamp(demo.scoring.as_of, tz="UTC")
    held = world(demo, "subscriptions")
    begun = (held["valid_from"] < as_of) & (held["recorded_at"].fillna(held["valid_from"]) < as_of)
    # an end that is not known by then is no end yet
    ended = (held["valid_to"] < as_of) & (held["end_recorded_at"].fillna(held["valid_to"]) < as_of)
    expected = sorted(held.loc[begun & ~ended, "account_id"].unique())
    assert sorted(card["account_id"]) == expected
    assert len(expected) > 300


def test_the_columns_are_those_described(card: pd.DataFrame) -> None:
    assert list(card.columns) == list(columns())


def test_every_row_says_what_it_rests_on(demo: Job, card: pd.DataFrame) -> None:
    heads = demo.training.trained.bundle.heads
    for outcome in OUTCOMES:
        own = card[f"basis_{outcome}"] == "model"
        assert (own == heads[outcome].is_fitted).where(card[f"basis_{outcome}"] != "no plan above", True).all()
        assert card[f"p_{outcome}"].between(0, 1).all()
    assert (card["basis"] == "model").any()
    assert set(card["model_version"]) == {"1"}


def test_base_context_and_points_add_up_to_the_probability(card: pd.DataFrame) -> None:
    fitted = card[card["basis"] == "model"]
    parts = fitted[[f"{place}_points" for place in PLACES]].fillna(0).sum(axis=1)
    total = fitted["base_points"] + fitted["context_points"] + parts + fitted["other_points"]
    chance = [row[f"p_{row['best_type']}"] for _, row in fitted.iterrows()]
    assert len(fitted) > 100
    np.testing.assert_allclose(total, chance, rtol=0, atol=1e-6)


def test_the_chance_of_any_upsell_is_that_of_all_three(card: pd.DataFrame) -> None:
    none = (1 - card[[f"p_{name}" for name in CONVERSIONS]]).prod(axis=1)
    np.testing.assert_allclose(card["p_any"], 1 - none, rtol=0, atol=1e-12)


def test_rows_stand_in_the_order_of_chance_times_gain(demo: Job, card: pd.DataFrame) -> None:
    worth = card["p_any"] * card["gain_arr"]
    np.testing.assert_allclose(card["priority"], worth, rtol=1e-12, atol=0)
    assert (np.diff(worth) <= 0).all()
    assert list(card["rank"]) == list(range(1, len(card) + 1))


def test_the_ten_highest_are_shown_with_churn_beside_them(demo: Job, card: pd.DataFrame) -> None:
    said = shown(scorecard_table(demo.scoring, demo.project.settings)).splitlines()
    rows = [line for line in said if line.startswith("│")]
    assert [line.split("│")[1].strip() for line in rows] == list(card["account_id"].head(10))
    heading = next(line for line in said if "churn" in line)
    place = [part.strip() for part in heading.split("┃")].index("churn")
    assert [line.split("│")[place].strip() for line in rows] == [f"{p * 100:.0f} %" for p in card["p_churn"].head(10)]


def test_the_points_model_stands_beside_the_probabilities(demo: Job, card: pd.DataFrame, signals: pd.DataFrame) -> None:
    np.testing.assert_array_equal(card["points"], points(signals, demo.project.settings.thresholds))


def test_every_sentence_is_true_for_its_account(demo: Job, card: pd.DataFrame, signals: pd.DataFrame) -> None:
    everything = catalog()
    family = {trigger.name: trigger.family for trigger in everything.triggers}
    checked = 0
    for (_, row), (_, values) in zip(card.iterrows(), signals.iterrows(), strict=True):
        for place in PLACES:
            if pd.isna(row[place]):
                assert pd.isna(row[f"{place}_code"])
                continue
            true = {
                sentence(one, values, everything, demo.project.settings.currency)
                for one in everything.signals
                if one.family == family[row[f"{place}_code"]]
            }
            assert set(row[place].split(". ")) <= true, (row["account_id"], place)
            checked += 1
    assert checked > len(card)


def test_reasons_for_add_and_reasons_against_take(card: pd.DataFrame) -> None:
    fitted = card[card["basis"] == "model"]
    for place in PLACES:
        weights = fitted[f"{place}_points"].dropna()
        assert ((weights >= 0) if place.startswith("reason") else (weights < 0)).all()


def test_active_users_in_a_sentence_are_those_of_the_raw_events(demo: Job, signals: pd.DataFrame) -> None:
    as_of = pd.Timestamp(demo.scoring.as_of, tz="UTC")
    events = world(demo, "usage_events")
    known = events["recorded_at"].fillna(events["occurred_at"]) < as_of
    recent = (events["occurred_at"] < as_of) & (events["occurred_at"] >= as_of - pd.Timedelta(days=28))
    users = events[known & recent].groupby("account_id")["user_id"].nunique()
    counted = users.reindex(signals["account_id"]).fillna(0).to_numpy()
    np.testing.assert_array_equal(signals["active_users"], counted)
    assert len(set(counted)) > 10


# on disk -------------------------------------------------------------------------------------------------------------


def test_the_manifest_tells_where_the_scorecard_comes_from(demo: Job, card: pd.DataFrame) -> None:
    written = demo.scoring.written
    manifest = read_manifest(written.folder)
    digest = hashlib.sha256(written.parquet.read_bytes()).hexdigest()
    expected = {
        "schema_version": 1,
        "project": "demo",
        "currency": "USD",
        "run_id": demo.training.registered.run_id,
        "model_version": "1",
        "as_of": "2026-01-01",
        "expires_on": "2026-01-31",
        "newest_usage": "2025-12-31",
        "catalogue_hash": demo.training.trained.bundle.catalogue_hash,
        "rows": len(card),
        "columns": list(columns()),
        "data_hash": f"sha256:{digest}",
    }
    assert {name: manifest[name] for name in expected} == expected
    assert sum(manifest["rows_by_action"].values()) == sum(manifest["rows_by_basis"].values()) == len(card)
    assert set(manifest["rows_by_action"]) <= {action.value for action in Action}


def test_what_is_on_disk_is_what_was_given(demo: Job, card: pd.DataFrame) -> None:
    written = demo.scoring.written
    pd.testing.assert_frame_equal(pd.read_parquet(written.parquet), card)
    text = pd.read_csv(written.csv, dtype={"account_id": "str"})
    assert list(text["account_id"]) == list(card["account_id"])
    np.testing.assert_allclose(text["p_any"], card["p_any"], rtol=1e-12)


def test_scoring_again_in_another_process_replaces_the_scorecard_by_the_same_bytes(demo: Job) -> None:
    written = demo.scoring.written
    before = written.parquet.read_bytes(), written.csv.read_bytes(), written.manifest.read_bytes()
    was = written.folder.readlink()
    again, imported = jobs.in_a_fresh_process("score", demo.config, "--json")
    assert again.code == 0, again.err
    assert again.err == ""
    assert again.json() == {
        "as_of": "2026-01-01",
        "rows": written.rows,
        "scorecard": str(written.parquet),
        "manifest": str(written.manifest),
        "model_version": "1",
        "learnt_until": demo.training.trained.bundle.trained_at_as_of.isoformat(),
        "fallback": False,
    }
    assert (written.parquet.read_bytes(), written.csv.read_bytes(), written.manifest.read_bytes()) == before
    # in one step: the date now means another folder, and the old one is gone
    assert written.folder.readlink() != was
    assert [path.name for path in written.folder.parent.glob(".2026-01-01-*")] == [str(written.folder.readlink())]
    assert latest(demo.project.settings.store) == written.folder
    # what only training needs
    assert not imported & {"shap", "matplotlib"}
    assert "lightgbm" in imported


# the brief ---------------------------------------------------------------------------------------------------------


def test_the_brief_begins_with_who_why_and_what_to_do_today(demo: Job, card: pd.DataFrame) -> None:
    first = card.iloc[0]
    lines = demo.brief.text().splitlines()
    assert re.match(rf"Account {first['account_id']}\b", lines[0])
    head = " ".join(lines[: lines.index("")])
    why = demo.brief.reasons.supporting[0].sentence
    assert head.index(why) < head.index("Today: ")
    assert str(demo.brief.action.value) in head.partition("Today: ")[2]


@pytest.fixture(scope="module")
def thousand(demo: Job) -> list[Brief]:
    """Write all briefs of two dates."""
    tables, bundle = demo.project._tables, demo.training.trained.bundle
    written = []
    for as_of in (demo.scoring.as_of, dt.date(2025, 10, 1)):
        frame = demo.project.frame(as_of)
        history = history_of(tables, frame[["account_id", "as_of"]], usage_rollup(tables))
        written += briefs(
            frame,
            account_facts(tables, frame),
            bundle,
            catalog(),
            demo.project.settings,
            as_of=as_of,
            version="1",
            sources=source_dates(tables, as_of),
            recent=recent_of(history, as_of, {one.name: one.label for one in catalog().triggers}),
        )
    return written


def drawn_by(thousand: list[Brief], *holds: Callable[[Brief], object]) -> Iterator[Brief]:
    """Draw one brief for each thing that holds of some, by a seed, none twice."""
    order = np.random.default_rng(2026).permutation(len(thousand))
    drawn: set[str] = set()
    for one in holds:
        found = next(thousand[at] for at in order if one(thousand[at]) and thousand[at].account_id not in drawn)
        drawn.add(found.account_id)
        yield found


def test_twelve_briefs_read_as_they_did(demo: Job, thousand: list[Brief], snapshot: SnapshotAssertion) -> None:
    abouts = [lambda one, about=about: one.about == about for about in (*CONVERSIONS, "churn")]
    actions = [lambda one, action=action: one.action is action for action in Action]
    others = [
        lambda one: not one.reasons.supporting,
        lambda one: one.action is Action.PROTECT and one.value is not None and one.value.chance > 0.1,
        lambda one: one.sensitivity is not None and one.sensitivity.turn is not None and one.sensitivity.turn.moves,
    ]
    twelve = [one.text() for one in drawn_by(thousand, *abouts, *actions, *others)]
    # a young company: no model yet, neither tickets nor surveys
    known = demo.frame.iloc[[7]].reset_index(drop=True)
    silent = {one.name: np.nan for one in catalog().signals if one.family in ("sentiment", "relationship", "gaps")}
    (young,) = briefs(
        known.assign(**silent),
        account_facts(demo.project._tables, known),
        None,
        catalog(),
        demo.project.settings,
        as_of=demo.scoring.as_of,
        version=None,
        sources={"subscriptions": dt.date(2025, 12, 31), "tickets": None},
    )
    twelve.append(young.text())
    assert len(twelve) == 12
    assert "\n\n=====\n\n".join(twelve) == snapshot


def test_a_thousand_briefs_fit_on_a_screen_and_have_no_word_of_machine_learning(thousand: list[Brief]) -> None:
    texts = [one.text() for one in thousand]
    assert len(texts) >= 1000
    for text in texts:
        opening, lines = text.partition("\n\n")[0], text.partition("\n\nThe talk:")[0].splitlines()
        assert len(opening.split()) <= OPENING
        assert len(lines) <= SCREEN
        assert max(map(len, text.splitlines())) <= WIDTH
        assert not NO_WORD.search(text), NO_WORD.search(text)
        # chances stand in columns
        sentences = [line[LABEL:] for line in text.splitlines() if " in 1" not in line]
        assert not [line for line in sentences if re.search(r"[a-z,.]  [A-Za-z]", line)]


def test_briefs_give_the_figures_of_the_scorecard(demo: Job, card: pd.DataFrame) -> None:
    rows = card.groupby("action").head(1)
    assert len(rows) > 1
    for _, row in rows.iterrows():
        brief = demo.project.explain(row["account_id"])
        told = {chance.outcome: chance.probability for chance in brief.chances}
        seen = [name for name in OUTCOMES if row[f"basis_{name}"] in ("model", "pooled rate")]
        assert len(seen) >= len(OUTCOMES) - 1
        assert told == {outcome: row[f"p_{outcome}"] for outcome in seen}
        assert len(brief.reasons.supporting) <= 3
        assert len(brief.reasons.opposing) <= 2
        if brief.about == row["best_type"]:
            said = [reason.sentence for reason in brief.reasons.supporting]
            assert said == row[["reason_1", "reason_2", "reason_3"]].dropna().tolist()
        text = " ".join(brief.text().split())
        assert f"{row['points']} of 140 points, {row['tier']}" in text
        assert "1 January 2026, good until 31 January 2026" in text
        assert "usage events 1 day old" in text
        assert len(brief.text().partition("\n\nThe talk:")[0].splitlines()) <= SCREEN


def test_every_account_has_a_brief_that_explains_without_shap(demo: Job, card: pd.DataFrame) -> None:
    last = card["account_id"].iloc[-1]
    told, imported = jobs.in_a_fresh_process("explain", demo.config, last, "--json")
    assert told.code == 0, told.err
    assert told.json()["account_id"] == last
    assert told.json()["text"] == demo.project.explain(last).text()
    assert not imported & {"shap", "matplotlib"}


def test_an_account_that_is_not_there_is_met_with_the_nearest(demo: Job, card: pd.DataFrame) -> None:
    known = card["account_id"].iloc[0]
    with pytest.raises(ScoringError) as refused:
        demo.project.explain(f"{known}x")
    what, do = str(refused.value).splitlines()
    assert what == f"There is no account '{known}x'."
    near = re.findall(r"'(\d+)'", do)
    assert do == "Did you mean " + " or ".join(f"'{one}'" for one in near) + "?"
    assert near[0] == known
    assert set(near) <= set(card["account_id"]) | set(world(demo, "accounts")["account_id"])


def test_another_seed_gives_another_brief(tmp_path: Path) -> None:
    configs = [jobs.tiny_project(tmp_path, seed=seed) for seed in (DEMO_SEED, DEMO_SEED + 1)]
    held = [pd.read_parquet(config.parent / "world" / "subscriptions.parquet") for config in configs]
    account = min(set.intersection(*(set(rows[rows["valid_to"].isna()]["account_id"]) for rows in held)))
    one, other = (Project(config).explain(account).text() for config in configs)
    assert one != other


def test_the_findings_shown_are_those_found(demo: Job) -> None:
    said = shown(findings_table(demo.findings))
    assert all(one.code in said for one in demo.findings.all)


def test_the_run_keeps_what_it_was_made_of(demo: Job) -> None:
    store = demo.project.settings.store
    judged = json.loads(next(store.rglob("judgements.json")).read_text())
    assert set(judged) == set(OUTCOMES)
    hashes = json.loads(next(store.rglob("data_hashes.json")).read_text())
    events = demo.config.parent / "world" / "usage_events.parquet"
    assert hashes["usage_events.parquet"] == hashlib.sha256(events.read_bytes()).hexdigest()
    assert not list(store.rglob("*.pkl"))
