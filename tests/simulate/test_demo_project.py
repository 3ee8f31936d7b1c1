"""The demo's company is made once by each version of uptier, and never mistaken for that of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from uptier.simulate import demo


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Have worlds made of one file, and say which were."""
    worlds: list[Path] = []

    def simulate(*, out: Path, **_: object) -> None:
        out.mkdir(parents=True)
        (out / "accounts.parquet").write_text(str(len(worlds)))
        worlds.append(out)

    monkeypatch.setattr(demo, "simulate", simulate)
    return worlds


def project(folder: Path) -> Path:
    return demo.demo_project(folder, seed=7)


def test_a_company_is_made_once(tmp_path: Path, made: list[Path]) -> None:
    assert project(tmp_path) == project(tmp_path) == tmp_path / "seed-7" / "demo.yaml"
    assert made == [tmp_path / "seed-7" / "world"]


def test_one_of_another_version_is_put_aside_with_its_store(
    tmp_path: Path, made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("one", "two", "three"):
        monkeypatch.setattr(demo, "_code", lambda version=version: version)
        config = project(tmp_path)
        (config.parent / "store").mkdir()
        (config.parent / "store" / "learnt.txt").write_text(version)
    assert len(made) == 3
    older = tmp_path / "seed-7-older"
    assert (older / "store" / "learnt.txt").read_text() == "two"
    assert (older / "world" / "accounts.parquet").read_text() == "1"
    assert (tmp_path / "seed-7" / "store" / "learnt.txt").read_text() == "three"


def test_one_that_does_not_say_who_made_it_is_older(tmp_path: Path, made: list[Path]) -> None:
    (tmp_path / "seed-7" / "world").mkdir(parents=True)
    project(tmp_path)
    assert (tmp_path / "seed-7-older" / "world").is_dir()
    assert len(made) == 1


def test_a_run_that_was_killed_while_the_world_was_made_begins_anew(
    tmp_path: Path, made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "simulate", killed)
        with pytest.raises(KeyboardInterrupt):
            project(tmp_path)
    project(tmp_path)
    assert made == [tmp_path / "seed-7" / "world"]
    assert not (tmp_path / "seed-7-older").exists()


def test_the_hash_is_of_code_and_of_what_it_reads() -> None:
    assert demo._code() == demo._code()
    assert len(demo._code()) == 16
