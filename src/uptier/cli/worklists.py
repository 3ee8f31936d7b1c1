"""The verbs that carry worklists to where people work: deliver, ledger."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from typing import Annotated

import typer

from uptier.cli.app import Config, Json, app, progress_bar, saying

To = Annotated[
    str | None, typer.Option("--to", help="Only this destination; all of the project by default.", show_default=False)
]


@app.command()
def deliver(
    config: Config,
    to: To = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, field by field, and send nothing.")
    ] = False,
    setup: Annotated[
        bool,
        typer.Option("--setup", help="Make what destinations need: a table, properties, or metadata to deploy."),
    ] = False,
    preflight: Annotated[
        bool, typer.Option("--preflight", help="Look whether destinations could take rows, and send nothing.")
    ] = False,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Take what a destination holds for ours, where the ledger knows nothing of it."),
    ] = False,
    force: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Send it although a circuit breaker trips, and record why it is right.",
            show_default=False,
        ),
    ] = None,
    rollback: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="Bring destinations back to what they held after this run.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Carry the newest worklist to the project's destinations: what changed since last time, each row once.

    Begin with --setup, then --preflight, then --dry-run. Run it after every 'uptier score', as often as you like: what
    is there already is not sent again, and a run that was killed is finished by the next. Credentials come from the
    environment alone. Exits 5 where a circuit breaker tripped (nothing was sent), 6 where some rows did not get there.
    """
    from uptier.errors import PartlyDeliveredError
    from uptier.settings import read_settings
    from uptier.work import delivering, destinations

    settings, environment = read_settings(config), dict(os.environ)
    if setup or preflight:
        asked = destinations.set_up if setup else destinations.preflight
        told = asked(settings, environment=environment, to=to)
        if json:
            saying().print_json(told)
        else:
            saying().say_readiness(told, setup=setup)
        if not setup and any(told.values()):
            raise typer.Exit(PartlyDeliveredError.exit_code)
        return
    with progress_bar() as progress:
        if rollback is not None:
            done = delivering.roll_back(settings, rollback, environment=environment, to=to, dry_run=dry_run)
        else:
            done = delivering.deliver_list(
                settings,
                environment=environment,
                today=dt.datetime.now(dt.UTC).date(),
                to=to,
                dry_run=dry_run,
                adopt=adopt,
                force=force,
                by=getpass.getuser(),
                told=lambda what: progress(what, 0, 0),
            )
    saying().say_delivery(done, dry_run=dry_run, quiet=json)
    if json:
        saying().print_delivery(done)
    if done.is_partly:
        raise typer.Exit(PartlyDeliveredError.exit_code)


@app.command()
def ledger(
    config: Config,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.", show_default=False)],
    json: Json = False,
) -> None:
    """Say what was told about an account: to whom, when, and from which model."""
    from uptier.settings import read_settings
    from uptier.work.destinations import told_about

    entries = told_about(read_settings(config), account, environment=dict(os.environ))
    if json:
        saying().print_json({"account_id": account, "entries": entries})
    else:
        saying().say_ledger(account, entries)
