"""Delivering: the newest worklist past the circuit breakers to every destination, with what becomes of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from uptier.delivery.delivering import Delivered, deliver, rollback
from uptier.delivery.payload import FIELDS, Payload, payload
from uptier.delivery.registry import destination_of
from uptier.errors import DeliveryError, UnreachableError
from uptier.monitoring import breakers
from uptier.monitoring.comparing import compared, told_champion
from uptier.monitoring.finding import Finding
from uptier.monitoring.webhook import Happened, Word, tell
from uptier.scoring.scorecard import PARQUET, latest, read_manifest, read_worklist
from uptier.store import write_whole
from uptier.tables import fingerprint
from uptier.work.destinations import FOLDER, asked, begun_ledger
from uptier.work.short_briefs import short_brief, who_of

if TYPE_CHECKING:
    from uptier.delivery.destination import Destination
    from uptier.pages_settings import PagesSettings
    from uptier.settings import Settings

TOLD_BY = ("delivery", "work", "explanation", "decision", "scoring")  # whose code words what is told
LAST, FORCED = "last.json", "forced.jsonl"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of a list.

    Attributes
    ----------
    run : str
        Id of the run, as the ledger keeps it: date, model and a hash of the list.
    as_of : date
        Of the list.
    rows : int
        Rows of the worklist, open and closed.
    delivered : tuple of Delivered
        One for each destination.
    findings : tuple of Finding
        Breakers that tripped and were forced.
    champion : str or None
        How the scores of a new champion differ from those delivered last.
    webhook : str or None
        What went wrong with the webhook.
    """

    run: str
    as_of: dt.date
    rows: int
    delivered: tuple[Delivered, ...]
    findings: tuple[Finding, ...] = ()
    champion: str | None = None
    webhook: str | None = None

    @property
    def is_partly(self) -> bool:
        """Whether some rows did not get there."""
        return any(one.is_partly for one in self.delivered)


@dataclass(frozen=True, kw_only=True)
class _List:
    """The newest list; its tables are read when they are asked for: nothing new needs none of them."""

    folder: Path
    as_of: dt.date
    run: str
    manifest: dict[str, Any]

    @property
    def rows(self) -> int:
        return int(self.manifest["worklist"]["rows"])

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = self.manifest["summary"]
        return summary

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / PARQUET)

    @cached_property
    def worklist(self) -> pd.DataFrame:
        return pd.DataFrame(read_worklist(self.folder))  # the manifest tells that it is there

    def digest(self, settings: Settings, name: str) -> str:
        """Hash all that says what a destination is told, without reading it."""
        hashes = [self.run, self.manifest["worklist"]["data_hash"], self.manifest["data_hash"]]
        places = [settings.pages.model_dump_json(), settings.delivery.destinations[name].model_dump_json()]
        return fingerprint.of_parts([*hashes, *places, repr(FIELDS), fingerprint.of_code(*TOLD_BY)])


def deliver_list(
    settings: Settings,
    *,
    environment: Mapping[str, str],
    today: dt.date,
    to: str | None = None,
    dry_run: bool = False,
    adopt: bool = False,
    force: str | None = None,
    by: str = "",
    told: Callable[[str], object] = lambda what: None,
) -> Delivery:
    """Deliver the newest worklist.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where credentials are looked up.
    today : date
        The day on which it leaves: an expired list does not.
    to : str, optional
        One destination; all by default.
    dry_run : bool
        Only say what would be sent, field by field.
    adopt : bool
        Take what a destination holds for ours, where the ledger knows nothing of it.
    force : str, optional
        Why the list is right although a breaker trips; recorded.
    by : str
        Who forces.
    told : callable
        Is told, in a sentence, how far it is.

    Returns
    -------
    Delivery
        Whether all of it got there stands in `is_partly`.

    Raises
    ------
    BreakerError
        If a breaker trips; nothing was sent, and the webhook was told.
    DeliveryError
        If there is no list, or a destination says that trying again would not help.
    UnreachableError
        If nobody answers.
    """
    destinations = [
        destination_of(name, one, environment, store=settings.store) for name, one in asked(settings, to).items()
    ]
    now = _newest(settings)
    last = _last(settings)
    champion, found = _looked_at(settings, now, last, today)
    counts = {"rows": now.rows}
    if found and force is None and not dry_run:
        _tell(settings, environment, now, Happened.STOPPED, counts, found)
        breakers.require_none(found)
    if found and force is not None and not dry_run:
        _record(settings, breakers.forced(found, force, by=by, at=dt.datetime.now(dt.UTC)) | {"run": now.run})
    rows = _Rows(now, settings.pages)
    ledger = begun_ledger(settings, environment)
    knobs = settings.delivery

    def carried(one: Destination) -> Delivered:
        try:
            return deliver(
                rows,
                one,
                ledger,
                now.run,
                attempts=knobs.attempts,
                backoff=knobs.backoff,
                adopt=adopt,
                dry_run=dry_run,
                told=told,
                digest=now.digest(settings, one.name),
            )
        except UnreachableError:
            raise
        except DeliveryError as error:
            raise _with_faults(error, one) from error

    delivered = tuple(carried(one) for one in destinations)
    done = Delivery(
        run=now.run,
        as_of=now.as_of,
        rows=now.rows,
        delivered=delivered,
        findings=tuple(found),
        champion=champion,
    )
    if dry_run:
        return done
    if to is None:
        # what one destination alone was told is not the list that the next one is held against
        _keep(settings, now)
    happened = Happened.PARTLY_DELIVERED if done.is_partly else Happened.FORCED if found else None
    if happened is None:
        return done
    failed = sum(one.refused + one.failed + one.unknown + one.left for one in delivered)
    sent = sum(one.sent + one.closed for one in delivered)
    said = _tell(settings, environment, now, happened, counts | {"sent": sent, "failed": failed}, found)
    return Delivery(**{**vars(done), "webhook": said})


def roll_back(
    settings: Settings, of_run: str, *, environment: Mapping[str, str], to: str | None = None, dry_run: bool = False
) -> Delivery:
    """Bring destinations back to what they held when an earlier run had ended.

    Parameters
    ----------
    settings : Settings
        The project.
    of_run : str
        Id of the earlier run.
    environment : mapping of str to str
        Where credentials are looked up.
    to : str, optional
        One destination; all by default.
    dry_run : bool
        Only say what would be sent.

    Returns
    -------
    Delivery
        Under a run of its own.
    """
    knobs, ledger = settings.delivery, begun_ledger(settings, environment)
    at = dt.datetime.now(dt.UTC)
    run = f"{of_run} again, {at:%Y-%m-%dT%H:%M:%S}"
    delivered = tuple(
        rollback(
            of_run,
            destination_of(name, one, environment, store=settings.store),
            ledger,
            run,
            attempts=knobs.attempts,
            backoff=knobs.backoff,
            dry_run=dry_run,
        )
        for name, one in asked(settings, to).items()
    )
    return Delivery(run=run, as_of=at.date(), rows=0, delivered=delivered)


class _Rows:
    """The rows of a worklist as destinations are told them, made anew each time they are gone through."""

    def __init__(self, now: _List, pages: PagesSettings) -> None:
        self._now = now
        self._pages = pages

    @cached_property
    def _who(self) -> Mapping[str, str]:
        # a link needs nobody's name
        return {} if self._pages.base_url else who_of(self._now.scorecard, self._now.worklist["account_id"])

    def __iter__(self) -> Iterator[Payload]:
        for row in self._now.worklist.to_dict("records"):
            account = str(row["account_id"])
            told = self._pages.of_account(account) or short_brief(row, who=self._who.get(account, ""))
            yield payload({**{str(name): value for name, value in row.items()}, "details": told})


def _with_faults(error: DeliveryError, one: Destination) -> DeliveryError:
    """Say beside what went wrong what is wrong with the destination, such as a field that a newer uptier needs."""
    try:
        faults = one.preflight()
    except DeliveryError:
        return error
    if not faults:
        return error
    return DeliveryError(error.what, found=error.found, do="\n".join([*faults, *([error.do] if error.do else [])]))


def _newest(settings: Settings) -> _List:
    folder = latest(settings.store)
    if folder is None:
        raise DeliveryError("There is no scorecard to deliver.", do="Score first: uptier score CONFIG.")
    manifest = read_manifest(folder)
    if "worklist" not in manifest or "summary" not in manifest:
        raise DeliveryError(
            f"The scorecard of {folder.name} has no worklist beside it.",
            found="it was written by an older uptier",
            do="Score that date again: uptier score CONFIG.",
        )
    version, hashed = manifest["model_version"] or "rules", manifest["worklist"]["data_hash"]
    return _List(
        folder=folder,
        as_of=dt.date.fromisoformat(folder.name),
        run=f"{folder.name}/{version}/{hashed.removeprefix('sha256:')[:12]}",
        manifest=manifest,
    )


def _last(settings: Settings) -> dict[str, Any] | None:
    path = settings.store / FOLDER / LAST
    if not path.is_file():
        return None
    last: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return last


def _looked_at(
    settings: Settings, now: _List, last: dict[str, Any] | None, today: dt.date
) -> tuple[str | None, list[Finding]]:
    moved = champion = None
    if last is not None:
        before = settings.store / "scorecards" / last["as_of"] / PARQUET
        if before.is_file() and last["run"] != now.run:
            moved = compared(now.scorecard, pd.read_parquet(before))
            champion = told_champion(now.summary, last["summary"], moved)
    found = breakers.tripped(
        now.summary,
        None if last is None else last["summary"],
        settings.breakers,
        ages=now.summary["ages"],
        moved=moved,
        today=today,
    )
    return champion, found


def _keep(settings: Settings, now: _List) -> None:
    kept = {"as_of": now.as_of.isoformat(), "run": now.run, "summary": now.summary}
    path = settings.store / FOLDER / LAST
    write_whole(path, lambda fresh: fresh.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8"))


def _record(settings: Settings, what: dict[str, Any]) -> None:
    path = settings.store / FOLDER / FORCED
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as book:
        book.write(json.dumps(what, ensure_ascii=False) + "\n")


def _tell(
    settings: Settings,
    environment: Mapping[str, str],
    now: _List,
    happened: Happened,
    counts: Mapping[str, int],
    found: list[Finding],
) -> str | None:
    word = Word(
        project=settings.project,
        as_of=now.as_of.isoformat(),
        happened=happened,
        counts=counts,
        findings=tuple(one.code for one in found),
    )
    return tell(word, variable=settings.delivery.webhook_env, environment=environment)
