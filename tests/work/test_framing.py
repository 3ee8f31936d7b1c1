from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from uptier.errors import FindingsError, StoreError
from uptier.tables.drawn import settings_of
from uptier.tables.findings import Finding, Findings, Severity
from uptier.work.framing import frame_folder, write_frame
from uptier.work.material import Material
from uptier.work.training import train


def test_months_and_single_dates_are_kept_apart(tmp_path: Path) -> None:
    settings = settings_of(data_until="2026-01-01", store=tmp_path)
    assert frame_folder(settings, None) == tmp_path / "frames" / "months"
    assert frame_folder(settings, dt.date(2026, 1, 1)) == tmp_path / "frames" / "dates"


def test_a_file_of_somebody_else_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_text("mine")
    material = Material(settings_of(data_until="2026-01-01", store=tmp_path / "store"), lambda what: None)
    with pytest.raises(StoreError, match="There is a file"):
        write_frame(material, None, tmp_path / "mine.parquet", lambda what, done, of: None)
    assert not (tmp_path / "store").exists()


def test_training_stops_at_an_error_before_signals_are_formed(tmp_path: Path) -> None:
    material = Material(settings_of(data_until="2026-01-01", store=tmp_path / "store"), lambda what: None)
    error = Finding(code="future-row", table="tickets", count=1, severity=Severity.ERROR, message="rows.")
    material.__dict__["checked"] = (Findings((error,)), {})

    def examples() -> dict[str, object]:
        raise AssertionError("nothing is formed")

    with pytest.raises(FindingsError, match="1 error"):
        train(material, examples, None)  # type: ignore[arg-type]
