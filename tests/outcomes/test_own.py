"""A project's own outcomes: the house's windows around what its function lists."""

# ruff: noqa: E501  # what is planted and what is said of it stand side by side

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from uptier.errors import OutcomeError, SettingsError, UptierError
from uptier.outcomes.changes import changes
from uptier.outcomes.outcome import Labels
from uptier.outcomes.own import own_labels, own_outcomes, with_own_windows
from uptier.settings import Settings, read_settings
from uptier.tables.drawn import tables_of

GOOD = '''"""What we want to foresee."""

from uptier.outcomes.own import outcome


@outcome(label="Goal met", table="milestones", columns=("milestone",), horizon_days=30, gap_days=7)
def goal_met(tables, changes):
    """A goal of the customer's own is met."""
    reached = tables["milestones"]
    return reached.filter(reached.milestone == "goal_met")
'''
TEXT = """
# subscriptions
account | seats | mrr | valid_from | valid_to
hit     | 5     | 50  | 2025-01-01 |
early   | 5     | 50  | 2025-01-01 |
late    | 5     | 50  | 2025-01-01 |
other   | 5     | 50  | 2025-01-01 |
left    | 5     | 50  | 2025-01-01 | 2025-06-05
# milestones
account | milestone | reached_at | recorded_at
hit     | goal_met  | 2025-06-20 | 2025-08-01
early   | goal_met  | 2025-06-03 |
late    | goal_met  | 2025-07-08 |
other   | go_live   | 2025-06-20 |
left    | goal_met  | 2025-06-20 |
"""
ACCOUNTS = "hit early late other left"


def settings_of(folder: Path, text: str = GOOD, more: str = "") -> Settings:
    (folder / "foreseen.py").write_text(text, encoding="utf-8")
    yaml = folder / "acme.yaml"
    yaml.write_text(
        f"project: acme\nsource: data\nstore: store\ndata_until: 2026-01-01\noutcomes:\n  extra: [foreseen.py]\n{more}"
    )
    return read_settings(yaml)


def labelled(
    folder: Path, text: str = GOOD, *, more: str = "", drawn: str = TEXT, until: str = "2026-01-01", **settings: Any
) -> Labels:
    (one,) = own_outcomes(settings_of(folder, text, more))
    windows = with_own_windows(settings_of(folder, text, more)).outcomes
    tables = tables_of(drawn, data_until=until, accounts=ACCOUNTS, outcomes=windows, **settings)
    looks = pd.DataFrame({"account_id": ACCOUNTS.split(), "as_of": pd.Timestamp("2025-06-01")})
    return own_labels(one, tables, looks, changes(tables))


def test_what_happened_in_the_window_is_a_label(tmp_path: Path) -> None:
    found = labelled(tmp_path)
    assert found.outcome == "goal_met"
    # the window is from 8 June to 7 July: what happened or who left in the gap before has no label
    assert found.rows.set_index("account_id")["label"].to_dict() == {"hit": 1, "late": 0, "other": 0}
    assert found.left_out == {"censored": 0, "in_the_gap": 2, "merged_away": 0}
    known = found.rows.set_index("account_id")["known_at"]
    assert known["hit"] == pd.Timestamp("2025-08-01"), "known later than the window was over"
    assert known["other"] == pd.Timestamp("2025-07-08")


def test_the_yaml_may_change_the_window(tmp_path: Path) -> None:
    found = labelled(tmp_path, more="  goal_met: {gap_days: 0, horizon_days: 60}\n")
    labels = found.rows.set_index("account_id")["label"].to_dict()
    assert labels == {"hit": 1, "early": 1, "late": 1, "other": 0, "left": 1}
    settings = with_own_windows(settings_of(tmp_path, more="  goal_met: {gap_days: 3}\n  churn: {gap_days: 1}\n"))
    assert (settings.horizon("goal_met").gap_days, settings.horizon("goal_met").horizon_days) == (3, 30)
    assert settings.horizon("churn").gap_days == 1
    assert with_own_windows(settings) == settings


def test_windows_that_are_not_over_have_no_label(tmp_path: Path) -> None:
    assert labelled(tmp_path, until="2025-07-07").left_out["censored"] == 5
    lagging = labelled(tmp_path, until="2025-07-09", tables={"milestones": {"lag_days": 5}})
    assert lagging.left_out["censored"] == 5


def test_without_its_table_an_outcome_is_not_available(tmp_path: Path) -> None:
    found = labelled(tmp_path, drawn=TEXT[: TEXT.index("# milestones")])
    assert found.rows.empty
    assert found.left_out == {"not_available": 5}


def test_changes_of_contracts_may_be_an_outcome(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("    reached")].replace('"milestones", columns=("milestone",)', '"subscriptions"')
    found = labelled(
        tmp_path, text + '    return changes[changes["kind"] == "leaving"]\n', more="  goal_met: {gap_days: 0}\n"
    )
    assert found.rows.set_index("account_id")["label"].to_dict() == {
        "hit": 0,
        "early": 0,
        "late": 0,
        "other": 0,
        "left": 1,
    }


# what cannot be used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ("goal_met(", "churn(", OutcomeError, "foreseen.py, line 6: the name of the outcome 'churn' is taken."),
        ('    """A goal of the customer\'s own is met."""\n', "", OutcomeError, "foreseen.py, line 6: The outcome goal_met has no docstring"),
        ('table="milestones"', 'table="milestone"', OutcomeError, "is seen in no table 'milestone'.\nDid you mean 'milestones'?"),
        ('("milestone",)', '("mile",)', OutcomeError, "is seen in no column 'mile' of milestones."),
        ("horizon_days=30", "horizon_days=0", OutcomeError, "needs a gap of 0 days or more and a length"),
        ("@outcome(", "@dict(", UptierError, "foreseen.py, line 6: running this file failed."),
        (GOOD, '"""Nothing."""\n', OutcomeError, "foreseen.py: no outcome is declared in this file."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(old: str, new: str, kind: type[UptierError], said: str, tmp_path: Path) -> None:
    assert old in GOOD
    with pytest.raises(kind) as caught:
        own_outcomes(settings_of(tmp_path, GOOD.replace(old, new)))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("tables['nothing']", "foreseen.py, line 10: the outcome goal_met cannot be formed.\nFound: KeyError."),
        ("changes[['account_id']]", "does not list what happened.\nFound: account_id."),
        ("None", "does not list what happened.\nFound: NoneType."),
        ("tables['milestones'].mutate(day=tables['milestones'].day.nullif(tables['milestones'].day))", "rows of the outcome goal_met say neither whom nor when.\nFound: 5 of 5 rows"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_told(returned: str, said: str, tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("    reached")] + f"\n    return {returned}\n"
    with pytest.raises(OutcomeError) as caught:
        labelled(tmp_path, text)
    assert said in str(caught.value)


def test_a_window_of_an_outcome_that_there_is_not_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        own_outcomes(settings_of(tmp_path, more="  goal_mat: {gap_days: 3}\n"))
    assert str(caught.value).removeprefix(f"{tmp_path}/") == (
        "acme.yaml, line 7, outcomes.goal_mat: there is no outcome 'goal_mat'.\nDid you mean 'goal_met'?"
    )
