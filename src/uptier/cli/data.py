"""The verbs about tables and signals: init, simulate, check, signals, forget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from uptier.cli.app import AsOf, Config, Json, app, day, progress_bar, project_of, saying
from uptier.errors import UptierError


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

    with progress_bar() as progress:
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
        saying().print_json(world)
    else:
        saying().say_world(world)


@app.command()
def check(config: Config, json: Json = False) -> None:
    """Say what in the data breaks the contract, how often, and what to do; errors stop every later step."""
    with progress_bar() as progress:
        findings = project_of(config, progress).check()
    saying().say_findings(findings, quiet=json)
    if json:
        saying().print_json(findings)
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

        project = project_of(config, None)
        typer.echo(signals_page(project.catalog(), project.settings.thresholds), nl=False)
        return
    if test:
        with progress_bar() as progress:
            project = project_of(config, progress)
            verdict = project.try_all_signals() if everything else project.try_own_signals()
        saying().say_verdict(verdict, quiet=json)
        if verdict.broken:
            raise typer.Exit(UptierError.exit_code)
        return
    with progress_bar() as progress:
        project = project_of(config, progress)
        if explain:
            preview = project.preview(day(as_of))
        else:
            framed = project.write_frame(day(as_of), out)
    if explain:
        saying().say_preview(preview, quiet=json)
        done: object = preview
    else:
        saying().say_signals(framed, quiet=json)
        done = framed
    if json:
        saying().print_json(done)


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
    with progress_bar() as progress:
        forgotten = project_of(config, progress).forget(account, user, dry_run=dry_run)
    saying().say_forgotten(forgotten, quiet=json)
    if json:
        saying().print_json(forgotten)
