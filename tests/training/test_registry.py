from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training import tracked
from tests.training.tracked import TODAY, registered, trained
from tests.training.worlds import settings
from uptier.errors import ModelError, StoreError
from uptier.settings import Settings
from uptier.training import registry
from uptier.training.audit import Event
from uptier.training.connection import DATABASE, connected
from uptier.training.registry import CHALLENGER, history, promote, promote_against_the_gate, rollback
from uptier.training.versions import CHAMPION, aliased, load_champion

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
WHY = {"why": "the new one asks for too little", "actor": "someone", "at": AT, "catalogue_hash": TODAY}

KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from mlflow import MlflowClient
from tests.training.worlds import settings
from uptier.training import registry

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

MlflowClient.set_registered_model_alias = killed
project = settings(Path(sys.argv[1]))
by = {"why": "once", "actor": "someone", "at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "catalogue_hash": sys.argv[2]}
if sys.argv[3] == "rollback":
    registry.rollback(project, **by)
else:
    registry.promote(project, sys.argv[3], **by)
"""


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two champions, one after the other, and one that was refused."""
    project = tracked.empty_project(tmp_path_factory.mktemp("three"))
    refused = replace(trained(), refused_because=("seat_expansion: Not better than the points model.",))
    for number, made in enumerate((trained(), trained(), refused), start=1):
        registered(project, made, actor=f"trainer {number}", at=AT - dt.timedelta(days=10 - number))
    return project


@pytest.fixture
def project(three: Settings, tmp_path: Path) -> Settings:
    # the files stay where they are: the database holds their places
    made = settings(tmp_path)
    made.store.mkdir()
    shutil.copy(three.store / DATABASE, made.store / DATABASE)
    return made


def aliases(project: Settings) -> dict[str, str | None]:
    with connected(project, writes=False) as client:
        return {alias: aliased(client, "uptier", alias) for alias in (CHAMPION, CHALLENGER)}


def tags(project: Settings, version: str) -> dict[str, str]:
    with connected(project, writes=False) as client:
        return dict(client.get_model_version("uptier", version).tags)


def told(events: list[Event]) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.action, one.version, one.before, one.after) for one in events]


TRAINED = [
    ("train", "1", None, None),
    ("promote", "1", None, "1"),
    ("train", "2", "1", "1"),
    ("promote", "2", "1", "2"),
    ("train", "3", "2", "2"),
    ("refuse", "3", "2", "2"),
]


def test_training_is_written_down_with_who_when_from_to_and_why(project: Settings) -> None:
    events = history(project)
    assert told(events) == TRAINED
    assert aliases(project) == {CHAMPION: "2", CHALLENGER: "3"}
    assert [one.actor for one in events[::2]] == ["trainer 1", "trainer 2", "trainer 3"]
    assert events[3].at == AT - dt.timedelta(days=8)
    assert events[3].why == "passed the gate with: seat_expansion"
    assert events[5].why == "seat_expansion: Not better than the points model."


def test_every_event_is_a_tag_of_its_version_and_a_file_of_its_run(project: Settings) -> None:
    promote(project, "1", **WHY)
    kept = {key: text for key, text in tags(project, "1").items() if key.startswith("event.")}
    assert len(kept) == 3
    with connected(project, writes=False) as client:
        run = client.get_model_version("uptier", "1").run_id
        assert {f"events/{key}.json" for key in kept} <= {file.path for file in client.list_artifacts(run, "events")}
        import mlflow

        written = mlflow.artifacts.load_text(f"runs:/{run}/events/{max(kept)}.json")
    assert json.loads(written) == {
        "number": 7,
        "at": "2026-03-01T12:00:00+00:00",
        "actor": "someone",
        "action": "promote",
        "version": "1",
        "from": "2",
        "to": "1",
        "why": "the new one asks for too little",
    }


def test_a_version_that_passed_is_promoted_once_however_often_it_is_asked(project: Settings) -> None:
    first = promote(project, "1", **WHY)
    again = promote(project, "1", **{**WHY, "at": AT + dt.timedelta(days=1), "why": "asked again"})
    assert again == first
    assert told(history(project)) == [*TRAINED, ("promote", "1", "2", "1")]
    assert aliases(project)[CHAMPION] == "1"


def test_a_version_that_was_refused_is_promoted_only_against_the_gate(project: Settings) -> None:
    with pytest.raises(ModelError) as refused:
        promote(project, "3", **WHY)
    assert str(refused.value).startswith(
        "Version 3 of 'uptier' did not pass its gate.\nFound: seat_expansion: Not better than the points model.."
    )
    assert aliases(project) == {CHAMPION: "2", CHALLENGER: "3"}
    promote_against_the_gate(project, "3", **WHY)
    assert told(history(project))[-1] == ("promote-against-the-gate", "3", "2", "3")
    assert aliases(project) == {CHAMPION: "3", CHALLENGER: None}


def test_the_audit_does_not_say_against_the_gate_of_a_version_that_passed(project: Settings) -> None:
    assert promote_against_the_gate(project, "1", **WHY).action == "promote"


def test_a_rollback_goes_back_one_champion_after_the_other(project: Settings) -> None:
    promote_against_the_gate(project, "3", **WHY)
    assert rollback(project, **WHY).after == "2"
    assert aliases(project)[CHAMPION] == "2"
    assert rollback(project, **WHY).after == "1"
    assert told(history(project))[-2:] == [("rollback", "2", "3", "2"), ("rollback", "1", "2", "1")]
    with pytest.raises(ModelError, match="Version 1 of 'uptier' is the first champion: there is none to go back to"):
        rollback(project, **WHY)


def test_without_a_champion_there_is_nothing_to_roll_back(tmp_path: Path) -> None:
    for empty in (settings(tmp_path), tracked.empty_project(tmp_path)):
        with pytest.raises(ModelError, match="no champion to roll back from"):
            rollback(empty, **WHY)
        assert history(empty) == []


def test_other_signals_than_those_of_today_are_refused(project: Settings) -> None:
    for ask in (lambda by: promote(project, "1", **by), lambda by: rollback(project, **by)):
        with pytest.raises(ModelError, match="trained on other signals than those of today"):
            ask({**WHY, "catalogue_hash": "fedcba9876543210"})
    assert aliases(project)[CHAMPION] == "2"


def test_a_version_of_another_project_is_refused(project: Settings) -> None:
    other = project.model_copy(update={"project": "elsewhere"})
    with pytest.raises(ModelError, match=r"another project\.\nFound: project drawn, not elsewhere"):
        promote(other, "1", **WHY)


@pytest.mark.parametrize("version", ["9", "latest", ""])
def test_a_version_that_is_not_there_is_said_so(version: str, project: Settings) -> None:
    with pytest.raises(StoreError, match=f"'uptier' has no version {version}"):
        promote(project, version, **WHY)


def test_a_reason_must_be_given(project: Settings) -> None:
    for ask in (lambda by: promote(project, "1", **by), lambda by: rollback(project, **by)):
        with pytest.raises(ModelError, match="The audit needs a reason"):
            ask({**WHY, "why": " \n"})


@pytest.mark.parametrize(
    ("asked", "again", "event"),
    [
        ("1", lambda project: promote(project, "1", **WHY), ("promote", "1", "2", "1")),
        ("rollback", lambda project: rollback(project, **WHY), ("rollback", "1", "2", "1")),
    ],
)
def test_what_was_killed_between_event_and_alias_is_finished_by_asking_again(
    asked: str, again: Callable[[Settings], Event], event: tuple[str, ...], project: Settings
) -> None:
    code = tracked.beside(KILLED, str(project.path.parent), TODAY, asked)
    assert code == -signal.SIGKILL
    assert told(history(project)) == [*TRAINED, event]
    assert aliases(project)[CHAMPION] == "2"
    assert again(project).why == "once"
    assert told(history(project)) == [*TRAINED, event]
    assert aliases(project)[CHAMPION] == "1"


def test_an_event_that_was_changed_is_seen(project: Settings) -> None:
    with connected(project, writes=True) as client:
        key, text = next((key, text) for key, text in tags(project, "2").items() if "passed the gate" in text)
        client.set_model_version_tag("uptier", "2", key, text.replace("trainer 2", "somebody else"))
    with pytest.raises(StoreError, match=f"The audit of the model was changed: the tag {key}"):
        history(project)


def test_an_event_is_never_written_over(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = promote(project, "1", **WHY)
    other = replace(made, why="something else")
    monkeypatch.setattr(Event, "key", made.key)
    with connected(project, writes=True) as client, pytest.raises(StoreError, match="another event under"):
        registry._write(client, client.get_model_version("uptier", "1"), other)
    assert tags(project, "1")[made.key] == made.text


def test_an_alias_moved_by_hand_does_not_confuse_a_rollback(project: Settings) -> None:
    with connected(project, writes=True) as client:
        client.set_registered_model_alias("uptier", CHAMPION, "3")
    assert rollback(project, **WHY).after == "2"


def test_a_foreign_champion_is_refused_and_can_be_rolled_back(project: Settings) -> None:
    with connected(project, writes=True) as client:
        source = client.get_model_version("uptier", "2").source
        made = client.create_model_version("uptier", source)
        client.set_registered_model_alias("uptier", CHAMPION, made.version)
    with pytest.raises(ModelError) as refused:
        load_champion(project)
    assert str(refused.value).startswith(
        "Version 4 of 'uptier' in MLflow is no model of uptier.\nFound: a version that uptier did not register."
    )
    assert rollback(project, **WHY).after == "2"
    assert load_champion(project) == (trained().bundle, "2")


def test_a_champion_with_the_wrong_signature_is_refused(project: Settings, tmp_path: Path) -> None:
    marked = tags(project, "2")
    with connected(project, writes=True) as client:
        import mlflow

        whole = Path(mlflow.artifacts.download_artifacts("models:/uptier/2", dst_path=str(tmp_path / "copy")))
        described = whole / "MLmodel"
        described.write_text(described.read_text().replace("growth", "group"))
        made = client.create_model_version("uptier", whole.as_uri(), tags=marked)
        client.set_registered_model_alias("uptier", CHAMPION, made.version)
    with pytest.raises(ModelError, match=r"is no model of uptier\.\nFound: other columns in its signature"):
        load_champion(project)


def test_nothing_of_the_environment_but_a_name_is_kept(project: Settings) -> None:
    os.environ["UPTIER_ACTOR"], os.environ["UPTIER_SECRET"] = "a nightly job", "hidden"
    try:
        registered(project)
    finally:
        del os.environ["UPTIER_ACTOR"], os.environ["UPTIER_SECRET"]
    assert history(project)[-1].actor == "a nightly job"
    assert "hidden" not in str(tags(project, "4"))


def test_heads_say_where_they_come_from(project: Settings) -> None:
    assert tags(project, "2")["head.seat_expansion"] == "fitted v2"
    assert tags(project, "2")["head.churn"] == "pooled"
    bundle = trained().bundle
    carried = replace(bundle.heads["seat_expansion"], carried_from="2")
    heads = {**bundle.heads, "seat_expansion": carried}
    registered(project, replace(trained(), bundle=replace(bundle, heads=heads)))
    assert tags(project, "4")["head.seat_expansion"] == "carried from v2"


def test_a_killed_training_leaves_the_champion_and_the_next_one_goes_through(project: Settings) -> None:
    code = f"""
import os, signal, sys
from pathlib import Path
from mlflow import MlflowClient
from tests.training import tracked
from tests.training.worlds import settings
MlflowClient.set_registered_model_alias = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
tracked.registered(settings(Path({str(project.path.parent)!r})))
"""
    assert tracked.beside(code) == -signal.SIGKILL
    assert aliases(project)[CHAMPION] == "2"
    assert registered(project).version == "5"
    assert aliases(project)[CHAMPION] == "5"
    # the version of the killed training stands there, passed, and never was the champion
    assert told(history(project))[6:] == [
        ("train", "4", "2", "2"),
        ("promote", "4", "2", "4"),
        ("train", "5", "2", "2"),
        ("promote", "5", "2", "5"),
    ]
    assert rollback(project, **WHY).after == "2"
