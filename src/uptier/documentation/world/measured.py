"""What the benchmarks found of simulated worlds, as `make prove` keeps it; or the place where it will stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from uptier.documentation.markdown import table

NOT_MEASURED = "*Not measured yet: `make prove PROVE_ARGS={name}`, then `make docs`.*"
CEILING = """
Medians over worlds with the seeds {seeds} ({sizes}). All but the first are shares of what the oracle reaches above
chance: (AUC - 0.5) / (oracle AUC - 0.5).
"""
GIVEAWAY_HEAD = """
Nor may the world give its outcomes away. The oracle itself is not sure, since decisions of the weeks to come are open;
no single column, no single signal and no plain regression on all signals comes too near to it. Accounts with an open
opportunity are left out.
"""
GIVEAWAY = "Preset {preset}, seed {seed}, {accounts:,} accounts; in brackets the bounds."
SHARES = {  # of the oracle, by their names in the results
    "ceiling_share": "observable ceiling",
    "ours_share": "uptier",
    "logistic_share": "logistic regression",
    "points_share": "points",
    "best_signal_share": "best signal",
}
VALUE = """
What contacting the accounts on a list truly brings, as a share of what the best possible list brings: at the CSMs'
capacity, obeying the same suppression.
"""
LISTS = {  # by their names in the results
    "uptier": "uptier",
    "p_convert": "by P(convert)",
    "points": "by points",
    "renewal": "by days to renewal",
    "random": "at random",
}


def measured(results: Path) -> list[str]:
    """Tell what can be known from the tables.

    Parameters
    ----------
    results : Path
        Folder with the lines of the benchmarks.

    Returns
    -------
    list of str
        Markdown; where a benchmark has not run, it says so.
    """
    return [
        "<!-- measured: benchmarks/results/truth.json -->",
        *_ceiling(_result(results, "truth")),
        *["", GIVEAWAY_HEAD.strip(), ""],
        "<!-- measured: benchmarks/results/giveaway.json -->",
        *_giveaway(_result(results, "giveaway")),
    ]


def on_standard(results: Path) -> dict[tuple[str, str, str], float]:
    """Give the rates as they were measured on the preset `standard`.

    Parameters
    ----------
    results : Path
        Folder with the lines of the benchmarks.

    Returns
    -------
    dict of tuple of str to float
        By what, of whom and what started it, as :class:`uptier.documentation.world.rates.Rate` has them; empty where
        nothing was measured.
    """
    line = _result(results, "anchors")
    if line is None:
        return {}
    found = line["figures"]
    rates = {("win rate", *name.split(" ")): share["share"] for name, share in found.get("win_rates", {}).items()}
    after = found.get("after_upsell", {})
    names = {"upsold": "upselled", "timed": "timed", "pushed": "pushed", "everybody": "base"}
    rates |= {("churn", name, ""): _share(after[theirs]) for name, theirs in names.items() if theirs in after}
    rest = {("times as often", "", ""): "signal_over_calendar", ("NRR", "", ""): "retention"}
    rates |= {key: found[name] for key, name in rest.items() if name in found}
    return rates


def _ceiling(line: dict[str, Any] | None) -> list[str]:
    if line is None:
        return [NOT_MEASURED.format(name="truth")]
    seeds = ", ".join(map(str, line["seed"]))
    sizes = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in line["sizes"].items())
    rows = [
        (f"`{outcome}`", _median(found, "oracle_auc", 3), *(_median(found, share, 2) for share in SHARES))
        for outcome, found in line["figures"].items()
        if isinstance(found, dict) and "oracle_auc" in found
    ]
    return [
        CEILING.strip().format(seeds=seeds, sizes=sizes),
        "",
        *table(("outcome", "oracle AUC", *SHARES.values()), rows),
        *_lists(line["figures"].get("value", {})),
    ]


def _lists(value: dict[str, Any]) -> list[str]:
    known = {told: f"of_oracle_{name}" for name, told in LISTS.items() if f"of_oracle_{name}" in value}
    if not known:
        return []
    row = tuple(_median(value, name, 2) for name in known.values())
    return ["", VALUE.strip(), "", *table(tuple(known), [row])]


def _giveaway(line: dict[str, Any] | None) -> list[str]:
    if line is None:
        return [NOT_MEASURED.format(name="giveaway")]
    bounds, sizes = line["bounds"], line["sizes"]
    rows = []
    for outcome, found in line["figures"].items():
        if isinstance(found, dict) and "oracle" in found:
            low, high = bounds["oracle"][outcome]
            column, auc = next(iter(found["columns"].items()))
            signal = next(iter(found["signals"]))
            rows.append(
                (
                    f"`{outcome}`",
                    f"{found['oracle']:.3f} ({low:g} to {high:g})",
                    f"{auc:.3f} (at most {bounds['column_at_most'][outcome]:g}), {column}",
                    f"{found['signal_share']:.2f} (at most {bounds['signal_share_at_most']:g}), `{signal}`",
                    f"{found['logistic_share']:.2f} (at most {bounds['logistic_share_at_most']:g})",
                )
            )
    head = ("outcome", "oracle AUC", "best column, AUC", "best signal, share", "regression on all signals, share")
    said = GIVEAWAY.format(preset=f"`{sizes['preset']}`", seed=line["seed"], accounts=sizes["accounts"])
    return [said, "", *table(head, rows)]


def _result(results: Path, name: str) -> dict[str, Any] | None:
    path = results / f"{name}.json"
    line: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return line


def _share(found: Any) -> float:
    return float(found["share"] if isinstance(found, dict) else found)


def _median(found: dict[str, Any], name: str, digits: int) -> str:
    return f"{found[name]['median']:.{digits}f}" if name in found else ""
