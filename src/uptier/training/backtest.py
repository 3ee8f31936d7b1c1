"""A backtest: the way of learning, begun anew at each of the last origins, and what came of it; nothing is shipped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uptier.training import baselines
from uptier.training.at_origins import AtOrigin, by_origin, led_in
from uptier.training.judging import Figures, plain, predicted, scored
from uptier.training.learning import held_effects
from uptier.training.pooling import Counts, counted, too_few
from uptier.training.resampling import drawn_accounts
from uptier.training.rolled import material_of, rolled
from uptier.training.splitting import origins_of

if TYPE_CHECKING:
    from uptier.model.bundle import BundleSignal
    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

ORIGINS = 6
TEST_SHARE = 0.5  # of the as-of dates: the earlier half is enough to begin with
SCORERS = ("head", "points", "utilisation", "logistic", "constant")


@dataclass(frozen=True, kw_only=True)
class Backtested:
    """What a backtest found out about one outcome.

    Attributes
    ----------
    outcome : str
        Which.
    test : Counts
        How much of it there is on the tested dates.
    origins : tuple of AtOrigin
        Each origin by itself, earliest first.
    figures : dict of str to Figures
        All origins together: of the head, for accounts that it never saw, and of what stands beside it.
    utilisation_signal : str
        The signal behind utilisation.
    why_not : str
        Why there is nothing to show; empty where there is.
    """

    outcome: str
    test: Counts
    origins: tuple[AtOrigin, ...] = ()
    figures: dict[str, Figures]
    utilisation_signal: str = ""
    why_not: str = ""

    @property
    def broke(self) -> tuple[str, ...]:
        """What differs from what went before by more than chance, with its origin."""
        return tuple(f"{one.date}: {told}" for one in self.origins for told in one.broke)

    def as_json(self) -> dict[str, Any]:
        """Give it in plain JSON types.

        Returns
        -------
        dict
            Figures are ``[low, figure, high]``.
        """
        return {
            "test": asdict(self.test),
            "led_points_at": led_in(self.origins),
            "origins": [one.as_json() for one in self.origins],
            "figures": {name: plain(asdict(one)) for name, one in self.figures.items()},
            "utilisation_signal": self.utilisation_signal,
            "broke": list(self.broke),
            "why_not": self.why_not,
        }


def backtest(
    examples: Mapping[str, Examples],
    signals: tuple[BundleSignal, ...],
    settings: Settings,
    *,
    catalog: Catalog | None = None,
    origins: int = ORIGINS,
    test_share: float = TEST_SHARE,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Backtested]:
    """Begin learning anew at each of the last origins, and see how it did.

    Parameters
    ----------
    examples : mapping of str to Examples
        Labelled rows by outcome, ordered by date and account.
    signals : tuple of BundleSignal
        The model's columns.
    settings : Settings
        The project.
    catalog : Catalog, optional
        The signals, for the effects that trees may be held to.
    origins : int
        How many.
    test_share : float
        Share of the as-of dates, the latest ones, that they are spread over.
    progress : callable, optional
        Told ``(what, done, of)`` as it goes.

    Returns
    -------
    dict of str to Backtested
        By outcome.
    """
    made = {}
    for number, (outcome, given) in enumerate(examples.items()):
        if progress:
            progress(f"Backtesting {outcome}", number, len(examples))
        made[outcome] = _backtested(given, signals, settings, catalog=catalog, origins=origins, test_share=test_share)
    if progress:
        progress("Backtested", len(examples), len(examples))
    return made


def page(found: Mapping[str, Backtested], project: str) -> str:
    """Write what a backtest found.

    Parameters
    ----------
    found : mapping of str to Backtested
        By outcome.
    project : str
        Whose.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        f"# Backtest of {project}",
        "",
        "At each origin a model learns from what was known by then, and is asked about the months until the next one, "
        "for accounts that it never saw. Figures with 95 % intervals over accounts drawn with replacement.",
    ]
    for outcome, one in found.items():
        lines += ["", f"## {outcome}", ""]
        if one.why_not:
            lines.append(one.why_not)
            continue
        lines += [
            "| origin | windows | cases | base rate | AUC | AUC of the points model | log loss gained | "
            "observed over expected |",
            "|---|--:|--:|---|---|---|---|---|",
        ]
        for at in one.origins:
            cells = (at.base_rate, at.auc, at.points_auc, at.log_loss_gain, at.calibration_ratio)
            lines.append(f"| {at.date} | {at.n:,} | {at.positives:,} | {' | '.join(map(_cell, cells))} |")
        pooled = {name: _cell(figures.auc) for name, figures in one.figures.items()}
        lines += ["", f"Together: AUC {pooled['head']}; {_beside(pooled)}. It ranked better than the points model at "]
        lines[-1] += f"{led_in(one.origins)} of {len(one.origins)} origins."
        lines += ["", *([f"- **Broke** {told}" for told in one.broke] or ["No origin differs by more than chance."])]
    return "\n".join(lines) + "\n"


def as_document(found: Mapping[str, Backtested]) -> bytes:
    """Give a backtest as JSON.

    Parameters
    ----------
    found : mapping of str to Backtested
        By outcome.

    Returns
    -------
    bytes
        One document.
    """
    return json.dumps({outcome: one.as_json() for outcome, one in found.items()}, indent=1).encode()


def _backtested(
    given: Examples,
    signals: tuple[BundleSignal, ...],
    settings: Settings,
    *,
    catalog: Catalog | None,
    origins: int,
    test_share: float,
) -> Backtested:
    knobs = settings.training
    cut = origins_of(given, test_share=test_share, origins=origins)
    every_row = np.arange(len(given.frame))
    tested = np.concatenate([one.test for one in cut]) if cut else every_row
    test = counted(given, tested)
    fit = counted(given, cut[0].fit if cut else every_row[:0])
    why = too_few(everything=counted(given, every_row), fit=fit, test=test, settings=knobs)
    if why:
        return Backtested(outcome=given.outcome, test=test, figures={}, why_not=why)
    material = material_of(given, signals, effects=held_effects(given.outcome, catalog, settings))
    asked = rolled(material, cut, knobs)
    label, rows = material.label[asked.rows], given.frame.iloc[asked.rows]
    draws = drawn_accounts(rows["account_id"].to_numpy(dtype=object), draws=knobs.bootstraps, seed=knobs.seed)
    points = baselines.points_score(rows, settings.thresholds)
    share = knobs.capacity_share
    return Backtested(
        outcome=given.outcome,
        test=test,
        origins=by_origin(asked, label, points, draws),
        figures={
            "head": predicted(label, asked.unseen, draws, capacity_share=share).figures(),
            "points": scored(label, points, draws, capacity_share=share).figures(),
            "utilisation": scored(label, asked.utilisation, draws, capacity_share=share).figures(),
            "logistic": predicted(label, asked.logistic, draws, capacity_share=share).figures(),
            "constant": predicted(label, asked.base, draws, capacity_share=share).figures(),
        },
        utilisation_signal=asked.utilisation_signal,
    )


def _cell(one: tuple[float, float, float]) -> str:
    low, middle, high = one
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def _beside(pooled: Mapping[str, str]) -> str:
    named = {"points": "the points model", "utilisation": "utilisation alone", "logistic": "logistic regression"}
    return "; ".join(f"{told} {pooled[name]}" for name, told in named.items())
