"""No sentence that uptier says of an account is false: 100,000 account-dates, held against the raw tables.

One world of each preset, looked at every other week. uptier learns its heads on the first of them and says every reason
in both: for and against, of every head that was fitted, of fired triggers alone, and of rules alone; and for some of
the looks every sentence of every signal. What is handed to the checker (`checker`) is account, date and sentence, and
the folder of the raw tables: it imports nothing of signals or explanation, and has its own reading of every sentence.
It must also go red for each of 20 phrases whose number is altered, half of them in a window, half in the figure.

Sentences for the top fifth are those for the best upsell, as they stand in the scorecard, on a few dates.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from _worlds import made
from checker import Figures, Report, check, figures_of
from checker.verdicts import CLAIMS, sentences_in

from uptier.explanation.reasons import Reasons, fired_reasons, fired_triggers, ruled_reasons, weighed_reasons
from uptier.explanation.sentences import known, sentence
from uptier.explanation.shares import explained
from uptier.outcomes.snapshots import running_at
from uptier.scoring.batch import score
from uptier.scoring.facts import account_facts
from uptier.settings import read_settings
from uptier.simulate.presets import DATA_UNTIL
from uptier.simulate.timeline import months_before
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.history import history_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect

if TYPE_CHECKING:
    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.signals.signal import Signal

PRESETS, SEED, ACCOUNTS = ("standard", "dirty"), 31, 1500
LOOKS_AT_LEAST = 100_000
MONTHS, EVERY_DAYS = 22, 14
SPOKEN_OF_IN_FULL = 2_000  # looks of each world for which every signal is said
SCORED = 4  # dates of each world at which a scorecard is made
TOP = 0.2
TWO = 2  # sentences
TOP_AT_LEAST = 0.9
SHOWN = 20  # letters by which wrong sentences of one signal are told apart
SAID = ["account_id", "as_of", "sentence"]


@dataclasses.dataclass(frozen=True)
class Altered:
    """A phrase with a number that is not its own.

    Attributes
    ----------
    signal : str
        Whose phrase.
    window : tuple of str or None
        Words of its phrases, and what stands there instead.
    by : float
        What is added to the signal's value.
    """

    signal: str
    window: tuple[str, str] | None = None
    by: float = 0.0


ALTERED = (
    Altered("seat_utilisation", ("28 days", "30 days")),
    Altered("peak_daily_utilisation", ("28 days", "14 days")),
    Altered("active_users", ("28 days", "7 days")),
    Altered("busiest_user_days", ("28", "30")),
    Altered("limit_errors", ("30 days", "90 days")),
    Altered("largest_gate_cluster", ("two weeks", "six weeks")),
    Altered("usage_growth", ("four weeks", "eight weeks")),
    Altered("gaps_named", ("60 days", "90 days")),
    Altered("tickets_opened", ("90 days", "30 days")),
    Altered("seats_gained", ("180 days", "365 days")),
    Altered("seats", by=1),
    Altered("daily_active_share", by=0.02),
    Altered("highest_quota_utilisation", by=0.02),
    Altered("gate_crossings_month", by=1),
    Altered("features_in_use", by=1),
    Altered("days_since_last_use", by=1),
    Altered("hours_since_gap_named", by=48),
    Altered("nps_mean", by=0.2),
    Altered("mrr", by=2),
    Altered("tenure", by=1),
)


def main() -> None:
    """Make the worlds, let uptier speak, check, and print the line."""
    parser = argparse.ArgumentParser(description="Hold every sentence against the raw tables.")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="accounts of each world")
    parser.add_argument("--looks", type=int, default=LOOKS_AT_LEAST, help="account-dates that must be checked")
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Found] = {}
        bundle = None
        for preset in PRESETS:
            found[preset], bundle = of_world(Path(folder), preset, given.accounts, bundle, began)
            gc.collect()
    print(json.dumps(line(found, given, time.perf_counter() - began)))


def line(found: dict[str, Found], given: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """Put what was found in the worlds together."""
    reports = [report for one in found.values() for report in (one.reasons, one.in_full)]
    looks = sum(one.reasons.looks for one in found.values())
    signals, forms = Counter[str](), Counter[str]()
    for report in reports:
        signals.update(report.sentences)
        forms.update(report.forms)
    false = [(preset, part, wrong) for preset, one in found.items() for part, wrong in one.wrong("false")]
    caught = {name for name in (one.signal for one in ALTERED) if all(name in one.caught for one in found.values())}
    top = np.concatenate([one.top for one in found.values()])
    two_or_more = float((top >= TWO).mean()) if len(top) else 0.0
    figures: dict[str, Any] = {
        "looks": looks,
        "sentences": signals.total(),
        "sentences_of_reasons": sum(one.reasons.sentences.total() for one in found.values()),
        "signals": len(signals),
        "signals_of_reasons": len({name for one in found.values() for name in one.reasons.sentences}),
        "wordings": len(forms),
        "wordings_known": len({claim.text for claim in CLAIMS}),
        "false": len(false),
        "false_of_reasons": sum(len(one.reasons.false) for one in found.values()),
        "false_by_signal": dict(Counter(f"{part}: {wrong.about}" for _, part, wrong in false).most_common()),
        "unknown": sum(len(report.unknown) for report in reports),
        "altered_caught": len(caught),
        "altered_sentences": sum(one.altered for one in found.values()),
        "altered_sentences_passed": sum(one.passed for one in found.values()),
        "top_fifth": len(top),
        "top_fifth_two_sentences": two_or_more,
        "heads": {preset: one.heads for preset, one in found.items()},
        "looks_by_preset": {preset: one.reasons.looks for preset, one in found.items()},
        "seconds": seconds,
    }
    bounds = {
        "looks_at_least": given.looks,
        "false": 0,
        "unknown": 0,
        "altered_caught": len(ALTERED),
        "top_fifth_two_sentences_at_least": TOP_AT_LEAST,
    }
    met = (
        looks >= given.looks
        and figures["false"] == figures["unknown"] == 0
        and len(caught) == len(ALTERED)
        and two_or_more >= TOP_AT_LEAST
    )
    sizes = {"presets": list(PRESETS), "accounts": given.accounts, "dates": len(dates()), "looks": looks}
    return {"name": "sentences", "sizes": sizes, "seed": SEED, "figures": figures, "bounds": bounds, "met": bool(met)}


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What came of one world.

    Attributes
    ----------
    reasons, in_full : Report
        Of all reasons, and of every sentence of every signal for some looks.
    caught : frozenset of str
        Altered phrases of which every sentence was red.
    altered, passed : int
        Sentences with an altered number, and those of them that were green.
    top : ndarray
        Sentences for the best upsell of each account of the top fifth.
    heads : list of str
        Outcomes whose heads were fitted.
    """

    reasons: Report
    in_full: Report
    caught: frozenset[str]
    altered: int
    passed: int
    top: np.ndarray[Any, Any]
    heads: list[str]

    def wrong(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Give what is false or unknown, with the part that it was found in."""
        for part, report in (("reasons", self.reasons), ("in full", self.in_full)):
            yield from ((part, wrong) for wrong in getattr(report, kind))


def dates() -> list[dt.date]:
    """Give the dates that are looked from: every other week, up to the world's end."""
    first = months_before(DATA_UNTIL, MONTHS)
    days = range((DATA_UNTIL - first).days, -1, -EVERY_DAYS)
    return sorted(DATA_UNTIL - dt.timedelta(days=day) for day in days)


def of_world(folder: Path, preset: str, accounts: int, bundle: Bundle | None, began: float) -> tuple[Found, Bundle]:
    """Let uptier speak of one world, and check what it says; where no bundle is given it is learnt here."""
    world, project = made(folder, preset=preset, seed=SEED, accounts=accounts)
    told(f"{preset}: the world is made", began)
    if bundle is None:
        bundle = project.train().trained.bundle
        told("heads are fitted", began)
    catalog, settings = project.catalog(), project.settings
    tables = opened(settings.path)
    frame = framed(tables, running_at(tables, dates()), catalog)
    told(f"{preset}: signals of {len(frame)} looks", began)
    reasons = every_reason(frame, bundle, catalog, settings)
    top, cards = scorecards(frame, tables, bundle, catalog, settings)
    told(f"{preset}: {len(reasons)} reasons are said", began)
    figures = figures_of(world, frame[["account_id", "as_of"]])
    told(f"{preset}: the figures are computed from the raw tables", began)
    some = frame.sample(min(SPOKEN_OF_IN_FULL, len(frame)), random_state=SEED)
    checked = check(pd.concat([reasons, cards], ignore_index=True), figures)
    in_full = check(in_every_way(some, catalog, settings), figures)
    caught, altered, passed = alterations(some, catalog, settings, figures)
    told(f"{preset}: {checked.sentences.total() + in_full.sentences.total()} sentences are checked", began)
    wrongs = [*checked.false, *checked.unknown, *in_full.false, *in_full.unknown]
    # one of each kind is enough
    for wrong in {(one.about, one.sentence[:SHOWN]): one for one in wrongs}.values():
        print(wrong, file=sys.stderr)
    heads = [name for name, head in bundle.heads.items() if head.is_fitted]
    return Found(checked, in_full, frozenset(caught), altered, passed, top, heads), bundle


def opened(config: Path) -> Tables:
    """Give a project's clean tables."""
    settings = read_settings(config)
    source = connect(settings.source)
    mapped = {name: one for name in CONTRACT if (one := map_table(source, settings, name)) is not None}
    return clean(source, settings, mapped)


def framed(tables: Tables, looks: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """Give all signals of some looks."""
    return catalog.frame(history_of(tables, looks, usage_rollup(tables))).reset_index(drop=True)


def every_reason(frame: pd.DataFrame, bundle: Bundle | None, catalog: Catalog, settings: Settings) -> pd.DataFrame:
    """Let uptier say all reasons of all looks: of fired triggers, of rules, and of every head that is fitted."""
    fired = fired_triggers(frame, catalog, settings.thresholds)
    given: dict[str, Any] = {
        "frame": frame,
        "fired": fired,
        "catalog": catalog,
        "thresholds": settings.thresholds,
        "currency": settings.currency,
    }
    said = [_said(frame, fired_reasons(outcome=None, **given)), _said(frame, ruled_reasons(**given))]
    if bundle is not None:
        for outcome in (name for name, head in bundle.heads.items() if head.is_fitted):
            said.append(_said(frame, weighed_reasons(explained(bundle, outcome, frame, catalog), **given)))
    # the same reason of two heads is one sentence
    return pd.concat(said, ignore_index=True).drop_duplicates(ignore_index=True)


def _said(frame: pd.DataFrame, found: Iterable[Reasons]) -> pd.DataFrame:
    rows = [
        (place, one.sentence) for place, reasons in enumerate(found) for one in (*reasons.supporting, *reasons.opposing)
    ]
    places = np.array([place for place, _ in rows], dtype=int)
    looks = frame[["account_id", "as_of"]].iloc[places].reset_index(drop=True)
    return looks.assign(sentence=pd.Series([words for _, words in rows], dtype=object))


def scorecards(
    frame: pd.DataFrame, tables: Tables, bundle: Bundle, catalog: Catalog, settings: Settings
) -> tuple[np.ndarray[Any, Any], pd.DataFrame]:
    """Make scorecards on a few dates: how many sentences the top fifth gets, and all that the cards say."""
    every = sorted(frame["as_of"].unique())
    counts, said = [], []
    for as_of in every[:: max(len(every) // SCORED, 1)][-SCORED:]:
        rows = frame[frame["as_of"] == as_of].reset_index(drop=True)
        day = pd.Timestamp(as_of).date()
        card = score(rows, account_facts(tables, rows), bundle, catalog, settings, as_of=day, version=None)
        for place in [name for name in card if name in ("reason_1", "reason_2", "reason_3", "against_1", "against_2")]:
            said.append(card[["account_id", "as_of", place]].rename(columns={place: "sentence"}).dropna())
        top = card[card["rank"] <= np.ceil(len(card) * TOP)]
        supporting = top[["reason_1", "reason_2", "reason_3"]].to_numpy(dtype=object)
        counts += [sum(len(sentences_in(words)) for words in row if isinstance(words, str)) for row in supporting]
    return np.array(counts), pd.concat(said, ignore_index=True)


def in_every_way(frame: pd.DataFrame, catalog: Catalog, settings: Settings) -> pd.DataFrame:
    """Let uptier say every sentence of every signal, those for what is not known included."""
    rows = [
        (row["account_id"], row["as_of"], words)
        for row in _rows(frame)
        for one in catalog.signals
        if (words := sentence(one, row, catalog, settings.currency)) is not None
    ]
    return pd.DataFrame(rows, columns=SAID)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def alterations(
    frame: pd.DataFrame, catalog: Catalog, settings: Settings, figures: Figures
) -> tuple[set[str], int, int]:
    """Say some looks with each altered phrase: which were red in every sentence, how many were said, and passed."""
    caught, altered, passed = set(), 0, 0
    for one in ALTERED:
        said = with_alteration(one, frame, catalog, settings)
        report = check(said, figures)
        red = len(report.false) + len(report.unknown)
        altered, passed = altered + len(said), passed + len(said) - red
        if 0 < len(said) == red:
            caught.add(one.signal)
    return caught, altered, passed


def with_alteration(one: Altered, frame: pd.DataFrame, catalog: Catalog, settings: Settings) -> pd.DataFrame:
    """Say one signal of some looks by a phrase, or of a value, that is altered."""
    own = catalog.signal(one.signal)
    other = _other_window(own, one.window) if one.window else own
    said = []
    for row in _rows(frame):
        value = known(row[one.signal])
        if value is None:
            continue
        changed = {**row, one.signal: float(value) + one.by}
        words = sentence(other, changed, catalog, settings.currency)
        if words != sentence(own, row, catalog, settings.currency):
            said.append((row["account_id"], row["as_of"], words))
    return pd.DataFrame(said, columns=SAID)


def _other_window(own: Signal, window: tuple[str, str]) -> Signal:
    forms = ("value", "zero", "negative", "missing")
    phrase = dataclasses.replace(own.phrase, **{name: getattr(own.phrase, name).replace(*window) for name in forms})
    return dataclasses.replace(own, phrase=phrase)


def told(what: str, began: float) -> None:
    """Say how far it is."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
