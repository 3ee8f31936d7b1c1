"""Bank marketing in time order: the alarm names `duration`, and without it the drift of the base rate is told.

41,188 phone offers of a Portuguese bank from 2008 to 2010 (Moro, Cortez and Rita 2014), ordered by date but without
dates: the place in the file is the time. The first 70 % are the fit slice. `duration`, how long the call took, is known
only once its end is. They are found by UPTIER_DATA; without them nothing is measured and the claim is not met.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uptier.training.alarms import alarms_of_table
from uptier.training.rate_drift import base_rate_drift

ARCHIVE, MEMBER = "bank_marketing/bank-additional.zip", "bank-additional/bank-additional-full.csv"
FIT_SHARE = 0.7  # of the rows, the earliest
LEAK, LABEL = "duration", "y"
BOUNDS = {"named": [LEAK], "named_without": [], "drifts": True}


def main() -> None:
    """Look for leaks and for drift, and print the line."""
    data = os.environ.get("UPTIER_DATA")
    if not data or not (Path(data) / ARCHIVE).exists():
        print(json.dumps(told(sizes={}, figures={"left_out": "UPTIER_DATA has no bank_marketing"}, met=False)))
        return
    with zipfile.ZipFile(Path(data) / ARCHIVE) as archive, archive.open(MEMBER) as file:
        table = pd.read_csv(file, sep=";")
    label = (table.pop(LABEL) == "yes").astype("int64").to_numpy()
    moment = np.arange(len(table))
    fit = moment < FIT_SHARE * len(table)
    began = time.perf_counter()
    rang = alarms_of_table(table[fit], label[fit], times=moment[fit])
    everywhere = alarms_of_table(table, label, times=moment)
    without = alarms_of_table(table[fit].drop(columns=LEAK), label[fit], times=moment[fit])
    drift = base_rate_drift(label, moment)
    fit_drift = base_rate_drift(label[fit], moment[fit])
    figures = {
        "named": [alarm.signal for alarm in rang],
        "told": [alarm.told() for alarm in rang],
        "named_on_all_rows": [alarm.signal for alarm in everywhere],
        "named_without": [alarm.signal for alarm in without],
        "drifts": drift.drifts,
        "drift": drift.told(),
        "drifts_within_the_fit_slice": fit_drift.drifts,
        "drift_within_the_fit_slice": fit_drift.told(),
        "seconds": time.perf_counter() - began,
    }
    met = all(figures[name] == bound for name, bound in BOUNDS.items())
    sizes = {"rows": len(table), "fit_rows": int(fit.sum()), "features": table.shape[1]}
    print(json.dumps(told(sizes=sizes, figures=figures, met=met)))


def told(*, sizes: dict[str, Any], figures: dict[str, Any], met: bool) -> dict[str, Any]:
    """Form the line."""
    return {"name": "bank_in_time", "sizes": sizes, "seed": None, "figures": figures, "bounds": BOUNDS, "met": met}


if __name__ == "__main__":
    main()
