"""The command line as a stranger meets it: help, exit codes, one JSON document, and no import before its time."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import pytest
import typer

from tests.end_to_end import jobs
from tests.end_to_end.jobs import HEAVY, SMALL, Called, called, in_a_fresh_process
from uptier.cli import app, help_texts
from uptier.cli.scores import _put
from uptier.errors import StoreError
from uptier.settings import OUTCOMES, read_settings
from uptier.simulate.presets import PRESETS

VERBS = (
    "init",
    "simulate",
    "check",
    "signals",
    "forget",
    "outcomes",
    "train",
    "backtest",
    "tune",
    "promote",
    "rollback",
    "history",
    "export",
    "score",
    "explain",
    "worklist",
    "run",
    "demo",
    "docs",
    "deliver",
    "pull",
    "ledger",
)
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
UPTIER = Path(sys.executable).with_name("uptier")

# the documents as the first users of --json were promised them; more keys do no harm
CHECK = {"errors", "warnings", "findings"}
FINDING = {"code", "table", "count", "severity", "message"}
TRAIN = {"run_id", "registered", "refused_because", "heads", "seconds"}
REGISTERED = {"name", "version", "alias"}
HEAD = {
    "n",
    "positives",
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
    "precision_at_capacity",
    "passed",
    "baselines",
    "fallback",
}
BASELINES = {"points", "utilisation", "logistic"}
SCORE = {"as_of", "rows", "scorecard", "manifest", "model_version", "learnt_until", "fallback"}

STARTS = 5  # of each program; interleaved, since a shared machine drifts
SLOWER_AT_MOST = 2.0  # times `import typer, rich`


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.small_project(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Called:
    return jobs.small_run(tmp_path_factory.getbasetemp())


@pytest.fixture
def no_chances() -> Iterator[None]:
    with jobs.no_chances():
        yield


# help ----------------------------------------------------------------------------------------------------------------


def test_the_verbs_are_those_of_the_guide() -> None:
    assert tuple(COMMANDS) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches_what_a_verb_does_and_takes(verb: str) -> None:
    command = COMMANDS[verb]
    assert re.match(r"[A-Z].*\.$", command.help, re.DOTALL), "a sentence"
    untold = [one.name for one in command.params if not (one.help or "").strip()]
    assert untold == []
    shown = " ".join(called(verb, "--help").out.split())
    for one in command.params:
        assert " ".join(one.help.split()) in shown
        names = one.opts if one.param_type_name == "option" else [one.name.upper()]
        assert all(name in shown for name in names)


def test_help_without_a_verb_lists_them_all() -> None:
    shown = called("--help")
    assert shown.code == 0
    listed = re.findall(r"^  ([a-z]+) ", shown.out.partition("Commands:")[2], re.MULTILINE)
    assert tuple(listed) == VERBS
    assert "uptier demo" in shown.out


def test_the_documentation_gets_the_same_help() -> None:
    texts = help_texts()
    assert set(texts) == {"", *VERBS}
    assert "--as-of" in texts["score"]
    assert "ACCOUNT" in texts["explain"]


# exit codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("sell", "No such command 'sell'"),
        ("check", "Missing argument 'CONFIG'"),
        ("explain one.yaml", "Missing argument 'ACCOUNT'"),
        ("score one.yaml --as-of yesterday", "Invalid value for '--as-of'"),
        ("check one.yaml --jsn", "No such option"),
        ("simulate --out here --seed seven", "Invalid value for '--seed'"),
    ],
)
def test_wrong_usage_exits_2_and_says_what(arguments: str, told: str) -> None:
    ended = called(*arguments.split())
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_what_a_person_can_act_on_exits_4_without_a_traceback(tmp_path: Path) -> None:
    missing = tmp_path / "acme.yaml"
    for verb in ("check", "signals", "train", "score", "run"):
        ended = called(verb, missing, "--json")
        assert ended == Called(
            4, "", f"There is no file {missing}.\nName a project's YAML, or write one with 'uptier init SOURCE'.\n"
        )


def test_errors_in_the_data_exit_4_after_all_findings_were_told(config: Path) -> None:
    broken = config.with_name("broken.yaml")
    broken.write_text(SMALL.replace("./store", "./broken-store") + "tables: {users: {columns: {role: rank}}}\n")
    checked = called("check", broken, "--json")
    assert (checked.code, checked.err) == (4, "")
    assert checked.json()["errors"] == 1
    assert "column-missing" in called("check", broken).out
    ran = called("run", broken)
    assert (ran.code, ran.out) == (4, "")
    assert "have 1 error:" in ran.err
    assert not broken.with_name("broken-store").exists()


def test_our_own_fault_exits_1_with_a_traceback() -> None:
    bug = "def check(self): raise KeyError('ours')\nfrom uptier.project import Project\nProject.check = check\n"
    program = f"{bug}Project.__init__ = lambda *_: None\nfrom uptier.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "acme.yaml", "--json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Traceback (most recent call last)")
    assert done.stderr.endswith("KeyError: 'ours'\n")


# JSON ----------------------------------------------------------------------------------------------------------------


def test_check_tells_findings(ran: Called, config: Path) -> None:
    checked = called("check", config, "--json")
    assert (checked.code, checked.err) == (0, "")
    told = checked.json()
    assert told == ran.json()["check"]
    assert told.keys() >= CHECK
    assert told["findings"]
    assert all(one.keys() >= FINDING for one in told["findings"])
    assert (told["errors"], told["warnings"]) == (0, len(told["findings"]))
    assert {one["severity"] for one in told["findings"]} == {"warning"}


def test_outcomes_tells_what_each_rule_removed(config: Path) -> None:
    told = called("outcomes", config, "--json").json()
    assert [row["outcome"] for row in told["removed"]] == [*OUTCOMES, "all"]
    assert all(row["looks"] >= row["kept"] >= row["positives"] for row in told["removed"])
    assert told["removed"][0]["censored"] > 0
    shown = called("outcomes", config).out
    assert "What came of every look at an account" in shown
    assert "open opportunity" in shown


def test_backtest_says_where_there_are_too_few_cases(config: Path) -> None:
    done = called("backtest", config, "--origins", "2", "--json")
    assert (done.code, done.err) == (0, "")
    told = done.json()
    assert list(told["heads"]) == list(OUTCOMES)
    assert all(head["why_not"].startswith("Too few cases") for head in told["heads"].values())
    assert Path(told["folder"], "backtest.md").is_file()


def test_the_history_holds_every_training_and_a_refused_version_is_not_promoted(config: Path, ran: Called) -> None:
    events = called("history", config, "--json").json()["events"]
    assert {one["action"] for one in events} == {"train", "refuse"}
    refused = called("promote", config, "1", "--why", "It looks good.")
    assert refused.code == 4
    assert "1" in refused.err
    back = called("rollback", config, "--why", "It looked good.")
    assert back.code == 4


def test_train_tells_every_head_and_why_it_was_refused(config: Path, ran: Called) -> None:
    trained = called("train", config, "--json")
    assert (trained.code, trained.err) == (3, "")
    told = trained.json()
    assert told.keys() >= TRAIN
    assert told["registered"].keys() == REGISTERED
    # each training is a version of its own
    assert told["registered"] == {"name": "uptier", "version": "2", "alias": "challenger"}
    assert told["run_id"] != ran.json()["train"]["run_id"]
    assert list(told["heads"]) == list(OUTCOMES)
    for head in told["heads"].values():
        assert head.keys() >= HEAD
        assert head["baselines"].keys() >= BASELINES
        assert all("auc" in head["baselines"][name] for name in BASELINES)
        assert head["passed"] is (head["fallback"] is None)
    assert told["seconds"]
    assert all(spent >= 0 for spent in told["seconds"].values())
    # the same data, so the same figures
    assert told["heads"] == ran.json()["train"]["heads"]


def test_score_tells_where_the_scorecard_is(config: Path, ran: Called) -> None:
    scored = called("score", config, "--as-of", "2025-12-01", "--json")
    assert (scored.code, scored.err) == (0, "")  # the gate's refusal is training's to tell
    told = scored.json()
    assert told.keys() == SCORE
    assert (told["as_of"], told["model_version"], told["fallback"]) == ("2025-12-01", None, True)
    assert len(pd.read_parquet(told["scorecard"])) == told["rows"]
    assert json.loads(Path(told["manifest"]).read_text())["rows"] == told["rows"]


def test_run_tells_all_three(ran: Called) -> None:
    assert (ran.code, ran.err) == (3, "")
    assert len(ran.out.splitlines()) == 1
    told = ran.json()
    assert list(told) == ["check", "train", "score"]
    assert told["train"].keys() >= TRAIN
    assert told["score"].keys() == SCORE


def test_signals_tells_where_they_are(config: Path, tmp_path: Path) -> None:
    made = called("signals", config, "--as-of", "2025-12-01", "--out", tmp_path / "signals.parquet", "--json")
    assert made.code == 0
    told = made.json()
    frame = pd.read_parquet(tmp_path / "signals.parquet")
    assert told == {"rows": len(frame), "signals": frame.shape[1] - 2, "frame": str(tmp_path / "signals.parquet")}
    # what is said to people does not come in the way
    assert len(made.out.splitlines()) == 1
    assert made.err.startswith(f"Wrote {len(frame):,} rows")


def test_signals_in_the_store_tell_their_partitions(config: Path) -> None:
    made = called("signals", config, "--as-of", "2025-12-01", "--json")
    assert made.code == 0
    told = made.json()
    assert Path(told["manifest"]).parent == Path(told["frame"])
    assert [one["as_of"] for one in told["partitions"] if one["as_of"] == "2025-12-01"]
    again = called("signals", config, "--as-of", "2025-12-01")
    assert again.out.splitlines()[-1].endswith("kept as they were: 1.")


def test_signals_explains_itself_before_a_run(config: Path, ran: Called) -> None:
    told = called("signals", config, "--explain", "--json")
    assert (told.code, told.err) == (0, "")
    preview = told.json()
    assert len(told.out.splitlines()) == 1
    assert preview["checked"] is True
    assert preview["rollup"] == "kept"
    assert preview["sql"][-1]["name"] == "frame"
    shown = called("signals", config, "--explain")
    assert shown.code == 0
    parts = ["What would be read", "The check of the same files is kept.", "looks at accounts", "days back", "-- frame"]
    places = [shown.out.index(part) for part in parts]
    assert places == sorted(places)


def test_a_signal_that_is_not_available_says_what_it_lacks_before_a_run(config: Path) -> None:
    bare = config.with_name("no-tickets.yaml")
    bare.write_text(SMALL.replace("./store", "./explain-store") + "tables: {tickets: {sql: SELECT 1}}\n")
    refused = called("signals", bare, "--explain")
    assert refused.code == 4
    assert "ticket_id" in refused.err


def test_explain_tells_the_brief(config: Path, ran: Called) -> None:
    account = str(pd.read_parquet(ran.json()["score"]["scorecard"])["account_id"].iloc[0])
    told = called("explain", config, account, "--json")
    assert told.code == 0
    assert (told.json()["account_id"], told.json()["as_of"]) == (account, "2026-01-01")
    assert told.json()["brief"]["tier"] in ("High", "Medium", "Low", "Not ready")
    printed = called("explain", config, account)
    assert " ".join(printed.out.split()) == " ".join(told.json()["text"].split())


def test_explain_writes_a_page_or_markdown(config: Path, ran: Called, tmp_path: Path) -> None:
    account = str(pd.read_parquet(ran.json()["score"]["scorecard"])["account_id"].iloc[0])
    page = tmp_path / "brief.html"
    made = called("explain", config, account, "--format", "html", "--out", page)
    assert (made.code, made.out) == (0, f"Wrote {page}\n")
    assert f"<title>Account {account}</title>" in page.read_text(encoding="utf-8")
    shown = called("explain", config, account, "--format", "markdown")
    assert shown.out.startswith("**Account ")


def test_a_brief_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        _put("a brief", tmp_path)
    _put("a brief", tmp_path / "new" / "brief.txt")
    assert (tmp_path / "new" / "brief.txt").read_text(encoding="utf-8") == "a brief"


def test_a_worklist_has_the_accounts_of_one_csm_alone(config: Path, ran: Called, tmp_path: Path) -> None:
    card = pd.read_parquet(ran.json()["score"]["scorecard"])
    csm = str(card["owner"].iloc[0])
    page = tmp_path / "list.html"
    made = called("worklist", config, "--csm", csm, "--out", page)
    assert (made.code, made.out) == (0, f"Wrote {page}\n")
    listed = re.findall(r'<a href="#account-\d+">(.*?)</a>', page.read_text(encoding="utf-8"))
    mine = card.loc[card["owner"] == csm, "account_id"]
    assert len(listed) == len(mine)
    assert {next(account for account in mine if account in name) for name in listed} == set(mine)
    unknown = called("worklist", config, "--csm", f"{csm}x", "--out", page)
    assert unknown.code == 4
    assert f"Did you mean '{csm}'?" in unknown.err


def test_explain_says_what_changed_since_the_last_scorecard(config: Path, ran: Called) -> None:
    account = str(pd.read_parquet(ran.json()["score"]["scorecard"])["account_id"].iloc[0])
    assert called("score", config, "--as-of", "2025-12-01").code == 0
    changed = called("explain", config, account, "--json").json()["brief"]["changed"]
    assert changed["since"] == "2025-12-01"
    assert changed["chances"] is None  # rules give none


# what people read ----------------------------------------------------------------------------------------------------


def test_check_shows_a_table(config: Path) -> None:
    shown = called("check", config)
    assert (shown.code, shown.err) == (0, "")
    assert "Check: 0 errors" in shown.out
    assert "table-absent" in shown.out


def test_signals_shows_how_they_are_spread(config: Path, tmp_path: Path) -> None:
    shown = called("signals", config, "--as-of", "2025-12-01", "--out", tmp_path / "signals.parquet")
    assert shown.code == 0
    assert "seat_utilisation" in shown.out
    assert shown.out.splitlines()[-1].endswith(f"signals to {tmp_path / 'signals.parquet'}.")


def test_the_demo_ends_with_a_brief(config: Path, ran: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    # on the small world, which is made already; the demo's own: tests/end_to_end/test_demo.py
    asked: dict[str, object] = {}

    def made(folder: Path, *, seed: int, progress: object) -> Path:
        asked.update(folder=folder, seed=seed)
        return config

    monkeypatch.setattr("uptier.simulate.demo.demo_project", made)
    shown = called("demo", "--seed", "11", "--folder", "somewhere")
    assert asked == {"folder": Path("somewhere"), "seed": 11}
    assert (shown.code, shown.err) == (3, "")
    parts = ["Check: 0 errors", "Test slice: AUC", "alias challenger", "By rules, 2026-01-01", "Today: ", "looked at"]
    places = [shown.out.index(part) for part in parts]
    assert places == sorted(places)
    assert f"uptier explain {config} ACCOUNT\n" in shown.out  # whole, however long the path
    assert f"sqlite:///{config.parent / 'store' / 'mlflow.db'}\n" in shown.out


# writing -------------------------------------------------------------------------------------------------------------


def test_simulate_writes_a_world_and_nothing_over_it(tmp_path: Path) -> None:
    asked = ("simulate", "--out", tmp_path / "world", "--accounts", 20, "--months", 3)
    made = called(*asked)
    assert (made.code, made.err) == (0, "")
    summary = (
        rf"Wrote [\d,]+ rows to {re.escape(str(tmp_path / 'world'))}: 20 accounts over 3 months, [\d,]+ usage events\."
    )
    assert re.fullmatch(summary, made.out.splitlines()[0])
    before = {path.name: path.read_bytes() for path in (tmp_path / "world").iterdir()}
    refused = called(*asked)
    assert (refused.code, refused.out) == (4, "")
    assert "the folder is not empty" in refused.err
    assert {path.name: path.read_bytes() for path in (tmp_path / "world").iterdir()} == before
    again = called("simulate", "--out", tmp_path / "again", "--accounts", 20, "--months", 3)
    assert again.code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == before


@pytest.mark.usefixtures("no_chances")
def test_simulate_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = called("simulate", "--out", "a world", "--accounts", 20, "--months", 3, "--seed", 3)
    lines = made.out.partition("save these lines here as uptier.yaml, then: uptier run uptier.yaml\n\n")[2]
    (tmp_path / "uptier.yaml").write_text(lines)
    settings = read_settings(tmp_path / "uptier.yaml")
    assert (settings.project, settings.source) == ("demo-3", str(tmp_path / "a world"))
    assert called("check", "uptier.yaml").code == 0


@pytest.mark.usefixtures("no_chances")
def test_simulate_tells_what_it_made(tmp_path: Path) -> None:
    plans = Path(__file__).parents[1] / "configs" / "plans" / "sales_crm.yaml"
    changes = tmp_path / "mine.yaml"
    changes.write_text("months: 2\nrates: {churn: 0.01}\n")
    made = called(
        "simulate", "--out", tmp_path / "world", "--accounts", 10, "--jitter", 0.2, "--plans", plans,
        "--changes", changes, "--preset", "null", "--seed", 4, "--json",
    )  # fmt: skip
    assert (made.code, made.err) == (0, "")
    told = made.json()
    rows = told.pop("rows")
    assert told == {
        "folder": str(tmp_path / "world"),
        "preset": "null",
        "seed": 4,
        "accounts": 10,
        "months": 2,
        "first_day": "2025-11-01",
        "data_until": "2026-01-01",
    }
    assert rows["accounts"] == 10
    assert rows["plan_features"] == len(pd.read_parquet(tmp_path / "world" / "plan_features.parquet"))
    assert "starter" in pd.read_parquet(tmp_path / "world" / "plans.parquet")["plan_id"].tolist()


def test_the_help_of_simulate_tells_every_preset() -> None:
    shown = " ".join(called("simulate", "--help").out.partition("Presets:")[2].split())
    assert shown == " ".join(f"{name} {preset.about}" for name, preset in PRESETS.items())
    assert "Presets:" in help_texts()["simulate"]


def test_an_unknown_world_is_said_so(tmp_path: Path) -> None:
    ended = called("simulate", "--out", tmp_path / "world", "--preset", "demmo")
    assert (ended.code, ended.err) == (4, "There is no preset 'demmo'.\nDid you mean 'demo'?\n")
    assert not (tmp_path / "world").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("--accounts 0", "The accounts of a world must be 1 or more. Found: 0."),
        ("--months 121", "The months of a world must be 120 or less. Found: 121."),
        ("--jitter 1.5", "The jitter of a world must be a share between 0 and 1."),
        ("--seed -1", "The seed of a world must be 0 or more."),
        ("--changes nowhere.yaml", "There is no file nowhere.yaml."),
        ("--plans nowhere.yaml", "There is no file nowhere.yaml."),
    ],
)
def test_a_world_that_makes_no_sense_is_refused(tmp_path: Path, asked: str, told: str) -> None:
    ended = called("simulate", "--out", tmp_path / "world", *asked.split())
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.splitlines()[0] == told
    assert list(tmp_path.iterdir()) == []


def test_init_writes_a_yaml_that_can_be_checked_and_never_overwrites(config: Path, tmp_path: Path) -> None:
    yaml = tmp_path / "acme.yaml"
    made = called("init", config.parent / "world", "--out", yaml)
    assert made.code == 0
    assert f"uptier check {yaml}" in made.out
    assert called("check", yaml).code == 0
    before = yaml.read_text()
    again = called("init", config.parent / "world", "--out", yaml)
    assert (again.code, again.out) == (4, "")
    assert yaml.read_text() == before


# progress ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_progress_is_on_standard_error_and_only_at_a_terminal(config: Path, at_a_terminal: bool) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        environment.pop(name, None)
    with subprocess.Popen(
        [UPTIER, "check", config, "--json"],
        stdout=subprocess.PIPE,
        stderr=theirs if at_a_terminal else subprocess.PIPE,
        env=environment,
    ) as running:
        os.close(theirs)
        seen = _read(ours) if at_a_terminal else b""
        out, err = running.communicate(timeout=120)
    os.close(ours)
    assert running.returncode == 0
    assert json.loads(out)["errors"] == 0
    if at_a_terminal:
        assert b"Checking subscriptions" in seen
    else:
        assert err == b""


def _read(terminal: int) -> bytes:
    seen = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            return seen
        if not more:
            return seen
        seen += more


# imports and time ----------------------------------------------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    shown, imported = in_a_fresh_process("--help")
    assert shown.code == 0
    assert imported == set()


def test_the_package_imports_nothing_heavy_either() -> None:
    program = "import sys, uptier; print(*(name for name in sys.modules if name in sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", program, *HEAVY.split()], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_wrong_usage_imports_nothing_heavy() -> None:
    ended, imported = in_a_fresh_process("score")
    assert (ended.code, imported) == (2, set())


def test_check_imports_no_learning(config: Path) -> None:
    checked, imported = in_a_fresh_process("check", config, "--json")
    assert checked.code == 0
    assert not imported & {"mlflow", "shap", "lightgbm", "sklearn", "matplotlib", "scipy"}
    assert "duckdb" in imported  # the look itself works


def test_scoring_by_rules_imports_no_learning(config: Path, ran: Called) -> None:
    scored, imported = in_a_fresh_process("score", config, "--json")
    assert scored.json()["fallback"] is True
    assert not imported & {"shap", "lightgbm", "sklearn", "matplotlib"}


def test_help_takes_at_most_twice_what_importing_typer_and_rich_takes() -> None:
    # processor time here, since walls on a shared machine say little; benchmarks/help_time.py has the walls
    programs = {"help": [str(UPTIER), "--help"], "import": [sys.executable, "-c", "import typer, rich"]}
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(STARTS):
        for name, program in programs.items():
            spent[name].append(_processor_seconds(program))
    assert median(spent["help"]) <= SLOWER_AT_MOST * median(spent["import"]), spent


def _processor_seconds(program: list[str]) -> float:
    running = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return used.ru_utime + used.ru_stime
