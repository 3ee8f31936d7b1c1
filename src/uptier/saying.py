"""What each verb of the command line says when it is done; read only by a verb that ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from uptier.terminal import (
    as_json,
    console,
    findings_table,
    promises_table,
    scorecard_table,
    scoring_words,
    signals_table,
    training_table,
    training_words,
)
from uptier.told import as_data, forgotten_words, framed_words, preview_words, readings_table
from uptier.told_deliveries import delivery_data, delivery_words, ledger_table, readiness_words
from uptier.told_models import (
    backtest_words,
    events_words,
    not_counted_words,
    origins_table,
    removed_table,
    trials_table,
    tuning_words,
    win_rates_table,
)

if TYPE_CHECKING:
    from uptier.delivery.ledger import Entry
    from uptier.project import Backtest, Framed, Project, Scoring, Training
    from uptier.signals.promises import Verdict
    from uptier.simulate.world import World
    from uptier.tables.findings import Findings
    from uptier.training.audit import Event
    from uptier.work.delivering import Delivery
    from uptier.work.forgetting import Forgotten
    from uptier.work.outcomes import OutcomeReport
    from uptier.work.preview import Preview
    from uptier.work.tuning import Tuning


def say_world(world: World) -> None:
    """Say what world was written, and how to go on.

    Parameters
    ----------
    world : World
        The world.
    """
    from uptier.simulate.demo import project_text  # reads how worlds are made, which other verbs need not

    typer.echo(
        f"Wrote {sum(world.rows.values()):,} rows to {world.folder}: {world.parameters.accounts:,} accounts over "
        f"{world.parameters.months} months, {world.rows.get('usage_events', 0):,} usage events."
    )
    typer.echo("To go on, save these lines here as uptier.yaml, then: uptier run uptier.yaml\n")
    typer.echo(project_text(project=f"{world.preset}-{world.seed}", source=str(world.folder)), nl=False)


def say_findings(findings: Findings, *, quiet: bool) -> None:
    """Say what the check found.

    Parameters
    ----------
    findings : Findings
        What it found.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        console().print(findings_table(findings))


def say_signals(framed: Framed, *, quiet: bool) -> None:
    """Say what frame was computed, and where it is.

    Parameters
    ----------
    framed : Framed
        The frame.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        console().print(signals_table(framed.frame))
    # on one line, whatever its length, and out of the way of the JSON
    typer.echo(framed_words(framed), err=quiet)


def say_verdict(verdict: Verdict, *, quiet: bool) -> None:
    """Say which promises signals broke.

    Parameters
    ----------
    verdict : Verdict
        What was tried, and what came of it.
    quiet : bool
        Whether only JSON is wanted.
    """
    if quiet:
        broken = {f"{name}: {promise.name.lower()}": seen for (name, promise), seen in verdict.broken.items()}
        print_json({"signals": verdict.signals, "broken": broken})
        return
    if not verdict.signals:
        typer.echo("The project has no signals of its own: name their files under signals: {extra: [...]}.")
        return
    console().print(promises_table(verdict))
    typer.echo(verdict.told() or f"All {len(verdict.signals)} signals kept every promise that was tried.")


def say_preview(preview: Preview, *, quiet: bool) -> None:
    """Say what a run would read and compute, with the SQL.

    Parameters
    ----------
    preview : Preview
        The preview.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        screen = console()
        screen.print(readings_table(preview))
        screen.print(preview_words(preview), highlight=False, markup=False)
        for name, sql in preview.sql:
            typer.echo(f"\n-- {name}\n{sql};")


def say_forgotten(forgotten: Forgotten, *, quiet: bool) -> None:
    """Say what was erased.

    Parameters
    ----------
    forgotten : Forgotten
        What was erased, or would be.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        typer.echo(forgotten_words(forgotten))


def say_training(project: Project, training: Training, *, quiet: bool) -> None:
    """Say how each head was judged.

    Parameters
    ----------
    project : Project
        The project.
    training : Training
        What the training gave.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        screen = console()
        screen.print(training_table(training))
        screen.print(training_words(training, project.settings), highlight=False, markup=False)


def say_outcomes(report: OutcomeReport, *, quiet: bool) -> None:
    """Say what is learnt from, and what each rule removed.

    Parameters
    ----------
    report : OutcomeReport
        What came of every look.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        screen = console()
        screen.print(removed_table(report))
        if len(report.win_rates):
            screen.print(win_rates_table(report))
        screen.print(not_counted_words(report), highlight=False, markup=False, soft_wrap=True)


def say_events(events: Sequence[Event], *, quiet: bool) -> None:
    """Say what happened to versions.

    Parameters
    ----------
    events : sequence of Event
        In order.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        console().print(events_words(events), highlight=False, markup=False, soft_wrap=True)


def say_backtest(backtest: Backtest, *, quiet: bool) -> None:
    """Say how each outcome did from origin to origin.

    Parameters
    ----------
    backtest : Backtest
        What the backtest gave.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        screen = console()
        screen.print(origins_table(backtest))
        screen.print(backtest_words(backtest), highlight=False, markup=False, soft_wrap=True)


def say_tuning(tuning: Tuning, *, quiet: bool) -> None:
    """Say what tuning found, and what to put into the project's YAML.

    Parameters
    ----------
    tuning : Tuning
        What tuning gave.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        screen = console()
        if any(not one.why_not for one in tuning.found.values()):
            screen.print(trials_table(tuning))
        screen.print(tuning_words(tuning), highlight=False, markup=False, soft_wrap=True)


def say_scoring(project: Project, scoring: Scoring, *, quiet: bool) -> None:
    """Say who is to be talked to.

    Parameters
    ----------
    project : Project
        The project.
    scoring : Scoring
        What the scoring gave.
    quiet : bool
        Whether only JSON is wanted.
    """
    if not quiet:
        screen = console()
        screen.print(scorecard_table(scoring, project.settings))
        screen.print(scoring_words(scoring), highlight=False, markup=False, soft_wrap=True)


def print_delivery(done: Delivery) -> None:
    """Print what became of a list as one JSON document.

    Parameters
    ----------
    done : Delivery
        What a run did.
    """
    print_json(delivery_data(done))


def say_delivery(done: Delivery, *, dry_run: bool, quiet: bool) -> None:
    """Say what became of a list.

    Parameters
    ----------
    done : Delivery
        What a run did.
    dry_run : bool
        Whether nothing was sent.
    quiet : bool
        Say it on standard error.
    """
    for line in delivery_words(done, dry_run=dry_run):
        typer.echo(line, err=quiet)


def say_readiness(told: Mapping[str, Sequence[str]], *, setup: bool) -> None:
    """Say what was set up, or what is not ready.

    Parameters
    ----------
    told : mapping of str to sequence of str
        By destination.
    setup : bool
        Whether it was set up rather than looked at.
    """
    for line in readiness_words(told, setup=setup):
        typer.echo(line)


def say_ledger(account_id: str, entries: Sequence[Entry]) -> None:
    """Say what was told about an account.

    Parameters
    ----------
    account_id : str
        The account.
    entries : sequence of Entry
        Newest first.
    """
    if entries:
        console().print(ledger_table(account_id, entries))
    else:
        typer.echo(f"Nothing was told about an account '{account_id}'.")


def print_json(told: object) -> None:
    """Print one JSON document as the last line of standard output.

    Parameters
    ----------
    told : object
        What a verb gave.
    """
    typer.echo(as_json(as_data(told)))
