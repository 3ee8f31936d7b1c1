"""What is said where Spark cannot run: no Spark is needed to test it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uptier.errors import SourceError
from uptier.tables import spark
from uptier.tables.source import connect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts.csv").write_text("account_id\na\n")
    return tmp_path


def test_without_java_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "_java", lambda: False)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    with pytest.raises(SourceError) as caught:
        connect(str(folder), "spark")
    assert str(caught.value) == (
        "Spark needs Java 17 or newer, and there is none on this machine.\n"
        "Install it (openjdk-17-jre-headless on Debian), or let JAVA_HOME name it."
    )


def test_java_is_looked_for_on_the_path_and_under_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert not spark._java()
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    java.write_text("")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert spark._java()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert spark._java()


def test_without_pyspark_it_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(SourceError) as caught:
        connect(str(folder), "spark")
    assert str(caught.value) == (
        "'backend: spark' needs the package pyspark.\nInstall uptier with its extra: pip install 'uptier[spark]'."
    )


@pytest.mark.parametrize("address", ["postgres://reader:hunter2@host/sales", "acme.duckdb"])
def test_spark_reads_folders_only(address: str, folder: Path) -> None:
    (folder / "acme.duckdb").write_bytes(b"")
    given = address if "://" in address else str(folder / address)
    with pytest.raises(SourceError) as caught:
        connect(given, "spark")
    told = str(caught.value)
    assert told.startswith("Spark reads a folder that all its workers can see.\nFound: ")
    assert "hunter2" not in told
