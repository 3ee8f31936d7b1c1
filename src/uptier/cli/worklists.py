"""The verbs that carry worklists to where people work, and answers back: deliver, pull, ledger."""

from __future__ import annotations

import datetime as dt
import os
from typing import Annotated

import typer

from uptier.cli.app import Config, Json, app, noted, progress_bar, saying

To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="NAME", help="Only this destination; all of the project by default.", show_default=False
    ),
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

    The first time: name a destination under 'delivery: destinations:' in the YAML (docs/delivery.md), put its
    credentials into the environment, then --setup, --preflight, --dry-run. From then on after every 'uptier score', as
    often as you like: what is there already is not sent again, and a run that was killed is finished by the next.

    Before anything leaves, circuit breakers hold the list against the one delivered last. Where one trips nothing is
    sent, and the message says what to look at; if the list is right as it is, --force "why". A list that was wrong:
    --rollback RUN, which each delivery prints. A ledger that was lost: --adopt, once.

    Exits 0 done, 4 something to mend first, 5 a breaker tripped, 6 some rows did not get there: run it again. 'uptier
    ledger CONFIG ACCOUNT' says what was told and answered.
    """
    from uptier.errors import PartlyDeliveredError
    from uptier.settings import read_settings
    from uptier.training.audit import actor_of
    from uptier.work import delivering, destinations

    if setup or preflight:
        everything = {"--dry-run": dry_run, "--adopt": adopt, "--force": force, "--rollback": rollback}
        _require_one({"--setup": setup, "--preflight": preflight, **everything})
    _require_one({"--rollback": rollback, "--adopt": adopt, "--force": force} if rollback else {})
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
                by=actor_of(environment),
                told=lambda what: progress(what, 0, 0),
            )
    saying().say_delivery(done, dry_run=dry_run, quiet=json)
    if json:
        saying().print_delivery(done)
    if done.is_partly:
        raise typer.Exit(PartlyDeliveredError.exit_code)


@app.command()
def pull(
    config: Config,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="Only this destination, or 'file' for delivery.answers.file; all of the project by default.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is new, row by row, and keep nothing.")] = False,
    json: Json = False,
) -> None:
    """Read what people answered to rows of the worklist: status, dismissal with its reason and date, owner.

    It reads Salesforce, HubSpot and a CSV, and writes to none of them. Contacts become outreach, a dismissed row stays
    away until its date, and "reason is wrong" counts against the trigger whose reason it was. Run it before every
    'uptier score', as often as you like: what is known adds nothing, and a pull that was killed is done by the next.
    Rows that cannot be read are told by line or key and left where they are, all others are taken. Exits 6 where some
    could not be taken, 4 where none could.
    """
    from uptier.errors import PartlyDeliveredError
    from uptier.settings import read_settings
    from uptier.told_deliveries import pull_data, pull_words
    from uptier.work import pulling

    pulled = noted(
        pulling.pull(
            read_settings(config),
            environment=dict(os.environ),
            now=dt.datetime.now(dt.UTC),
            only=source,
            dry_run=dry_run,
        )
    )
    for line in pull_words(pulled):
        typer.echo(line, err=json)
    if json:
        saying().print_json(pull_data(pulled))
    if pulled.is_partly:
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


def _require_one(options: dict[str, object]) -> None:
    """Refuse options of which one would be passed over in silence."""
    given = [name for name, value in options.items() if value]
    if len(given) > 1:
        raise typer.BadParameter(f"{' and '.join(given)} cannot be asked for at once: leave out all but one.")
