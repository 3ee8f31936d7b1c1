from __future__ import annotations

import pytest

from uptier.errors import TableError
from uptier.tables.drawn import drawn, settings_of, source_of, tables_of


def test_several_tables_with_short_names_and_empty_cells() -> None:
    tables = tables_of(
        """
        account | user | occurred_at | kind
        a       |      | 2026-03-01  | login

        # tickets
        account | opened_at
        a       | 2026-03-01 10:00
        b       | 2026-03-01 10:00
        """,
        data_until="2026-04-01",
    )
    events = tables["usage_events"].to_pandas()
    assert events["user_id"].isna().tolist() == [True]
    assert sorted(tables["tickets"].to_pandas()["ticket_id"]) == ["0", "1"]
    assert tables.has("usage", ["user_id"])
    assert not tables.has("usage", ["feature"])


def test_accounts_that_draw_no_subscription_have_one() -> None:
    assert len(tables_of("", data_until="2026-04-01")["subscriptions"].to_pandas()) == 3
    own = tables_of("# subscriptions\naccount | valid_from\na | 2026-01-01", data_until="2026-04-01")
    assert own["subscriptions"].to_pandas()["subscription_id"].tolist() == ["a"]


def test_every_account_is_looked_at_on_every_date() -> None:
    grid = drawn("", as_of="2026-03-01 2026-02-01", accounts="b a").grid.to_pandas()
    assert sorted(grid.astype(str).itertuples(index=False, name=None)) == [
        (account, day) for account in "ab" for day in ("2026-02-01", "2026-03-01")
    ]


def test_settings_of_a_project_may_be_given() -> None:
    assert settings_of(data_until="2026-01-01", thresholds={"gate_days": 3}).thresholds.gate_days == 3
    assert settings_of(data_until="2026-01-01").project == "drawn"


def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(TableError) as caught:
        source_of("# usage_event\naccount")
    assert str(caught.value) == "There is no table 'usage_event' to draw.\nDid you mean 'usage_events'?"
    with pytest.raises(TableError) as caught:
        source_of("account | occured_at")
    assert str(caught.value) == (
        "The drawn table 'usage_events' has no column 'occured_at'.\nDid you mean 'occurred_at'?"
    )
    with pytest.raises(TableError) as caught:
        source_of("account | kind\na")
    assert str(caught.value) == (
        "A row of the drawn table 'usage_events' has 1 cells for 2 columns.\n"
        "Put a bar between all cells, the empty ones too."
    )
