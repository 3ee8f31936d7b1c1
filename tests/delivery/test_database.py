from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given

from tests.delivery.drawn_rows import ODD, any_rows, row, told
from tests.delivery.postgresql import Server, started
from uptier.delivery.database import BATCH_SIZE, Database
from uptier.delivery.database_session import address, engine_of
from uptier.delivery.database_table import table_of
from uptier.delivery.payload import FIELDS, FINGERPRINT, KEY, Payload, closed
from uptier.delivery_settings import DatabaseSettings
from uptier.errors import DeliveryError, UnreachableError

VARIABLE = "UPTIER_DELIVERY_DATABASE"
SECRET = "hunter2-never-shown"
NAMES = [field.name for field in FIELDS]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started() as one:
        one.run("CREATE ROLE reader LOGIN; CREATE ROLE writer LOGIN;")
        one.run("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        yield one


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'worklist.db'}"
    one: Server = request.getfixturevalue("server")
    emptied(one)
    return one.url


@pytest.fixture
def postgresql(server: Server) -> Server:
    emptied(server)
    return server


def emptied(one: Server) -> None:
    one.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;")


def database(url: str, **settings: Any) -> Database:
    return Database("warehouse", DatabaseSettings(kind="database", **settings), {VARIABLE: url})


def ready(url: str, **settings: Any) -> Database:
    made = database(url, **settings)
    made.setup()
    return made


def query(url: str, sql: str) -> list[Any]:
    engine = sa.create_engine(address({VARIABLE: url}, VARIABLE), poolclass=sa.NullPool)
    with engine.begin() as connection:
        done = connection.execute(sa.text(sql))
        return list(done.all()) if done.returns_rows else []


def rows_in(url: str) -> dict[str, dict[str, Any]]:
    engine = sa.create_engine(address({VARIABLE: url}, VARIABLE), poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.execute(sa.select(table_of("uptier_worklist", None))).mappings()
        return {one[KEY]: dict(one) for one in found}


def all_ok(there: Database, rows: list[Payload]) -> bool:
    answers = there.send(rows)
    return {one.key for one in answers if one.ok} == {one.key for one in rows} and len(answers) == len(rows)


# rows -----------------------------------------------------------------------------------------------------------------


def test_what_is_held_is_what_was_sent(url: str) -> None:
    there = ready(url)
    rows = [row("acme"), row("bolt")]
    assert there.held() == {}
    assert all_ok(there, rows)
    assert there.held() == told(rows)
    assert there.fingerprints([rows[1].key, "nobody"]) == told(rows[1:])
    assert rows_in(url) == {one.key: dict(one.values) for one in rows}


def test_of_no_table_nothing_is_held(url: str) -> None:
    assert database(url).held() == {}
    with pytest.raises(DeliveryError) as refused:
        database(url).send([row()])
    assert not isinstance(refused.value, UnreachableError)
    assert "--setup" in str(refused.value) or "rights" in str(refused.value)


def test_more_than_a_batch_is_asked_about(url: str) -> None:
    there = ready(url)
    rows = [row(f"a{number}") for number in range(BATCH_SIZE * 2 + 3)]
    for start in range(0, len(rows), BATCH_SIZE):
        assert all_ok(there, rows[start : start + BATCH_SIZE])
    assert there.fingerprints(one.key for one in rows) == there.held() == told(rows)
    assert there.send([]) == []


def test_only_what_changed_is_written(url: str) -> None:
    there = ready(url)
    there.send([row("acme"), row("bolt")])
    query(url, "UPDATE uptier_worklist SET action_reason = 'a mark of the test'")
    assert all_ok(there, [row("acme"), row("bolt", rank=7)])
    found = rows_in(url)
    assert found[row("acme").key]["action_reason"] == "a mark of the test"  # untouched: it is the same row
    assert found[row("bolt").key] == dict(row("bolt", rank=7).values)


def test_the_same_rows_again_write_nothing(postgresql: Server) -> None:
    there = ready(postgresql.url)
    there.send([row("acme"), row("bolt")])
    versions = postgresql.run("SELECT uptier_key, xmin::text, ctid::text FROM uptier_worklist ORDER BY 1")
    assert all_ok(there, [row("acme"), row("bolt")])
    assert postgresql.run("SELECT uptier_key, xmin::text, ctid::text FROM uptier_worklist ORDER BY 1") == versions


def test_closed_rows_stay_and_say_so(url: str) -> None:
    there = ready(url)
    there.send([row()])
    assert all_ok(there, [closed(row().values, "the customer bought")])
    [found] = rows_in(url).values()
    assert (found["state"], found["closed_because"], found["rank"]) == ("closed", "the customer bought", None)
    assert list(there.held()) == [row().key]


def test_columns_that_are_not_ours_are_never_written(url: str) -> None:
    there = ready(url)
    there.send([row()])
    query(url, "ALTER TABLE uptier_worklist ADD COLUMN note VARCHAR(20)")
    query(url, "UPDATE uptier_worklist SET note = 'called twice'")
    assert there.preflight() == there.setup() == []
    assert all_ok(there, [row(rank=9)])
    assert query(url, "SELECT note, rank FROM uptier_worklist") == [("called twice", 9)]


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text_arrives_whole(url: str, text: str) -> None:
    there = ready(url)
    one = row(reason_1=text, details=text, owner=text)
    assert all_ok(there, [one])
    assert rows_in(url) == {one.key: dict(one.values)}


@given(rows=any_rows())
def test_what_is_read_back_is_what_was_told(tmp_path_factory: pytest.TempPathFactory, rows: list[Payload]) -> None:
    path = tmp_path_factory.mktemp("database") / "worklist.db"
    there = ready(f"sqlite:///{path}")
    assert all_ok(there, rows)
    assert there.held() == told(rows)
    assert rows_in(f"sqlite:///{path}") == {one.key: dict(one.values) for one in rows}
    path.unlink()


def test_a_row_that_breaks_a_rule_is_refused_alone(url: str) -> None:
    there = ready(url)
    if url.startswith("sqlite"):
        query(url, "CREATE UNIQUE INDEX one_a_csm ON uptier_worklist (owner)")
    else:
        query(url, "ALTER TABLE uptier_worklist ADD CONSTRAINT one_a_csm UNIQUE (owner)")
    rows = [row("acme", owner="Ada"), row("bolt", owner="Ada"), row("cask", owner="Bo")]
    answers = {one.key: one for one in there.send(rows)}
    refused = answers.pop(rows[1].key)
    assert all(one.ok for one in answers.values())
    assert not refused.ok
    assert not refused.passing
    assert refused.said in ("UniqueViolation, SQLSTATE 23505", "IntegrityError, SQLITE_CONSTRAINT_UNIQUE")
    assert there.held() == told([rows[0], rows[2]])


def test_a_value_that_the_driver_refuses_is_one_rows_alone(postgresql: Server) -> None:
    there = ready(postgresql.url)
    planted = Payload(key="k", account_id="a", values={**row().values, KEY: "k", "details": "\x00"})
    answers = {one.key: one for one in there.send([row(), planted])}
    assert answers[row().key].ok
    assert answers["k"].said == "DataError"
    assert there.held() == told([row()])


# the table ------------------------------------------------------------------------------------------------------------


def test_the_table_is_made_once_with_types(url: str) -> None:
    there = database(url)
    assert there.preflight() == ["There is no table uptier_worklist. Make it with 'uptier deliver --setup'."]
    assert there.setup() == [f"The table uptier_worklist with {len(FIELDS)} columns."]
    assert there.setup() == []
    assert there.preflight() == []
    assert there.held() == {}  # what preflight tried is not there
    columns = {one["name"]: one for one in sa.inspect(engine(url)).get_columns("uptier_worklist")}
    assert list(columns) == NAMES
    assert str(columns["reason_1"]["type"]) == "VARCHAR(250)"
    assert str(columns["act_by"]["type"]) == "DATE"
    assert str(columns["rank"]["type"]) == "BIGINT"
    assert [name for name, one in columns.items() if not one["nullable"]] == [KEY, "account_id", "state", FINGERPRINT]


def engine(url: str) -> sa.Engine:
    return sa.create_engine(address({VARIABLE: url}, VARIABLE), poolclass=sa.NullPool)


def test_a_table_of_before_is_given_the_columns_that_it_lacks(url: str) -> None:
    there = ready(url)
    there.send([row("acme")])
    for name in ("changed", "against_1", "rank"):
        query(url, f"ALTER TABLE uptier_worklist DROP COLUMN {name}")
    assert there.preflight() == [
        "uptier_worklist lacks rank, against_1, changed. Add them with 'uptier deliver --setup'."
    ]
    assert there.setup() == [f"The column {name} of uptier_worklist." for name in ("rank", "against_1", "changed")]
    assert there.preflight() == there.setup() == []
    assert list(there.held()) == [row("acme").key]


def test_a_column_of_another_type_is_told_and_never_changed(url: str) -> None:
    there = ready(url)
    query(url, "ALTER TABLE uptier_worklist DROP COLUMN act_by")
    query(url, "ALTER TABLE uptier_worklist DROP COLUMN changed")
    query(url, "ALTER TABLE uptier_worklist ADD COLUMN act_by INTEGER")
    said = "uptier_worklist.act_by is of type INTEGER, where a day belongs. Change its type."
    assert said in there.preflight()
    with pytest.raises(DeliveryError, match=r"act_by is of type INTEGER"):
        there.setup()
    assert "changed" not in {one["name"] for one in sa.inspect(engine(url)).get_columns("uptier_worklist")}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("chance", "BIGINT"), ("rank", "SMALLINT"), ("reason_1", "CHAR(250)"), ("gain_arr", "NUMERIC(12, 1)")],
)
def test_a_column_that_would_lose_something_is_told(url: str, name: str, kind: str) -> None:
    there = ready(url)
    query(url, f"ALTER TABLE uptier_worklist DROP COLUMN {name}")
    query(url, f"ALTER TABLE uptier_worklist ADD COLUMN {name} {kind}")
    [said] = there.preflight()
    assert said.startswith(f"uptier_worklist.{name} is of type {kind}, where a ")


def test_a_column_that_holds_as_much_in_another_type_is_taken(url: str) -> None:
    there = ready(url)
    for name, kind in (("chance", "NUMERIC(12, 6)"), ("rank", "INTEGER"), ("reason_1", "TEXT")):
        query(url, f"ALTER TABLE uptier_worklist DROP COLUMN {name}")
        query(url, f"ALTER TABLE uptier_worklist ADD COLUMN {name} {kind}")
    assert there.preflight() == there.setup() == []


def test_a_number_of_half_the_length_is_told(postgresql: Server) -> None:
    there = ready(postgresql.url)
    postgresql.run("ALTER TABLE uptier_worklist ALTER COLUMN chance TYPE REAL")
    assert there.preflight() == ["uptier_worklist.chance is of type REAL, where a number belongs. Change its type."]


def test_a_column_too_short_is_told_and_widened(postgresql: Server) -> None:
    there = ready(postgresql.url)
    postgresql.run("ALTER TABLE uptier_worklist ALTER COLUMN reason_1 TYPE VARCHAR(20)")
    assert there.preflight() == [
        "uptier_worklist.reason_1 takes 20 characters of 250. Widen it with 'uptier deliver --setup'."
    ]
    [refused] = there.send([row(reason_1="x" * 21)])
    assert refused.said == "StringDataRightTruncation, SQLSTATE 22001"
    assert there.setup() == ["Room for longer texts in reason_1 of uptier_worklist."]
    assert there.preflight() == there.setup() == []
    postgresql.run("ALTER TABLE uptier_worklist ALTER COLUMN reason_1 TYPE VARCHAR(999)")
    assert there.preflight() == there.setup() == []  # never narrowed


def test_what_a_table_of_somebody_elses_lacks_is_told(url: str) -> None:
    kinds = {"details": "TEXT", "act_by": "DATE", "as_of": "DATE", "expires_on": "DATE", "cycle": "DATE"}
    numbers = ("chance", "risk", "expected_value", "expected_value_low", "expected_value_high", "gain_arr")
    kinds |= dict.fromkeys(numbers, "DOUBLE PRECISION") | {"rank": "BIGINT", "points": "BIGINT"}
    columns = ", ".join(f"{name} {kinds.get(name, 'VARCHAR(999)')}" for name in NAMES)
    query(url, f"CREATE TABLE uptier_worklist ({columns} NOT NULL, own VARCHAR(9) NOT NULL)")
    there = database(url)
    assert there.preflight() == [
        "uptier_worklist.own is not ours, and may not be empty. Give it a default.",
        "uptier_worklist.uptier_key is not unique. Make it the primary key, or give it a unique index.",
    ]
    with pytest.raises(DeliveryError, match="is not unique"):
        there.setup()
    query(url, "DROP TABLE uptier_worklist")
    query(url, f"CREATE TABLE uptier_worklist ({columns.replace('rank BIGINT', 'rank BIGINT NOT NULL')})")
    query(url, "CREATE UNIQUE INDEX ours ON uptier_worklist (uptier_key)")
    assert there.preflight() == [
        "uptier_worklist.rank may not be empty, and some rows have nothing to say there. Drop its NOT NULL."
    ]


def test_a_partial_index_makes_no_key_unique(postgresql: Server) -> None:
    there = ready(postgresql.url)
    postgresql.run("ALTER TABLE uptier_worklist DROP CONSTRAINT uptier_worklist_pkey")
    postgresql.run("CREATE UNIQUE INDEX partly ON uptier_worklist (uptier_key) WHERE state = 'open'")
    assert any("is not unique" in said for said in there.preflight())


def test_a_user_who_may_only_read_is_told_before_anything_is_sent(postgresql: Server) -> None:
    ready(postgresql.url)
    postgresql.run("GRANT SELECT, INSERT ON uptier_worklist TO reader")
    [said] = database(postgresql.url_of("reader")).preflight()
    assert said == (
        "uptier_worklist does not take a row that was tried (InsufficientPrivilege, SQLSTATE 42501). "
        "The user needs SELECT, INSERT and UPDATE on it, and the database UTF-8."
    )
    with pytest.raises(DeliveryError, match="42501") as refused:
        database(postgresql.url_of("reader")).send([row()])
    assert not isinstance(refused.value, UnreachableError)
    with pytest.raises(DeliveryError, match="42501"):
        database(postgresql.url_of("reader"), table="another").setup()
    postgresql.run("GRANT SELECT, INSERT, UPDATE ON uptier_worklist TO writer")
    assert database(postgresql.url_of("writer")).preflight() == []


def test_a_database_that_is_not_of_unicode_is_told(server: Server) -> None:
    there = ready(server.url_of("postgres", "latin"))
    [said] = there.preflight()
    assert "UntranslatableCharacter, SQLSTATE 22P05" in said
    [refused] = there.send([row(owner="🙂")])
    assert refused.said == "UntranslatableCharacter, SQLSTATE 22P05"


def test_another_schema_is_written(postgresql: Server) -> None:
    postgresql.run("DROP SCHEMA IF EXISTS crm CASCADE; CREATE SCHEMA crm")
    there = ready(postgresql.url, db_schema="crm", table="Upsell")
    assert all_ok(there, [row()])
    assert postgresql.run('SELECT count(*) FROM crm."Upsell"') == [(1,)]
    assert there.preflight() == []
    with pytest.raises(DeliveryError, match="3F000"):
        database(postgresql.url, db_schema="nowhere").setup()


# what goes wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told_url",
    [
        f"mysql+pymysql://ada:{SECRET}@db/crm",
        f"postgresql+asyncpg://ada:{SECRET}@db/crm",
        f"ada:{SECRET}@db",
        f"postgresql://ada:{SECRET}@db:port/crm",
        "sqlite://",
        "sqlite:///:memory:",
        "",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_being_shown(told_url: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        database(told_url).held()
    assert SECRET not in str(refused.value)
    assert VARIABLE in str(refused.value)
    assert refused.value.__cause__ is None
    [said] = database(told_url).preflight()
    assert SECRET not in said


def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(DeliveryError, match=r"^mysql\+pymysql cannot be delivered to"):
        database("mysql+pymysql://db/crm").send([row()])


def test_sqlite_has_no_schemas(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="SQLite has no schemas"):
        database(f"sqlite:///{tmp_path / 'a.db'}", db_schema="crm").setup()


def test_nothing_shows_the_password_or_a_row(
    postgresql: Server, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    there = ready(postgresql.url.replace("postgres:@", f"postgres:{SECRET}@"))
    query(postgresql.url, "ALTER TABLE uptier_worklist ADD CHECK (owner <> 'Ada Secret')")
    answers = there.send([row(owner="Ada Secret", account="secret-account")])
    query(postgresql.url, "DROP TABLE uptier_worklist")
    with pytest.raises(DeliveryError) as refused:
        there.send([row(owner="Ada Secret")])
    shown = " ".join(
        [repr(there), repr(there._engine), answers[0].said, str(refused.value), caplog.text, *capfd.readouterr()]
    )
    assert refused.value.__cause__ is None
    assert there._engine.hide_parameters
    assert "CheckViolation" in shown
    assert "UndefinedTable, SQLSTATE 42P01" in shown
    assert SECRET not in shown
    assert "Secret" not in shown
    assert "secret-account" not in shown


@pytest.mark.parametrize("wrong", [("nobody", "postgres"), ("postgres", "nowhere")])
def test_a_wrong_user_or_database_is_not_tried_again(server: Server, wrong: tuple[str, str]) -> None:
    there = database(server.url_of(*wrong))
    with pytest.raises(DeliveryError, match=r"The database refuses \(OperationalError\)") as refused:
        there.held()
    assert not isinstance(refused.value, UnreachableError)
    assert there.preflight() == [str(refused.value)]


def test_a_server_that_is_away_is_unreachable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as line:
        port = line.getsockname()[1]
    there = database(f"postgresql://ada:{SECRET}@127.0.0.1:{port}/crm", timeout=2)
    for call in (there.held, there.preflight, there.setup, lambda: there.send([row()])):
        with pytest.raises(UnreachableError, match=r"does not answer \(OperationalError\)") as refused:
            call()
        assert SECRET not in str(refused.value)


def test_a_server_without_tls_is_told_no_password() -> None:
    # an address that is not this machine's own by name; the certificate would be asked for next
    heard: list[bytes] = []

    def answer(line: socket.socket) -> None:
        with suppress(OSError):  # shut down: the test is over
            while True:
                caller, _ = line.accept()
                with caller, suppress(ConnectionError):  # one that hangs up may do so with a reset
                    heard.append(caller.recv(1000))
                    caller.sendall(b"N")
                    while more := caller.recv(1000):
                        heard.append(more)

    with closing(socket.create_server(("127.0.0.2", 0))) as line:
        answering = threading.Thread(target=answer, args=(line,))
        answering.start()
        try:
            there = database(f"postgresql://ada:{SECRET}@127.0.0.2:{line.getsockname()[1]}/crm", timeout=2)
            with pytest.raises(DeliveryError, match="sslmode") as refused:
                there.held()
        finally:
            line.shutdown(socket.SHUT_RDWR)
            answering.join(timeout=10)
    assert not answering.is_alive()  # whatever was said has been heard
    assert not isinstance(refused.value, UnreachableError)
    assert set(heard) == {b"\x00\x00\x00\x08\x04\xd2\x16/"}  # it asked for TLS, and said no more


@pytest.mark.parametrize(
    ("told_url", "environment", "wanted"),
    [
        ("postgresql://db/crm", {}, {"sslmode": "verify-full", "sslrootcert": "system"}),
        ("postgresql://db/crm?sslrootcert=ca.pem", {}, {"sslmode": "verify-full", "sslrootcert": "ca.pem"}),
        ("postgresql://db/crm", {"PGSSLROOTCERT": "ca.pem"}, {"sslmode": "verify-full"}),
        ("postgresql://db/crm?sslmode=require", {}, {"sslmode": "require"}),
        ("postgresql://db/crm", {"PGSSLMODE": "disable"}, {}),
        ("postgresql://localhost/crm", {}, {}),
        ("postgres:///crm?host=/run/sockets", {}, {"host": "/run/sockets"}),
        ("postgresql:///crm?host=db", {}, {"host": "db", "sslmode": "verify-full", "sslrootcert": "system"}),
    ],
)
def test_certificates_are_verified_unless_the_address_says_otherwise(
    told_url: str, environment: dict[str, str], wanted: dict[str, str]
) -> None:
    engine = engine_of(address({"A": told_url}, "A"), environment, timeout=60)
    assert dict(engine.url.query) == wanted


def test_a_server_that_is_restarted_mid_write_has_all_of_a_batch_or_nothing(postgresql: Server) -> None:
    there = ready(postgresql.url, timeout=10)
    first = [row(f"first{number}") for number in range(20)]
    assert all_ok(there, first)
    second = [row(f"second{number}") for number in range(BATCH_SIZE)]
    # each row takes a while, so that the server dies within the batch
    postgresql.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END';"
        "CREATE TRIGGER slow BEFORE INSERT ON uptier_worklist FOR EACH ROW EXECUTE FUNCTION slow();"
    )
    raised: list[BaseException] = []

    def send() -> None:
        try:
            there.send(second)
        except DeliveryError as error:
            raised.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    wait_until(lambda: bool(postgresql.run("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")))
    postgresql.crash()
    sending.join()
    with pytest.raises(UnreachableError):  # still down
        there.held()
    postgresql.start()
    [error] = raised
    assert isinstance(error, UnreachableError)
    assert there.held() == told(first)
    postgresql.run("DROP TRIGGER slow ON uptier_worklist")
    assert all_ok(there, second)  # the same object goes on
    assert there.held() == told(first + second)


def wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not done():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def test_a_statement_that_takes_too_long_is_given_up(postgresql: Server) -> None:
    import psycopg

    there = ready(postgresql.url, timeout=0.5)
    with psycopg.connect(postgresql.url) as other:
        other.execute("LOCK TABLE uptier_worklist")
        began = time.monotonic()
        with pytest.raises(UnreachableError, match=r"SQLSTATE (57014|55P03)"):
            there.send([row()])
        assert time.monotonic() - began < 5
    assert all_ok(there, [row()])


def test_a_server_that_falls_silent_is_hung_up_on(postgresql: Server) -> None:
    there = ready(postgresql.url, timeout=0.5)
    postgresql.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END';"
        "CREATE TRIGGER slow BEFORE INSERT ON uptier_worklist FOR EACH ROW EXECUTE FUNCTION slow();"
    )
    sleeping: list[int] = []

    def put_to_sleep() -> None:
        asked = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        wait_until(lambda: bool(postgresql.run(asked)))
        sleeping.append(postgresql.run(asked)[0][0])
        os.kill(sleeping[0], signal.SIGSTOP)

    thread = threading.Thread(target=put_to_sleep)
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(UnreachableError):
            there.send([row(f"a{number}") for number in range(10)])
    finally:
        thread.join()
        os.kill(sleeping[0], signal.SIGCONT)
    assert time.monotonic() - began < 10
    postgresql.run("DROP TRIGGER slow ON uptier_worklist")
    assert all_ok(there, [row("a0")])
    assert there.held() == told([row("a0")])


def test_a_sqlite_that_another_writes_is_waited_for_and_then_unreachable(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    there = ready(f"sqlite:///{path}", timeout=0.3)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnreachableError, match=r"busy \(OperationalError, SQLITE_BUSY\)"):
            there.send([row()])
        other.execute("ROLLBACK")
    assert all_ok(there, [row()])


def test_a_file_that_is_no_sqlite_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database, but long enough to be taken for one by its size" * 100)
    for url in (f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'no' / 'a.db'}"):
        with pytest.raises(DeliveryError, match="The database refuses") as refused:
            database(url).held()
        assert not isinstance(refused.value, UnreachableError)


def test_an_error_in_the_middle_of_a_batch_leaves_nothing_of_it(postgresql: Server) -> None:
    there = ready(postgresql.url)
    postgresql.run(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.owner = ''Bo'' THEN PERFORM no_such_function(); END IF; RETURN NEW; END';"
        "CREATE TRIGGER broken BEFORE INSERT ON uptier_worklist FOR EACH ROW EXECUTE FUNCTION broken();"
    )
    with pytest.raises(DeliveryError, match="42883"):
        there.send([row("acme"), row("bolt", owner="Bo")])
    assert there.held() == {}


def test_it_says_what_it_is() -> None:
    assert repr(database(f"postgresql://ada:{SECRET}@db/crm")) == "Database('warehouse', table='uptier_worklist')"
    assert not database("").whole
    assert database("").batch_size == BATCH_SIZE == 500


def test_days_are_days(url: str) -> None:
    there = ready(url)
    there.send([row(act_by=dt.date(1, 1, 1), expires_on=dt.date(9999, 12, 31))])
    [found] = rows_in(url).values()
    assert (found["act_by"], found["expires_on"]) == (dt.date(1, 1, 1), dt.date(9999, 12, 31))
