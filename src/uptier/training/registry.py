"""The registry: which version scores, how another takes its place, and what happened to all of them.

The alias ``champion`` names the version that scores, ``challenger`` the newest that was trained and may not. Whoever
moves the champion writes an event first (:mod:`uptier.training.audit`): as a tag of the version that it is about, never
written over, and as a file of its own in the run that trained that version. Then the alias moves. Asked again, a move
that was killed in between is finished.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from uptier.errors import ModelError, StoreError
from uptier.training.audit import Action, Event, champion_before, event, events_in, in_order
from uptier.training.connection import connected, has_store
from uptier.training.record import EVENTS, GATE, PASSED
from uptier.training.versions import CHAMPION, aliased, bundle_of, no_version, version_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from uptier.model.bundle import Bundle
    from uptier.settings import Settings

CHALLENGER = "challenger"
PAGE = 200  # versions that are asked for at once


def history(settings: Settings) -> list[Event]:
    """Tell everything that happened to the project's registered versions.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    list of Event
        In order; empty before the first training. Events of a version that was deleted in MLflow are gone with it.

    Raises
    ------
    StoreError
        If the store cannot be read, or an event was changed after it was written.
    """
    if not has_store(settings):
        return []
    with connected(settings, writes=False) as client:
        return events_of(client, settings.mlflow.model)


def promote(settings: Settings, version: str, *, why: str, actor: str, at: dt.datetime, catalogue_hash: str) -> Event:
    """Make a version that passed its gate the champion.

    Parameters
    ----------
    settings : Settings
        The project.
    version : str
        The version.
    why : str
        The reason, for the audit.
    actor : str
        Who asks.
    at : datetime
        When, with its zone.
    catalogue_hash : str
        Fingerprint of the signals of today: a version that needs others cannot score.

    Returns
    -------
    Event
        What was written down; that of the first time, where it is the champion already.

    Raises
    ------
    ModelError
        If the version did not pass its gate, is no model of this project, needs other signals, or no reason is given.
    StoreError
        If there is no such version, or the store cannot be written.
    """
    return _promoted(settings, version, "promote", why=why, actor=actor, at=at, catalogue_hash=catalogue_hash)


def promote_against_the_gate(
    settings: Settings, version: str, *, why: str, actor: str, at: dt.datetime, catalogue_hash: str
) -> Event:
    """Make a version the champion although its gate refused it; the audit says so.

    Parameters
    ----------
    settings : Settings
        The project.
    version : str
        The version.
    why : str
        The reason, for the audit.
    actor : str
        Who asks.
    at : datetime
        When, with its zone.
    catalogue_hash : str
        Fingerprint of the signals of today.

    Returns
    -------
    Event
        As from :func:`promote`; its action is ``promote`` if the version had passed after all.

    Raises
    ------
    ModelError
        If the version is no model of this project, needs other signals, or no reason is given.
    StoreError
        If there is no such version, or the store cannot be written.
    """
    action: Action = "promote-against-the-gate"
    return _promoted(settings, version, action, why=why, actor=actor, at=at, catalogue_hash=catalogue_hash)


def rollback(settings: Settings, *, why: str, actor: str, at: dt.datetime, catalogue_hash: str) -> Event:
    """Give the champion's place back to the version that had it before.

    Parameters
    ----------
    settings : Settings
        The project.
    why : str
        The reason, for the audit.
    actor : str
        Who asks.
    at : datetime
        When, with its zone.
    catalogue_hash : str
        Fingerprint of the signals of today.

    Returns
    -------
    Event
        Asked again it goes one champion further back; one that was killed half-way is finished first.

    Raises
    ------
    ModelError
        If there is no champion, none came before it, or that one cannot score today; or no reason is given.
    StoreError
        If the version before is no longer there, or the store cannot be written.
    """
    _require_reason(why)
    name = settings.mlflow.model
    nobody = ModelError(f"The model '{name}' has no champion to roll back from.", do="Train one with 'uptier train'.")
    if not has_store(settings):
        raise nobody
    with connected(settings, writes=True) as client:
        champion, events = aliased(client, name, CHAMPION), events_of(client, name)
        if champion is None:
            raise nobody
        begun = events[-1] if events and _is_begun(events[-1], ("rollback",), champion) else None
        target = champion_before(events, champion) if begun is None else begun.after
        if target is None:
            raise ModelError(
                f"Version {champion} of '{name}' is the first champion: there is none to go back to.",
                do="Promote another version with 'uptier promote', or train one.",
            )
        asked = version_of(client, name, target)
        _require_use(bundle_of(asked), asked, settings, catalogue_hash)
        made = begun or event(
            _next(events), "rollback", version=target, before=champion, after=target, why=why, actor=actor, at=at
        )
        _settle(client, asked, made)
        return made


def events_of(client: MlflowClient, name: str) -> list[Event]:
    """Read the audit of all versions.

    Parameters
    ----------
    client : MlflowClient
        A connection.
    name : str
        Registered name.

    Returns
    -------
    list of Event
        In order.
    """
    events: list[Event] = []
    token = None
    while True:
        page = client.search_model_versions(f"name = '{name}'", max_results=PAGE, page_token=token)
        events += [one for version in page for one in events_in(version.tags)]
        token = page.token
        if not token:
            return in_order(events)


def enter(client: MlflowClient, made: ModelVersion, *, passed: bool, why: str, actor: str, at: dt.datetime) -> str:
    """Write down that a version was trained and what its gate said; the alias is left to the caller.

    Parameters
    ----------
    client : MlflowClient
        A connection.
    made : ModelVersion
        What was just registered.
    passed : bool
        Whether it is to become the champion.
    why : str
        What the gate said.
    actor : str
        Who trained it.
    at : datetime
        When, with its zone.

    Returns
    -------
    str
        The alias that it is to have.
    """
    name, version = made.name, str(made.version)
    champion, number = aliased(client, name, CHAMPION), _next(events_of(client, name))
    told = partial(event, version=version, before=champion, actor=actor, at=at)
    _write(client, made, told(number, "train", after=champion, why="a training run"))
    if passed:
        _write(client, made, told(number + 1, "promote", after=version, why=why))
        return CHAMPION
    _write(client, made, told(number + 1, "refuse", after=champion, why=why))
    return CHALLENGER


def _settle(client: MlflowClient, asked: ModelVersion, made: Event) -> None:
    # the event first: one that stands there already is only finished
    _write(client, asked, made)
    client.set_registered_model_alias(asked.name, CHAMPION, str(asked.version))
    if aliased(client, asked.name, CHALLENGER) == str(asked.version):
        client.delete_registered_model_alias(asked.name, CHALLENGER)


def _promoted(
    settings: Settings, version: str, action: Action, *, why: str, actor: str, at: dt.datetime, catalogue_hash: str
) -> Event:
    _require_reason(why)
    name = settings.mlflow.model
    if not has_store(settings):
        raise no_version(name, version)
    with connected(settings, writes=True) as client:
        asked = version_of(client, name, version)
        number = str(asked.version)
        _require_use(bundle_of(asked), asked, settings, catalogue_hash)
        if asked.tags.get(GATE) == PASSED:
            action = "promote"
        elif action == "promote":
            raise ModelError(
                f"Version {number} of '{name}' did not pass its gate.",
                found=asked.tags.get("refused_because") or "no word of a gate among its tags",
                do="Its model card says what it lacks. To promote it all the same, say so and give the reason: the "
                "audit keeps both.",
            )
        champion, events = aliased(client, name, CHAMPION), events_of(client, name)
        made = _already(events, number, champion) or event(
            _next(events), action, version=number, before=champion, after=number, why=why, actor=actor, at=at
        )
        _settle(client, asked, made)
        return made


def _already(events: list[Event], number: str, champion: str | None) -> Event | None:
    # the event of a promotion that is done, or that was killed before the alias moved
    if champion == number:
        return next((one for one in reversed(events) if one.moves and one.after == number), None)
    last = events[-1] if events else None
    promotions = ("promote", "promote-against-the-gate")
    return last if last and last.after == number and _is_begun(last, promotions, champion) else None


def _is_begun(last: Event, actions: tuple[str, ...], champion: str | None) -> bool:
    return last.action in actions and last.moves and last.before == champion


def _next(events: list[Event]) -> int:
    return events[-1].number + 1 if events else 1


def _write(client: MlflowClient, asked: ModelVersion, made: Event) -> None:
    # the file first: its name is new, or it holds the same already
    if asked.run_id:
        client.log_text(asked.run_id, made.text + "\n", f"{EVENTS}/{made.key}.json")
    stands = client.get_model_version(asked.name, asked.version).tags.get(made.key)
    if stands is None:
        client.set_model_version_tag(asked.name, asked.version, made.key, made.text)
    elif stands != made.text:
        raise StoreError(
            f"The audit of version {asked.version} of '{asked.name}' has another event under {made.key}.",
            do="Nothing was promoted. Look at the tags of that version in MLflow: events are never written over.",
        )


def _require_use(bundle: Bundle, asked: ModelVersion, settings: Settings, catalogue_hash: str) -> None:
    if bundle.project != settings.project:
        raise ModelError(
            f"Version {asked.version} of '{asked.name}' was trained for another project.",
            found=f"project {bundle.project}, not {settings.project}",
            do=f"Give each project its own name under mlflow.model in {settings.path}.",
        )
    bundle.require_catalogue(catalogue_hash, settings.thresholds.model_dump(mode="json"))


def _require_reason(why: str) -> None:
    if not why.strip():
        raise ModelError("The audit needs a reason.", do="Say in a few words why the champion should change.")
