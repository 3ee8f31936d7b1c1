"""The world looks like the companies that the domain page describes: its anchors on `standard`, each with a tolerance.

Win rates: the 95 % interval of what was counted must reach into the range of the domain page (binomial error is the
only tolerance). Several signals: accounts on which at least three triggers that open a talk have fired, at monthly
as-of dates, against the better of two programmes that look at one date alone: the quarter of the accounts that has been
there longest, and those whose term ends in 60 to 120 days. Conversion is any upsell in the product's own window, over
looks that are in no talks and can be labelled. The same against those of the two programmes' accounts on which no
trigger has fired stands beside it, without a bound. Power users: the lead at which the change in their number goes best
with the growth of the licensed seats. After an upsell: leaving or going down within 90 days; well timed is a sale that
a sign started or a need was behind, pushed is one in a call by the calendar without need at the month's beginning; the
base is all accounts in the same months, and the whole 95 % interval must lie on its side of it.
The code that measures is tests/simulate/anchors.py.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _worlds import made

from tests.simulate.anchors import (
    Share,
    aftermath,
    asked,
    lead_of_power_users,
    opened,
    pooled,
    retention,
    selections,
    win_rates,
)
from uptier.documentation.world.aftermath import HELD
from uptier.documentation.world.rates import LEAST_TIMES, NRR, RANGES
from uptier.explanation.reasons import fired_triggers
from uptier.project import Project
from uptier.signals.catalog import catalog
from uptier.simulate.presets import DATA_UNTIL
from uptier.simulate.timeline import months_before

PRESET, SEED, MONTHS = "standard", 11, 24
SEVERAL, SEVERAL_TIMES_AT_LEAST = 3, 3.0
LEAD_DAYS = (30, 60)
HIGHEST_TIER = 3.0


def main() -> None:
    """Make the world, measure, and print the line."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        world, project = made(Path(folder), preset=PRESET, seed=SEED)
        told("the world is made", began)
        base = opened(world)
        events = int(asked(base, "SELECT count(*) AS n FROM usage_events")["n"].iloc[0])
        figures, failed = of_tables(base)
        base.close()
        told("the tables are read", began)
        several, missed = of_signals(project)
        told("the signals are formed", began)
    failed += missed
    line = {
        "name": "anchors",
        "sizes": {"preset": PRESET, "accounts": 5000, "months": MONTHS, "usage_events": events},
        "seed": SEED,
        "figures": {"failed": failed, **figures, **several, "seconds": time.perf_counter() - began},
        "bounds": {
            "failed": [],
            "win_rates": {" ".join(key): value for key, value in RANGES.items()},
            "signal_over_calendar": LEAST_TIMES,
            f"several_{SEVERAL}_times_silent": SEVERAL_TIMES_AT_LEAST,
            "power_users_lead_days": LEAD_DAYS,
            "retention": NRR,
            "lapsed_after_upsell": HELD,
            "well_timed": "below its base",
            "pushed": "above its base",
        },
        "met": not failed,
    }
    print(json.dumps(line))


def of_tables(base: Any) -> tuple[dict[str, object], list[str]]:
    """Measure what the tables tell, and name what lies outside its bounds."""
    rates = win_rates(base)
    ratio = pooled(rates, "signal").value / pooled(rates, "calendar").value
    year = retention(base, since=months_before(DATA_UNTIL, 12), until=DATA_UNTIL)
    after = aftermath(base, until=DATA_UNTIL)
    lead = lead_of_power_users(base, since=months_before(DATA_UNTIL, MONTHS), until=DATA_UNTIL)
    checks = {
        **{f"win rate, {' '.join(key)}": rates[key].meets(*bounds) for key, bounds in RANGES.items()},
        "signal over calendar": ratio >= LEAST_TIMES,
        "retention": NRR[0] <= year["all"] <= NRR[1],
        "power users' lead": LEAD_DAYS[0] <= lead.days <= LEAD_DAYS[1],
        "lapsed after an upsell": HELD[0] <= after.upselled.value <= HELD[1],
        "well timed": after.timed.interval[1] < after.timed_base,
        "pushed": after.pushed.interval[0] > after.pushed_base,
    }
    figures = {
        "win_rates": {" ".join(key): shown(rates[key]) for key in sorted(rates)},
        "signal_over_calendar": round(ratio, 3),
        "retention": round(year["all"], 4),
        "retention_parts": {name: round(value, 4) for name, value in year.items() if name != "all"},
        "power_users_lead_days": lead.days,
        "correlation_by_weeks": {str(weeks): round(value, 4) for weeks, value in lead.correlations.items()},
        "after_upsell": {
            name: round(value, 4) if isinstance(value, float) else shown(Share(**value))
            for name, value in asdict(after).items()
        },
    }
    return figures, [name for name, holds in checks.items() if not holds]


def of_signals(project: Project) -> tuple[dict[str, object], list[str]]:
    """Measure who converts when several triggers have fired."""
    examples = project.examples()
    known = catalog()
    fired = fired_triggers(examples["seat_expansion"].frame, known, project.settings.thresholds)
    fired = fired[[trigger.name for trigger in known.triggers if trigger.opens is not None]]
    found = selections(examples, fired, highest_tier=HIGHEST_TIER)
    figures = {
        "converted": {
            "all": shown(found.all),
            **{f"{least} or more triggers": shown(share) for least, share in found.several.items()},
            "oldest quarter": shown(found.oldest),
            "renewing": shown(found.renewing),
            "oldest quarter, no trigger": shown(found.oldest_silent),
            "renewing, no trigger": shown(found.renewing_silent),
        },
        **{f"several_{least}_times": round(found.times(least), 3) for least in found.several},
        **{f"several_{least}_times_silent": round(found.times_silent(least), 3) for least in found.several},
        "triggers_fired": {name: round(float(share), 4) for name, share in fired.mean().items()},
    }
    # chosen by tenure or renewal "alone": no signal speaks for them; the plain reading stands beside it
    return figures, [] if found.times_silent(SEVERAL) >= SEVERAL_TIMES_AT_LEAST else ["several signals"]


def shown(share: Share) -> dict[str, float]:
    """Write a share with its interval."""
    low, high = share.interval
    return {"share": round(share.value, 4), "low": round(low, 4), "high": round(high, 4), "of": share.of}


def told(what: str, began: float) -> None:
    """Say how far it is."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
