"""The Dockerfile as it is read; there is no Docker where the tests run, so nobody builds the image here."""

from __future__ import annotations

import re
import shutil
from fnmatch import fnmatch
from pathlib import Path

import hatchling.build
import pytest

ROOT = Path(__file__).parents[2]
STEPS = re.findall(r"^([A-Z]+) (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
IGNORED = [
    line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
]


def place(step: str, begins: str) -> int:
    return next(number for number, one in enumerate(STEPS) if one[0] == step and one[1].startswith(begins))


def copied(before: int | None = None) -> list[str]:
    return [name for step, told in STEPS[:before] if step == "COPY" for name in told.split()[:-1] if name[0] != "-"]


def test_it_runs_uptier_as_somebody_who_is_not_root() -> None:
    users = [told for step, told in STEPS if step == "USER"]
    assert users == ["10001"]  # a number: a name says nothing to who must know that it is not root
    assert any(step == "RUN" and "useradd" in told and "--uid 10001" in told for step, told in STEPS)
    assert STEPS[-1] == ("ENTRYPOINT", '["uptier"]')
    assert place("USER", "10001") < place("RUN", "make")  # not even the installation


def test_it_installs_by_the_lock_and_nothing_else() -> None:
    assert "requirements.lock" in copied(place("RUN", "make"))
    runs = [told for step, told in STEPS if step == "RUN"]
    assert [told for told in runs if "pip install" in told or "curl" in told] == []
    assert "make .venv/.installed" in runs
    assert "--require-hashes requirements.lock" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_its_python_is_one_that_the_project_supports() -> None:
    version = re.search(r"python:(\d+\.\d+)", dict(STEPS)["FROM"])
    assert version is not None
    classifiers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"Programming Language :: Python :: {version[1]}"' in classifiers


def test_all_that_it_copies_is_there_and_not_ignored() -> None:
    names = copied()
    assert [name for name in names if not (ROOT / name).exists()] == []
    assert [name for name in names if any(fnmatch(name, pattern) for pattern in IGNORED)] == []
    assert "." not in names  # named one by one: what is not named never gets in


@pytest.mark.parametrize("name", [".git", ".venv", ".env", ".env.production", "key.pem", "store", "data", ".uptier"])
def test_what_must_not_get_in_is_ignored(name: str) -> None:
    assert any(fnmatch(name, pattern) for pattern in IGNORED)


def test_what_is_there_when_it_installs_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in copied(place("RUN", "make")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    made = hatchling.build.build_editable(str(tmp_path))
    assert (tmp_path / made).is_file()
