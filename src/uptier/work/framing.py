"""Writing frames: into the store, where only what changed is computed, or into one file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uptier.errors import StoreError
from uptier.signals import frames
from uptier.signals.frame_files import as_parquet
from uptier.store import write_whole
from uptier.work.results import Framed

if TYPE_CHECKING:
    import pandas as pd

    from uptier.settings import Settings
    from uptier.work.material import Material


def write_frame(
    material: Material, as_of: dt.date | None, out: Path | None, progress: Callable[[str, int, int], None]
) -> Framed:
    """Write the signals of every account.

    Parameters
    ----------
    material : Material
        The project's data.
    as_of : date or None
        At this date; None for all monthly as-of dates.
    out : Path or None
        One file for all of it, computed anew; None for the store.
    progress : callable
        Told ``(what, done, of)``.

    Returns
    -------
    Framed
        The frame and where it is.

    Raises
    ------
    StoreError
        If it cannot be written, or there is a file already.
    """
    if out is not None:
        return _into_one_file(material, as_of, out)
    kind = frames.MONTHS if as_of is None else frames.DATES
    written = written_frame(material, material.looks(as_of), kind, whole=as_of is None, progress=progress)
    frame = frames.read(written.folder, None if as_of is None else [as_of])
    return Framed(frame, written.folder, written)


def written_frame(
    material: Material, looks: pd.DataFrame, kind: str, *, whole: bool, progress: Callable[[str, int, int], None]
) -> frames.Frame:
    """Write the signals of some looks into the store, a stretch of accounts at a time.

    Parameters
    ----------
    material : Material
        The project's data.
    looks : DataFrame, columns account_id and as_of
        Who is looked at, and when.
    kind : str
        One of :data:`uptier.signals.frames.KINDS`: where in the store.
    whole : bool
        Whether `looks` is all that is to be there; other dates are then removed.
    progress : callable
        Told ``(what, done, of)``.

    Returns
    -------
    Frame
        Where it is; a date that saw the same before was not computed again.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    return frames.write(
        material.settings.store / frames.FOLDER / kind,
        looks,
        material.digests(looks, material.usage),
        material.signal_parts,
        known=_about(material),
        whole=whole,
        progress=progress,
    )


def frame_folder(settings: Settings, as_of: dt.date | None) -> Path:
    """Say where a frame is kept.

    Parameters
    ----------
    settings : Settings
        The project.
    as_of : date or None
        A single date; None for the months.

    Returns
    -------
    Path
        A folder of the store.
    """
    return settings.store / frames.FOLDER / (frames.MONTHS if as_of is None else frames.DATES)


def _into_one_file(material: Material, as_of: dt.date | None, out: Path) -> Framed:
    if out.exists():
        raise StoreError(
            f"There is a file {out} already.", do="Name another one: only files in the store are replaced."
        )
    import pyarrow.parquet as pq

    frame = material.signals(material.looks(as_of))
    table = as_parquet(frame)
    return Framed(frame, write_whole(out, lambda fresh: pq.write_table(table, fresh)), None)


def _about(material: Material) -> dict[str, Any]:
    """Give what the manifest says beside the partitions."""
    settings, catalog = material.settings, material.catalog
    return {
        "project": settings.project,
        "data_until": settings.data_until.isoformat(),
        "catalogue_hash": catalog.fingerprint(settings.thresholds),
        "signals": [one.name for one in catalog.signals],
        "unavailable": {name: list(lacking) for name, lacking in catalog.unavailable(material.tables).items()},
    }
