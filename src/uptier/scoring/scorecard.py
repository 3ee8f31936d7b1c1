"""A scorecard onto disk: whole or not at all, with a manifest, and never over a better one.

The layout below the project's store::

    scorecards/
      2026-03-01 -> .2026-03-01-9f2c...   a link to the complete folder of that date
      .2026-03-01-9f2c.../                scorecard.parquet, scorecard.csv, worklist.parquet, manifest.json
      latest.json                         names the newest date

The order of writing, and what a kill leaves after each step:

1. The guards. Nothing is touched.
2. A hidden folder is filled and every file in it is flushed to disk. The old scorecard stands; the hidden folder is
   nobody's, and the next run clears it away.
3. A link to it is made beside the date's link. As before.
4. The new link replaces the old one in one step of the file system: the date means the old folder or the new one, both
   complete, never nothing. This is why a date is a link: a folder that is full cannot be replaced in one step.
5. `latest.json` is replaced in one step. Killed before it, it names a date whose scorecard is complete.
6. Folders of that date that nothing links to are cleared away.

A lock lets one writer in at a time, so that step 6 never takes what another is writing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from uptier.errors import ScoringError, StoreError
from uptier.moments import days_after
from uptier.scoring import placing
from uptier.scoring.holdout import salt_of
from uptier.scoring.placing import MANIFEST
from uptier.scoring.spreadsheet import write_csv

if TYPE_CHECKING:
    from uptier.settings import Settings

SCHEMA_VERSION = 1
FOLDER = "scorecards"
PARQUET, CSV, WORKLIST = "scorecard.parquet", "scorecard.csv", "worklist.parquet"

# told of the rows themselves
COUNTED = ("rows", "rows_by_action", "rows_by_basis", "columns", "data_hash", "csv_hash", "worklist")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A scorecard on disk.

    Attributes
    ----------
    folder : Path
        The date's folder.
    parquet, csv, manifest : Path
        The files in it.
    rows : int
        Accounts.
    fallback : bool
        Whether it rests on rules.
    """

    folder: Path
    parquet: Path
    csv: Path
    manifest: Path
    rows: int
    fallback: bool


def write(
    scorecard: pd.DataFrame,
    *,
    settings: Settings,
    as_of: dt.date,
    run_id: str | None,
    model_version: str | None,
    catalogue_hash: str,
    expected_accounts: int,
    newest_usage: dt.date | None,
    worklist: pd.DataFrame | None = None,
    summary: Mapping[str, Any] | None = None,
) -> Written:
    """Write a scorecard into the project's store.

    Parameters
    ----------
    scorecard : DataFrame, shape (n_accounts, n_columns)
        What :func:`uptier.scoring.batch.score` gave.
    settings : Settings
        The store, the project's name, how old usage may be, when the scorecard expires.
    as_of : date
        The date it looks from.
    run_id : str or None
        The run that trained the model.
    model_version : str or None
        Version of the registered model; None under rules.
    catalogue_hash : str
        Fingerprint of the signals.
    expected_accounts : int
        Accounts with an active subscription at the as-of date.
    newest_usage : date or None
        Day of the newest usage known at the as-of date.
    worklist : DataFrame, optional
        What :func:`uptier.scoring.worklist.worklist` made of it: written beside it, in the same step.
    summary : mapping, optional
        What the next list is held against before it is delivered; it stands in the manifest.

    Returns
    -------
    Written
        Where it is.

    Raises
    ------
    ScoringError
        If it has no rows, fewer than the accounts expected, or rests on old usage; the last scorecard is untouched.
    StoreError
        If the store cannot be written; the last scorecard is untouched.
    """
    guard(
        scorecard,
        as_of=as_of,
        expected_accounts=expected_accounts,
        newest_usage=newest_usage,
        max_age_days=settings.scoring.max_age_days,
    )
    date = as_of.isoformat()
    known = {
        "schema_version": SCHEMA_VERSION,
        "project": settings.project,
        "currency": settings.currency,
        "run_id": run_id,
        "model_version": model_version,
        "as_of": date,
        "expires_on": days_after(as_of, settings.scoring.expires_after_days).isoformat(),
        "newest_usage": newest_usage and newest_usage.isoformat(),
        "catalogue_hash": catalogue_hash,
    }
    if summary is not None:
        known["summary"] = dict(summary)
    if worklist is not None:
        # with these anybody can make the draws again
        known["draws"] = {
            "salt": salt_of(settings),
            "holdout_share": settings.worklist.holdout_share,
            "exploration_share": settings.worklist.exploration_share,
        }
    try:
        place = settings.store / FOLDER
        place.mkdir(parents=True, exist_ok=True)
        with placing.alone(place):
            placing.put(place, date, lambda hidden: fill(hidden, scorecard, worklist, known))
            newest = placing.latest_date(place)
            if newest is None or newest <= date:  # an earlier date scored again is not what a CRM should get
                placing.point_to(place, date, model_version)
            placing.clear(place, date)
    except OSError as error:
        raise StoreError(
            f"The scorecard of {date} cannot be written to {settings.store}: {error.strerror or type(error).__name__}.",
            do="Check 'store' in the project's YAML, the rights to that folder, and the space on its disk.",
        ) from error
    folder = place / date
    return Written(
        folder=folder,
        parquet=folder / PARQUET,
        csv=folder / CSV,
        manifest=folder / MANIFEST,
        rows=len(scorecard),
        fallback=bool((scorecard["basis"] == "rules").all()),
    )


def guard(
    scorecard: pd.DataFrame,
    *,
    as_of: dt.date,
    expected_accounts: int,
    newest_usage: dt.date | None,
    max_age_days: int,
) -> None:
    """Stop a scorecard that would be empty, incomplete or stale.

    Parameters
    ----------
    scorecard : DataFrame, shape (n_accounts, n_columns)
        What would be written.
    as_of : date
        The date it looks from.
    expected_accounts : int
        Accounts with an active subscription at the as-of date.
    newest_usage : date or None
        Day of the newest usage known at the as-of date.
    max_age_days : int
        How old that usage may be.

    Raises
    ------
    ScoringError
        If it must not be written.
    """
    kept = "No scorecard was written; the last one stands."
    if scorecard.empty:
        raise ScoringError(
            f"The scorecard of {as_of} has no rows. {kept}",
            do="Check that subscriptions run at that date: 'uptier check' counts them.",
        )
    accounts = scorecard["account_id"].nunique()
    if accounts < expected_accounts:
        raise ScoringError(
            f"The scorecard of {as_of} lacks accounts. {kept}",
            found=f"{accounts:,} accounts, of {expected_accounts:,} with an active subscription",
            do="Run 'uptier check' and look for accounts that are not in the accounts table or are matched twice.",
        )
    if newest_usage is None:
        raise ScoringError(
            f"No usage is known at {as_of}. {kept}",
            do="Check that the usage table is filled, and that its times and lag_days are right.",
        )
    age = (as_of - newest_usage).days
    if age > max_age_days:
        raise ScoringError(
            f"The usage behind the scorecard of {as_of} is too old. {kept}",
            found=f"newest usage of {newest_usage}, {age} days before; scoring.max_age_days is {max_age_days}",
            do="Load newer usage, or score an earlier date with --as-of.",
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what is known of a scorecard on disk.

    Parameters
    ----------
    folder : Path
        A date's folder.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    StoreError
        If there is none, or it cannot be read.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"There is no scorecard in {folder} that can be read.", do="Write one with 'uptier score'."
        ) from error
    return manifest


def read_worklist(folder: Path) -> pd.DataFrame | None:
    """Read the worklist that was written beside a scorecard.

    Parameters
    ----------
    folder : Path
        A date's folder.

    Returns
    -------
    DataFrame or None
        None where there is none: it was written before there were worklists.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    if not (folder / WORKLIST).is_file():
        return None
    try:
        return pd.read_parquet(folder / WORKLIST)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The worklist in {folder} cannot be read.", do="Score that date again with 'uptier score --as-of'."
        ) from error


def latest(store: Path) -> Path | None:
    """Give the folder of the newest scorecard.

    Parameters
    ----------
    store : Path
        The project's store.

    Returns
    -------
    Path or None
        None if none was ever written.
    """
    date = placing.latest_date(store / FOLDER)
    return None if date is None else store / FOLDER / date


def tables_of(folder: Path) -> list[Path]:
    """Give the Parquet files of a scorecard's folder.

    Parameters
    ----------
    folder : Path
        Of one date.

    Returns
    -------
    list of Path
        Those that are there.
    """
    return [folder / name for name in (PARQUET, WORKLIST) if (folder / name).is_file()]


def fill(folder: Path, scorecard: pd.DataFrame, worklist: pd.DataFrame | None, known: dict[str, Any]) -> None:
    """Write a scorecard's files into a folder, and flush them to disk.

    Parameters
    ----------
    folder : Path
        An empty one, that nothing means yet.
    scorecard : DataFrame
        The scorecard.
    worklist : DataFrame or None
        What stands beside it.
    known : dict
        What the manifest says beside counts and hashes.
    """
    scorecard.to_parquet(folder / PARQUET, index=False)
    write_csv(scorecard, folder / CSV)
    manifest = known | {
        "rows": len(scorecard),
        "rows_by_action": _counts(scorecard["action"]),
        "rows_by_basis": _counts(scorecard["basis"]),
        "columns": list(scorecard.columns),
        "data_hash": f"sha256:{_sha256(folder / PARQUET)}",
        "csv_hash": f"sha256:{_sha256(folder / CSV)}",
    }
    if worklist is not None:
        worklist.to_parquet(folder / WORKLIST, index=False)
        manifest["worklist"] = {
            "rows": len(worklist),
            "rows_by_state": _counts(worklist["state"]),
            "rows_by_suppression": _counts(worklist["suppressed_by"]),
            "listed": int(worklist["rank"].notna().sum()),
            "data_hash": f"sha256:{_sha256(folder / WORKLIST)}",
        }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in (*(file.name for file in tables_of(folder)), CSV, MANIFEST):
        placing.flush(folder / name)
    placing.flush(folder)


def _counts(values: pd.Series[str]) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
