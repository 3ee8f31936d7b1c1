from __future__ import annotations

from pathlib import Path

from uptier.settings import OUTCOMES, read_settings
from uptier.work.material import Material
from uptier.work.outcomes import every_label, outcome_report

TABLES = {
    "accounts": "account_id\na\nb\n",
    "subscriptions": "subscription_id,account_id,seats,mrr,valid_from,valid_to\n"
    "1,a,5,50,2024-01-01,2025-04-15\n1,a,8,80,2025-04-15,\n2,b,5,50,2024-01-01,2025-06-01\n2,b,5,55,2025-06-01,\n",
    "usage_daily": "account_id,day,kind,events\na,2025-12-31,login,3\n",
    "outreach": "outreach_id,account_id,contacted_at,started_by,result,result_at\n"
    "1,a,2025-04-01,calendar,won,2025-04-15\n",
}
OWN = '''"""Anything new."""

from uptier.outcomes.own import outcome


@outcome(label="Called", table="outreach", horizon_days=30)
def called(tables, changes):
    """A contact."""
    return tables["outreach"].select("account_id", "day", "known_day")
'''


def test_every_outcome_is_labelled_and_reported(tmp_path: Path) -> None:
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    config = tmp_path / "acme.yaml"
    config.write_text(
        "project: acme\nsource: .\nstore: store\ndata_until: 2026-01-01\ntimezone: UTC\n"
        "snapshots: {first: 2025-03-01, last: 2025-05-01}\noutcomes: {extra: [own.py]}\n",
        encoding="utf-8",
    )
    material = Material(read_settings(config), lambda _: None)
    assert [one.outcome for one in every_label(material)] == [*OUTCOMES, "called"]
    found = outcome_report(material)
    assert found.removed.loc["seat_expansion", ["looks", "kept", "positives", "cases"]].tolist() == [6, 6, 2, 1]
    assert found.removed.loc["plan_upgrade", "not_available"] == 6
    assert found.removed.loc["called", "in_the_gap"] == 1
    assert found.changes_not_counted == {"price_alone": 1}
    assert found.not_counted.to_dict("records") == [{"outcome": "seat_expansion", "because": "price_alone", "rows": 2}]
    assert found.win_rates.loc[found.win_rates["by"] == "all", "won"].tolist() == [1]
