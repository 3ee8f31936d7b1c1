"""The model card: what a bundle is, what it was learnt from, how good it is, and where it must not be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptier.training.judging import Interval, Judgement

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.training.training import Trained


def model_card(trained: Trained, settings: Settings) -> str:
    """Write the model card.

    Parameters
    ----------
    trained : Trained
        The bundle and its judgements.
    settings : Settings
        The project it was trained in.

    Returns
    -------
    str
        Markdown; after Mitchell et al., Model Cards for Model Reporting (2019).
    """
    parts = [
        _what(trained, settings),
        _slices(trained, settings),
        _figures(trained),
        _fallbacks(trained),
        _accepted(trained),
        _limits(trained, settings),
        _data(trained),
    ]
    return "\n\n".join(parts) + "\n"


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
        "For ordering whom a CSM talks to, and for saying why. Not for deciding prices, credit, or anything about "
        "single persons.\n\n"
        f"Learnt from as-of dates up to {bundle.trained_at_as_of}; catalogue {bundle.catalogue_hash[:12]}; "
        f"seed {settings.training.seed}."
    )


def _slices(trained: Trained, settings: Settings) -> str:
    lines = [
        "## Outcomes and slices",
        "",
        "A window is one account looked at on one date. Cases are conversions or departures: several windows of one "
        "count once. Purged windows lie before the test slice, but their labels were not known by then.",
        "",
        "| outcome | gap, days | horizon, days | fit windows | fit cases | test windows | test cases | purged "
        "| left out |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for outcome, made in trained.judgements.items():
        window = settings.horizon(outcome)
        left_out = ", ".join(f"{reason}: {count:,}" for reason, count in made.left_out.items()) or "none"
        lines.append(
            f"| {outcome} | {window.gap_days} | {window.horizon_days} | {made.fit.n:,} | {made.fit.cases:,} "
            f"| {made.test.n:,} | {made.test.cases:,} | {made.purged:,} | {left_out} |"
        )
    return "\n".join(lines)


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


def _limits(trained: Trained, settings: Settings) -> str:
    lines = [
        "## Limits",
        "",
        "- A probability is what happened to accounts like this one, contacted or not. It does not say what contact "
        "adds.",
        "- An account without an upsell in a window that is over counts as one that did not convert.",
        f"- Precision at capacity is that of the highest {settings.training.capacity_share:.0%} of the windows of the "
        "test slice taken together.",
        "- The figures come from one split in time. They hold for times like those of the test slice.",
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
