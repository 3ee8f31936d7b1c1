from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pandas as pd
from rich.console import Console

from uptier.signals.frames import Frame, Partition
from uptier.told import as_data, forgotten_words, framed_words, preview_words, readings_table
from uptier.work.forgetting import Forgotten, Touched
from uptier.work.preview import Preview, Reach, Reading
from uptier.work.results import Framed

FRAME = pd.DataFrame({"account_id": ["a"], "as_of": pd.to_datetime(["2026-01-01"]), "seats": [1.0]})
DATES = (dt.date(2025, 12, 1), dt.date(2026, 1, 1))
PREVIEW = Preview(
    checked=True,
    rollup="kept",
    looks=1200,
    dates=DATES,
    stale=DATES[1:],
    readings=(Reading(table="users", origin="[red]", columns=("id", "role"), files=1, rows=1234, bytes=None),),
    reaches=(Reach(plan="usage", questions=2, days=84, periods=6, ever=False),),
    signals=2,
    unavailable={"tickets_opened": ("tickets",)},
    sql=(("frame", "SELECT 1"),),
)


def framed(state: str, *, digested: bool) -> Framed:
    one = Partition(as_of="2026-01-01", rows=1, digest="", seconds=0.1, sha256="", state=state)
    return Framed(FRAME, Path("months"), Frame(folder=Path("months"), partitions=(one,), known={"digested": digested}))


def test_what_was_computed_and_what_was_kept_is_said() -> None:
    assert framed_words(framed("kept", digested=True)) == (
        "Wrote 1 rows of 1 signals to months. Dates computed: 0, kept as they were: 1."
    )
    assert framed_words(framed("built", digested=False)).endswith(
        "All was computed: what has changed on a server cannot be told without reading it."
    )
    assert framed_words(Framed(FRAME, Path("one.parquet"), None)) == "Wrote 1 rows of 1 signals to one.parquet."


def test_a_preview_is_said_in_the_order_of_a_run() -> None:
    assert preview_words(PREVIEW).splitlines() == [
        "The check of the same files is kept.",
        "The usage is read from its rollup, which is kept.",
        "1,200 looks at accounts, from 2 dates, 2025-12-01 to 2026-01-01.",
        "Dates kept as they are: 1. Computed, in one pass: 1 (2026-01-01).",
        "",
        "2 measures, by what answers them in one pass:",
        "  usage: 2, 84 days back, 6 billing periods back",
        "",
        "2 signals, 1 of them not available:",
        "  tickets_opened: lacks tickets",
    ]


def test_what_would_be_read_shows_names_as_they_are() -> None:
    written = io.StringIO()
    Console(file=written, width=150).print(readings_table(PREVIEW))
    assert "[red]" in written.getvalue()
    assert "1,234" in written.getvalue()


def test_forgetting_says_what_became_of_each_file_and_no_id() -> None:
    touched = (Touched(file=Path("rollup/usage.parquet"), what="rewritten", rows=1200),)
    done = forgotten_words(Forgotten(touched=touched, dry_run=False, already=False))
    assert done.splitlines()[0] == "rollup/usage.parquet: rewritten, 1,200 rows fewer"
    would = forgotten_words(Forgotten(touched=touched, dry_run=True, already=False))
    assert would.splitlines() == [
        "rollup/usage.parquet: would be rewritten, 1,200 rows fewer",
        "Nothing was done: leave out --dry-run to do it.",
    ]
    assert forgotten_words(Forgotten(touched=(), dry_run=True, already=True)).startswith("Nothing in the store")


def test_answers_become_plain_data_wherever_they_stand() -> None:
    assert as_data({"signals": framed("kept", digested=True), "other": 1}) == {
        "signals": {
            "rows": 1,
            "signals": 1,
            "frame": "months",
            "manifest": "months/_manifest.json",
            "partitions": [{"as_of": "2026-01-01", "rows": 1, "state": "kept"}],
        },
        "other": 1,
    }
    told = as_data(PREVIEW)
    assert isinstance(told, dict)
    assert told["sql"] == [{"name": "frame", "sql": "SELECT 1"}]
    assert as_data("as it is") == "as it is"
