"""Answers come into the store once, each change a row of its own, and what cannot be taken keeps nothing back."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.delivery.hubspot_people import PeopledServer
from tests.delivery.hubspot_server import CUSTOM_ID, TOKEN
from tests.delivery.hubspot_serving import Serving, hubspot, row
from tests.delivery.told_lists import list_of
from tests.end_to_end.jobs import called
from tests.explanation.tiny import settings as tiny_settings
from uptier.delivery.hubspot_properties import answered_properties, written_properties
from uptier.delivery_settings import DeliverySettings
from uptier.errors import DeliveryError, StoreError
from uptier.settings import Settings
from uptier.tables import forgotten
from uptier.tables.answers import FILE, FOLDER, alone, read_answers
from uptier.work.pulling import Pull, pull, sources

A, B = "a:add_on:2026-01-01", "b:seat_expansion:2026-01-01"
HEAD = "uptier_key,status,dismissed_because,dismissed_until,owner,answered_at,account_id\n"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def project(folder: Path, text: str | None = None, **delivery: Any) -> Settings:
    """Give a project with two cases on a worklist and, with a text, a file of answers."""
    given: dict[str, Any] = {"answers": {"file": folder / "answers.csv"}, **delivery}
    if text is not None:
        (folder / "answers.csv").write_text(HEAD + text, encoding="utf-8")
    store = folder / "store"
    if not (store / "scorecards").exists():
        list_of(store, "2026-01-01", (A, "a", "add_on", "gates"), (B, "b", "seat_expansion", "ceiling"))
    return tiny_settings(store).model_copy(update={"delivery": DeliverySettings.model_validate(given)})


def pulled(settings: Settings, *, hours: int = 0, **more: Any) -> Pull:
    environment = more.pop("environment", {})
    return pull(settings, environment=environment, now=NOON + dt.timedelta(hours=hours), **{"dry_run": False, **more})


def kept(settings: Settings) -> list[tuple[Any, ...]]:
    rows = read_answers(settings.store)[["uptier_key", "status", "because", "until", "owner", "known_at"]]
    rows["until"], rows["known_at"] = rows["until"].dt.strftime("%m-%d"), rows["known_at"].dt.strftime("%d %H:%M")
    return list(rows.astype(object).where(rows.notna(), "").itertuples(index=False, name=None))


def codes(told: Pull) -> dict[str, str]:
    return {fault.place: fault.code for one in told.sources for fault in one.faults}


def test_an_answer_is_kept_with_what_it_is_about_and_when_it_was_known(tmp_path: Path) -> None:
    settings = project(tmp_path, f"{A},Dismissed,Reason is wrong,2026-05-01,Ana,2026-02-27T10:00:00Z,a\n")
    told = pulled(settings)
    assert not told.is_partly
    (found,) = read_answers(settings.store).to_dict("records")
    assert {name: str(value) for name, value in found.items()} == {
        "source": "file", "uptier_key": A, "account_id": "a", "upsell": "add_on", "reason_code": "gates",
        "status": "Dismissed", "because": "reason is wrong", "owner": "Ana", "until": "2026-05-01 00:00:00",
        "answered_at": "2026-02-27 10:00:00", "known_at": "2026-03-01 12:00:00",
    }  # fmt: skip


def test_pulling_twice_adds_nothing(tmp_path: Path) -> None:
    settings = project(tmp_path, f"{A},Contacted,,,,,\n{B},Dismissed,,,,,\n")
    assert len(pulled(settings).sources[0].changes) == 2
    before = (settings.store / FOLDER / FILE).read_bytes()
    again = pulled(settings, hours=1)
    assert (again.sources[0].changes, again.sources[0].unchanged) == ((), 2)
    assert (settings.store / FOLDER / FILE).read_bytes() == before


def test_each_change_is_a_row_and_the_past_stays_as_it_was(tmp_path: Path) -> None:
    for hours, line in enumerate(
        [
            f"{A},Contacted,,,,,\n",
            f"{A},Dismissed,not now,2026-04-01,,,\n",
            f"{A},New,not now,,Ana,,\n",
            f"{A},Contacted,,,,,\n",
        ]
    ):
        pulled(project(tmp_path, line), hours=hours)
    assert kept(project(tmp_path)) == [
        (A, "Contacted", "", "", "", "01 12:00"),
        (A, "Dismissed", "not now", "04-01", "", "01 13:00"),
        (A, "New", "", "", "Ana", "01 14:00"),
        (A, "Contacted", "", "", "", "01 15:00"),
    ]


def test_rows_that_nobody_answered_are_no_answers(tmp_path: Path) -> None:
    settings = project(tmp_path, f"{A},New,,,Ana,,\n{B},,,,Ana,,\n")
    told = pulled(settings)
    assert (told.sources[0].changes, told.is_partly) == ((), False)
    assert not (settings.store / FOLDER / FILE).exists()


def test_a_log_of_answers_is_read_in_its_order_and_once(tmp_path: Path) -> None:
    log = f"{A},Dismissed,not now,,,2026-02-20,\n{A},Contacted,,,,2026-02-10,\n"
    assert len(pulled(project(tmp_path, log)).sources[0].changes) == 2
    assert [one[1] for one in kept(project(tmp_path))] == ["Contacted", "Dismissed"]
    assert pulled(project(tmp_path, log), hours=1).sources[0].changes == ()
    longer = log + f"{A},Done,,,,2026-02-25,\n"
    assert [one.now.status for one in pulled(project(tmp_path, longer), hours=2).sources[0].changes] == ["Done"]
    late = longer + f"{A},New,,,,2026-02-15,\n"
    assert codes(pulled(project(tmp_path, late), hours=3)) == {"line 5": "out-of-order"}
    assert len(kept(project(tmp_path))) == 3


def test_a_correction_on_the_same_day_counts_there_and_back(tmp_path: Path) -> None:
    for hours, status in enumerate(["Contacted", "Dismissed", "Contacted"]):
        pulled(project(tmp_path, f"{A},{status},,,,2026-02-10,\n"), hours=hours)
    assert [one[1] for one in kept(project(tmp_path))] == ["Contacted", "Dismissed", "Contacted"]


def test_what_cannot_be_taken_is_told_by_line_and_all_else_is_kept(tmp_path: Path) -> None:
    settings = project(
        tmp_path,
        f"{A},Contacted,,,,,b\n{B},Contacted,,,,,\nstranger:add_on:2026-01-01,Done,,,,,\n{A},Dismissed,why,,,,\n",
    )
    told = pulled(settings)
    assert told.is_partly
    assert codes(told) == {"line 2": "other-account", "line 4": "unknown-key", "line 5": "unknown-reason"}
    assert [one[0] for one in kept(settings)] == [B]
    (tmp_path / "answers.csv").write_text(HEAD + f"{A},Contacted,,,,,a\n{B},Contacted,,,,,\n")
    assert not pulled(settings, hours=1).is_partly
    assert [one[0] for one in kept(settings)] == [B, A]


def test_a_dry_run_tells_all_and_keeps_nothing(tmp_path: Path) -> None:
    settings = project(tmp_path, f"{A},Contacted,,,,,\n")
    told = pulled(settings, dry_run=True)
    assert (told.dry_run, len(told.sources[0].changes)) == (True, 1)
    assert not (settings.store / FOLDER).exists()


def test_a_forgotten_account_is_not_brought_back(tmp_path: Path) -> None:
    settings = project(tmp_path, f"{A},Contacted,,,,,\n{B},Contacted,,,,,\n")
    forgotten.write_list(settings.store, forgotten.new_list().with_one("a", None))
    told = pulled(settings)
    assert (told.sources[0].forgotten, told.is_partly) == (1, False)
    assert [one[0] for one in kept(settings)] == [B]


def test_a_second_copy_waits_its_turn(tmp_path: Path) -> None:
    settings = project(tmp_path, f"{A},Contacted,,,,,\n")
    with alone(settings.store), pytest.raises(StoreError, match="is going on"):
        pulled(settings)


# where from ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def held() -> PeopledServer:
    made = PeopledServer()
    for one in (*written_properties("uptier_"), *answered_properties("uptier_")):
        made.properties[CUSTOM_ID][one.name] = {"hasUniqueValue": False, **one.wanted}
    return made


def test_a_crm_and_the_file_are_pulled_together_and_one_that_fails_keeps_no_other_back(
    tmp_path: Path, held: PeopledServer
) -> None:
    with Serving(held) as url:
        hubspot(url).send([row("b")])
        held.edit(B, at="2026-02-20T08:00:00.000Z", uptier_status="Done")
        destinations = {"hub": {"kind": "hubspot", "base_url": url, "timeout": 5}}
        settings = project(tmp_path, f"{A},Contacted,,,,,\n", destinations=destinations)
        token = {"UPTIER_HUBSPOT_TOKEN": TOKEN}
        held.fail("/objects", status=503)
        told = pulled(settings, environment=token)
        assert told.is_partly
        assert "cannot now" in told.sources[0].failed
        assert [one[0] for one in kept(settings)] == [A]
        told = pulled(settings, environment=token, hours=1)
        assert not told.is_partly
        found = read_answers(settings.store).iloc[-1]
        assert (found["source"], found["uptier_key"], found["reason_code"]) == ("hub", B, "ceiling")
        assert found["answered_at"] == pd.Timestamp("2026-02-20 08:00")
        assert not any(one.changes for one in pulled(settings, environment=token, hours=2).sources)
        held.fail("/objects", status=503)
        with pytest.raises(DeliveryError, match="cannot now"):
            pulled(settings, environment=token, only="hub")


@pytest.mark.parametrize(
    ("delivery", "only", "told"),
    [
        ({"answers": {}}, None, "nowhere to pull"),
        ({"answers": {}, "destinations": {"out": {"kind": "files", "folder": "out"}}}, "out", "holds no answers"),
        ({}, "fil", "Did you mean 'file'"),
        ({"destinations": {"file": {"kind": "hubspot"}}}, None, "another name"),
    ],
)
def test_where_there_is_nothing_to_pull_from_is_told(
    tmp_path: Path, delivery: dict[str, Any], only: str | None, told: str
) -> None:
    with pytest.raises(DeliveryError) as raised:
        sources(project(tmp_path, **delivery), {}, only)
    assert told in str(raised.value)


def test_a_crm_can_be_asked_alone(tmp_path: Path) -> None:
    crm = {"kind": "salesforce", "login_url": "https://acme.my.salesforce.com"}
    settings = project(tmp_path, destinations={"crm": crm, "pages": {"kind": "digest", "folder": "pages"}})
    assert [one.name for one in sources(settings, {})] == ["crm", "file"]
    assert [one.name for one in sources(settings, {}, "crm")] == ["crm"]


# killed --------------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
import uptier.store
place, folder = sys.argv[1], Path(sys.argv[2])
real = Path.replace
def replace(self, target):
    if place == "after":
        real(self, target)
    os.kill(os.getpid(), signal.SIGKILL)
Path.replace = replace
from tests.work.test_pulling import project, pulled
pulled(project(folder))
"""


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_pull_that_was_killed_has_kept_all_or_nothing_and_is_done_by_the_next(tmp_path: Path, place: str) -> None:
    settings = project(tmp_path, f"{A},Contacted,,,,,\n{B},Dismissed,,,,,\n")
    paths = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, place, tmp_path],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert len(kept(settings)) == (2 if place == "after" else 0)
    pulled(settings, hours=1)
    assert sorted(one[0] for one in kept(settings)) == [A, B]


# the verb ------------------------------------------------------------------------------------------------------------

CONFIG = """
project: acme
source: ./tables
store: ./store
data_until: 2026-03-01
delivery:
  answers: {file: answers.csv}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    project(tmp_path, f"{A},Contacted,,,,,\n")
    path = tmp_path / "acme.yaml"
    path.write_text(CONFIG)
    return path


def test_the_verb_says_what_was_pulled_and_a_second_time_that_nothing_is_new(config: Path) -> None:
    told = called("pull", config)
    assert (told.code, told.out, told.err) == (0, "file: 1 new (Contacted 1).\n", "")
    again = called("pull", config, "--from", "file")
    assert (again.code, again.out) == (0, "file: 0 new, 1 unchanged.\n")


def test_the_verb_gives_one_json_document(config: Path) -> None:
    told = called("pull", config, "--dry-run", "--json")
    assert told.code == 0
    assert (told.json()["dry_run"], told.json()["is_partly"]) == (True, False)
    assert told.json()["sources"][0]["changes"][0]["now"]["status"] == "Contacted"
    assert "Nothing was kept." in told.err
    assert called("pull", config).out.startswith("file: 1 new")


def test_the_verb_exits_6_where_some_and_4_where_none_could_be_taken(config: Path) -> None:
    answers = config.parent / "answers.csv"
    answers.write_text(HEAD + f"{A},Contacted,,,,,\n{B},Maybe,,,,,\n")
    told = called("pull", config)
    assert told.code == 6
    assert "line 3: unknown-status." in told.out
    assert "Maybe" not in told.out
    answers.unlink()
    told = called("pull", config)
    assert (told.code, told.out) == (4, "")
    assert "cannot be read" in told.err
    assert "Traceback" not in told.err
    assert called("pull", config, "--from", "crm").code == 4
