"""What the guides to operating, security, performance and scheduling say is what the code does."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
import yaml
from pydantic import BaseModel

from tests.delivery.postgresql import Server, started
from uptier import delivery_settings, errors
from uptier.cli import app, logs
from uptier.scoring.placing import put
from uptier.store import write_whole
from uptier.tables.embedded import ENGINE_SHARE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "guides"
GUIDES = sorted(FOLDER.glob("*.md"))
OPERATING, SECURITY, PERFORMANCE, SCHEDULING = (
    (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    for name in ("operating", "security", "performance", "scheduling")
)
VERBS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
WITHIN = 0.25  # of what was measured: seconds drift on a shared machine


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def cells(text: str, *headings: str) -> list[list[str]]:
    """Read the rows of the table that begins with these headings."""
    head = f"| {' | '.join(headings)} |"
    rows = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


# all guides ----------------------------------------------------------------------------------------------------------


def test_the_index_leads_to_every_guide() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in GUIDES if f"(guides/{path.name})" not in index] == []


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(path: Path) -> None:
    broken = []
    for file, _, heading in re.findall(r"\]\(([^)#:]*)(#([^)]+))?\)", path.read_text(encoding="utf-8")):
        target = path.parent / file if file else path
        if not target.exists() or (heading and heading not in headings(target)):
            broken.append(f"{file}#{heading}")
    assert broken == []


def headings(path: Path) -> set[str]:
    lines = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_command_that_is_shown_is_a_verb_with_such_options(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    shown = re.findall(r"\buptier ([a-z]+)((?: [^\n`|&#]*)?)", "\n".join(re.findall(r"`(uptier [^`]+)`", text)))
    shown += re.findall(r"\buptier ([a-z]+)( [^\n|&#>]*)?", "\n".join(blocks(text, "bash")))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for verb, rest in shown:
        assert verb in commands, verb
        options = {option for one in commands[verb].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (verb, rest)


# operating -----------------------------------------------------------------------------------------------------------


def test_every_exit_code_has_its_row_and_its_event() -> None:
    table = cells(OPERATING, "exit code", "event in the log", "means", "what to do")
    rows = {code: (event, do) for code, event, _, do in table}
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.UptierError)]
    codes = {one.exit_code for one in kinds} | {0, logs.OUR_FAULT, 2, logs.NO_MODEL, logs.INTERRUPTED}
    assert {str(code) for code in codes} == set(rows) - {"137, 143"}
    for code in codes:
        event, do = rows[str(code)]
        assert event == f"`{logs.event_of(code)}`"
        assert do


def test_no_other_guide_says_what_exit_codes_mean() -> None:
    told = [path.name for path in GUIDES if "| exit code |" in path.read_text(encoding="utf-8")]
    assert told == ["operating.md"]


def test_every_verb_stands_in_the_guide_and_no_other() -> None:
    named = {
        verb for row in cells(OPERATING, "verb", "when", "writes") for verb in re.findall(r"`uptier ([a-z]+)`", row[0])
    }
    assert named == VERBS


def test_the_lines_that_are_shown_have_the_fields_of_the_log() -> None:
    [shown] = blocks(OPERATING, "json")
    lines = [json.loads(line) for line in shown.splitlines()]
    first = ["time", "event", "verb", "project", "as_of", "seconds"]
    assert [list(line)[: len(first)] for line in lines] == [first] * len(lines)
    written = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in cells(OPERATING, "field", "on", "holds"))))
    assert {name for line in lines for name in line} <= written
    source = inspect.getsource(logs)
    assert {"source", "level", "place", "exit_code", "error", "step"} <= written
    assert [
        event for event in ("start", "step", "warning", "done", "stopped", "failed") if f'"{event}"' not in source
    ] == []


# security ------------------------------------------------------------------------------------------------------------


def test_nothing_listens() -> None:
    listening = []
    for path in (ROOT / "src").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        if names & {"uvicorn", "fastapi", "starlette", "http.server", "socketserver", "flask"}:
            listening.append(path.name)
    assert listening == [], "docs/guides/security.md says that nothing listens: say what does now, and where"


def test_every_variable_with_a_secret_is_named() -> None:
    named = {
        default
        for one in vars(delivery_settings).values()
        if isinstance(one, type) and issubclass(one, BaseModel)
        for name, field in one.model_fields.items()
        if name.endswith("_env") and isinstance(default := field.default, str)
    }
    assert len(named) >= 9
    rows = cells(SECURITY, "variable", "is", "needed for")
    assert named <= set(re.findall(r"`([A-Z_]+)`", " ".join(row[0] for row in rows)))


@pytest.fixture
def closed() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("closed")
def test_files_get_the_umask_and_folders_of_scorecards_are_open(tmp_path: Path) -> None:
    written = write_whole(tmp_path / "store" / "a.json", lambda fresh: fresh.write_text("{}"))
    hidden = put(written.parent, "2026-03-01", lambda folder: (folder / "scorecard.csv").write_text(""))
    assert [stat.S_IMODE(path.stat().st_mode) for path in (written, written.parent, hidden)] == [0o600, 0o700, 0o755]
    assert stat.S_IMODE((hidden / "scorecard.csv").stat().st_mode) == 0o600


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started() as one:
        yield one


def test_the_role_can_read_and_nothing_else(server: Server) -> None:
    server.run("CREATE DATABASE warehouse")
    [sql] = blocks(SECURITY, "sql")
    with psycopg.connect(server.url_of("postgres", "warehouse"), autocommit=True) as owner:
        owner.execute("CREATE SCHEMA product; CREATE TABLE product.accounts (account_id text)")
        owner.execute(sql)
        owner.execute("CREATE TABLE product.later (account_id text)")
    for refused in (
        "INSERT INTO product.accounts VALUES ('x')",
        "SET default_transaction_read_only = off; INSERT INTO product.accounts VALUES ('x')",
        "SET default_transaction_read_only = off; CREATE TEMPORARY TABLE x (y int)",
        "SET default_transaction_read_only = off; CREATE TABLE product.x (y int)",
    ):
        with psycopg.connect(server.url_of("uptier_reader", "warehouse"), autocommit=True) as reader:
            assert reader.execute("SELECT * FROM product.accounts, product.later").fetchall() == []
            *before, last = refused.split("; ")
            for statement in before:
                reader.execute(statement)
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                reader.execute(last)


# performance ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", cells(PERFORMANCE, "what", "of", "took", "figure"), ids=lambda row: row[3])
def test_the_figures_are_those_that_were_measured(row: list[str]) -> None:
    said, unit = row[2].split()
    name, figure = re.fullmatch(r"`(\w+)`: `([\w.]+)`", row[3]).groups()  # type: ignore[union-attr]  # else it fails
    value: Any = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))["figures"]
    for part in figure.split("."):
        value = value[part]
    assert unit in ("s", "MiB", "GiB")
    assert float(said) == pytest.approx(value, rel=WITHIN)


def test_the_engines_share_of_memory_is_the_codes() -> None:
    share = 0.8 * ENGINE_SHARE  # DuckDB's own default is four fifths
    assert f"at most {share:.0%}".replace("%", " %") in PERFORMANCE
    limit, said = re.search(r"MemoryMax=(\d+)G .*# DuckDB: ([\d.]+) GB", PERFORMANCE).groups()  # type: ignore[union-attr]  # else it fails
    assert float(said) == pytest.approx(int(limit) * share, abs=0.05)


# scheduling and the container ----------------------------------------------------------------------------------------


def test_no_scheduled_command_lets_values_of_rows_into_a_log() -> None:
    jobs = [text for language in ("cron", "yaml", "python") for text in blocks(SCHEDULING, language)]
    lines = [line for job in jobs for line in job.splitlines() if re.search(r"uptier (score|deliver) ", line)]
    assert len(lines) == 5
    assert [line for line in lines if "> /dev/null" not in line] == []


def test_the_job_in_kubernetes_runs_as_the_user_of_the_image() -> None:
    [job] = [yaml.safe_load(text) for text in blocks(SCHEDULING, "yaml")]
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    user = re.search(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert user is not None
    assert pod["securityContext"] == {"runAsNonRoot": True, "fsGroup": int(user[1])}
    assert {"name": "UPTIER_LOG", "value": "json"} in pod["containers"][0]["env"]


def test_the_example_for_airflow_is_python() -> None:
    for text in blocks(SCHEDULING, "python"):
        ast.parse(text)
