"""Each row arrives exactly once, whatever the destination does, and whenever the run is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.fake import BROKEN, CUT, FAULTS, HALF, LIE, MUTE, TIME_OUT, Fake, fingerprints, row, rows
from uptier.delivery.carrying import POINTS
from uptier.delivery.delivering import Delivered, deliver, rollback
from uptier.delivery.ledger import Ledger
from uptier.delivery.ledger_tables import State, address_of
from uptier.delivery.payload import Payload
from uptier.delivery.planning import Plan
from uptier.errors import DeliveryError

ROOT = Path(__file__).parents[2]
ACCOUNTS = [f"a{number:02}" for number in range(25)]


class Place:
    """A ledger and a fake, with runs that count themselves."""

    def __init__(self, folder: Path, **fake: Any) -> None:
        self.folder = folder
        self.fake = Fake(folder / "fake.db", **fake)
        self.ledger = Ledger(address_of(folder / "ledger.db"), "demo")
        self.slept: list[float] = []
        self._runs = 0

    def run(self, payloads: Iterable[Payload], **more: Any) -> Delivered:
        self._runs += 1
        given = {"attempts": 3, "backoff": 2.0, "sleep": self.slept.append} | more
        return deliver(payloads, self.fake, self.ledger, f"run{self._runs}", **given)

    def states(self, account: str) -> list[str]:
        return [str(entry.state) for entry in reversed(self.ledger.history(account))]

    def is_true(self) -> bool:
        """Say whether the ledger has for confirmed what the fake holds."""
        with self.ledger.reading("fake") as book:
            held = self.fake.held()
            return {key: one.confirmed for key, one in book.stands(list(held)).items()} == held


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_sends_what_differs_and_nothing_else(place: Place) -> None:
    first = place.run(rows(ACCOUNTS))
    assert (first.sent, first.unchanged, first.is_partly) == (25, 0, False)
    again = place.run(rows(ACCOUNTS))
    assert (again.sent, again.unchanged) == (0, 25)
    newer = [*rows(ACCOUNTS[:20]), *rows(ACCOUNTS[20:], value=2)]
    third = place.run(newer)
    assert (third.sent, third.unchanged) == (5, 20)
    assert place.fake.open_rows() == fingerprints(newer)
    assert [size for size, _ in place.fake.calls()] == [10, 10, 5, 5]
    assert place.is_true()


class Unformed:
    """Rows that nobody may look at."""

    def __iter__(self) -> Iterator[Payload]:
        raise AssertionError("rows were formed")


def test_a_list_that_is_known_to_be_there_is_not_even_formed(place: Place) -> None:
    first = place.run(rows(ACCOUNTS), digest="one")
    again = place.run(Unformed(), digest="one")
    assert (first.sent, again.sent, again.unchanged, again.is_partly) == (25, 0, 25, False)
    assert len(place.fake.calls()) == 3
    assert place.run(rows(ACCOUNTS), digest="two").unchanged == 25


@pytest.mark.parametrize("between", ["another list", "no digest", "rolled back", "partly", "ledger lost"])
def test_a_list_is_formed_again_where_it_may_not_be_there(between: str, place: Place) -> None:
    if between == "partly":
        place.fake.faults = [HALF] * 6
    place.run(rows(ACCOUNTS), digest="one")
    if between == "another list":
        place.run(rows("a"), digest="two")
    elif between == "no digest":
        place.run(rows("a"))
    elif between == "rolled back":
        rollback("run1", place.fake, place.ledger, "back", attempts=1, backoff=0)
    elif between == "ledger lost":
        place.ledger = Ledger(address_of(place.folder / "other.db"), "demo")
    with pytest.raises(AssertionError, match="rows were formed"):
        place.run(Unformed(), digest="one")


def test_closes_once_what_left_scope_and_opens_it_again_when_it_returns(place: Place) -> None:
    place.run(rows("a b c"))
    assert place.run(rows("a b")).closed == 1
    assert list(place.fake.open_rows()) == ["a/seats", "b/seats"]
    told = place.ledger.history("c")[0].payload
    assert told is not None
    assert '"closed_because":"no longer in scope"' in told
    assert place.run(rows("a b")).closed == 0
    assert place.run(rows("a b c")).sent == 1
    assert len(place.fake.open_rows()) == 3


def test_a_row_that_says_itself_that_it_is_closed_is_sent_as_one(place: Place) -> None:
    place.run(rows("a"))
    done = place.run([row("a", state="closed", closed_because="bought")])
    assert (done.sent, done.closed, place.fake.open_rows()) == (0, 1, {})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_one_call_is_over_within_the_run(fault: str, place: Place) -> None:
    place.fake.faults = ["", fault]
    done = place.run(rows(ACCOUNTS))
    assert (done.sent, done.is_partly) == (25, False)
    assert place.fake.open_rows() == fingerprints(rows(ACCOUNTS))
    assert (place.fake.repeated(), place.is_true()) == (0, True)


def test_only_the_rows_that_were_not_taken_are_tried_again_and_ever_later(place: Place) -> None:
    place.fake.faults = [HALF, HALF, HALF]
    done = place.run(rows(ACCOUNTS[:8]))
    assert [size for size, _ in place.fake.calls()] == [8, 4, 2]
    assert (done.sent, done.failed, done.is_partly) == (7, 1, True)
    assert place.slept == [2.0, 4.0]
    assert place.run(rows(ACCOUNTS[:8])).sent == 1


def test_what_was_applied_before_the_connection_was_cut_is_not_sent_again(place: Place) -> None:
    place.fake.faults = [CUT]
    place.run(rows("a b"))
    assert len(place.fake.calls()) == 1
    assert place.states("a") == ["sent"]


def test_what_is_looked_up_later_is_not_sent_again(place: Place) -> None:
    place.fake.faults, place.fake.silent = [CUT], 1
    assert place.run(rows("a b")).sent == 2
    assert len(place.fake.calls()) == 1
    assert place.states("a") == ["sent"]


def test_success_that_changed_nothing_is_a_failure(place: Place) -> None:
    place.fake.faults = [LIE] * 3
    done = place.run(rows("a b"))
    assert (done.sent, done.failed) == (0, 2)
    assert place.ledger.history("a")[0].said == "reported as written, but not changed"
    assert place.run(rows("a b")).sent == 2


def test_rows_of_which_nothing_was_said_are_unknown_unless_they_are_there(place: Place) -> None:
    place.fake.faults, place.fake.silent = [MUTE], 9
    done = place.run(rows("a b"), attempts=1)
    assert (done.sent, done.unknown) == (0, 2)
    place.fake.silent = 0
    assert place.run(rows("a b")).unchanged == 2
    assert len(place.fake.calls()) == 1


def test_gives_up_where_nobody_answers_and_leaves_the_rest_to_the_next_run(place: Place) -> None:
    place.fake.faults = [TIME_OUT] * 99
    done = place.run(rows(f"a{number}" for number in range(50)))
    assert len(place.fake.calls()) == 3
    assert place.slept == [2.0, 4.0]
    assert (done.unknown, done.left, done.is_partly) == (30, 20, True)
    place.fake.faults = []
    assert place.run(rows(f"a{number}" for number in range(50))).sent == 50


def test_a_destination_that_answers_every_other_call_is_not_given_up(place: Place) -> None:
    place.fake.faults = [TIME_OUT, "", TIME_OUT]
    assert place.run(rows(ACCOUNTS), attempts=2).sent == 25


def test_sends_nothing_while_what_is_open_cannot_be_looked_up(place: Place) -> None:
    place.fake.faults, place.fake.silent = [CUT], 99
    assert place.run(rows("a b"), attempts=1).unknown == 2
    place.slept.clear()
    done = place.run(rows("a b c", value=2))
    assert (done.sent, done.left, done.is_partly) == (0, 3, True)
    assert (len(place.fake.calls()), place.slept) == (1, [2.0, 4.0])
    place.fake.silent = 2  # within what a run waits for
    assert place.run(rows("a b c", value=2)).sent == 3


def test_a_refused_row_waits_until_it_changes(place: Place) -> None:
    place.fake.never = {"b"}
    done = place.run(rows("a b"))
    assert (done.sent, done.refused) == (1, 1)
    again = place.run(rows("a b"))
    assert (again.unchanged, again.refused, again.is_partly) == (1, 1, True)
    assert len(place.fake.calls()) == 1
    place.fake.never = set()
    assert place.run(rows("a b", value=2)).sent == 2
    assert place.ledger.history("b")[-1].said == "breaks a rule"


def test_an_error_that_does_not_pass_ends_the_run_and_is_looked_up_by_the_next(place: Place) -> None:
    place.fake.faults = ["", BROKEN]
    with pytest.raises(DeliveryError, match="no such field"):
        place.run(rows(ACCOUNTS))
    assert place.states("a10") == ["unknown"]
    done = place.run(rows(ACCOUNTS))
    assert (done.unchanged, done.sent) == (10, 15)


def test_a_value_that_came_back_is_sent_where_the_one_between_may_have_arrived(place: Place) -> None:
    place.run(rows("a", value=1))
    place.fake.faults, place.fake.silent = [CUT], 9
    place.run(rows("a", value=2), attempts=1)
    place.fake.silent = 0
    done = place.run(rows("a", value=1))
    assert (done.sent, done.unchanged) == (1, 0)
    assert place.fake.open_rows() == fingerprints(rows("a", value=1))
    assert place.is_true()


@pytest.mark.parametrize("held", [None, "somebody else's"])
def test_a_value_that_came_back_is_sent_where_the_destination_holds_another(held: str | None, place: Place) -> None:
    place.run(rows("a", value=1))
    place.fake.faults, place.fake.silent = [TIME_OUT], 9
    place.run(rows("a", value=2), attempts=1)
    place.fake.silent = 0
    place.fake.overwrite("a/seats", held)
    assert place.run(rows("a", value=1)).sent == 1
    assert place.is_true()


def test_a_row_that_arrived_unseen_is_closed_when_it_leaves_scope(place: Place) -> None:
    place.fake.faults, place.fake.silent = [CUT], 9
    place.run(rows("a b"), attempts=1)
    place.fake.silent = 0
    assert place.run(rows("a")).closed == 1
    assert list(place.fake.open_rows()) == ["a/seats"]


def test_an_older_attempt_that_arrived_is_found_behind_a_newer_one_that_did_not(place: Place) -> None:
    place.fake.faults, place.fake.silent = [CUT, TIME_OUT], 99
    place.run(rows("a", value=1), attempts=1)
    with place.ledger.alone("fake") as book:  # a run that was killed after it had written down what it would send
        book.begin("killed")
        book.intend(rows("a", value=2), 1)
    place.fake.silent = 0
    assert place.run([]).closed == 1
    assert place.fake.open_rows() == {}
    assert place.is_true()


def test_two_rows_with_one_key_are_refused_before_anything_is_sent(place: Place) -> None:
    with pytest.raises(DeliveryError, match="one key") as caught:
        place.run([*rows("a b"), row("b", value=2)])
    assert "rows of 1 accounts, such as b" in str(caught.value)
    assert place.fake.calls() == []


def test_rows_that_the_ledger_does_not_know_are_adopted_only_on_demand(place: Place, tmp_path: Path) -> None:
    place.run(rows("a b c"))
    (tmp_path / "other").mkdir()
    lost = Ledger(address_of(tmp_path / "other" / "ledger.db"), "demo")
    given: dict[str, Any] = {"attempts": 1, "backoff": 0}
    now = [*rows("a"), *rows("b", value=2)]
    with pytest.raises(DeliveryError, match="--adopt"):
        deliver(now, place.fake, lost, "r1", **given)
    dry = deliver(now, place.fake, lost, "r1", adopt=True, dry_run=True, **given)
    done = deliver(now, place.fake, lost, "r1", adopt=True, **given)
    for one in (dry, done):
        assert (one.adopted, one.unchanged, one.sent, one.unclosed) == (3, 1, 1, 1)
    # what was adopted and in scope is known in full, and can be closed
    assert deliver([], place.fake, lost, "r2", **given).closed == 2
    assert list(place.fake.open_rows()) == ["c/seats"]
    # what comes into scope is known from then on
    assert deliver(rows("c"), place.fake, lost, "r3", **given).unchanged == 1
    assert deliver([], place.fake, lost, "r4", **given).closed == 1


def test_a_dry_run_shows_fields_and_touches_nothing(place: Place) -> None:
    place.run(rows("a b c"))
    before = place.fake.calls(), len(place.ledger.history("a"))
    done = place.run([row("a", value=2), row("b"), row("d")], dry_run=True)
    assert (done.sent, done.closed, done.unchanged) == (2, 1, 1)
    shown = {one.account_id: one.fields for one in done.differences}
    assert shown["a"] == {"expected_value": (1.0, 2.0)}
    assert shown["d"]["expected_value"] == (None, 1.0)
    assert shown["c"] == {"state": ("open", "closed"), "closed_because": (None, "no longer in scope")}
    assert (place.fake.calls(), len(place.ledger.history("a"))) == before


def test_a_destination_that_is_replaced_whole_gets_all_or_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, whole=True, batch_size=2)
    assert place.run(rows("a b c")).sent == 3
    assert place.run(rows("a b c")).unchanged == 3
    done = place.run([row("a"), row("b", value=2)])
    assert (done.sent, done.closed, done.unchanged) == (1, 1, 1)
    assert place.fake.held() == fingerprints([row("a"), row("b", value=2)])
    assert [size for size, _ in place.fake.calls()] == [3, 2]
    place.fake.faults = [CUT]
    place.fake.silent = 1
    assert place.run(rows("b", value=2)).closed == 1
    assert [size for size, _ in place.fake.calls()] == [3, 2, 1]
    place.fake.never = {"b"}
    assert (
        place.run([row("b", value=2), row("c")]).refused == 1
    )  # an unchanged row that went missing is no longer there


def test_rolls_back_to_what_was_there_after_a_run(place: Place) -> None:
    place.run(rows("a b c"))
    place.run([*rows("a"), *rows("b", value=2), *rows("d")])
    done = rollback("run1", place.fake, place.ledger, "back", attempts=1, backoff=0)
    assert (done.unchanged, done.sent, done.closed) == (1, 2, 1)
    assert place.fake.open_rows() == fingerprints(rows("a b c"))
    assert '"closed_because":"rolled back"' in str(place.ledger.history("d")[0].payload)
    with pytest.raises(DeliveryError, match="no run run9") as caught:
        rollback("run9", place.fake, place.ledger, "back2", attempts=1, backoff=0)
    assert caught.value.found == "back, run2, run1"


def test_payloads_may_come_once(place: Place) -> None:
    assert place.run(iter(rows("a b"))).sent == 2
    with place.ledger.reading("fake") as book:
        assert Plan(iter(rows("a b")), book, "gone").keys == {"a/seats", "b/seats"}


CHILD = """
import os, signal, sys
from pathlib import Path
from tests.delivery.fake import Fake, rows
from uptier.delivery.delivering import deliver
from uptier.delivery.ledger import Ledger
from uptier.delivery.ledger_tables import address_of

folder, point, value, count = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
seen = []

def at(reached):
    seen.append(reached)
    if reached == point and seen.count(point) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

accounts = [f"a{number:02}" for number in range(count)]
fake = Fake(folder / "fake.db", at=at)
deliver(rows(accounts, value=value), fake, Ledger(address_of(folder / "ledger.db"), "demo"), point,
        attempts=3, backoff=0, at=at)
"""


@pytest.mark.parametrize("point", [*POINTS, "sending", "applied"])
def test_killed_at_any_point_each_account_is_there_once_and_newest_after_the_next_run(point: str, place: Place) -> None:
    place.run(rows(ACCOUNTS[:20], value=1))
    command = [sys.executable, "-c", CHILD, str(place.folder), point, "2", "25"]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode
    assert code == -signal.SIGKILL
    newest = rows(ACCOUNTS[3:], value=3)
    done = place.run(newest)
    assert not done.is_partly
    assert set(place.fake.times().values()) == {1}
    assert place.fake.open_rows() == fingerprints(newest)
    assert (place.fake.repeated(), place.is_true()) == (0, True)
    assert place.run(newest).unchanged == 22


def test_a_kill_after_applying_is_no_reason_to_send_again(place: Place) -> None:
    command = [sys.executable, "-c", CHILD, str(place.folder), "applied", "1", "20"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert place.run(rows(ACCOUNTS[:20])).unchanged == 20
    assert len(place.fake.calls()) == 2
    assert place.states("a15") == [str(State.SENT)]


def test_a_full_disk_stops_the_run_and_the_next_one_finishes(place: Place) -> None:
    full = CHILD.replace(
        "seen = []", "seen = []\nimport resource\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    ).replace("    if reached == point and", "    if reached == point:\n        limit()\n    if False and")
    limit = (
        "def limit():\n    size = max(path.stat().st_size for path in folder.glob('ledger.db*'))\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
    )
    command = [
        sys.executable,
        "-c",
        full.replace("def at(", f"{limit}\ndef at(", 1),
        str(place.folder),
        "sent",
        "1",
        "25",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "The ledger cannot be read or written" in done.stderr
    assert not place.run(rows(ACCOUNTS)).is_partly
    assert place.fake.open_rows() == fingerprints(rows(ACCOUNTS))
    assert (place.fake.repeated(), place.is_true()) == (0, True)


def test_the_points_come_in_their_order(place: Place) -> None:
    reached: list[str] = []
    told: list[str] = []
    place.run(rows("a"), at=reached.append, told=told.append)
    assert reached == ["planned", "intended", "sent", "checked", "settled"]
    assert told == ["fake: 1 rows are there"]
