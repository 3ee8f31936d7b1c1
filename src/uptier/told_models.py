"""What the command line tells of outcomes and models: what each rule removed, origins of a backtest, tuning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from uptier.terminal import outcome_words

if TYPE_CHECKING:
    from uptier.project import Backtest
    from uptier.training.audit import Event
    from uptier.training.judging import Interval
    from uptier.work.outcomes import OutcomeReport
    from uptier.work.tuning import Tuning


def removed_table(report: OutcomeReport) -> Table:
    """Show what became of every look.

    Parameters
    ----------
    report : OutcomeReport
        What came of every look.

    Returns
    -------
    Table
        A column for each outcome, then all; a row for each rule that removed something, and for what is left.
    """
    rows = report.removed.reset_index()
    numbers = [name for name in rows.select_dtypes("number") if rows[name].any()]
    named = next(name for name in rows if name not in rows.select_dtypes("number"))
    table = Table(title="What came of every look at an account", title_justify="left")
    table.add_column("")
    for outcome in rows[named]:
        table.add_column(outcome_words(str(outcome)), justify="right")
    for name in numbers:
        counts = (f"{int(count):,}" if count else "" for count in rows[name].fillna(0))
        table.add_row(str(name).replace("_", " "), *counts)
    return table


def win_rates_table(report: OutcomeReport) -> Table:
    """Show how many of the contacted accounts said yes.

    Parameters
    ----------
    report : OutcomeReport
        What came of every look.

    Returns
    -------
    Table
        One row for each group of contacts.
    """
    table = Table(title="Win rates of contacted accounts, with 95 % intervals", title_justify="left")
    for heading in ("by", "contacts", "open", "won", "lost", "win rate"):
        table.add_column(heading, justify="left" if heading == "by" else "right")
    for row in report.win_rates.to_dict("records"):
        decided = row["won"] + row["lost"]
        rate = f"{row['rate']:.1%} ({row['low']:.1%} to {row['high']:.1%})" if decided else ""
        counts = (f"{int(row[name]):,}" for name in ("contacts", "open", "won", "lost"))
        table.add_row(str(row["group"]).replace("_", " "), *counts, rate)
    return table


def not_counted_words(report: OutcomeReport) -> str:
    """Say what changed in contracts without being an outcome.

    Parameters
    ----------
    report : OutcomeReport
        What came of every look.

    Returns
    -------
    str
        One sentence, or none.
    """
    if not report.changes_not_counted:
        return ""
    told = ", ".join(f"{why.replace('_', ' ')} {count:,}" for why, count in report.changes_not_counted.items())
    return f"Changes in contracts that count as no outcome: {told}."


def events_words(events: Sequence[Event]) -> str:
    """Say what happened to versions.

    Parameters
    ----------
    events : sequence of Event
        In order.

    Returns
    -------
    str
        A line for each: when, who, what, and why.
    """
    if not events:
        return "Nothing was registered yet: see 'uptier train'."
    lines = []
    for one in events:
        moved = f" The champion is version {one.after}, before {one.before or 'none'}." if one.moves else ""
        lines.append(f"{one.at:%Y-%m-%d %H:%M} UTC, {one.actor}: {one.action} version {one.version}. {one.why}{moved}")
    return "\n".join(lines)


def origins_table(backtest: Backtest) -> Table:
    """Show how each outcome did at each origin.

    Parameters
    ----------
    backtest : Backtest
        What a backtest gave.

    Returns
    -------
    Table
        One row for each outcome and origin.
    """
    table = Table(title="Backtest: figures with 95 % intervals, for accounts the model never saw", title_justify="left")
    for heading in ("outcome", "origin", "rows", "positive", "AUC", "points", "observed/expected", ""):
        table.add_column(heading, justify="left" if heading in ("outcome", "origin", "") else "right")
    for outcome, found in backtest.found.items():
        for at in found.origins:
            table.add_row(
                outcome_words(outcome),
                at.date,
                f"{at.n:,}",
                f"{at.positives:,}",
                _cell(at.auc),
                f"{at.points_auc[1]:.3f}",
                _cell(at.calibration_ratio),
                "broke" if at.broke else "",
            )
        table.add_section()
    return table


def backtest_words(backtest: Backtest) -> str:
    """Say what a backtest found.

    Parameters
    ----------
    backtest : Backtest
        What a backtest gave.

    Returns
    -------
    str
        For each outcome whether it held, then where the page is.
    """
    lines = []
    for outcome, found in backtest.found.items():
        named = outcome_words(outcome).capitalize()
        if found.why_not:
            lines.append(f"{named}: {found.why_not}")
            continue
        led = sum(one.auc[1] > one.points_auc[1] for one in found.origins)
        lines.append(
            f"{named}: AUC {_cell(found.figures['head'].auc)} together; better than the points model at {led} of "
            f"{len(found.origins)} origins."
        )
        lines += [f"  Broke {told}." for told in found.broke]
    return "\n".join([*lines, f"Wrote {backtest.folder}."])


def trials_table(tuning: Tuning) -> Table:
    """Show what was tried for each outcome, and what came of it.

    Parameters
    ----------
    tuning : Tuning
        What tuning gave.

    Returns
    -------
    Table
        One row for each outcome that was searched.
    """
    table = Table(title="Tuning: log loss for accounts the models never saw, before the test", title_justify="left")
    for heading in ("outcome", "trials", "given up", "no tuning", "best", "gain"):
        table.add_column(heading, justify="left" if heading == "outcome" else "right")
    for outcome, one in tuning.found.items():
        if not one.why_not:
            low, middle, high = one.gain
            losses = (f"{loss:.5f}" for loss in (one.default_loss, one.best_loss))
            gain = f"{middle:.5f} ({low:.5f} to {high:.5f})" if one.best else ""
            table.add_row(outcome_words(outcome), f"{one.trials:,}", f"{one.pruned:,}", *losses, gain)
    return table


def tuning_words(tuning: Tuning) -> str:
    """Say what tuning recommends.

    Parameters
    ----------
    tuning : Tuning
        What tuning gave.

    Returns
    -------
    str
        For each outcome whether tuning pays, then what goes into the YAML.
    """
    lines = []
    for outcome, one in tuning.found.items():
        named = outcome_words(outcome).capitalize()
        if one.why_not:
            lines.append(f"{named}: {one.why_not}")
        elif one.recommended:
            lines.append(f"{named}: better than defaults by more than chance.")
        else:
            lines.append(f"{named}: defaults are as good; nothing that was tried is better by more than chance.")
    lines += [f"Wrote {path}." for path in tuning.files.values()]
    if tuning.snippet:
        lines += ["", "To learn with these trees, put this into the project's YAML:", "", tuning.snippet.rstrip()]
    return "\n".join(lines)


def _cell(one: Interval) -> str:
    low, middle, high = one
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"
