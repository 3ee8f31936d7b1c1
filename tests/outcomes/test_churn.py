from __future__ import annotations

import pandas as pd

from uptier.outcomes.changes import changes
from uptier.outcomes.churn import churn_labels, post_upsell_labels, upsell_episodes
from uptier.tables.drawn import tables_of


def test_churn_is_that_the_last_subscription_ends_in_the_window() -> None:
    # as-of date 2025-03-01: the window is from 2025-03-08 to 2025-06-05, both included
    text = """
        # subscriptions
        subscription_id | account    | seats | valid_from | valid_to
        1               | first_day  | 5     | 2024-01-01 | 2025-03-08
        2               | last_day   | 5     | 2024-01-01 | 2025-06-05
        3               | after      | 5     | 2024-01-01 | 2025-06-06
        4               | in_gap     | 5     | 2024-01-01 | 2025-03-07
        5               | one_of_two | 5     | 2024-01-01 | 2025-04-01
        6               | one_of_two | 5     | 2024-01-01 |
        7               | both       | 5     | 2024-01-01 | 2025-04-01
        8               | both       | 5     | 2024-01-01 | 2025-05-01
        9               | renews     | 5     | 2024-01-01 | 2025-04-01
        9               | renews     | 5     | 2025-04-01 |
        10              | downgrades | 5     | 2024-01-01 | 2025-04-01
        10              | downgrades | 2     | 2025-04-01 |
        """
    accounts = "first_day last_day after in_gap one_of_two both renews downgrades"
    tables = tables_of(text, data_until="2026-01-01", accounts=accounts)
    looks = pd.DataFrame({"account_id": accounts.split(), "as_of": pd.Timestamp("2025-03-01")})
    found = churn_labels(tables, looks.astype({"as_of": "datetime64[us]"}), changes(tables))
    assert dict(zip(found.rows["account_id"], found.rows["label"], strict=True)) == {
        "first_day": 1,
        "last_day": 1,
        "after": 0,
        "one_of_two": 0,
        "both": 1,
        "renews": 0,
        "downgrades": 0,
    }
    assert found.left_out == {"censored": 0, "in_the_gap": 1, "merged_away": 0}


def test_episodes_after_an_upsell() -> None:
    text = """
        # plans
        plan  | tier_rank
        basic | 1
        pro   | 2
        # subscriptions
        account    | plan  | seats | valid_from | valid_to
        stays      | basic | 5     | 2024-01-01 | 2025-02-01
        stays      | basic | 8     | 2025-02-01 |
        leaves     | basic | 5     | 2024-01-01 | 2025-02-01
        leaves     | pro   | 5     | 2025-02-01 | 2025-05-01
        on_day_90  | basic | 5     | 2024-01-01 | 2025-02-01
        on_day_90  | basic | 8     | 2025-02-01 | 2025-05-02
        shrinks    | basic | 5     | 2024-01-01 | 2025-02-01
        shrinks    | basic | 8     | 2025-02-01 | 2025-03-01
        shrinks    | basic | 5     | 2025-03-01 |
        part_of_it | basic | 5     | 2024-01-01 | 2025-02-01
        part_of_it | pro   | 5     | 2025-02-01 |
        two        | basic | 5     | 2024-01-01 | 2025-02-01
        two        | basic | 8     | 2025-02-01 | 2025-03-15
        two        | pro   | 8     | 2025-03-15 | 2025-04-15
        never      | basic | 5     | 2024-01-01 | 2025-04-01
        recent     | basic | 5     | 2024-01-01 | 2025-11-01
        recent     | basic | 8     | 2025-11-01 |
        # addons
        account    | addon | valid_from | valid_to
        part_of_it | sso   | 2024-06-01 | 2025-02-01
        two        | sso   | 2025-02-01 |
        """
    accounts = "stays leaves on_day_90 shrinks part_of_it two never recent"
    tables = tables_of(text, data_until="2026-01-01", accounts=accounts)
    told = changes(tables)
    episodes = upsell_episodes(told)
    assert "never" not in set(episodes["account_id"])
    # two things bought on one day are one episode
    assert (episodes["account_id"] == "two").sum() == 2
    found = post_upsell_labels(tables, episodes, told)
    labels = {
        (account, f"{day:%m-%d}"): label
        for account, day, label in found.rows[["account_id", "as_of", "label"]].itertuples(index=False)
    }
    assert labels == {
        ("stays", "02-01"): 0,
        ("leaves", "02-01"): 1,
        ("on_day_90", "02-01"): 0,  # the window is the 90 days from 02-01 to 05-01
        ("shrinks", "02-01"): 1,
        ("part_of_it", "06-01"): 0,  # in 2024, when the add-on was bought
        ("part_of_it", "02-01"): 0,  # the add-on that was given up is in the higher plan
        ("two", "02-01"): 1,
        ("two", "03-15"): 1,
    }
    assert found.left_out == {"censored": 1, "in_the_gap": 0, "merged_away": 0}
