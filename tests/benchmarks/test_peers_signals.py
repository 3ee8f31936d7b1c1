"""The comparison with other libraries compares what it says: `benchmarks/peers_signals.py`."""

from __future__ import annotations

import argparse
import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from uptier.signals.catalog import catalog

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ACCOUNTS, EVENTS = 80, 60_000
MADE = {"events": 10, "accounts": 2, "dates": 1, "rows": 2, "signals": 3}
FOUND = {
    "fast": {
        "theirs": {"seconds": 4.0, "cpu_s": 6.0, "versions": {"fast": "1"}},
        "ours": {"seconds": 2.0, "cpu_s": 2.0, "signals": 2},
        "compared": {"differing": [], "never_varying": []},
    }
}
FRAME = {
    "account_id": ["early", "late"],
    "as_of": pd.to_datetime(["2026-03-01", "2026-03-01"]),
    "growth": [0.25, None],
    "plan": ["team", None],
}


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


# what is compared ---------------------------------------------------------------------------------------------------


def test_every_signal_that_a_peer_says_or_does_not_is_one_of_the_catalogue() -> None:
    from _peers.parts import LEFT_OUT, TSFRESH

    names = {one.name for one in catalog().signals}
    assert set(LEFT_OUT) - names == set()
    assert set(TSFRESH) - names == set()
    assert len(TSFRESH) == len(set(TSFRESH))


def test_featuretools_says_all_but_what_is_left_out_with_a_reason() -> None:
    from _peers.parts import LEFT_OUT
    from _peers.phases import part_of

    said = {one.name for one in part_of("featuretools")}
    assert said == {one.name for one in catalog().signals} - set(LEFT_OUT)
    assert all(LEFT_OUT.values())
    assert len(said) >= 80, "most of the catalogue, or the comparison says little"


# that it is compared ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "differing"),
    [
        ("growth", [0.25, None], []),
        ("growth", [0.25 * (1 + 1e-10), None], []),
        ("growth", [0.25 * (1 + 1e-8), None], ["growth"]),
        ("growth", [0.25, 0.0], ["growth"]),
        ("growth", [None, None], ["growth"]),
        ("plan", ["team", "starter"], ["plan"]),
        ("plan", ["business", None], ["plan"]),
        ("as_of", pd.to_datetime(["2026-03-01", "2026-04-01"]), ["as_of"]),
    ],
    ids=["same", "rounded", "other", "0 for null", "null for a value", "plan for null", "other plan", "other date"],
)
def test_a_planted_difference_is_found(column: str, value: Any, differing: list[str], tmp_path: Path) -> None:
    from _peers.phases import compared

    (tmp_path / "fast").mkdir()
    pd.DataFrame(FRAME).to_parquet(tmp_path / "fast" / "ours.parquet")
    theirs = pd.DataFrame(FRAME | {column: value})
    theirs["growth"] = theirs["growth"].astype("float64")
    theirs.to_parquet(tmp_path / "fast" / "theirs.parquet")
    found = compared(argparse.Namespace(folder=tmp_path, peer="fast"))
    assert found["differing"] == differing


def test_a_signal_that_never_varies_is_named_since_its_comparison_says_little(tmp_path: Path) -> None:
    from _peers.phases import compared

    (tmp_path / "fast").mkdir()
    for whose in ("ours", "theirs"):
        frame = pd.DataFrame(FRAME | {"growth": [0.25, 0.5], "plan": ["team", "starter"], "tier": [2.0, 2.0]})
        frame.to_parquet(tmp_path / "fast" / f"{whose}.parquet")
    assert compared(argparse.Namespace(folder=tmp_path, peer="fast"))["never_varying"] == ["tier"]


def test_a_count_of_nothing_is_0_and_what_was_not_measured_is_null() -> None:
    from _peers.forming import formed

    measures = pd.DataFrame(
        {
            "account_id": ["quiet", "busy"],
            "as_of": pd.to_datetime(["2026-03-01"] * 2),
            "events_28_0": [None, 30.0],
            "events_28_28": [None, 20.0],
            "days_since_last_use": [None, 3.0],
            "users_28_0": [0, 5],
        }
    )
    names = ["activity", "usage_growth", "days_since_last_use", "events_per_user", "tickets_opened"]
    frame = formed(measures, names, SimpleNamespace(growth=0.2, daily_actives=0.75, seat_utilisation=0.85))
    assert frame["account_id"].tolist() == ["busy", "quiet"]
    values = frame[names].astype("object").where(frame[names].notna(), None)
    assert values.to_numpy().tolist() == [[30.0, 0.5, 3.0, 6.0, None], [0.0, None, None, None, None]]


@pytest.mark.parametrize(
    ("where", "planted"),
    [
        (("theirs", "seconds"), 2.0),
        (("theirs", "cpu_s"), 1.9),
        (("compared", "differing"), ["growth"]),
        (("compared", "never_varying"), ["tier"]),
    ],
    ids=["as slow", "more of the processor", "another value", "nothing to compare"],
)
def test_the_claim_is_met_only_by_the_same_values_in_less_time(where: tuple[str, str], planted: Any) -> None:
    from peers_signals import line_of

    assert line_of(MADE, FOUND)["met"] is True
    found = copy.deepcopy(FOUND)
    found["fast"][where[0]][where[1]] = planted
    assert line_of(MADE, found)["met"] is False


def test_the_slower_of_two_runs_counts_in_either_measure() -> None:
    from peers_signals import slower

    one, other = {"seconds": 2.0, "cpu_s": 3.0, "signals": 2}, {"seconds": 4.0, "cpu_s": 1.0, "signals": 2}
    assert slower(one, other) == {"seconds": 4.0, "cpu_s": 3.0, "signals": 2}


# that nothing is pretended ------------------------------------------------------------------------------------------


def test_without_the_peers_it_says_so_and_fails(tmp_path: Path) -> None:
    # a Python that has nothing but its standard library
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    command = [sys.executable, BENCHMARKS / "peers_signals.py", "--peers", bare / "bin" / "python"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "cannot import the peers" in done.stderr
    assert "No module named 'featuretools'" in done.stderr
    assert "Nothing was compared." in done.stderr


def test_without_uv_it_says_how_else_to_give_it_the_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from _peers.interpreter import NoInterpreterError, interpreter

    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(NoInterpreterError, match="--peers PATH"):
        interpreter(None, tmp_path)


def test_the_peers_give_the_same_values(tmp_path: Path) -> None:
    if "UPTIER_PEERS" not in os.environ:
        pytest.skip("UPTIER_PEERS names no Python with featuretools and tsfresh: make prove makes one and compares")
    from peers_signals import measure

    figures = measure(tmp_path / "world", EVENTS, ACCOUNTS, Path(os.environ["UPTIER_PEERS"]))["figures"]
    assert figures["signals_that_differ"] == 0
