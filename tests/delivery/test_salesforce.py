"""Rows come into Salesforce whole, once each, whatever fails; over TLS, by the unpatched client."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.salesforce_ingest import Job
from tests.delivery.salesforce_org import CLIENT_SECRET, Fault, Org
from tests.delivery.salesforce_server import ACCOUNTS, CREDENTIALS, certificate, furnish, row, serving, settings
from uptier.delivery import salesforce_jobs
from uptier.delivery.delivering import deliver
from uptier.delivery.ledger import Ledger
from uptier.delivery.payload import KEY, closed
from uptier.delivery.salesforce import SalesforceDestination
from uptier.delivery.salesforce_fields import NAMES
from uptier.delivery.salesforce_jobs import LOOKS
from uptier.delivery.salesforce_queries import QUERY_BYTES
from uptier.errors import DeliveryError, UnreachableError

NAME = "Uptier_Recommendation__c"
Made = Callable[..., SalesforceDestination]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def org(certificates: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Org]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[0]))
    monkeypatch.setattr(salesforce_jobs, "FIRST_PAUSE_S", 0.02)
    with serving(Org(), certificates[1]) as served:
        furnish(served, tmp_path / "package")
        yield served


@pytest.fixture
def made(org: Org, tmp_path: Path) -> Made:
    def make(**given: Any) -> SalesforceDestination:
        return SalesforceDestination("crm", settings(org, **given), CREDENTIALS, tmp_path / "metadata")

    return make


def at(org: Org, key: str) -> dict[str, str]:
    return org.records[NAME][key]


def test_rows_are_made_found_and_written_over(org: Org, made: Made) -> None:
    crm = made()
    first, second = row("0001"), row("0002")
    assert {(answer.key, answer.ok, answer.said) for answer in crm.send([first, second])} == {
        (first.key, True, "created"),
        (second.key, True, "created"),
    }
    assert crm.held() == {first.key: first.fingerprint, second.key: second.fingerprint}
    changed = row("0001", reason_1="24 of 25 seats are in use", rank=None)
    assert [(answer.ok, answer.said) for answer in crm.send([changed])] == [(True, "updated")]
    assert crm.fingerprints([first.key, "nobody"]) == {first.key: changed.fingerprint}
    kept = at(org, first.key)
    assert kept["Uptier_Reason_1__c"] == "24 of 25 seats are in use"
    assert "Uptier_Rank__c" not in kept
    assert kept["Uptier_Expires_On__c"] == "2026-04-01"
    assert kept["Account__r.Uptier_Account_Id__c"] == "0001"
    assert org.logins == 1


def test_the_same_row_twice_changes_nothing(org: Org, made: Made) -> None:
    crm = made()
    crm.send([row()])
    writes = org.writes
    crm.send([row()])
    assert (org.writes, len(org.records[NAME])) == (writes, 1)


def test_a_row_is_closed_and_what_people_edit_stays(org: Org, made: Made) -> None:
    crm = made()
    crm.send([row()])
    at(org, row().key).update(Status__c="Dismissed", Dismissed_Because__c="not now", Dismissed_Until__c="2026-06-01")
    crm.send([closed(row().values, "churned")])
    kept = at(org, row().key)
    assert (kept["Uptier_State__c"], kept["Uptier_Closed_Because__c"]) == ("closed", "churned")
    assert (kept["Status__c"], kept["Dismissed_Until__c"]) == ("Dismissed", "2026-06-01")


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("reason_1", "🚀 ready, she said \"now\", 'soon'; π ≈ 3", "🚀 ready, she said \"now\", 'soon'; π ≈ 3"),
        ("reason_1", '=HYPERLINK("https://example.com","+1")', '=HYPERLINK("https://example.com","+1")'),
        ("details", 'one\n\n=two,"three"\n#N/A', 'one\n\n=two,"three"\n#N/A'),
        ("details", "w" * 10_000, "w" * 10_000),
        ("owner", "a\x00b\x07", "a b"),
        ("currency", None, None),
    ],
)
def test_values_never_expected_arrive_whole(org: Org, made: Made, field: str, value: Any, kept: Any) -> None:
    sent = row(**{field: value})
    assert all(answer.ok for answer in made().send([sent]))
    assert at(org, sent.key).get(NAMES[field]) == kept
    assert at(org, sent.key)[NAMES[KEY]] == sent.key


def test_a_text_that_counts_too_long_is_cut_at_a_word(org: Org, made: Made) -> None:
    sent = row(reason_1=" ".join(["🚀🚀🚀"] * 60))
    assert all(answer.ok for answer in made().send([sent]))
    kept = at(org, sent.key)["Uptier_Reason_1__c"]
    assert kept.endswith("🚀🚀🚀…")
    assert len(kept.encode("utf-16-le")) // 2 <= 255


def test_a_text_that_would_be_taken_for_nothing_is_refused_before_sending(org: Org, made: Made) -> None:
    answers = made().send([row("0001", owner="#N/A"), row("0002")])
    assert [(answer.key[:4], answer.ok, answer.passing) for answer in answers] == [
        ("0001", False, False),
        ("0002", True, False),
    ]
    assert "Uptier_Owner__c" in answers[0].said
    assert [key[:4] for key in org.records[NAME]] == ["0002"]


def test_keys_with_quotes_and_of_either_case_are_found(org: Org, made: Made) -> None:
    ids = ["O'Neil \\ Söhne", 'a"b', "AB", "ab", "50%_x"]
    org.account(*ids)
    sent = [row(each) for each in ids]
    crm = made()
    assert {answer.key for answer in crm.send(sent) if answer.ok} == {each.key for each in sent}
    assert crm.fingerprints(each.key for each in sent) == {each.key: each.fingerprint for each in sent}


def test_many_keys_are_asked_for_within_the_length_of_an_address(org: Org, made: Made) -> None:
    ids = [f"Åccount number {number:04}" for number in range(700)]
    org.account(*ids)
    sent, crm = [row(each) for each in ids], made()
    assert sum(answer.ok for answer in crm.send(sent)) == 700
    org.calls.clear()
    assert len(crm.fingerprints(each.key for each in sent)) == 700
    asked = [len(call) for call in org.calls]
    assert len(asked) > 3
    assert QUERY_BYTES * 0.8 < max(asked) < QUERY_BYTES + 100
    org.page_size = 150
    assert len(crm.held()) == 700


def test_nothing_to_send_calls_nobody(org: Org, made: Made) -> None:
    crm = made()
    assert (crm.send([]), crm.fingerprints([]), org.calls) == ([], {}, [])


@pytest.mark.parametrize(
    ("match", "do"),
    [
        ("POST /services/oauth2", "429"),
        ("POST /services/oauth2", "503"),
        ("POST /services/data", "429"),
        ("POST /services/data", "403"),
        ("POST /services/data", "500"),
        ("POST /services/data", "cut"),
        ("POST /services/data", "cut after"),
        ("POST /services/data", "half"),
        ("PUT ", "503"),
        ("PUT ", "slow"),
        ("PUT ", "cut"),
        ("PUT ", "cut after"),
    ],
)
def test_what_may_pass_later_is_told_so_and_nothing_is_applied(org: Org, made: Made, match: str, do: str) -> None:
    crm = made(timeout=0.5)
    org.faults = [Fault(match, do, times=LOOKS if "oauth2" in match else 1)]  # looking for earlier jobs is repeated
    with pytest.raises(UnreachableError):
        crm.send([row()])
    assert org.records[NAME] == {}
    assert all(answer.ok for answer in crm.send([row()]))
    assert crm.held() == {row().key: row().fingerprint}
    assert org.writes == 1


@pytest.mark.parametrize("do", ["500", "cut", "slow"])
def test_a_job_that_could_not_be_closed_is_aborted(org: Org, made: Made, do: str) -> None:
    crm = made(timeout=0.5)
    org.faults = [Fault("PATCH ", do)]
    with pytest.raises(UnreachableError, match="could not be closed"):
        crm.send([row()])
    assert org.records[NAME] == {}
    assert {job.state for job in org.jobs.values()} == {"Aborted"}
    assert all(answer.ok for answer in crm.send([row()]))
    assert (org.writes, crm.held()) == (1, {row().key: row().fingerprint})


def test_a_job_whose_closing_was_done_but_not_answered_is_waited_for(org: Org, made: Made) -> None:
    org.faults = [Fault("PATCH ", "cut after")]
    assert [answer.ok for answer in made().send([row()])] == [True]
    assert len(org.jobs) == 1


@pytest.mark.parametrize("do", ["500", "503", "429", "cut", "cut after", "slow"])
@pytest.mark.parametrize("match", ["GET /services/data/v62.0/jobs/ingest/750", "successfulResults"])
def test_looking_at_a_job_is_repeated(org: Org, made: Made, match: str, do: str) -> None:
    org.faults = [Fault(match, do)]
    assert [answer.ok for answer in made(timeout=0.5).send([row()])] == [True]


def test_results_that_cannot_be_read_leave_rows_that_can_be_looked_up(org: Org, made: Made) -> None:
    crm = made()
    org.faults = [Fault("Results", "500", times=99)]
    with pytest.raises(UnreachableError, match="reading results"):
        crm.send([row()])
    assert crm.fingerprints([row().key]) == {row().key: row().fingerprint}


def test_a_token_that_expired_midway_is_replaced_once(org: Org, made: Made) -> None:
    org.faults = [Fault("PUT ", "expire"), Fault("successfulResults", "expire")]
    assert [answer.ok for answer in made().send([row()])] == [True]
    assert org.logins == 3
    assert org.writes == 1


def test_a_token_that_is_never_taken_is_no_endless_loop(org: Org, made: Made) -> None:
    org.faults = [Fault("/services/data", "expire", times=99)]
    with pytest.raises(DeliveryError, match="does not take the token") as caught:
        made().send([row()])
    assert not isinstance(caught.value, UnreachableError)
    assert org.logins == 2


def test_paging_goes_on_after_a_new_login(org: Org, made: Made) -> None:
    crm = made()
    crm.send([row("0001"), row("0002"), row("0003")])
    org.page_size = 1
    org.faults = [Fault("/query/01g", "expire")]
    assert len(crm.held()) == 3


def test_half_a_batch_that_fails_is_told_row_by_row(org: Org, made: Made) -> None:
    keys = [row(each).key for each in ("0001", "0002", "0003", "0004")]
    org.row_errors = {
        keys[0]: "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: 001xx:--",
        keys[1]: "FIELD_CUSTOM_VALIDATION_EXCEPTION:Ada Lovelace must not be the owner:Uptier_Owner__c --",
        keys[2]: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Trigger: UNABLE_TO_LOCK_ROW, unable to obtain:--",
    }
    answers = {answer.key: answer for answer in made().send([row(key[:4]) for key in keys])}
    assert {key[:4]: (answers[key].ok, answers[key].passing) for key in keys} == {
        "0001": (False, True),
        "0002": (False, False),
        "0003": (False, True),
        "0004": (True, False),
    }
    assert answers[keys[1]].said == "FIELD_CUSTOM_VALIDATION_EXCEPTION (Uptier_Owner__c)"


def test_an_account_that_is_not_there_fails_its_row_alone(org: Org, made: Made) -> None:
    answers = {answer.key[:4]: answer for answer in made().send([row("0001"), row("9999")])}
    assert (answers["0001"].ok, answers["9999"].ok, answers["9999"].passing) == (True, False, False)
    assert "no account carries" in answers["9999"].said
    assert "9999" not in answers["9999"].said


def test_success_reported_with_nothing_changed_is_seen_by_its_fingerprint(org: Org, made: Made) -> None:
    org.lies = True
    crm = made()
    assert [answer.ok for answer in crm.send([row()])] == [True]
    assert crm.fingerprints([row().key]) == {}


def test_a_row_that_no_result_tells_of_has_no_answer(org: Org, made: Made) -> None:
    org.forgets = True
    assert len(made().send([row("0001"), row("0002")])) == 1


@pytest.mark.parametrize("state", ["Aborted", "Failed"])
def test_a_job_that_ends_midway_leaves_rows_that_may_pass_later(org: Org, made: Made, state: str) -> None:
    org.ends_midway = state
    answers = made().send([row("0001"), row("0002")])
    assert sorted((answer.key[:4], answer.ok, answer.passing) for answer in answers) == [
        ("0001", True, False),
        ("0002", False, True),
    ]


def test_a_job_that_does_not_end_is_aborted(org: Org, made: Made) -> None:
    org.stuck = True
    with pytest.raises(UnreachableError, match=r"not done after 0\.5 seconds"):
        made(job_timeout=0.5).send([row()])
    assert {job.state for job in org.jobs.values()} == {"Aborted"}
    org.stuck = False
    assert [answer.ok for answer in made().send([row()])] == [True]


def test_a_job_of_a_run_before_is_waited_for_so_that_old_rows_never_come_last(org: Org, made: Made) -> None:
    org.stuck = True
    org.faults = [Fault("PATCH ", "cut", times=1, after=1)]  # it cannot be aborted either
    with pytest.raises(UnreachableError):
        made(job_timeout=0.3).send([row(reason_1="old")])
    with pytest.raises(UnreachableError, match="nothing was sent"):
        made(job_timeout=0.3).send([row(reason_1="new")])
    org.stuck = False
    assert [answer.ok for answer in made().send([row(reason_1="new")])] == [True]
    assert at(org, row().key)["Uptier_Reason_1__c"] == "new"


def test_jobs_of_others_are_not_waited_for_and_all_pages_are_looked_through(org: Org, made: Made) -> None:
    fields = {"operation": "upsert", "externalIdFieldName": NAMES[KEY]}
    org.jobs = {
        "1": Job("1", {**fields, "object": "Account"}, state="InProgress"),
        "2": Job("2", {**fields, "object": NAME}, state="Open"),
        "3": Job("3", {**fields, "object": NAME}, state="InProgress"),
    }
    org.jobs_page, org.stuck = 1, True
    with pytest.raises(UnreachableError, match="1 of Uptier_Recommendation__c, such as 3"):
        made(job_timeout=0.3).send([row()])
    del org.jobs["3"]
    org.stuck = False
    assert [answer.ok for answer in made(job_timeout=5).send([row()])] == [True]


def test_a_file_that_no_job_takes_is_told_with_the_field(org: Org, made: Made) -> None:
    del org.objects[NAME]["Uptier_Tier__c"]
    with pytest.raises(DeliveryError, match=r"InvalidBatch Uptier_Tier__c") as caught:
        made().send([row()])
    assert not isinstance(caught.value, UnreachableError)


def test_nothing_is_sent_where_the_certificate_cannot_be_verified(
    org: Org, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(DeliveryError, match="certificate") as caught:
        made().send([row()])
    assert not isinstance(caught.value, UnreachableError)
    assert org.calls == []


def test_no_credential_and_no_value_is_quoted(
    org: Org, made: Made, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    person, reason = "Ada " + "Lovelace", "23 of" + " 25"  # in pieces: tracebacks show these lines too
    told = [repr(made()), str(vars(made()))]
    org.row_errors = {row("0002").key: f"STRING_TOO_LONG:CSM: data value too large: {person}:Uptier_Owner__c --"}
    crm = made()
    for match in ("POST /services/oauth2", "POST /services/data", "PUT ", "Results", "/query"):
        for do in ("500", "403", "half", "cut"):
            org.faults = [Fault(match, do, times=99)]
            try:
                crm = made(job_timeout=1)
                told += [answer.said for answer in crm.send([row("0001", owner=person), row("0002")])]
                told.append(str(len(crm.fingerprints([row("0002").key]))))
            except DeliveryError as error:
                told += [str(error), "".join(traceback.format_exception(error)), repr(crm)]
    everything = "\n".join([*told, caplog.text, *capsys.readouterr()])
    for secret in (CLIENT_SECRET, "token-of-tests", person, reason):
        assert secret not in everything
    assert len(told) > 20


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("PUT ", "cut after")],
        [Fault("POST /services/data", "403", times=2)],
        [Fault("PATCH ", "cut after")],
        [Fault("Results", "500", times=99)],
        [Fault("/query", "503", times=1)],
        [Fault("", "expire", after=2), Fault("Results", "expire")],
        [Fault("jobs/ingest/", "cut", times=99)],
    ],
)
def test_after_the_next_ordinary_run_each_row_is_there_once_with_the_newest(
    org: Org, made: Made, tmp_path: Path, faults: list[Fault]
) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "acme")
    old, new = ([row(each, reason_1=text) for each in ACCOUNTS] for text in ("old", "new"))
    deliver(old, made(), ledger, "1", attempts=2, backoff=0)
    org.faults = [replace(fault) for fault in faults]
    deliver(new, made(), ledger, "2", attempts=2, backoff=0)
    org.faults = []
    deliver(new, made(), ledger, "3", attempts=2, backoff=0)
    assert made().held() == {each.key: each.fingerprint for each in new}
    assert {at(org, each.key)["Uptier_Reason_1__c"] for each in new} == {"new"}
    assert org.writes == len(old) + len(new)
    org.calls.clear()
    last = deliver(new, made(), ledger, "4", attempts=2, backoff=0)
    assert (last.unchanged, org.calls) == (len(new), [])
