"""The verbs about models: outcomes, train, backtest, tune, promote, rollback, history, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uptier.cli.app import REFUSED, Config, Json, app, progress_bar, project_of, saying

Version = Annotated[str, typer.Argument(metavar="VERSION", help="As 7 or v7.", show_default=False)]
Why = Annotated[str, typer.Option("--why", help="The reason; it stands in the audit.", show_default=False)]


@app.command()
def outcomes(config: Config, json: Json = False) -> None:
    """Say what came of every look at an account: what is learnt from, what is not, and by which rule."""
    with progress_bar() as progress:
        project = project_of(config, progress)
        report = project.outcomes()
    saying().say_outcomes(report, quiet=json)
    if json:
        saying().print_json(report)


@app.command()
def train(config: Config, json: Json = False) -> None:
    """Learn from what happened, judge each outcome's model, and register the champion in MLflow."""
    with progress_bar() as progress:
        project = project_of(config, progress)
        training = project.train()
    saying().say_training(project, training, quiet=json)
    if json:
        saying().print_json(training)
    if training.trained.refused_because:
        raise typer.Exit(REFUSED)


@app.command()
def backtest(
    config: Config,
    origins: Annotated[int, typer.Option(min=1, max=36, help="How many times learning begins anew.")] = 6,
    share: Annotated[
        float, typer.Option(min=0.05, max=0.9, help="Share of the months, the latest ones, that they are spread over.")
    ] = 0.5,
    json: Json = False,
) -> None:
    """Learn anew at each of the last origins, as if it were then, and show how stable that is; nothing is shipped."""
    with progress_bar() as progress:
        project = project_of(config, progress)
        found = project.backtest(origins, share)
    saying().say_backtest(found, quiet=json)
    if json:
        saying().print_json(found)


@app.command()
def tune(
    config: Config,
    outcome: Annotated[str | None, typer.Option(help="Only this one; all by default.", show_default=False)] = None,
    trials: Annotated[
        int, typer.Option(min=1, max=1000, help="How many for each outcome, with those of an earlier call.")
    ] = 30,
    json: Json = False,
) -> None:
    """Seek trees that do better than those training finds by itself, inside the months before its test.

    Nothing is shipped and the YAML stays as it is: what is recommended is printed. A search that was stopped goes on
    where it was.
    """
    with progress_bar() as progress:
        project = project_of(config, progress)
        tuning = project.tune(outcome, trials)
    saying().say_tuning(tuning, quiet=json)
    if json:
        saying().print_json(tuning)


@app.command()
def promote(
    config: Config,
    version: Version,
    why: Why,
    against_the_gate: Annotated[
        bool, typer.Option("--against-the-gate", help="Also where the gate refused it; the audit says so.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a version that passed its gate the champion, which scores from then on."""
    with progress_bar() as progress:
        project = project_of(config, progress)
        done = project.promote_against_the_gate(version, why) if against_the_gate else project.promote(version, why)
    saying().say_events([done], quiet=json)
    if json:
        saying().print_json(done)


@app.command()
def rollback(config: Config, why: Why, json: Json = False) -> None:
    """Give the champion's place back to the version that had it before."""
    with progress_bar() as progress:
        done = project_of(config, progress).rollback(why)
    saying().say_events([done], quiet=json)
    if json:
        saying().print_json(done)


@app.command()
def history(config: Config, json: Json = False) -> None:
    """Tell what happened to the project's models: who promoted which, when, from what, and why."""
    with progress_bar() as progress:
        events = project_of(config, progress).history()
    saying().say_events(events, quiet=json)
    if json:
        saying().print_json({"events": events})


@app.command()
def export(
    config: Config,
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="As 7 or v7; by default the champion.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; by default one under models/ in the store.")
    ] = None,
) -> None:
    """Copy a model with its card out of MLflow, into a folder that loads without it."""
    with progress_bar() as progress:
        folder = project_of(config, progress).export(version, out)
    typer.echo(f"Wrote {folder}")
