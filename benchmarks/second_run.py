"""A second delivery with nothing new: it sends nothing, and takes under a tenth of the first.

A worklist of 20,000 rows goes to a folder of files and to a database in SQLite, which cost least of all destinations:
against a CRM the first run takes minutes, and the second what it takes here. Both runs are whole: circuit breakers,
ledger, every row. `sent_again` counts what the second one sent.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from pathlib import Path

ROWS, MOST_RATIO = 20_000, 0.1
sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> None:
    """Deliver twice, and print the line."""
    from tests.explanation.tiny import AS_OF
    from tests.work.test_delivering import environment, listed, project
    from uptier.work.delivering import deliver_list
    from uptier.work.destinations import set_up

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        settings, given = project(folder), environment(folder)
        listed(settings, accounts=ROWS, top=ROWS)
        set_up(settings, environment=given)
        seconds, sent = [], []
        for _ in range(2):
            began = time.perf_counter()
            done = deliver_list(settings, environment=given, today=AS_OF + dt.timedelta(days=1))
            seconds.append(time.perf_counter() - began)
            sent.append(sum(one.sent for one in done.delivered))
            print(f"{seconds[-1]:.2f} s, {sent[-1]} rows sent", file=sys.stderr, flush=True)
    figures = {
        "rows": ROWS,
        "destinations": len(settings.delivery.destinations),
        "first_s": seconds[0],
        "second_s": seconds[1],
        "ratio": seconds[1] / seconds[0],
        "sent": sent[0],
        "sent_again": sent[1],
    }
    line = {
        "name": "second_run",
        "sizes": {"rows": ROWS},
        "seed": 1,
        "figures": figures,
        "bounds": {"ratio_at_most": MOST_RATIO, "sent_again": 0},
        "met": figures["ratio"] <= MOST_RATIO and sent == [ROWS * len(settings.delivery.destinations), 0],
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
