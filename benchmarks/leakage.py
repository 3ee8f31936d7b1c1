"""No signal changes, to the last bit, with what happens or becomes known at or after the as-of date.

The check of tests/signals/test_no_leakage.py, at length: every history is looked at as it is, with its past alone, and
with another future.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import hypothesis

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.signals.timelines import DifferentError, Looker, check_only_the_past_matters
from uptier.signals.catalog import catalog

WORLDS = {"usage_events": 100, "usage_daily": 40}  # of 24 histories each
SHARE_AT_LEAST = 0.3  # of the histories that must hold a future row, and a late one


def main() -> None:
    """Draw, look and count, and print the line."""
    hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("repeatable")
    looker = Looker(0, 3)  # lags, days
    tally: Counter[str] = Counter()
    differing: list[str] = []
    for usage, count in WORLDS.items():
        try:
            tally += check_only_the_past_matters(usage, looker, examples=count)
        except DifferentError as error:
            differing += [f"{usage}: {line}" for line in str(error).splitlines()]
    shares = {name: tally[name] / max(tally["histories"], 1) for name in ("future", "late")}
    line = {
        "name": "leakage",
        "sizes": {"histories": tally["histories"], "signals": len(catalog().signals)},
        "seed": "derandomised",
        "figures": {
            "differing": differing,
            "with_future_row": tally["future"],
            "with_late_row": tally["late"],
            "share_with_future_row": shares["future"],
            "share_with_late_row": shares["late"],
        },
        "bounds": {
            "differing": [],
            "share_with_future_row": SHARE_AT_LEAST,
            "share_with_late_row": SHARE_AT_LEAST,
        },
        "met": not differing and min(shares.values()) >= SHARE_AT_LEAST,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
