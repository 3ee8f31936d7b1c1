"""Which triggers fire together, and since when."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from uptier.errors import SignalError
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.signal import Effect, Phrase, Signal, Unit, signal
from uptier.signals.trigger import Trigger, trigger
from uptier.signals.trigger_measures import HOURS_A_DAY
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds

AS_OF = "2026-03-29"


def numbered(name: str, column: str, unit: Unit) -> Signal:
    """Declare a signal that gives what the drawn column says."""

    def some(history: Any) -> Any:
        """Some number."""
        return {"seats": history.seats, "mrr": history.mrr, "tenure": history.tenure_days}[column]()

    some.__name__ = name
    return signal(label=name, unit=unit, effect=Effect.EITHER, phrase=Phrase(value="{value}", missing="no"))(some)


def firing(name: str, says: str, least: float, *, since: str = "", opens: Any = "add_on") -> Trigger:
    def rule(signals: Any, thresholds: Thresholds) -> Any:
        """Some rule."""
        return signals[says] >= least

    rule.__name__ = name
    return trigger(label=name, says=(says,), frame="", opens=opens, act_within_days=1, since=since)(rule)


SIGNALS = (
    numbered("some_seats", "seats", Unit.SEATS),
    numbered("some_days", "seats", Unit.DAYS),
    numbered("some_hours", "mrr", Unit.HOURS),
    numbered("tenured", "tenure", Unit.DAYS),
)
COUNTING = tuple(catalog().signal(name) for name in ("triggers_fired", "days_triggers_together"))
TEXT = """
# subscriptions
account | seats | mrr  | valid_from
none    | 1     | 0    | 2026-03-01
one     | 5     | 0    | 2026-03-01
two     | 5     | 0.72 | 2026-03-01
three   | 5     | 0.72 | 2026-03-20
"""


def counted(*triggers: Trigger, text: str = TEXT, accounts: str = "none one two three") -> dict[str, dict[str, Any]]:
    """Give both signals by account, without the triggers that uptier's own tables would fire."""
    whole = Catalog((*COUNTING, *SIGNALS), triggers)
    frame = whole.frame(drawn(text, as_of=AS_OF, accounts=accounts)).set_index("account_id")
    return {one.name: frame[one.name].astype(object).where(frame[one.name].notna(), None).to_dict() for one in COUNTING}


@pytest.fixture(autouse=True)
def _only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = catalog().signals
    monkeypatch.setattr("uptier.signals.catalog._built_in", lambda: (signals, ()))


def test_triggers_that_fire_are_counted_and_told_since_when_two_do() -> None:
    assert 72 / HOURS_A_DAY == 3  # the hundredths of 0.72, taken for hours, in days
    found = counted(
        firing("many_seats", "some_seats", 5, since="some_days"),
        firing("hours_ago", "some_hours", 1, since="some_hours"),
        firing("long_here", "tenured", 10, since="tenured"),
    )
    assert found == {
        "triggers_fired": {"none": 1, "one": 2, "two": 3, "three": 2},
        # of 5, 3 and 28 days the second longest is 5; of 5 and 3 it is 3
        "days_triggers_together": {"none": None, "one": 5, "two": 5, "three": 3},
    }


def test_triggers_that_open_no_talk_do_not_count_and_those_that_do_not_tell_since_when_only_count() -> None:
    found = counted(
        firing("many_seats", "some_seats", 5),
        firing("unhappy", "some_seats", 0, opens=None),
        firing("long_here", "tenured", 10, since="tenured"),
    )
    assert found == {
        "triggers_fired": {"none": 1, "one": 2, "two": 2, "three": 1},
        "days_triggers_together": dict.fromkeys(("none", "one", "two", "three")),
    }


def test_a_trigger_whose_table_is_absent_is_left_out_and_without_any_nothing_is_known() -> None:
    def exports(signals: Any, thresholds: Thresholds) -> Any:
        """Some rule on a table that is not drawn."""
        return signals["gaps_named"] >= 0

    absent = trigger(label="absent", says=("gaps_named",), frame="", opens="add_on", act_within_days=1)(exports)
    assert counted(absent, firing("many_seats", "some_seats", 5))["triggers_fired"] == {
        "none": 0,
        "one": 1,
        "two": 1,
        "three": 1,
    }
    assert counted(absent)["triggers_fired"] == dict.fromkeys(("none", "one", "two", "three"))
    planned = Catalog(COUNTING, (absent,)).plan(drawn(TEXT, as_of=AS_OF, accounts="none"))
    assert set(planned.unavailable) == {one.name for one in COUNTING}


def test_a_rule_says_the_same_in_the_engine_as_over_a_frame_where_values_are_missing() -> None:
    def odd(signals: Any, thresholds: Thresholds) -> Any:
        """All that a rule may use."""
        known = signals["gap"].notnull() & ~(signals["gap"] < 2)
        return (
            known | (signals["gap"].isnull() & (signals["some_seats"] != 5)) | (signals["gap"] == signals["some_seats"])
        )

    def strictly(signals: Any, thresholds: Thresholds) -> Any:
        """A comparison that what is missing does not pass."""
        return (signals["gap"] > 4) & (signals["gap"] <= signals["some_seats"])

    def gap(history: Any) -> Any:
        """Seats, where there are more than one."""
        return history.seats().nullif(1)

    missing = signal(label="gap", unit=Unit.SEATS, effect=Effect.EITHER, phrase=Phrase(value="{value}", missing="no"))(
        gap
    )
    rule = trigger(label="odd", says=("gap",), frame="", opens="add_on", act_within_days=1)(odd)
    whole = Catalog((COUNTING[0], *SIGNALS, missing), (rule,))
    frame = whole.frame(drawn(TEXT, as_of=AS_OF, accounts="none one two three nobody"))
    over_frame = rule.fired(frame, Thresholds()).astype("float64")
    assert frame["triggers_fired"].tolist() == over_frame.tolist()
    # 5, 5 and 5 seats are known and not below 2; one seat and nobody's are missing, and 1 is not 5
    assert over_frame.tolist() == [1.0, 1.0, 1.0, 1.0, 1.0]
    strict = trigger(label="strict", says=("gap",), frame="", opens="add_on", act_within_days=1)(strictly)
    none = Catalog((COUNTING[0], *SIGNALS, missing), (strict,)).frame(
        drawn(TEXT, as_of=AS_OF, accounts="none one two three nobody")
    )
    assert none["triggers_fired"].tolist() == strict.fired(none, Thresholds()).astype("float64").tolist()
    assert none["triggers_fired"].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]


def test_a_trigger_that_counts_triggers_is_refused() -> None:
    with pytest.raises(SignalError, match="The trigger circular asks which triggers fire, itself among them"):
        counted(firing("circular", "triggers_fired", 2))


def test_all_of_uptiers_rules_say_the_same_in_the_engine_as_over_a_frame() -> None:
    own = [one for one in catalog().triggers if one.opens is not None]
    text = (
        "account | user | occurred_at | kind | feature\n"
        + "\n".join(f"busy | u | 2026-03-{day:02} | gate_hit | sso" for day in range(1, 28))
        + "\nbusy | v | 2026-03-20 | trial_use | sso"
    )
    whole = Catalog(catalog().signals, tuple(own))
    frame = whole.frame(drawn(text, as_of=AS_OF, accounts="busy idle"))
    expected = sum((one.fired(frame, Thresholds()).astype("float64") for one in own), pd.Series([0.0, 0.0]))
    assert frame["triggers_fired"].tolist() == expected.tolist()
    assert expected.tolist()[0] >= 1
    assert not math.isnan(expected.tolist()[1])
