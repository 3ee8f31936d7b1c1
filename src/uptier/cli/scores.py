"""The verbs about accounts, and those that do several things: score, explain, run, demo, docs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uptier.cli.app import REFUSED, AsOf, Config, Json, app, console, day, progress_bar, project_of, saying

if TYPE_CHECKING:
    from uptier.explanation.brief import Brief

DEMO_FOLDER = Path(".uptier/demo")


class Form(StrEnum):
    """How a brief is laid out."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"

    def of(self, brief: Brief) -> str:
        """Lay a brief out."""
        from uptier.explanation import pages

        if self is Form.TEXT:
            return brief.text() + "\n"
        return pages.markdown(brief) if self is Form.MARKDOWN else pages.html(brief)


@app.command()
def score(config: Config, as_of: AsOf = None, json: Json = False) -> None:
    """Score every account with the champion, or by rules where there is none, and write the scorecard.

    Beside it goes the worklist: who is to be called first about what, and who is left alone and why. Both lie in
    scorecards/DATE of the project's store, as scorecard.parquet and .csv, worklist.parquet and manifest.json, whole or
    not at all: where scoring stops, the last ones stand. A date that is scored again is replaced.

    Nothing leaves this machine: 'uptier deliver' carries the worklist on. 'uptier explain' tells why an account stands
    where it does. Exits 0 also under rules (the output says so), 4 with what to do where the data are missing, stale
    or break the contract.
    """
    with progress_bar() as progress:
        project = project_of(config, progress)
        scoring = project.score(day(as_of))
    saying().say_scoring(project, scoring, quiet=json)
    if json:
        saying().print_json(scoring)


@app.command()
def explain(
    config: Config,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.", show_default=False)],
    as_of: AsOf = None,
    form: Annotated[
        Form,
        typer.Option("--format", help="Text for this terminal, Markdown, or one HTML page that needs nothing else."),
    ] = Form.TEXT,
    out: Annotated[Path | None, typer.Option(help="Write it to this file.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Print one account's brief: who, why, what to do and say today, and when it is wiser not to ask."""
    from uptier.explanation.brief import render

    if json and form is not Form.TEXT:
        raise typer.BadParameter("--json gives the brief as data: leave out --format, or leave out --json.")
    with progress_bar() as progress:
        brief = project_of(config, progress).explain(account, day(as_of))
    if json:
        saying().print_json(
            {"account_id": brief.account_id, "as_of": brief.as_of, "text": brief.text(), "brief": brief}
        )
    elif form is Form.TEXT and out is None:
        console().print(render(brief))
    else:
        _put(form.of(brief), out)


@app.command()
def worklist(
    config: Config,
    csm: Annotated[
        str, typer.Option(help="Whose accounts: as 'owner' of the accounts names them.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Write the page to this file.")] = Path("worklist.html"),
    as_of: AsOf = None,
) -> None:
    """Write one HTML page for a CSM: their own accounts, what to do and why, and each one's brief."""
    from uptier.explanation.pages import worklist as page

    with progress_bar() as progress:
        briefs = project_of(config, progress).worklist(csm, day(as_of))
    _put(page(briefs, csm), out)


@app.command()
def run(config: Config, as_of: AsOf = None, json: Json = False) -> None:
    """Do the whole job: check, train, score. Exits 3 where no model was good enough and rules were used.

    For the first time, and for once a month: each run trains. Between, 'uptier score' uses the champion that is there.
    """
    with progress_bar() as progress:
        project = project_of(config, progress)
        findings = project.check()
        findings.require_no_errors(config)
        training = project.train()
        scoring = project.score(day(as_of))
    saying().say_findings(findings, quiet=json)
    saying().say_training(project, training, quiet=json)
    saying().say_scoring(project, scoring, quiet=json)
    if json:
        saying().print_json({"check": findings, "train": training, "score": scoring})
    if training.trained.refused_because:
        raise typer.Exit(REFUSED)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed gives another company.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where its data, models and scorecards go.")] = DEMO_FOLDER,
) -> None:
    """Do the whole job on a simulated company: tables to signals, model, reasons, scorecard and one brief."""
    from uptier.explanation.brief import render
    from uptier.simulate.demo import demo_project

    with progress_bar() as progress:
        config = demo_project(folder, seed=seed, progress=progress)
        project = project_of(config, progress)
        findings = project.check()
        findings.require_no_errors(config)
        training = project.train()
        scoring = project.score()
        # of the highest that are ready for a talk, the one that is likeliest to say yes teaches most
        highest = scoring.scorecard.head(10)
        ready = highest[highest["action"] == "pitch"]
        highest = highest if ready.empty else ready
        readiest = highest["account_id"].iloc[int(highest["p_any"].fillna(0).argmax())]
        brief = project.explain(str(readiest))
    saying().say_findings(findings, quiet=False)
    saying().say_training(project, training, quiet=False)
    saying().say_scoring(project, scoring, quiet=False)
    shown = console()
    shown.print()
    shown.print(render(brief))
    tracking = f"sqlite:///{project.settings.store}/mlflow.db"
    for line in (
        f"\nAnother account: uptier explain {config} ACCOUNT",
        f"How it was learnt: mlflow ui --backend-store-uri {tracking}",
    ):
        shown.print(line, highlight=False, markup=False, soft_wrap=True)  # to be copied as they are
    if training.trained.refused_because:
        raise typer.Exit(REFUSED)


@app.command()
def docs(root: Annotated[Path, typer.Option(help="Root of the repository.")] = Path()) -> None:
    """Write the generated pages: signals, tables, settings, this command line, and the simulated world in pictures."""
    from uptier.cli import help_texts
    from uptier.documentation import write_pages

    for page in write_pages(root, help_texts()):
        typer.echo(f"Wrote {page}")


def _put(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    from uptier.store import write_whole

    write_whole(out.absolute(), lambda fresh: fresh.write_text(text, encoding="utf-8"))
    typer.echo(f"Wrote {out}")
