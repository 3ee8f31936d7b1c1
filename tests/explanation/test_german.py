"""The words in German that ship are complete: a brief in them holds no English word, no hole and no doubled blank."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from tests.explanation import tiny
from tests.explanation.test_brief import LATELY, SEATS
from tests.explanation.test_pictures import TRENDS
from uptier.decision.actions import Action
from uptier.explanation.brief import LABEL, WIDTH, Brief
from uptier.explanation.changed import Chances, Changed
from uptier.explanation.pages import html, markdown, worklist
from uptier.explanation.pictures import pictures
from uptier.explanation.reasons import Reason, Reasons
from uptier.explanation.recent import Contact, OpenTickets, Reached, Recent
from uptier.explanation.risk import Risk
from uptier.explanation.sentences import sentence
from uptier.explanation.talk import SHIPPED as TALKS
from uptier.explanation.talk import read_talks, talk
from uptier.explanation.turning import Move, Sensitivity, Turn
from uptier.model.bundle import Bundle, BundleSignal, Head
from uptier.model.calibrator import Sigmoid
from uptier.scoring.account import briefs
from uptier.scoring.earlier import Earlier
from uptier.settings import OUTCOMES, Settings
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.fixed_words import english
from uptier.signals.signal import Unit
from uptier.signals.speech import Dates
from uptier.signals.wording import worded
from uptier.thresholds import Thresholds

FOLDER = Path(__file__).parents[2] / "configs" / "wording"
WORDS, GERMAN_TALKS = FOLDER / "de.yaml", FOLDER / "talks.de.yaml"
AS_OF, BEFORE = dt.date(2026, 3, 1), dt.date(2025, 12, 1)
ROWS = 120
HOLES = re.compile(r"[{}_]|\bnan\b|\binf\b|\bNone\b|--| ,| \.|\(\)|,,|\.\.|: *:")


@pytest.fixture(scope="module")
def german() -> Catalog:
    return worded(catalog(), WORDS)


def frame(seed: int, as_of: dt.date) -> pd.DataFrame:
    """Draw accounts whose signals are anything that their units allow, missing ones among them."""
    draw = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for one in catalog().signals:
        if one.is_category:
            columns[one.name] = draw.choice(np.array(["Alpha", "Beta", None], dtype=object), ROWS)
            continue
        wide = {Unit.SHARE: 0.98, Unit.GROWTH: 0.98, Unit.MONEY: 4000, Unit.RATIO: 7, Unit.PERIODS: 5}.get(one.unit, 28)
        values = draw.uniform(-wide / 3 if one.phrase.negative else 0, wide, ROWS)
        values = values if one.unit in (Unit.SHARE, Unit.GROWTH, Unit.RATIO) else np.round(values)
        values[draw.random(ROWS) < 0.15] = 0
        values[draw.random(ROWS) < 0.1] = np.nan
        columns[one.name] = values
    ids = [f"{number:04d}" for number in range(ROWS)]
    return pd.DataFrame({"account_id": ids, "as_of": pd.Timestamp(as_of), **columns})


def facts(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": rows["account_id"],
            "account_name": [f"Nord {number}" if number % 2 else None for number in range(ROWS)],
            "owner": "Ost",
            "segment": ["enterprise" if number % 3 else "start-up" for number in range(ROWS)],
            "plan_name": "Basis",
            "seats": rows["seats"],
            "mrr": rows["mrr"].abs() + 500,
            "open_opportunity": [number % 7 == 0 for number in range(ROWS)],
            "before_first_value": [number % 5 == 0 for number in range(ROWS)],
        },
        index=rows.index,
    )


def learnt(hash_: str) -> Bundle:
    signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in catalog().signals)
    categories = {one.name: ("Alpha", "Beta") for one in catalog().signals if one.is_category}
    empty = Bundle(
        project="tiny", catalogue_hash=hash_, trained_at_as_of=AS_OF, signals=signals, categories=categories, heads={}
    )
    rows = pd.concat([frame(seed, AS_OF) for seed in range(10, 16)], ignore_index=True)
    matrix, draw, heads = empty.matrix(rows), np.random.default_rng(4), {}
    for number, outcome in enumerate(OUTCOMES):
        pull = np.nan_to_num(matrix[:, number::7]).clip(-2, 2).mean(axis=1)
        rare = 2.5 if number < 3 else 5.0
        label = draw.random(len(rows)) < 1 / (1 + np.exp(rare - 2 * pull))
        heads[outcome] = Head(
            outcome=outcome, base_rate=float(label.mean()), interval=(0.1, 0.4), n=len(rows),
            positives=int(label.sum()), positive_accounts=int(label.sum()), trees=tiny.trees(matrix, label),
            calibrator=Sigmoid(slope=0.9, intercept=-0.1), expected_margin=None,
        )  # fmt: skip
    heads["post_upsell_churn"] = heads["post_upsell_churn"].pooled("Too few cases to learn from.")
    gains = {"seat_expansion": 0.3, "plan_upgrade": 0.3, "add_on": 0.5}
    return Bundle(
        project="tiny", catalogue_hash=hash_, trained_at_as_of=AS_OF, signals=signals, categories=categories,
        heads={name: heads[name] for name in OUTCOMES}, gains=gains,
    )  # fmt: skip


def recents(german: Catalog) -> Iterator[Recent]:
    labels = [one.label for one in german.triggers]
    for number in range(ROWS):
        day = AS_OF - dt.timedelta(days=10 + number * 2)
        yield Recent(
            milestones=tuple(Reached(milestone="ziel_eins", day=day) for _ in range(number % 4)),
            tickets=OpenTickets(count=number % 3, oldest_days=number or None, urgent=number % 2, escalated=number % 3),
            has_outreach=True,
            contact=None
            if number % 6 == 0
            else Contact(
                day=day,
                about=(*OUTCOMES[:3], None)[number % 4],
                started_by=(None, "calendar", labels[number % len(labels)])[number % 3],
                result=(None, "won", "lost", "open")[number % 4],
            ),
        )


def written(german: Catalog, talks: Path, *, ruled: bool) -> list[Brief]:
    given = {"project": "tiny", "path": "tiny.yaml", "source": "world", "store": "store", "data_until": AS_OF}
    given |= {"talks": talks, "scoring": {"churn_risk": 0.35}}
    settings = Settings.model_validate(given)
    bundle = None if ruled else learnt(german.fingerprint(settings.thresholds))
    rows, before = frame(1, AS_OF), frame(2, BEFORE)
    told = {str(account): dict.fromkeys(OUTCOMES, 0.2) for account in before["account_id"]}
    lately = dict(zip(rows["account_id"], recents(german), strict=True))
    dated = ("subscriptions", "addons", "users", "usage_events", "usage_daily", "meter_readings", "tickets")
    dated += ("survey_responses", "milestones", "outreach", "opportunities")
    days = (AS_OF - dt.timedelta(days=1), AS_OF - dt.timedelta(days=12), None)
    return briefs(
        rows,
        facts(rows),
        bundle,
        german,
        settings,
        as_of=AS_OF,
        version=None if ruled else "1",
        sources={name: days[number % 3] for number, name in enumerate(dated)},
        earlier=None if ruled else Earlier(BEFORE, before, told),
        recent=lately,
        trends=dict.fromkeys(rows["account_id"], TRENDS),
    )


@pytest.fixture(scope="module")
def told(german: Catalog) -> list[Brief]:
    return [*written(german, GERMAN_TALKS, ruled=False), *written(german, GERMAN_TALKS, ruled=True)]


def every_text(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from every_text(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from every_text(value)


def tokens(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{[^}]*\}", " ", text).lower()))


def words_of_english() -> set[str]:
    """Gather every word of what ships in English."""
    texts = list(every_text(dict(english())))
    whole = catalog()
    for one in whole.signals:
        texts += [
            one.label,
            one.phrase.value,
            one.phrase.missing,
            one.phrase.zero,
            one.phrase.negative,
            whole.title(one.family),
        ]
        texts += [*one.unit.words, one.lever.words if one.lever else ""]
    texts += [one.label for one in whole.triggers]
    texts += [*Dates().months, *Dates().weekdays, "once", "twice", "less than", "under", "over"]
    texts += every_text(yaml.safe_load(TALKS.read_text(encoding="utf-8")))
    return set().union(*map(tokens, texts))


def words_of_german() -> set[str]:
    files = (WORDS, GERMAN_TALKS)
    return set().union(
        *(tokens(text) for path in files for text in every_text(yaml.safe_load(path.read_text("utf-8"))))
    )


# what the file holds -----------------------------------------------------------------------------------------------


def test_every_fixed_text_is_german(german: Catalog) -> None:
    fixed = german.speech.fixed
    assert set(fixed) == set(english())
    assert [key for key, said in fixed.items() if said == english()[key]] == []


def test_every_signal_trigger_and_family_is_german(german: Catalog) -> None:
    for one, before in zip(german.signals, catalog().signals, strict=True):
        assert one.label != before.label
        for part in ("value", "missing", "zero", "negative"):
            assert bool(getattr(one.phrase, part)) == bool(getattr(before.phrase, part))
            assert not getattr(one.phrase, part) or getattr(one.phrase, part) != getattr(before.phrase, part), one.name
        assert (one.lever is None) == (before.lever is None)
        assert one.lever is None or before.lever is None or one.lever.words != before.lever.words
    for trigger, english_one in zip(german.triggers, catalog().triggers, strict=True):
        assert trigger.label != english_one.label
    for family in {one.family for one in catalog().signals}:
        assert german.title(family) != catalog().title(family)


def test_every_line_of_every_talk_is_german(german: Catalog) -> None:
    own, shipped = read_talks(GERMAN_TALKS, german)
    for kind in ("seat_expansion", "plan_upgrade", "add_on", "discovery", "repair"):
        for part, lines in getattr(shipped, kind):
            ours = getattr(getattr(own, kind), part)
            assert ours is not None
            assert len(ours) == len(lines) or part == "name"
    assert {name: set(some) for name, some in own.segments.items()} == {
        name: set(some) for name, some in shipped.segments.items()
    }


# what is read ------------------------------------------------------------------------------------------------------


def test_the_briefs_are_of_every_kind(told: list[Brief]) -> None:
    assert {one.action for one in told} == set(Action)
    assert {one.about for one in told} == {*OUTCOMES[:3], "churn"}
    assert any(one.sensitivity and one.sensitivity.turn and one.sensitivity.turn.moves for one in told)
    assert any(one.sensitivity and one.sensitivity.raising for one in told)
    assert any(one.changed and one.changed.fired and one.changed.cleared for one in told)
    assert any(one.risk and one.risk.reasons for one in told)


def test_a_brief_holds_no_word_of_english(told: list[Brief]) -> None:
    leaked = words_of_english() - words_of_german() - tokens("enterprise start-up start up")
    assert len(leaked) > 500
    for one in told:
        assert tokens(one.text()) & leaked == set()
        assert tokens(markdown(one)) & leaked == set()
    pages = [worklist(told[:ROWS:12], "Ost"), html(told[1]), html(told[ROWS])]
    for page in pages:
        assert '<html lang="de">' in page
        seen = re.sub(r"<style>.*?</style>|<desc>api.*?</desc>|<[^>]*>", " ", page, flags=re.DOTALL)
        # names of meters, as the customer's tables have them
        assert tokens(seen) & leaked - tokens("api calls storage gb contacts") == set()


def test_what_is_english_is_seen(told: list[Brief]) -> None:
    leaked = words_of_english() - words_of_german()
    one = told[0]
    assert tokens(" ".join((one.text(), "none is open"))) & leaked


def test_a_brief_has_no_hole_and_no_doubled_blank_and_fits(told: list[Brief]) -> None:
    for one in told:
        text = one.text()
        assert not HOLES.search(text), HOLES.search(text)
        assert max(map(len, text.splitlines())) <= WIDTH
        lines = [line[LABEL:] for line in text.splitlines() if not re.search(r" von 1(0|00|\.000) ", line)]
        assert [line for line in lines if "  " in line.strip()] == []


def test_facts_are_those_of_the_english_brief(german: Catalog, told: list[Brief]) -> None:
    plain = written(catalog(), TALKS, ruled=False)
    for one, other in zip(told[:ROWS], plain, strict=True):
        assert (one.action, one.about, one.chances, one.points) == (
            other.action, other.about, other.chances, other.points,
        )  # fmt: skip
        assert [reason.signals for reason in one.reasons.supporting] == [
            reason.signals for reason in other.reasons.supporting
        ]


def test_a_brief_in_german_as_it_is_read(german: Catalog, snapshot: SnapshotAssertion) -> None:
    row = {
        "seat_utilisation": 0.92, "active_users": 23.0, "seats": 25.0, "days_until_ceiling": 41.0, "active_days": 26.0,
        "usage_growth": -0.38, "highest_quota_utilisation": 0.44, "milestones_in_90_days": 1.0, "mrr": 1200.0,
        "price_per_seat": 48.0, "features_in_use": 9.0, "team_pace": 0.05, "days_since_champion_active": 3.0,
    }  # fmt: skip

    def reason(code: str, *names: str, **given: object) -> Reason:
        trigger = next(one for one in german.triggers if one.name == code)
        said = [sentence(german.signal(name), row, german, "EUR") for name in names]
        label = trigger.label if given["fired"] else german.title(trigger.family)
        return dataclasses.replace(
            SEATS, code=code, label=label, sentence=". ".join(map(str, said)), signals=names, **given
        )

    seats = reason("approaching_seat_ceiling", "seat_utilisation", "days_until_ceiling", fired=True, points=0.18)
    against = reason("running_out_of_capacity", "highest_quota_utilisation", fired=False, points=-0.011)
    risky = reason("use_accelerates", "usage_growth", fired=False, points=0.03)
    closing = Move(
        signal="open_tickets", label=german.signal("open_tickets").label, value=6.0, moved=2.0, before="6 Anfragen",
        after="2 Anfragen", lever="offene Anfragen abschließen",
    )  # fmt: skip
    thresholds, files = Thresholds(), read_talks(GERMAN_TALKS, german)
    pitch = dataclasses.replace(
        LATELY,
        currency="EUR",
        owner="Nord",
        reasons=Reasons(supporting=(seats, risky), opposing=(against,)),
        rules=("Ein Kontingent ist fast verbraucht",),
        risk=Risk(outcome="churn", high=True, reasons=(risky,)),
        sensitivity=Sensitivity(
            turn=Turn(action=Action.PROTECT, moves=(closing,)),
            raising={"highest_quota_utilisation": "eine Probe des nächsten Tarifs anbieten"},
            calming={"usage_growth": "das Team zurückgewinnen"},
        ),
        changed=Changed(
            since=BEFORE,
            fired=(seats.label,),
            cleared=(),
            chances=Chances(before=0.3, now=0.52, families=(("Plätze", 0.2),), context=0.01, model=0.0),
        ),
        talk=talk(
            "seat_expansion", files, row, (seats,), upsell="seat_expansion", segment=None, as_of=AS_OF, catalog=german,
            thresholds=thresholds, currency="EUR",
        ),
        speech=german.speech,
    )  # fmt: skip
    assert pitch.text() == snapshot
    assert [(one.title, one.words) for one in pictures(TRENDS, pitch.words)] == snapshot
