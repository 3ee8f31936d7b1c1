"""Logs for machines: each line of standard error is JSON, with counts, and without rows or credentials."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from tests.end_to_end import jobs
from tests.end_to_end.jobs import SMALL, Called, called
from uptier.cli import app, logs
from uptier.errors import BreakerError, PartlyDeliveredError, SettingsError
from uptier.project import Project

UPTIER = Path(sys.executable).with_name("uptier")
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
HUSH = "canary-of-the-environment"
ROW = "canary-of-a-row"
LAST = {"done", "stopped", "failed"}
FIRST = ["time", "event", "verb", "project", "as_of", "seconds"]
YAML = """\
delivery:
  attempts: 1
  destinations:
    lists: {kind: files, folder: ./out, formats: [jsonl]}
    far: {kind: database, url_env: FAR_ONE}
    crm: {kind: salesforce, login_url: "https://127.0.0.1:9"}
"""


@dataclass(frozen=True)
class Lines:
    """What a call told, line by line."""

    code: int
    out: str
    lines: list[dict[str, Any]]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]


def read(ended: Called) -> Lines:
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert [line["event"] in LAST for line in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[-1]["exit_code"] == ended.code
    return Lines(ended.code, ended.out, lines)


def log_of(*arguments: object) -> Lines:
    return read(called(*arguments, "--log", "json"))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of which every account has a name and an owner that no log may show."""
    home = tmp_path_factory.mktemp("logs")
    shutil.copytree(jobs.tiny_project(home, seed=5).parent / "world", home / "world")
    accounts = home / "world" / "accounts.parquet"
    rows = pd.read_parquet(accounts)
    rows["account_name"] = [f"{ROW} {number}" for number in range(len(rows))]
    rows["owner"] = f"{ROW} owner"
    rows.to_parquet(accounts)
    (home / "acme.yaml").write_text(SMALL.replace("small", "acme") + YAML)
    return home / "acme.yaml"


@pytest.fixture(scope="module")
def ran(config: Path) -> Lines:
    """The whole job."""
    return log_of("run", config, "--json")


@pytest.fixture
def hushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a credential in every variable that is one."""
    monkeypatch.setenv("FAR_ONE", f"postgresql://uptier:{HUSH}@127.0.0.1:9/crm?sslpassword={HUSH}")
    monkeypatch.setenv("UPTIER_SALESFORCE_CLIENT_ID", f"{HUSH}-id")
    monkeypatch.setenv("UPTIER_SALESFORCE_CLIENT_SECRET", HUSH)
    monkeypatch.setenv("UPTIER_WEBHOOK", f"https://127.0.0.1:9/{HUSH}")


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Listen at an address that is a credential; gives the paths that were asked for."""
    asked: list[str] = []

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listening) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("UPTIER_WEBHOOK", f"http://127.0.0.1:{server.server_port}/{HUSH}")
        yield asked
        server.shutdown()


# what is told --------------------------------------------------------------------------------------------------------


def test_every_verb_has_the_option() -> None:
    for name, verb in COMMANDS.items():
        assert "--log" in [option for one in verb.params for option in one.opts], name


def test_the_whole_job_tells_steps_and_counts(ran: Lines) -> None:
    assert ran.code == 3
    assert [line["event"] for line in ran.lines[:2]] == ["start", "step"]
    for line in ran.lines:
        assert list(line)[: len(FIRST)] == FIRST
        assert (line["verb"], line["project"]) == ("run", "acme")
        assert line["time"].endswith("Z")
    assert ran.last["event"] == "done"
    assert ran.last["as_of"] == "2026-01-01"
    assert ran.last["trained_version"] == "1"
    assert "model_version" not in ran.last  # rules scored
    told = json.loads(ran.out)
    counts = ran.last["counts"]
    assert counts["warnings"] == told["check"]["warnings"]
    assert (counts["heads"], counts["heads_passed"]) == (len(told["train"]["heads"]), 0)
    assert (counts["accounts"], counts["by_rules"]) == (told["score"]["rows"], 1)
    assert 0 < counts["on_lists"] <= counts["worklist"]
    seconds = [line["seconds"] for line in ran.lines]
    assert seconds == sorted(seconds)
    steps = [line["step"] for line in ran.lines if line["event"] == "step"]
    assert {"Checking accounts", "Learning churn", "Scoring"} <= set(steps)


def test_no_value_of_a_row_is_told(ran: Lines, config: Path) -> None:
    told = json.dumps(ran.lines)
    assert ROW not in told
    ids = pd.read_parquet(config.parent / "world" / "accounts.parquet")["account_id"]
    assert [one for one in ids if f'"{one}"' in told] == []


def test_standard_output_is_as_without_it(config: Path) -> None:
    for arguments in (("check", config), ("check", config, "--json")):
        assert log_of(*arguments).out == called(*arguments).out != ""


def test_signals_tell_rows_and_say_nothing_else(config: Path, ran: Lines) -> None:
    told = log_of("signals", config, "--as-of", "2026-01-01", "--json")  # says its path on standard error otherwise
    assert told.code == 0
    assert {line["as_of"] for line in told.lines} == {"2026-01-01"}
    assert told.last["counts"] == {name: json.loads(told.out)[name] for name in ("rows", "signals")}


def test_the_variable_does_what_the_option_does(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPTIER_LOG", "json")
    assert read(called("check", config)).last["event"] == "done"
    assert called("check", config, "--log", "text").err == ""  # what is typed goes first
    monkeypatch.setenv("UPTIER_LOG", "xml")
    assert called("check", config).code == 2


def test_at_a_terminal_there_is_no_bar(config: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([UPTIER, "check", config, "--log", "json"], stdout=subprocess.DEVNULL, stderr=theirs):
        os.close(theirs)
        seen = b""
        while True:
            try:
                seen += (got := os.read(ours, 65536))
            except OSError:  # the other end is closed
                break
            if not got:
                break
    os.close(ours)
    lines = [json.loads(line) for line in seen.decode().splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["start", "done"]


# how it ends ---------------------------------------------------------------------------------------------------------


def test_a_breaker_stops_a_delivery_and_a_reason_lets_it_pass(
    config: Path, ran: Lines, hushed: None, webhook: list[str]
) -> None:
    stopped = log_of("deliver", config, "--to", "lists")  # the list is long expired
    assert (stopped.code, stopped.last["event"]) == (5, "stopped")
    assert stopped.last["error"]["class"] == "BreakerError"
    assert "expired" in stopped.last["error"]["what"]
    assert "--force" in stopped.last["error"]["do"]
    done = log_of("deliver", config, "--to", "lists", "--force", "a test of logs", "--json")
    assert (done.code, done.last["event"]) == (0, "done")
    assert done.last["run"] == json.loads(done.out.splitlines()[-1])["run"]
    counts = done.last["counts"]
    assert counts["destinations"]["lists"]["sent"] == counts["rows"] > 0
    assert (counts["breakers_forced"], counts["webhook_failed"]) == (1, 0)
    assert webhook == [f"/{HUSH}", f"/{HUSH}"]
    dry = log_of("deliver", config, "--to", "lists", "--dry-run", "--json")
    for told in (stopped, done, dry):
        assert HUSH not in json.dumps(told.lines)
        assert ROW not in json.dumps(told.lines)


def test_what_a_person_can_act_on_is_told_in_parts(tmp_path: Path) -> None:
    missing = tmp_path / "acme.yaml"
    told = log_of("score", missing, "--as-of", "2026-03-01")
    assert (told.code, told.out) == (4, "")
    assert [line["event"] for line in told.lines] == ["start", "failed"]
    assert told.last["error"] == {
        "class": "SettingsError",
        "what": f"There is no file {missing}.",
        "do": "Name a project's YAML, or write one with 'uptier init SOURCE'.",
    }
    assert (told.last["project"], told.last["as_of"]) == (None, "2026-03-01")


def test_errors_in_the_data_end_a_check_as_failed(config: Path) -> None:
    broken = config.with_name("broken.yaml")
    broken.write_text(SMALL.replace("./store", "./broken-store") + "tables: {users: {columns: {role: rank}}}\n")
    told = log_of("check", broken)
    assert (told.code, told.last["event"], told.last["counts"]["errors"]) == (4, "failed", 1)


def test_wrong_usage_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = log_of("sell")
    assert (told.code, len(told.lines)) == (2, 1)
    assert told.last["error"] == {"class": "UsageError", "what": "No such command 'sell'."}
    monkeypatch.setenv("UPTIER_LOG", "json")
    assert "CONFIG" in read(called("score")).last["error"]["what"]
    assert called("--help").err == ""


def test_a_fault_of_our_own_tells_class_and_place_and_not_its_words(config: Path) -> None:
    ended = crashed(config, "--log", "json")
    assert (ended.code, ended.out) == (1, "")
    error = read(ended).last["error"]
    assert error["class"] == "KeyError"
    assert error["because"] == ["ValueError"]
    assert error["trace"][-1].endswith(" check")
    assert ROW not in ended.err
    assert HUSH not in ended.err


def test_the_traceback_that_a_person_reads_shows_no_credential(config: Path) -> None:
    ended = crashed(config)
    assert ended.code == 1
    assert ended.err.startswith("Traceback (most recent call last)")
    assert ended.err.endswith("KeyError: 'of *** and postgresql://***@db/x'\n")
    assert HUSH not in ended.err


def crashed(config: Path, *more: str) -> Called:
    program = (
        "import os\n"
        "def check(self):\n"
        f"    try: raise ValueError('{ROW}' + os.environ['ACME_TOKEN'])\n"
        "    except ValueError as error: raise KeyError('of ' + os.environ['ACME_TOKEN'] + "
        "' and postgresql://u:other@db/x') from error\n"
        "from uptier.project import Project\nProject.check = check\nfrom uptier.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", config, *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ACME_TOKEN": HUSH},
    )
    return Called(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("error", "code", "event"),
    [
        (None, 0, "done"),
        (typer.Exit(3), 3, "done"),
        (SettingsError("x"), 4, "failed"),
        (BreakerError("x"), 5, "stopped"),
        (PartlyDeliveredError("x"), 6, "failed"),
        (typer.Exit(6), 6, "failed"),
        (SystemExit("no"), 1, "failed"),
        (KeyboardInterrupt(), 130, "stopped"),
        (RuntimeError("x"), 1, "failed"),
    ],
)
def test_every_end_has_its_event(error: BaseException | None, code: int, event: str) -> None:
    assert logs.exit_code_of(error) == code
    assert logs.event_of(code) == event


# credentials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", ["text", "json"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deliver", "--to", "far", "--force", "a test of logs"), 4),
        (("deliver", "--to", "crm", "--force", "a test of logs"), 4),
        (("deliver", "--preflight"), 6),
        (("deliver",), 5),
    ],
    ids=["database", "salesforce", "preflight", "webhook"],
)
@pytest.mark.usefixtures("hushed")
def test_no_credential_of_a_destination_is_told(
    config: Path, ran: Lines, log: str, arguments: tuple[str, ...], code: int
) -> None:
    verb, *options = arguments
    ended = called(verb, config, *options, "--log", log)
    assert ended.code in (code, 4), ended.err
    assert HUSH not in ended.out + ended.err


@pytest.mark.parametrize("log", ["text", "json"])
def test_no_password_of_the_ledger_or_the_source_is_told(
    config: Path, ran: Lines, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"postgresql://uptier:{HUSH}@127.0.0.1:9/x"
    monkeypatch.setenv("UPTIER_LEDGER", away)
    ended = called("ledger", config, "0001", "--log", log)
    assert (ended.code, HUSH in ended.out + ended.err) == (4, False)
    monkeypatch.setenv("ACME_SOURCE", away)
    served = config.with_name("served.yaml")
    served.write_text(SMALL.replace("./world", "${ACME_SOURCE}"))
    ended = called("check", served, "--log", log)
    assert (ended.code, HUSH in ended.out + ended.err) == (4, False)


@pytest.mark.parametrize("log", ["text", "json"])
def test_no_secret_that_the_yaml_takes_in_is_told_with_its_mistakes(
    config: Path, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_PASSWORD", HUSH)
    wrong = config.with_name("wrong.yaml")
    wrong.write_text(SMALL.replace("2026-01-01", "${ACME_PASSWORD}"))
    ended = called("check", wrong, "--log", log)
    assert (ended.code, HUSH in ended.out + ended.err) == (4, False)


# what others say -----------------------------------------------------------------------------------------------------


def test_what_libraries_say_is_told_without_their_words(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(self: Project) -> object:
        logging.getLogger("driver").warning("the row is %s", ROW)
        logging.getLogger("driver").info("connecting with %s", HUSH)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"{ROW} looks odd", UserWarning, stacklevel=1)
        print(ROW, file=sys.stderr)
        raise SettingsError("Enough.")

    monkeypatch.setattr(Project, "check", check)
    told = log_of("check", config)
    warned = [line for line in told.lines if line["event"] == "warning"]
    assert [(line["source"], line["level"]) for line in warned] == [("driver", "WARNING"), ("UserWarning", "WARNING")]
    assert all(line["place"].startswith("test_logs.py:") for line in warned)
    assert ROW not in json.dumps(told.lines)
    assert HUSH not in json.dumps(told.lines)


def test_nothing_of_it_stays_behind(config: Path) -> None:
    handlers, shown, stderr = list(logging.getLogger().handlers), warnings.showwarning, sys.stderr
    assert log_of("check", config).code == 0
    assert (logging.getLogger().handlers, warnings.showwarning, sys.stderr) == (handlers, shown, stderr)
    assert logs.current() is None


def test_a_step_that_only_counts_on_is_told_seldom() -> None:
    out = io.StringIO()
    log = logs.Log("deliver", out, environment={})
    for rows in range(0, 5000, 100):
        log.step(f"crm: {rows} rows are there")
    log.step("crm: nobody answers; what is left is for the next run")
    steps = [json.loads(line)["step"] for line in out.getvalue().splitlines()]
    assert steps == ["crm: 0 rows are there", "crm: nobody answers; what is left is for the next run"]
