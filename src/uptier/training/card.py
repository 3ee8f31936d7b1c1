"""The model card: what a bundle is, what it was learnt from, how good it is, and where it must not be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uptier.training.judging import Interval, Judgement
from uptier.training.moves_files import contradictions

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.training.training import Trained


Row = Mapping[str, object]  # of a table: names of columns to figures, intervals, counts or words

INTENDED = (
    "For ordering whom a CSM talks to, and for saying why. Not for deciding prices, credit, or anything about single "
    "persons."
)
EFFECTS = "Declared effects that were not learnt"
CONTRADICTED = (
    "Signals that carry weight and move a head the other way than they declare, with the rank correlation of value and "
    "contribution, and their share of all importance. Of signals that tell the same, one may only take back what "
    "another overstates. All signals: explanation/ of the run."
)
LONGEST_SHORT = 4000  # characters; MLflow keeps 5,000 of a description


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known beside the judgements; a section whose part is empty says that nothing was looked at.

    Attributes
    ----------
    alarms : tuple of str
        Leakage alarms that were raised and stop promotion, as sentences.
    accepted_alarms : tuple of str
        Those that the project accepted, each with its reason.
    removed : tuple of mapping
        Rows that each rule of an outcome removed, one row each.
    not_auditable : tuple of str
        Tables and columns of which it cannot be known whether they told something too early.
    """

    alarms: tuple[str, ...] = ()
    accepted_alarms: tuple[str, ...] = ()
    removed: tuple[Row, ...] = ()
    not_auditable: tuple[str, ...] = ()


NOTHING_MORE = Evidence()


def model_card(trained: Trained, settings: Settings, evidence: Evidence = NOTHING_MORE) -> str:
    """Write the model card.

    Parameters
    ----------
    trained : Trained
        The bundle and its judgements.
    settings : Settings
        The project it was trained in.
    evidence : Evidence, optional
        What else is known of it.

    Returns
    -------
    str
        Markdown; after Mitchell et al., Model Cards for Model Reporting (2019).
    """
    parts = [
        _what(trained, settings),
        _window(trained, settings),
        _signals(trained),
        _slices(trained, settings),
        _removed(trained, evidence),
        _figures(trained),
        _origins(trained),
        _segments(trained),
        _triggers(trained),
        _effects(trained),
        _fallbacks(trained),
        _accepted(trained),
        _alarms(evidence),
        _limits(trained, settings),
        _data(trained),
    ]
    return "\n\n".join(parts) + "\n"


def short_card(trained: Trained, settings: Settings) -> str:
    """Write what MLflow shows beside a version: the card in a few lines.

    Parameters
    ----------
    trained : Trained
        The bundle and its judgements.
    settings : Settings
        The project it was trained in.

    Returns
    -------
    str
        Markdown of at most 4,000 characters.
    """
    bundle = trained.bundle
    lines = [
        f"**{bundle.project}**, {len(bundle.signals)} signals, learnt from as-of dates up to "
        f"{bundle.trained_at_as_of}; data until {settings.data_until}.",
        "",
    ]
    for outcome, head in bundle.heads.items():
        made = trained.judgements[outcome]
        if head.is_fitted and made.head is not None:
            lines.append(f"- {outcome}: AUC {_cell(made.head.auc)}, log loss {_cell(made.head.log_loss)}")
        else:
            lines.append(f"- {outcome}: base rate {head.base_rate:.2%} for every account")
    passed = f"Passed the gate with: {', '.join(bundle.fitted)}."
    refused = f"Refused by the gate. {' '.join(trained.refused_because)}"
    lines += [
        "",
        passed if trained.promoted else refused,
        "",
        INTENDED,
        "",
        "The whole card: model_card.md of the run.",
    ]
    return "\n".join(lines)[:LONGEST_SHORT]


def _what(trained: Trained, settings: Settings) -> str:
    bundle = trained.bundle
    decision = (
        "At least one conversion head passed the gate, so it may become the champion."
        if trained.promoted
        else "No conversion head passed the gate, so it is kept for the record and must not score."
    )
    return (
        f"# Model card: {settings.mlflow.model}, project {bundle.project}\n\n"
        f"{len(bundle.heads)} heads over the same {len(bundle.signals)} signals, each the calibrated chance that an "
        f"account has an outcome in the window after a date. {decision}\n\n"
        f"## Intended use\n\n{INTENDED}"
    )


def _window(trained: Trained, settings: Settings) -> str:
    bundle = trained.bundle
    return (
        "## Data window\n\n"
        f"Learnt from as-of dates up to {bundle.trained_at_as_of}; tested on the latest "
        f"{settings.training.test_share:.0%} of the as-of dates. The data end before {settings.data_until}: a window "
        "that was not over by then teaches nothing. "
        f"Catalogue {bundle.catalogue_hash[:12]}; seed {settings.training.seed}."
    )


def _signals(trained: Trained) -> str:
    families: dict[str, list[str]] = {}
    for one in trained.bundle.signals:
        families.setdefault(one.family, []).append(one.name)
    lines = ["## Signals", "", "| family | number | signals |", "|---|--:|---|"]
    lines += [f"| {family} | {len(names)} | {', '.join(names)} |" for family, names in families.items()]
    return "\n".join(lines)


def _slices(trained: Trained, settings: Settings) -> str:
    lines = [
        "## Outcomes and slices",
        "",
        "A window is one account looked at on one date. Cases are conversions or departures: several windows of one "
        "count once. Purged windows lie before the test slice, but their labels were not known by then.",
        "",
        "| outcome | gap, days | horizon, days | fit windows | fit cases | test windows | test cases | purged |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for outcome, made in trained.judgements.items():
        window = settings.horizon(outcome)
        lines.append(
            f"| {outcome} | {window.gap_days} | {window.horizon_days} | {made.fit.n:,} | {made.fit.cases:,} "
            f"| {made.test.n:,} | {made.test.cases:,} | {made.purged:,} |"
        )
    return "\n".join(lines)


def _removed(trained: Trained, evidence: Evidence) -> str:
    rows: Sequence[Row] = evidence.removed or [
        {"outcome": outcome, "rule": rule, "rows": count}
        for outcome, made in trained.judgements.items()
        for rule, count in made.left_out.items()
    ]
    if not rows:
        return "## Exclusions\n\nNo rule left a row out."
    return _tabled("Exclusions", "Rows that a rule left out, and so neither learnt from nor tested on.", rows)


def _figures(trained: Trained) -> str:
    judged = {outcome: made for outcome, made in trained.judgements.items() if made.head is not None}
    if not judged:
        return "## Figures\n\nNo head was fitted, so there is nothing to measure."
    lines = [
        "## Figures on the test slice",
        "",
        "For accounts that the model never saw, with 95 % intervals over accounts drawn with replacement; "
        "'as scoring meets it' is the shipped model, which knows the earlier months of most accounts. "
        "Logistic regression is fitted on the same signals and the same account folds as the head.",
    ]
    for outcome, made in judged.items():
        lines += ["", f"### {outcome}: {'passed' if made.passed else 'did not pass'}", "", *_table(made), ""]
        lines += [f"- {one.told()}{'' if one.passed else ': **not enough**'}" for one in made.comparisons]
        lines += [f"- {one.told}{'' if one.passed else ' **Not enough.**'}" for one in made.conditions]
    return "\n".join(lines)


def _table(made: Judgement) -> list[str]:
    utilisation = made.utilisation_signal or "not known"
    named = {
        "head": made.head,
        "head, as scoring meets it": made.ungrouped,
        "points model": made.baselines.get("points"),
        f"utilisation alone ({utilisation})": made.baselines.get("utilisation"),
        "logistic regression": made.baselines.get("logistic"),
        "base rate": made.baselines.get("constant"),
    }
    lines = [
        "| scorer | AUC | average precision | precision at capacity | log loss | Brier | calibration error |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, figures in named.items():
        if figures is not None:
            cells = (
                figures.auc,
                figures.average_precision,
                figures.precision_at_capacity,
                figures.log_loss,
                figures.brier,
                figures.ece,
            )
            lines.append(f"| {name} | {' | '.join(_cell(cell) for cell in cells)} |")
    return lines


def _cell(interval: Interval | None) -> str:
    if interval is None:
        return ""
    low, figure, high = interval
    return f"{figure:.3f} ({low:.3f} to {high:.3f})"


def _fallbacks(trained: Trained) -> str:
    lines = ["## Fallbacks", ""]
    for outcome, head in trained.bundle.heads.items():
        if head.fallback:
            low, high = head.interval
            lines.append(f"- **{outcome}**: {head.base_rate:.2%} ({low:.2%} to {high:.2%}). {head.fallback}")
    if len(lines) == 2:
        lines.append("None: every head is fitted.")
    return "\n".join(lines)


def _accepted(trained: Trained) -> str:
    found = [f"- {finding}" for finding in trained.warnings] or ["None."]
    return "\n".join(["## Accepted findings", "", *found])


def _origins(trained: Trained) -> str:
    note = "Each later block of the test dates, asked of a model that knew only what was known on its first day."
    rows = [
        {
            "outcome": outcome,
            "origin": one.date,
            "windows": one.n,
            "with the outcome": one.positives,
            "AUC": one.auc,
            "AUC of the points model": one.points_auc,
            "observed over expected": one.calibration_ratio,
            "what broke": ", ".join(one.broke),
        }
        for outcome, made in trained.judgements.items()
        for one in made.origins
    ]
    return _tabled("Figures by origin", note, rows)


def _segments(trained: Trained) -> str:
    note = "Calibration within segments: probabilities may be right on the whole and wrong for some."
    rows = [
        {
            "outcome": outcome,
            "by": one.by,
            "segment": one.value,
            "windows": one.n,
            "with the outcome": one.positives,
            "predicted": one.predicted,
            "observed over predicted": one.ratio,
            "beyond chance": one.flagged,
        }
        for outcome, made in trained.judgements.items()
        for one in made.segments
    ]
    return _tabled("Segments", note, rows)


def _triggers(trained: Trained) -> str:
    note = "Each trigger alone, on the same test windows."
    rows = [
        {
            "outcome": one.outcome,
            "trigger": one.trigger,
            "verdict": one.verdict,
            "fired": one.fired,
            "coverage": one.coverage,
            "precision": one.precision,
            "lift": one.lift,
            "lead, days (quartiles)": one.lead_days,
            "too late": one.too_late,
        }
        for made in trained.judgements.values()
        for one in made.triggers
    ]
    return _tabled("Track record of the triggers", note, rows)


def _effects(trained: Trained) -> str:
    rows = contradictions(trained)
    if rows is not None and not rows:
        return f"## {EFFECTS}\n\nNo signal that carries weight moves a head the other way than it declares."
    return _tabled(EFFECTS, CONTRADICTED, rows or ())


def _alarms(evidence: Evidence) -> str:
    raised = [f"- {alarm}" for alarm in evidence.alarms] or ["None was raised."]
    accepted = [f"- {alarm}" for alarm in evidence.accepted_alarms] or ["None."]
    blind = [f"- {finding}" for finding in evidence.not_auditable] or ["None."]
    return "\n".join(
        ["## Leakage alarms", "", *raised, "", "### Accepted", "", *accepted, "", "### Not auditable", "", *blind]
    )


def _tabled(title: str, note: str, rows: Sequence[Row]) -> str:
    if not rows:
        return f"## {title}\n\nNot looked at."
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"## {title}", "", note, "", f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_written(row.get(name)) for name in names)} |" for row in rows]
    return "\n".join(lines)


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, tuple) and len(value) == 3:
        low, figure, high = value
        return _cell((low, figure, high))
    return str(value).replace("|", "\\|")


def _limits(trained: Trained, settings: Settings) -> str:
    lines = [
        "## Limits",
        "",
        "- A probability is what happened to accounts like this one, contacted or not. It does not say what contact "
        "adds.",
        "- An account without an upsell in a window that is over counts as one that did not convert.",
        f"- Precision at capacity is that of the highest {settings.training.capacity_share:.0%} of each month's "
        "accounts.",
        "- What was tested is the way of learning, begun anew at each origin; what is shipped was learnt in the same "
        "way from all that is known. The figures hold for times like those of the test slice.",
        *(f"- {outcome}: {made.drift}" for outcome, made in trained.judgements.items() if made.drift),
    ]
    if "post_upsell_churn" in trained.bundle.heads:
        lines.append(
            "- The chance of churn after an upsell is learnt from accounts that did buy; for others it says what it "
            "would be if they had bought on the as-of date."
        )
    return "\n".join(lines)


def _data(trained: Trained) -> str:
    hashes = [f"| {table} | `{digest}` |" for table, digest in trained.data_hashes.items()]
    return "\n".join(["## Data", "", "| table | hash |", "|---|---|", *hashes])
