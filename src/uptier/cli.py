"""The command line: one thin function for each verb of :class:`uptier.project.Project`.

Only typer is imported here: `uptier --help` must answer at once. Exit codes: 0 done, 1 our fault (a traceback),
2 usage, 3 no model was good enough (scoring by rules was still done), 4 something that a person can act on.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from uptier.errors import UptierError

if TYPE_CHECKING:
    from uptier.project import Project

REFUSED = 3
DEMO_FOLDER = Path(".uptier/demo")

app = typer.Typer(
    name="uptier",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Which accounts are ready for more, why, and whether they will still be there 90 days later. "
    "Begin with 'uptier demo', then 'uptier init SOURCE' on your own data.",
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The project's YAML.", show_default=False)]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="Look from this day: nothing at or after it is seen. By default data_until of the project.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document as the last line of standard output.")]


def main() -> None:
    """Run the command line; the entry point of the installed program."""
    try:
        app(prog_name="uptier")
    except UptierError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


@app.command()
def init(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A folder, a DuckDB file, or an address that Ibis connects to.")
    ],
    out: Annotated[Path, typer.Option(help="The YAML to write; never overwritten.")] = Path("uptier.yaml"),
) -> None:
    """Look at a source, read-only, and write a commented project YAML with guesses and doubts marked."""
    from uptier.tables.first_look import write_first_look

    write_first_look(source, out)
    typer.echo(f"Wrote {out}. Read it, mend what is marked as doubt, then: uptier check {out}")


class _WithPresets(TyperCommand):
    """A verb whose help ends with the worlds that can be asked for by name; they are read only when help is."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        from uptier.simulate.presets import PRESETS

        with formatter.section("Presets"):
            formatter.write_dl([(name, preset.about) for name, preset in PRESETS.items()])


@app.command(cls=_WithPresets)
def simulate(
    out: Annotated[Path, typer.Option(metavar="DIR", help="A folder that is empty or not there.", show_default=False)],
    preset: Annotated[str, typer.Option(metavar="NAME", help="The kind of world; see below.")] = "demo",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes, another one another world.")] = 7,
    accounts: Annotated[
        int | None,
        typer.Option(help="How many customers there ever are; by default as the preset has it.", show_default=False),
    ] = None,
    months: Annotated[
        int | None,
        typer.Option(help="How long it runs, 1 to 120; by default as the preset has it.", show_default=False),
    ] = None,
    jitter: Annotated[
        float, typer.Option(metavar="SHARE", help="Draw every rate within this share around what it is: 0.3 is 30 %.")
    ] = 0.0,
    changes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A YAML with parameters that differ from the preset's; world.yaml, which stands beside the tables of "
            "every world, names them all and is itself such a file.",
            show_default=False,
        ),
    ] = None,
    plans: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A YAML with another price list, as in configs/plans, or the world.yaml of another world.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a simulated B2B SaaS company in the canonical tables, with its true probabilities beside them."""
    from uptier.simulate.world import simulate as simulated

    with _progress() as progress:
        world = simulated(
            preset=preset,
            seed=seed,
            out=out,
            accounts=accounts,
            months=months,
            jitter=jitter,
            changes=changes,
            plans=plans,
            progress=lambda what, share: progress(what, int(share * 100), 100),
        )
    if json:
        _saying().print_json(world)
    else:
        _saying().say_world(world)


@app.command()
def check(config: Config, json: Json = False) -> None:
    """Say what in the data breaks the contract, how often, and what to do; errors stop every later step."""
    with _progress() as progress:
        findings = _project(config, progress).check()
    _saying().say_findings(findings, quiet=json)
    if json:
        _saying().print_json(findings)
    if findings.errors:
        raise typer.Exit(UptierError.exit_code)


@app.command()
def signals(
    config: Config,
    as_of: AsOf = None,
    out: Annotated[
        Path | None,
        typer.Option(help="One file to write all of them to; by default a folder of the store.", show_default=False),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say what would be read and computed, and the SQL; nothing is computed."),
    ] = False,
    test: Annotated[
        bool,
        typer.Option("--test", help="Try what every signal promises on the project's own signals; nothing is read."),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --test: try uptier's signals too.")] = False,
    page: Annotated[
        bool, typer.Option("--catalog", help="Print the page on the project's signals, its own at the end.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the signals of every account as Parquet; in the store, one partition a date, and only what changed anew."""
    if page:
        from uptier.documentation.signals_page import signals_page

        project = _project(config, None)
        typer.echo(signals_page(project.catalog(), project.settings.thresholds), nl=False)
        return
    if test:
        with _progress() as progress:
            project = _project(config, progress)
            verdict = project.try_all_signals() if everything else project.try_own_signals()
        _saying().say_verdict(verdict, quiet=json)
        if verdict.broken:
            raise typer.Exit(UptierError.exit_code)
        return
    with _progress() as progress:
        project = _project(config, progress)
        if explain:
            preview = project.preview(_day(as_of))
        else:
            framed = project.write_frame(_day(as_of), out)
    if explain:
        _saying().say_preview(preview, quiet=json)
        done: object = preview
    else:
        _saying().say_signals(framed, quiet=json)
        done = framed
    if json:
        _saying().print_json(done)


@app.command()
def train(config: Config, json: Json = False) -> None:
    """Learn from what happened, judge each outcome's model, and register the champion in MLflow."""
    with _progress() as progress:
        project = _project(config, progress)
        training = project.train()
    _saying().say_training(project, training, quiet=json)
    if json:
        _saying().print_json(training)
    if training.trained.refused_because:
        raise typer.Exit(REFUSED)


@app.command()
def score(config: Config, as_of: AsOf = None, json: Json = False) -> None:
    """Score every account with the champion, or by rules where there is none, and write the scorecard."""
    with _progress() as progress:
        project = _project(config, progress)
        scoring = project.score(_day(as_of))
    _saying().say_scoring(project, scoring, quiet=json)
    if json:
        _saying().print_json(scoring)


@app.command()
def explain(
    config: Config,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.", show_default=False)],
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Print one account's brief: who, why, what to do today, and when it is wiser not to ask."""
    from uptier.explanation.brief import render

    with _progress() as progress:
        brief = _project(config, progress).explain(account, _day(as_of))
    if json:
        _saying().print_json(
            {"account_id": brief.account_id, "as_of": brief.as_of, "text": brief.text(), "brief": brief}
        )
    else:
        _console().print(render(brief))


@app.command()
def run(config: Config, as_of: AsOf = None, json: Json = False) -> None:
    """Do the whole job: check, train, score. Exits 3 where no model was good enough and rules were used."""
    with _progress() as progress:
        project = _project(config, progress)
        findings = project.check()
        findings.require_no_errors(config)
        training = project.train()
        scoring = project.score(_day(as_of))
    _saying().say_findings(findings, quiet=json)
    _saying().say_training(project, training, quiet=json)
    _saying().say_scoring(project, scoring, quiet=json)
    if json:
        _saying().print_json({"check": findings, "train": training, "score": scoring})
    if training.trained.refused_because:
        raise typer.Exit(REFUSED)


@app.command()
def forget(
    config: Config,
    account: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The account; with --user, whose user is meant.", show_default=False),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The user; without --account, of whatever account.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which files would be touched.")] = False,
    json: Json = False,
) -> None:
    """Erase an account or a user from all that uptier keeps, and keep them out of later runs."""
    with _progress() as progress:
        forgotten = _project(config, progress).forget(account, user, dry_run=dry_run)
    _saying().say_forgotten(forgotten, quiet=json)
    if json:
        _saying().print_json(forgotten)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed gives another company.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where its data, models and scorecards go.")] = DEMO_FOLDER,
) -> None:
    """Do the whole job on a simulated company: tables to signals, model, reasons, scorecard and one brief."""
    from uptier.explanation.brief import render
    from uptier.simulate.demo import demo_project

    with _progress() as progress:
        config = demo_project(folder, seed=seed, progress=progress)
        project = _project(config, progress)
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
    _saying().say_findings(findings, quiet=False)
    _saying().say_training(project, training, quiet=False)
    _saying().say_scoring(project, scoring, quiet=False)
    console = _console()
    console.print()
    console.print(render(brief))
    tracking = f"sqlite:///{project.settings.store}/mlflow.db"
    for line in (
        f"\nAnother account: uptier explain {config} ACCOUNT",
        f"How it was learnt: mlflow ui --backend-store-uri {tracking}",
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)  # to be copied as they are
    if training.trained.refused_because:
        raise typer.Exit(REFUSED)


@app.command()
def docs(root: Annotated[Path, typer.Option(help="Root of the repository.")] = Path()) -> None:
    """Write the generated pages: signals, tables, settings, this command line, and the simulated world in pictures."""
    from uptier.documentation import write_pages

    for page in write_pages(root, help_texts()):
        typer.echo(f"Wrote {page}")


def help_texts() -> dict[str, str]:
    """Give what ``--help`` says of each verb, for the documentation.

    Returns
    -------
    dict of str to str
        By verb; the empty name is the program itself.
    """
    command: Any = typer.main.get_command(app)  # a group of typer's own click
    texts = {"": command.get_help(typer.Context(command, info_name="uptier", terminal_width=100))}
    for name, verb in command.commands.items():
        texts[name] = verb.get_help(typer.Context(verb, info_name=f"uptier {name}", terminal_width=100))
    return texts


# what is said -------------------------------------------------------------------------------------------------------


def _project(config: Path, progress: Any) -> Project:
    from uptier.project import Project

    return Project(config, progress)


def _day(as_of: dt.datetime | None) -> dt.date | None:
    return None if as_of is None else as_of.date()


def _console() -> Any:
    from uptier.terminal import console

    return console()


def _progress() -> Any:
    from uptier.terminal import working

    return working()


def _saying() -> Any:
    # heavy: what is said is drawn as tables
    from uptier import saying

    return saying
