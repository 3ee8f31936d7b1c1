"""Options of which one would be passed over in silence are refused before anything is read."""

from __future__ import annotations

import sys

import pytest

from uptier.cli import main


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--setup", "--preflight"], "--setup and --preflight"),
        (["--setup", "--dry-run"], "--setup and --dry-run"),
        (["--preflight", "--rollback", "r"], "--preflight and --rollback"),
        (["--rollback", "r", "--adopt"], "--rollback and --adopt"),
        (["--rollback", "r", "--force", "why"], "--rollback and --force"),
    ],
)
def test_options_that_cannot_be_asked_for_at_once(
    options: list[str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["uptier", "deliver", "nowhere.yaml", *options])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert f"{named} cannot be asked for at once" in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize("options", [["--dry-run", "--adopt"], ["--dry-run", "--rollback", "r"], ["--force", "why"]])
def test_options_that_go_together_get_as_far_as_the_project(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["uptier", "deliver", "nowhere.yaml", *options])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 4
    assert "There is no file nowhere.yaml" in capsys.readouterr().err


def test_a_brief_is_data_or_laid_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["uptier", "explain", "nowhere.yaml", "0417", "--json", "--format", "html"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "--json gives the brief as data" in " ".join(capsys.readouterr().err.replace("│", " ").split())
