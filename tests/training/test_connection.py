"""MLflow in another process: a server that wants a password, one that refuses, one that is away."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import shutil
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training import tracked
from tests.training.servers import free_port, refusing_server, tracking_server
from tests.training.tracked import TODAY, registered, trained
from tests.training.worlds import settings
from uptier.errors import StoreError
from uptier.settings import Settings, TrackingSettings
from uptier.training.connection import DATABASE, address, artifact_location, connected, has_store
from uptier.training.registry import history, promote_against_the_gate
from uptier.training.versions import export, load_champion

ADMIN, READER = ("admin", "a-long-password-1"), ("reader", "another-password-2")
AUTHENTICATED = importlib.util.find_spec("flask_wtf") is not None

INI = """[mlflow]
default_permission = READ
database_uri = sqlite:///{}
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
auth_cache_max_size = 100
"""  # a right password is hashed once a minute, not once a request: that takes longer than all the rest


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a tracking server, with authentication where MLflow's extra for it is there."""
    folder = tmp_path_factory.mktemp("server")
    database = shutil.copy(tracked.empty_project(folder).store / DATABASE, folder / "server.db")
    if not AUTHENTICATED:
        with tracking_server(folder, database) as address:
            yield address
        return
    (folder / "auth.ini").write_text(INI.format(folder / "auth.db"))
    environment = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
    }
    with tracking_server(folder, database, "--app-name", "basic-auth", **environment) as address:
        added = json.dumps({"username": READER[0], "password": READER[1]}).encode()
        known = base64.b64encode(":".join(ADMIN).encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {known}"}
        urllib.request.urlopen(urllib.request.Request(f"{address}/api/2.0/mlflow/users/create", added, headers))
        yield address


@pytest.fixture
def wants_password() -> None:
    if not AUTHENTICATED:
        pytest.skip("mlflow[auth] is not installed: no server that wants a password")


@pytest.fixture
def far(server: str, tmp_path: Path, as_admin: None) -> Settings:
    return settings(tmp_path).model_copy(update={"mlflow": TrackingSettings(uri=server)})


@pytest.fixture
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    known_as(monkeypatch, ADMIN)


def known_as(monkeypatch: pytest.MonkeyPatch, who: tuple[str, str]) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", who[0])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", who[1])


def champion(project: Settings) -> str:
    """Give the version of the server's champion; tests may come in any order, and registering takes its time."""
    found = load_champion(project)
    return registered(project).version if found is None else found[1]


def test_a_server_holds_runs_models_and_the_audit(far: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    made = registered(far, actor="someone")
    assert made.alias == "champion"
    assert load_champion(far) == (trained().bundle, made.version)
    assert [one.action for one in history(far)][-2:] == ["train", "promote"]
    with connected(far, writes=False) as client:
        runs = client.search_runs([client.get_run(made.run_id).info.experiment_id])
        assert {run.info.status for run in runs} == {"FINISHED"}
    exported = export(far, made.version)
    assert exported == far.store / "models" / f"uptier-v{made.version}"
    assert (exported / "model_card.md").read_text().startswith("# Model card")
    assert [path.name for path in far.store.iterdir()] == ["models"]  # all else lies on the server
    assert capfd.readouterr().out == ""  # the command line prints JSON there


def test_the_environment_names_the_server(far: Settings, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    champion(far)
    unnamed = far.model_copy(update={"mlflow": TrackingSettings()})
    assert load_champion(unnamed) is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    assert load_champion(unnamed) == (trained().bundle, champion(far))
    assert history(unnamed) == history(far)


def test_a_wrong_password_is_said_so(far: Settings, wants_password: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known_as(monkeypatch, ("admin", "a-wrong-password"))
    for ask in (lambda: registered(far), lambda: load_champion(far), lambda: history(far)):
        with pytest.raises(StoreError) as refused:
            ask()
        assert "the server does not take these credentials (401)" in str(refused.value)
        assert "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in str(refused.value)
        assert "a-wrong-password" not in str(refused.value)


def test_who_may_only_read_leaves_nothing_behind(
    far: Settings, wants_password: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion(far)
    before = history(far)
    known_as(monkeypatch, READER)
    assert load_champion(far) is not None
    by = {"why": "because", "actor": "reader", "at": before[-1].at, "catalogue_hash": TODAY}
    for ask in (lambda: registered(far), lambda: promote_against_the_gate(far, "1", **by)):
        with pytest.raises(StoreError, match=r"cannot be written\.\nFound: these credentials lack the right to it"):
            ask()
    assert history(far) == before


@pytest.mark.parametrize(("status", "found"), [(401, r"credentials \(401\)"), (403, r"the right to it \(403\)")])
def test_a_server_that_refuses_is_said_so(
    status: int, found: str, tmp_path: Path, as_admin: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with refusing_server(tmp_path / "refusing", status) as uri:
        refusing = settings(tmp_path).model_copy(update={"mlflow": TrackingSettings(uri=uri)})
        for ask in (lambda: registered(refusing), lambda: load_champion(refusing)):
            with pytest.raises(StoreError, match=found) as refused:
                ask()
            assert ADMIN[1] not in str(refused.value)


def test_a_server_that_is_away_is_said_so_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    port = free_port()
    uri = f"http://someone:secret@127.0.0.1:{port}"
    away = settings(tmp_path).model_copy(update={"mlflow": TrackingSettings(uri=uri)})
    for ask in (lambda: registered(away), lambda: load_champion(away), lambda: history(away)):
        with pytest.raises(StoreError) as refused:
            ask()
        assert f"MLflow at http://127.0.0.1:{port} cannot be" in str(refused.value)
        assert "Found: no answer.\nCheck that the server runs, and its address." in str(refused.value)
        assert "secret" not in str(refused.value)


def test_a_new_database_has_the_tables_that_mlflow_would_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = (settings(tmp_path).model_copy(update={"store": tmp_path / name}) for name in ("ours", "theirs"))
    for project in (ours, theirs):
        with connected(project, writes=True) as client:
            assert client.search_experiments()
        assert [path.name for path in project.store.iterdir()] == [DATABASE]
        monkeypatch.delattr("os.link", raising=False)  # as where there are no links: then MLflow makes it itself
    assert tables_in(ours) == tables_in(theirs)


def tables_in(project: Settings) -> tuple[list[object], dict[str, list[str]]]:
    with contextlib.closing(sqlite3.connect(project.store / DATABASE)) as database:
        version = database.execute("SELECT version_num FROM alembic_version").fetchall()
        made = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    # MLflow's migrations leave constraints in any order
    return version, {name: sorted(line.strip(" \t,") for line in sql.splitlines()) for name, sql in made}


def test_the_yaml_wins_over_the_environment_and_the_store_is_the_last(tmp_path: Path) -> None:
    mine = settings(tmp_path)
    named = mine.model_copy(update={"mlflow": TrackingSettings(uri="http://127.0.0.1:1")})
    environment = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:2"}
    assert address(named, environment) == "http://127.0.0.1:1"
    assert address(mine, environment) == "http://127.0.0.1:2"
    assert address(mine, {"MLFLOW_TRACKING_URI": ""}) is None


def test_a_database_keeps_its_files_in_the_store_and_a_server_where_it_likes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path)
    files = (mine.store / "mlflow-artifacts").as_uri()
    assert artifact_location(mine) == files
    assert not has_store(mine)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://127.0.0.1/mlflow")
    assert artifact_location(mine) == files
    assert has_store(mine)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://127.0.0.1")
    assert artifact_location(mine) is None
