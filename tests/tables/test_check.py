from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from uptier.errors import FindingsError, SettingsError
from uptier.settings import Settings, read_settings
from uptier.tables.check import check
from uptier.tables.clean import clean
from uptier.tables.drawn import settings_of, source_of
from uptier.tables.findings import Finding, Findings, Severity

SOUND = """
    # usage_events
    event_id | account | user | occurred_at      | kind
    1        | a       | u    | 2026-03-01 10:00 | login
    2        | b       | u    | 2026-03-01 10:00 | login
    """


def test_sound_tables_have_no_finding_but_the_absent_ones() -> None:
    found = look(SOUND)
    assert found.errors == ()
    assert {one.code for one in found.all} == {"table-absent"}
    assert "usage_daily" in {one.table for one in found.all}


# each is planted once: text, table, code, how often, whether it stops
PLANTED = {
    "equal rows": (
        "# milestones\naccount | milestone | reached_at\na | x | 2026-01-01\na | x | 2026-01-01\na | x | 2026-01-01",
        ("milestones", "equal-rows", 2, Severity.WARNING),
    ),
    "equal rows without a key": (
        "account | occurred_at | kind\na | 2026-01-01 | login\na | 2026-01-01 | login",
        ("usage_events", "equal-rows", 1, Severity.WARNING),
    ),
    "one key, two contents": (
        "event_id | account | occurred_at | kind\n1 | a | 2026-01-01 | login\n1 | a | 2026-01-02 | login\n"
        "2 | a | 2026-01-02 | login\n2 | a | 2026-01-03 | login\n3 | a | 2026-01-02 | login",
        ("usage_events", "duplicate-key", 2, Severity.ERROR),
    ),
    "a value that is required": (
        "account | occurred_at | kind\na | | login\n | 2026-01-01 | login\na | 2026-01-01 |\na | 2026-01-01 | login",
        ("usage_events", "null-value", 3, Severity.ERROR),
    ),
    "a negative number": (
        "# subscriptions\naccount | seats | mrr | valid_from\na | -5 | 50 | 2025-01-01\nb | 5 | -1 | 2025-01-01",
        ("subscriptions", "negative-number", 2, Severity.ERROR),
    ),
    "a row from the future": (
        "account | occurred_at | kind\na | 2026-03-31 23:59 | login\na | 2026-04-01 | login\na | 2027-04-01 | login",
        ("usage_events", "future-row", 2, Severity.ERROR),
    ),
    "an end that became known in the future": (
        "# subscriptions\naccount | seats | valid_from | valid_to | end_recorded_at\n"
        "a | 5 | 2025-01-01 | 2025-06-01 | 2026-05-01\nb | 5 | 2025-01-01 | 2025-06-01 | 2025-06-01",
        ("subscriptions", "future-end", 1, Severity.WARNING),
    ),
    "a row that became known in the future": (
        "account | occurred_at | kind | recorded_at\na | 2026-03-01 | login | 2026-04-01\na | 2026-03-01 | login |",
        ("usage_events", "future-row", 1, Severity.ERROR),
    ),
    "an interval that ends before it begins": (
        "# subscriptions\naccount | valid_from | valid_to\na | 2025-01-02 | 2025-01-01\nb | 2025-01-01 | 2025-01-01",
        ("subscriptions", "ends-before-begins", 1, Severity.ERROR),
    ),
    "an add-on that ends before it begins": (
        "# addons\naccount | addon | valid_from | valid_to\na | sso | 2025-01-02 | 2025-01-01",
        ("addons", "ends-before-begins", 1, Severity.ERROR),
    ),
    "one subscription that overlaps itself": (
        "# subscriptions\naccount | seats | valid_from | valid_to\na | 1 | 2025-01-01 | 2025-03-02\n"
        "a | 2 | 2025-03-01 |\nb | 1 | 2025-01-01 | 2025-03-01\nb | 2 | 2025-03-01 |",
        ("subscriptions", "overlapping-subscription", 1, Severity.ERROR),
    ),
    "accounts with several open subscriptions": (
        "# subscriptions\nsubscription_id | account | valid_from | valid_to\n1 | a | 2025-01-01 |\n"
        "2 | a | 2025-01-01 |\n3 | b | 2025-01-01 |\n4 | b | 2025-01-01 | 2026-01-01",
        ("subscriptions", "side-by-side", 1, Severity.WARNING),
    ),
    "rows of accounts that nobody knows": (
        "account | occurred_at | kind\na | 2026-01-01 | login\nstranger | 2026-01-01 | login",
        ("usage_events", "unknown-account", 1, Severity.WARNING),
    ),
    "subscriptions of accounts that nobody knows": (
        "# subscriptions\naccount | valid_from\na | 2025-01-01\nstranger | 2025-01-01",
        ("subscriptions", "unknown-account", 1, Severity.ERROR),
    ),
    "a plan that is not on the list": (
        "# plans\nplan | tier_rank\nbasic | 1\n# subscriptions\naccount | plan | valid_from\na | basic | 2025-01-01\n"
        "b | old | 2025-01-01\nc | | 2025-01-01",
        ("subscriptions", "unknown-plan", 1, Severity.WARNING),
    ),
    "usage outside any subscription": (
        "# subscriptions\naccount | valid_from | valid_to\na | 2026-01-01 | 2026-02-01\n# usage_events\n"
        "account | occurred_at | kind\na | 2025-12-31 23:59 | login\na | 2026-01-01 | login\n"
        "a | 2026-01-31 23:59 | login\na | 2026-02-01 | login\n"
        + "\n".join(f"a | 2026-01-02 10:{minute} | login" for minute in range(10, 60)),
        ("usage_events", "usage-outside-subscription", 2, Severity.WARNING),
    ),
    "much usage outside any subscription": (
        "# subscriptions\naccount | valid_from | valid_to\na | 2026-01-01 | 2026-02-01\n# usage_events\n"
        "account | occurred_at | kind\na | 2025-12-31 | login\na | 2026-01-01 | login",
        ("usage_events", "usage-outside-subscription", 1, Severity.ERROR),
    ),
    "events that mean nothing": (
        "account | occurred_at | kind\na | 2026-01-01 | modal_viewed\na | 2026-01-02 | modal_viewed\n"
        "a | 2026-01-01 | login",
        ("usage_events", "unmapped-kind", 2, Severity.WARNING),
    ),
    "text where a number is wanted": (
        "# subscriptions\naccount | seats | valid_from\na | many | 2025-01-01\nb | 5 | 2025-01-01",
        ("subscriptions", "wrong-type", 1, Severity.ERROR),
    ),
    "text where a time is wanted": (
        "# milestones\naccount | milestone | reached_at\na | x | 2026-01-01\na | y | soon",
        ("milestones", "wrong-type", 1, Severity.ERROR),
    ),
    "an empty table that is needed": (
        "# subscriptions\naccount | valid_from", ("subscriptions", "empty-table", 1, Severity.ERROR)
    ),
    "an empty table that is not": (
        "# tickets\naccount | opened_at", ("tickets", "empty-table", 1, Severity.WARNING)
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_defect_is_counted(planted: str) -> None:
    text, (table, code, count, severity) = PLANTED[planted]
    one = finding(look(text), table, code)
    assert (one.count, one.severity) == (count, severity)
    assert one.message
    assert one.accepted == ""


def test_every_code_is_planted_somewhere() -> None:
    import inspect
    import re

    from uptier.tables import check as module
    from uptier.tables import check_names

    source = inspect.getsource(module) + inspect.getsource(check_names)
    written = set(re.findall(r'(?:code=|_error\(\s*|_warning\(\s*)"([a-z-]+)"', source))
    planted = {code for _, (_, code, _, _) in PLANTED.values()}
    # these are planted in tests of their own, below
    assert written - planted == {"table-absent", "table-unknown", "column-misspelt", "current-state-only"} | {
        "kind-unlisted",
        "identity-ambiguous",
    }


def test_a_table_that_is_not_in_the_contract_is_told_with_the_one_that_is() -> None:
    found = look(SOUND, tables={"usage_event": {}, "invoices": {"from": "bills"}})
    assert finding(found, "usage_event", "table-unknown").message == (
        "There is no table 'usage_event' in the contract. Did you mean 'usage_events'?"
    )
    assert "The contract has: accounts, plans" in finding(found, "invoices", "table-unknown").message
    assert len(found.errors) == 2


def test_a_column_that_is_nearly_one_of_the_contract_is_an_error() -> None:
    source = source_of(SOUND)
    events = source.connection.table("usage_events")
    source.connection.create_table("usage_events", events.rename(recorded_a="user_id"), overwrite=True)
    found, _ = check(source, settings_of(data_until="2026-04-01"))
    assert finding(found, "usage_events", "column-misspelt").message == (
        "The column 'recorded_a' is not used, and recorded_at is missing. Rename it, or map it under "
        "tables.usage_events.columns."
    )


def test_without_any_usage_there_is_nothing_to_work_with() -> None:
    found = look("# subscriptions\naccount | valid_from\na | 2025-01-01")
    assert [(one.table, one.code) for one in found.errors] == [("usage_events", "table-absent")]


def test_a_kind_that_the_project_does_not_list_is_told() -> None:
    found = look(
        SOUND.replace("2026-03-01 10:00 | login\n    2", "2026-03-01 10:00 | export\n    2"),
        tables={"usage_events": {"kinds": ["login"]}},
    )
    one = finding(found, "usage_events", "kind-unlisted")
    assert one.count == 1
    assert "(export)" in one.message


def test_a_table_of_today_alone_is_told_with_how_to_keep_the_past() -> None:
    text = "# subscriptions\naccount | seats\na | 5\nb | 5\n" + SOUND
    found = look(text, tables={"subscriptions": {"form": "current"}})
    one = finding(found, "subscriptions", "current-state-only")
    assert one.severity is Severity.WARNING
    assert "keep a dated copy of this table every day from now on" in one.message
    assert found.errors == ()


# what a project accepts --------------------------------------------------------------------------------------------

REASON = "exports of 2025 lack it"
ACCEPTED = {
    ("duplicate-key", "keep_first"): ["2026-01-01", "2026-01-02", "2026-01-02"],
    ("duplicate-key", "drop"): ["2026-01-02"],
    ("duplicate-key", "keep"): ["2026-01-01", "2026-01-02", "2026-01-02", "2026-01-02", "2026-01-03"],
    ("null-value", "drop"): ["2026-01-01"],
    ("null-value", "keep"): ["2026-01-01", "2026-01-01", "None"],
    ("future-row", "drop"): ["2026-03-31"],
    ("future-row", "keep"): ["2026-03-31", "2026-04-01", "2027-04-01"],
    ("usage-outside-subscription", "drop"): ["2026-01-01"],
    ("usage-outside-subscription", "keep"): ["2025-12-31", "2026-01-01"],
}
BY_CODE = {code: text for text, (_, code, _, _) in reversed(PLANTED.values())}


@pytest.mark.parametrize(("code", "treatment"), ACCEPTED)
def test_an_accepted_finding_is_a_warning_with_its_reason_and_is_treated(code: str, treatment: str) -> None:
    text = PLANTED["a row from the future"][0] if code == "future-row" else BY_CODE[code]
    if code == "usage-outside-subscription":
        text = PLANTED["much usage outside any subscription"][0]
    accept = [{"code": code, "table": "usage_events", "reason": REASON, "treatment": treatment}]
    found = look(text, accept=accept)
    one = finding(found, "usage_events", code)
    assert (one.severity, one.accepted) == (Severity.WARNING, REASON)
    assert f"Accepted ({treatment}): {REASON}" in one.message
    assert found.errors == ()
    assert days(kept(text, "usage_events", accept=accept)) == ACCEPTED[code, treatment]


def test_negative_and_reversed_rows_can_be_dropped() -> None:
    text = """
        # subscriptions
        subscription_id | account | seats | valid_from | valid_to
        minus           | a       | -5    | 2025-01-01 |
        reversed        | a       | 5     | 2025-01-02 | 2025-01-01
        sound           | a       | 5     | 2025-01-01 | 2025-06-01
        """
    codes = ("negative-number", "ends-before-begins")
    drop = [{"code": code, "reason": REASON, "treatment": "drop"} for code in codes]
    assert kept(text, "subscriptions", accept=drop)["subscription_id"].tolist() == ["sound"]
    assert len(kept(text, "subscriptions", accept=[{**one, "treatment": "keep"} for one in drop])) == 3


def test_accepting_in_one_table_leaves_the_others_strict() -> None:
    text = PLANTED["a row from the future"][0] + "\n# milestones\naccount | milestone | reached_at\na | x | 2027-01-01"
    accept = [{"code": "future-row", "table": "milestones", "reason": REASON, "treatment": "drop"}]
    found = look(text, accept=accept)
    assert finding(found, "milestones", "future-row").severity is Severity.WARNING
    assert finding(found, "usage_events", "future-row").severity is Severity.ERROR
    everywhere = look(text, accept=[{"code": "future-row", "reason": REASON, "treatment": "drop"}])
    assert everywhere.errors == ()


def test_which_row_of_a_key_is_kept_does_not_depend_on_their_order() -> None:
    accept = [{"code": "duplicate-key", "reason": REASON, "treatment": "keep_first"}]
    header, *rows = BY_CODE["duplicate-key"].splitlines()
    backwards = "\n".join([header, *reversed(rows)])
    assert days(kept(backwards, "usage_events", accept=accept)) == ACCEPTED["duplicate-key", "keep_first"]


def test_equal_rows_are_always_left_out_and_strangers_too() -> None:
    text = """
        # tickets
        ticket_id | account  | opened_at
        1         | a        | 2026-01-01
        1         | a        | 2026-01-01
        2         | stranger | 2026-01-01
        """
    assert kept(text, "tickets")["ticket_id"].tolist() == ["1"]
    # nothing names these rows: they are told apart by all their columns
    events = "account | occurred_at | kind\na | 2026-01-01 | login\na | 2026-01-01 | login\na | 2026-01-01 | export"
    assert sorted(kept(events, "usage_events")["kind"]) == ["export", "login"]


def test_errors_stop_with_all_of_them_and_what_to_do() -> None:
    with pytest.raises(FindingsError) as caught:
        look(PLANTED["a row from the future"][0]).require_no_errors("acme.yaml")
    assert str(caught.value) == (
        "The data of acme.yaml have 1 error:\n"
        "  future-row in usage_events (2): rows became known on or after data_until (2026-04-01). "
        "Is data_until right?\n"
        "Mend the source, or list a code under accept: in acme.yaml with a reason and a treatment."
    )
    look(SOUND).require_no_errors("acme.yaml")


def test_progress_is_told_for_each_table() -> None:
    told: list[str] = []
    check(source_of(SOUND), settings_of(data_until="2026-04-01"), progress=told.append)
    assert told == ["accounts", "subscriptions", "usage_events"]


def look(text: str, **settings: Any) -> Findings:
    return check(source_of(text), settings_of(data_until="2026-04-01", **settings))[0]


def finding(found: Findings, table: str, code: str) -> Finding:
    mine = [one for one in found.all if (one.table, one.code) == (table, code)]
    assert len(mine) == 1, [(one.table, one.code, one.count) for one in found.all]
    return mine[0]


def kept(text: str, table: str, **settings: Any) -> Any:
    project, source = settings_of(data_until="2026-04-01", **settings), source_of(text)
    _, mapped = check(source, project)
    return clean(source, project, mapped)[table].to_pandas()


def days(table: pd.DataFrame) -> list[str]:
    return sorted(table["day"].dt.strftime("%Y-%m-%d").astype(object).fillna("None"))


def test_a_code_that_no_finding_has_cannot_be_accepted(tmp_path: Path) -> None:
    given = written(
        tmp_path, "accept:\n  - {code: duplicate-keys, reason: looked at them all, treatment: keep_first}\n"
    )
    with pytest.raises(SettingsError) as caught:
        check(source_of("", accounts="a"), given)
    told = "acme.yaml, line 6, accept.0.code: no finding that can be accepted has the code 'duplicate-keys'."
    assert caught.value.what.endswith(told)
    assert caught.value.do == "Did you mean 'duplicate-key'?"


def test_only_a_column_that_sources_overwrite_can_be_vouched_for(tmp_path: Path) -> None:
    given = written(tmp_path, "holds_since: {accounts.segmnt: 2024-01-01}\n")
    with pytest.raises(SettingsError) as caught:
        check(source_of("", accounts="a"), given)
    assert caught.value.what.endswith(
        "holds_since.accounts.segmnt: 'accounts.segmnt' is no column that sources overwrite."
    )
    assert caught.value.do == "Did you mean 'accounts.segment'?"


def test_a_treatment_that_a_code_does_not_have_is_refused(tmp_path: Path) -> None:
    given = written(
        tmp_path, "accept:\n  - {code: overlapping-subscription, reason: looked at them, treatment: drop}\n"
    )
    with pytest.raises(SettingsError) as caught:
        check(source_of("", accounts="a"), given)
    assert "accept.0.treatment: findings of the code overlapping-subscription have no treatment 'drop'" in str(
        caught.value
    )
    assert caught.value.do == "Choose: keep."


def written(folder: Path, more: str) -> Settings:
    path = folder / "acme.yaml"
    path.write_text(f"project: acme\nsource: .\nstore: store\ndata_until: 2026-01-01\n{more}")
    return read_settings(path)
