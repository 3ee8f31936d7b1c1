"""Upsells dated by their opportunities, to the day.

As-of date 2025-03-01, gap 7 days, horizon 60: the gap is 03-01 to 03-07, the window 03-08 to 05-06, both included.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from uptier.outcomes.changes import changes
from uptier.outcomes.evidence import dated_by_evidence, opportunities, verdicts
from uptier.outcomes.outcome import Labels
from uptier.outcomes.upsell import upsell_labels
from uptier.settings import CONVERSIONS
from uptier.tables.clean import Tables
from uptier.tables.drawn import tables_of

AS_OF = "2025-03-01"


def test_an_upsell_counts_on_the_day_on_which_it_began() -> None:
    expected: dict[tuple[str, str], object] = {
        ("2025-02-28", "2025-04-01"): "left out",  # in talks at the as-of date
        ("2025-03-01", "2025-04-01"): "left out",  # in the gap
        ("2025-03-07", "2025-04-01"): "left out",
        ("2025-03-07", "2025-06-01"): "left out",  # even where the contract follows after the window
        ("2025-03-08", "2025-04-01"): "2025-03-08",
        ("2025-03-08", "2025-05-07"): "2025-03-08",
        ("2025-05-06", "2025-05-20"): "2025-05-06",
        ("2025-05-07", "2025-05-20"): 0,  # begins after the window
        ("2025-03-01", "2025-03-07"): "left out",
        ("2025-02-20", "2025-03-05"): "left out",  # the gap comes before the talks
        ("2025-04-01", "2025-04-01"): "2025-04-01",
    }
    deals = "# opportunities\naccount | upsell_type | stage | entered_at\n"
    contracts = "# subscriptions\naccount | seats | valid_from | valid_to\n"
    accounts = [f"case{number}" for number in range(len(expected))]
    for account, (created, contract) in zip(accounts, expected, strict=True):
        deals += f"{account} | seat_expansion | identified | {created}\n{account} | seat_expansion | won | {contract}\n"
        contracts += f"{account} | 5 | 2024-01-01 | {contract}\n{account} | 8 | {contract} |\n"
    names = " ".join(accounts)
    found = by_evidence(tables_by_evidence(deals + contracts, accounts=names), accounts=names)
    days = found.rows["event_at"].dt.strftime("%Y-%m-%d").where(found.rows["label"] == 1, 0)
    told = dict(zip(found.rows["account_id"], days, strict=True))
    assert [told.get(account, "left out") for account in accounts] == list(expected.values())
    gone = {reason: count for reason, count in found.left_out.items() if count}
    assert gone == {"in_the_gap": 5, "open_opportunity": 1}


@pytest.mark.parametrize("label_time", ["contract", "evidence"])
def test_by_contract_the_opportunity_dates_nothing(label_time: str) -> None:
    text = deal("2025-03-08", ("won", "2025-05-07")) + grows("2025-05-07")
    found = by_evidence(tables_by_evidence(text, label_time=label_time))
    assert verdict_of(found) == (0 if label_time == "contract" else "2025-03-08")


def test_without_an_opportunity_the_contract_dates_an_upsell_and_a_recorded_order_goes_before() -> None:
    text = """
        # subscriptions
        account  | seats | valid_from | valid_to   | recorded_at
        contract | 5     | 2024-01-01 | 2025-04-01 | 2024-01-01
        contract | 8     | 2025-04-01 |            | 2025-04-03
        checkout | 5     | 2024-01-01 | 2025-05-15 | 2024-01-01
        checkout | 8     | 2025-05-15 |            | 2025-05-01
        """
    tables = tables_by_evidence(text, accounts="contract checkout")
    found = by_evidence(tables, accounts="contract checkout").rows.set_index("account_id")
    assert found["dated_by"].to_dict() == {"contract": "contract", "checkout": "order"}
    assert found["event_at"].dt.strftime("%m-%d").to_dict() == {"contract": "04-01", "checkout": "05-01"}


def test_what_is_not_decided_when_the_data_end_is_no_negative() -> None:
    began = "2025-03-20"
    last = pd.Timestamp(began) + pd.Timedelta(days=180)  # on which an upsell may still follow
    cases = {
        "open": (deal(began), last),
        "lost": (deal(began, ("lost", "2025-06-10")), pd.Timestamp("2025-06-09")),
        "won": (deal(began, ("won", "2025-06-10")), pd.Timestamp("2025-06-10") + pd.Timedelta(days=31)),
    }
    for text, day in cases.values():
        early = by_evidence(tables_by_evidence(text + STAYS, data_until=f"{day:%Y-%m-%d}"))
        assert verdict_of(early) == "undecided"
        enough = f"{day + pd.Timedelta(days=1):%Y-%m-%d}"
        late = by_evidence(tables_by_evidence(text + STAYS, data_until=enough))
        assert verdict_of(late) == 0
        # what is learnt on a date must have been decided by it
        assert late.rows["known_at"].dt.strftime("%Y-%m-%d").tolist() == [enough]


def test_an_opportunity_after_the_window_or_lost_within_it_holds_nothing_up() -> None:
    for text in (deal("2025-05-07"), deal("2025-03-20", ("lost", "2025-04-20"))):
        found = by_evidence(tables_by_evidence(text + STAYS, data_until="2025-06-01"))
        assert verdict_of(found) == 0
        assert found.rows["known_at"].dt.strftime("%Y-%m-%d").tolist() == ["2025-05-07"]


def test_a_positive_is_known_when_its_contract_is() -> None:
    text = deal("2025-03-20", ("won", "2025-06-10")) + grows("2025-06-12")
    found = by_evidence(tables_by_evidence(text))
    assert found.rows["known_at"].dt.strftime("%Y-%m-%d").tolist() == ["2025-06-12"]


def test_talks_that_came_to_light_later_leave_a_row_out_too() -> None:
    text = """
        # opportunities
        account | upsell_type    | stage   | entered_at | recorded_at
        a       | seat_expansion | engaged | 2025-02-20 | 2025-03-05
        a       | seat_expansion | won     | 2025-04-01 | 2025-04-01
        """ + grows("2025-04-01")
    assert verdict_of(by_evidence(tables_by_evidence(text))) == "open_opportunity"
    # sold before the as-of date, and the contract begins after it
    sold = deal("2025-01-20", ("won", "2025-02-25")) + grows("2025-03-20")
    assert verdict_of(by_evidence(tables_by_evidence(sold))) == "open_opportunity"


def test_an_upsell_of_another_kind_in_the_gap_is_dated_by_its_contract() -> None:
    text = (
        deal("2025-03-05", ("won", "2025-04-01"), "plan_upgrade")
        + """
        # plans
        plan  | tier_rank
        basic | 1
        pro   | 2
        # subscriptions
        account | plan  | seats | valid_from | valid_to
        a       | basic | 5     | 2024-01-01 | 2025-04-01
        a       | pro   | 5     | 2025-04-01 | 2025-04-20
        a       | pro   | 8     | 2025-04-20 |
        """
    )
    tables = tables_by_evidence(text)
    assert verdict_of(by_evidence(tables)) == "2025-04-20"
    assert verdict_of(by_evidence(tables, outcome="plan_upgrade")) == "in_the_gap"


def test_the_lag_of_opportunities_makes_windows_mature_later() -> None:
    text = deal("2025-04-01", ("won", "2025-04-10")) + grows("2025-04-10")
    lags = {"tables": {"opportunities": {"lag_days": 5}}}
    early = tables_by_evidence(text, data_until="2025-05-11", **lags)
    assert verdict_of(by_evidence(early)) == "censored"
    assert verdict_of(by_evidence(tables_by_evidence(text, data_until="2025-05-12", **lags))) == "2025-04-01"


# which opportunity began which upsell -----------------------------------------------------------------------------


def test_which_opportunity_fits_an_upsell() -> None:
    contract = "2025-06-01"
    began = {
        "seat_expansion | 2024-12-03 | won  | 2025-06-01": "2024-12-03",  # 180 days before
        "seat_expansion | 2024-12-02 | won  | 2025-06-01": contract,
        "seat_expansion | 2025-04-01 | won  | 2025-05-01": "2025-04-01",  # won 31 days before
        "seat_expansion | 2025-04-01 | won  | 2025-04-30": contract,
        "seat_expansion | 2025-04-01 | won  | 2025-07-02": "2025-04-01",  # closed 31 days late in the CRM
        "seat_expansion | 2025-04-01 | won  | 2025-07-03": contract,
        "seat_expansion | 2025-06-01 | won  | 2025-06-01": contract,  # both on one day
        "seat_expansion | 2025-06-02 | won  | 2025-06-20": contract,  # created after the contract
        "seat_expansion | 2025-04-01 | lost | 2025-05-20": contract,
        "seat_expansion | 2025-04-01 | idle | 2025-05-20": "2025-04-01",  # never closed
        "plan_upgrade   | 2025-04-01 | won  | 2025-06-01": contract,
        "               | 2025-04-01 | won  | 2025-06-01": "2025-04-01",
    }
    deals = "# opportunities\naccount | upsell_type | stage | entered_at\n"
    contracts = "# subscriptions\naccount | seats | valid_from | valid_to\n"
    accounts = [f"case{number:02}" for number in range(len(began))]
    for account, case in zip(accounts, began, strict=True):
        kind, created, stage, closed = (cell.strip() for cell in case.split("|"))
        deals += f"{account} | {kind} | identified | {created}\n{account} | {kind} | {stage} | {closed}\n"
        contracts += f"{account} | 5 | 2024-01-01 | {contract}\n{account} | 8 | {contract} |\n"
    tables = tables_by_evidence(deals + contracts, accounts=" ".join(accounts))
    found = dated_by_evidence(changes(tables), opportunities(tables), tables.settings.outcomes)
    told = found.set_index("account_id")["day"].dt.strftime("%Y-%m-%d")
    assert told[accounts].tolist() == list(began.values())
    fitting = found.set_index("account_id")["opportunity_id"] != ""
    same_day = [case.count(contract) == 2 for case in began]
    assert fitting[accounts].tolist() == [
        day != contract or both for day, both in zip(began.values(), same_day, strict=True)
    ]


def test_each_opportunity_begins_one_upsell_and_the_nearest_wins() -> None:
    text = """
        # opportunities
        opportunity_id | account | upsell_type    | stage   | entered_at
        first          | a       | seat_expansion | engaged | 2025-03-01
        first          | a       | seat_expansion | won     | 2025-04-02
        second         | a       |                | engaged | 2025-03-10
        second         | a       |                | won     | 2025-04-20
        third          | a       | seat_expansion | engaged | 2025-02-01
        # subscriptions
        account | seats | valid_from | valid_to
        a       | 5     | 2024-01-01 | 2025-04-01
        a       | 8     | 2025-04-01 | 2025-04-21
        a       | 9     | 2025-04-21 | 2025-04-28
        a       | 10    | 2025-04-28 | 2025-04-29
        a       | 12    | 2025-04-29 |
        """
    told = {"04-01": "03-01", "04-21": "03-10", "04-28": "02-01", "04-29": "04-29"}
    assert days_of(tables_by_evidence(text)) == told


def test_an_opportunity_stands_as_its_latest_stage_says() -> None:
    text = """
        # opportunities
        opportunity_id | account | upsell_type | stage       | entered_at       | recorded_at
        reopened       | a       |             | lost        | 2025-03-01       | 2025-03-02
        reopened       | a       | add_on      | engaged     | 2025-03-05       | 2025-03-05
        same_day       | a       | add_on      | won         | 2025-03-01       | 2025-03-04
        same_day       | a       | add_on      | negotiation | 2025-03-01       | 2025-03-04
        """
    found = opportunities(tables_by_evidence(text + STAYS)).set_index("opportunity_id")
    assert found["result"].to_dict() == {"reopened": "", "same_day": "won"}
    assert found["created_known"].dt.strftime("%m-%d").to_dict() == {"reopened": "03-02", "same_day": "03-04"}
    assert found["upsell_type"].to_dict() == {"reopened": "add_on", "same_day": "add_on"}
    assert found["closed_day"].isna().to_dict() == {"reopened": True, "same_day": False}


def test_without_opportunities_every_contract_dates_itself() -> None:
    tables = tables_by_evidence(grows("2025-04-01"))
    deals = opportunities(tables)
    upsells = dated_by_evidence(changes(tables), deals, tables.settings.outcomes)
    assert upsells["dated_by"].tolist() == ["contract"]
    assert verdicts(deals, upsells, "seat_expansion", tables.settings.outcomes, lag_days=0).empty
    assert verdict_of(by_evidence(tables)) == "2025-04-01"
    nobody = by_evidence(tables_by_evidence(STAYS))
    assert nobody.rows["label"].tolist() == [0]


STAYS = """
# subscriptions
account | seats | valid_from
a       | 5     | 2024-01-01
"""


def deal(created: str, closed: tuple[str, str] | None = None, kind: str = "seat_expansion") -> str:
    lines = ["# opportunities", "account | upsell_type | stage | entered_at", f"a | {kind} | identified | {created}"]
    if closed is not None:
        lines.append(f"a | {kind} | {closed[0]} | {closed[1]}")
    return "\n".join(lines) + "\n"


def grows(day: str) -> str:
    return f"""
        # subscriptions
        account | seats | valid_from | valid_to
        a       | 5     | 2024-01-01 | {day}
        a       | 8     | {day}      |
        """


def tables_by_evidence(
    text: str, *, accounts: str = "a", data_until: str = "2026-01-01", label_time: str = "evidence", **settings: Any
) -> Tables:
    outcomes = {"label_time": label_time}
    return tables_of(text, data_until=data_until, accounts=accounts, outcomes=outcomes, **settings)


def by_evidence(tables: Tables, *, outcome: str = "seat_expansion", accounts: str = "a") -> Labels:
    looks = pd.DataFrame({"account_id": pd.Series(accounts.split(), dtype="str"), "as_of": pd.Timestamp(AS_OF)})
    assert outcome in CONVERSIONS
    return upsell_labels(tables, looks.astype({"as_of": "datetime64[us]"}), changes(tables), outcome)


def verdict_of(found: Labels) -> object:
    """Give what became of the one look: why it was left out, the day of its event, or 0."""
    gone = [reason for reason, count in found.left_out.items() if count]
    if gone:
        assert len(found.rows) == 0
        return gone[0]
    (row,) = found.rows.itertuples()
    return f"{row.event_at:%Y-%m-%d}" if row.label else 0


def days_of(tables: Tables) -> dict[str, str]:
    """Give the day on which the upsell of each day of contract began."""
    found = dated_by_evidence(changes(tables), opportunities(tables), tables.settings.outcomes)
    return {f"{row.contract_day:%m-%d}": f"{row.day:%m-%d}" for row in found.itertuples()}
