"""From ready signals to a written scorecard, for a million accounts.

The accounts are those of a `large` world at its last date, repeated with other ids; their signals stand in one Parquet
file. `ours` reads it block by block and writes a scorecard: all heads, calibration, expected values, actions, points,
triggers, ranks, and for the top tenth reasons with their sentences. `bare` is what no way of scoring can leave out:
LightGBM's `predict` of the same heads on the same rows, and its exact contributions for a tenth of them.

Each runs in a process of its own, on one thread; seconds are processor time. Memory is the most that the process held.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEED, ACCOUNTS, ROWS, SMALL, BLOCK, TOP = 71, 8_000, 1_000_000, 100_000, 50_000, 0.1
BOUNDS = {"ratio_to_bare": 1.5, "peak_mib": 4096, "growth_ratio": 11, "top_with_sentences_at_least": 0.8}


def main() -> None:
    """Learn, write the signals, score them in two sizes, and print the line."""
    parser = argparse.ArgumentParser(description="From ready signals to a written scorecard, beside bare LightGBM.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="of the world that is repeated")
    parser.add_argument("--json", action="store_true", help="print the figures alone, on one level")
    parser.add_argument("--part", choices=["ours", "bare"], help="one part, in this process")
    parser.add_argument("--folder", type=Path, help="of the parts: where things are")
    given = parser.parse_args()
    if given.part:
        print(json.dumps({"ours": ours, "bare": bare}[given.part](given.folder, given.rows)))
        return
    small = max(1, given.rows * SMALL // ROWS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(folder, given.accounts, (small, given.rows))
        parts = {
            (part, rows): told(part, folder, rows)
            for part, rows in (("ours", small), ("ours", given.rows), ("bare", given.rows))
        }
    big = parts["ours", given.rows]
    figures = {
        "rows": given.rows,
        "seconds": big["seconds"],
        "rows_per_s": given.rows / big["seconds"],
        "ratio_to_bare": big["seconds"] / parts["bare", given.rows]["seconds"],
        "peak_mib": big["peak_mib"],
        "growth_ratio": big["seconds"] / parts["ours", small]["seconds"],
        "bare_seconds": parts["bare", given.rows]["seconds"],
        "top_with_sentences": big["top_with_sentences"],
        "heads": big["heads"],
        "by_phase": big["by_phase"],
    }
    line = {
        "name": "score",
        "sizes": {"rows": given.rows, "small": small, "accounts": given.accounts, "threads": 1},
        "seed": SEED,
        "figures": figures,
        "bounds": BOUNDS,
        "met": figures["top_with_sentences"] >= BOUNDS["top_with_sentences_at_least"]
        and all(figures[name] <= BOUNDS[name] for name in ("ratio_to_bare", "peak_mib", "growth_ratio")),
    }
    print(json.dumps(figures if given.json else line))


def told(part: str, folder: Path, rows: int) -> dict[str, Any]:
    """Run one part in a process of its own."""
    asked = ["--part", part, "--folder", str(folder), "--rows", str(rows)]
    done = subprocess.run([sys.executable, __file__, *asked], stdout=subprocess.PIPE, text=True, check=True)
    print(f"{part}, {rows:,} rows: {done.stdout.strip()}", file=sys.stderr, flush=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def prepare(folder: Path, accounts: int, sizes: tuple[int, ...]) -> None:
    """Learn all heads in a world, and write its accounts' signals as often as is needed."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    from _bundles import bundle_of, learnt
    from _worlds import made

    from uptier.scoring.facts import account_facts
    from uptier.settings import OUTCOMES
    from uptier.training.training import in_order

    _, project = made(folder, preset="large", seed=SEED, accounts=accounts)
    examples = {outcome: in_order(one) for outcome, one in project.examples().items()}
    heads = {}
    for outcome in OUTCOMES:
        # the preset's history is short: from all of it, and nothing is asked about later months
        every = np.arange(len(examples[outcome].frame))
        heads[outcome] = learnt(project, examples[outcome], every, every[:0]).head
    bundle_of(project, examples["churn"], heads).save(folder / "bundle")
    frame = project.frame(project.settings.data_until)
    facts = account_facts(project._tables, frame).drop(columns=["account_id", "seats", "mrr"])
    wide = pd.concat([frame, facts.add_prefix("fact_")], axis=1)
    (folder / "config.txt").write_text(str(project.settings.path), encoding="utf-8")
    for rows in sizes:
        schema = pa.Schema.from_pandas(wide, preserve_index=False)
        with pq.ParquetWriter(folder / f"{rows}.parquet", schema) as out:
            for begin in range(0, rows, BLOCK):
                place = np.arange(begin, min(begin + BLOCK, rows))
                block = wide.iloc[place % len(wide)].assign(account_id=[f"a{number:07d}" for number in place])
                out.write_table(pa.Table.from_pandas(block, schema=schema, preserve_index=False))


def blocks(folder: Path, rows: int) -> Iterator[Any]:
    """Read signals block by block, with the facts beside them."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(folder / f"{rows}.parquet").iter_batches(BLOCK, use_threads=False):
        yield batch.to_pandas()


def facts_of(block: Any) -> Any:
    """Give the facts of a block."""
    named = [name for name in block if name.startswith("fact_")]
    return block[["account_id", "seats", "mrr", *named]].rename(columns=lambda name: name.removeprefix("fact_"))


def ours(folder: Path, rows: int) -> dict[str, Any]:
    """Score, and write the scorecard."""
    import pandas as pd

    from uptier.model.bundle import Bundle
    from uptier.project import Project
    from uptier.scoring.batch import score_blocks
    from uptier.scoring.scorecard import write

    project = Project((folder / "config.txt").read_text(encoding="utf-8"))
    bundle, catalog, settings = Bundle.load(folder / "bundle"), project.catalog(), project.settings
    as_of = settings.data_until
    hashed = catalog.fingerprint(settings.thresholds)
    began = time.process_time()
    card = score_blocks(
        lambda: blocks(folder, rows),
        facts_of,
        bundle,
        catalog,
        settings,
        as_of=as_of,
        version="1",
        explained_share=TOP,
    )
    scored = time.process_time()
    write(
        card,
        settings=settings,
        as_of=as_of,
        run_id=None,
        model_version="1",
        catalogue_hash=hashed,
        expected_accounts=rows,
        newest_usage=as_of - pd.Timedelta(days=1),
    )
    ended = time.process_time()
    top = card.head(round(rows * TOP))
    return {
        "seconds": ended - began,
        "by_phase": {"score": scored - began, "write": ended - scored},
        "peak_mib": peak(),
        "top_with_sentences": float(top["reason_1"].notna().mean()),
        "heads": list(bundle.fitted),
    }


def bare(folder: Path, rows: int) -> dict[str, Any]:
    """Let LightGBM predict all heads, and explain a tenth of the rows by the head that fits most of them."""
    import lightgbm

    from uptier.model.bundle import Bundle

    bundle = Bundle.load(folder / "bundle")
    boosters = {name: lightgbm.Booster(model_str=bundle.heads[name].trees) for name in bundle.fitted}
    seconds, explained = 0.0, 0
    for frame in blocks(folder, rows):
        matrix = bundle.matrix(frame)
        began = time.process_time()
        for booster in boosters.values():
            booster.predict(matrix, raw_score=True, num_threads=1)
        tenth = round(len(matrix) * TOP)
        next(iter(boosters.values())).predict(matrix[:tenth], pred_contrib=True, num_threads=1)
        seconds += time.process_time() - began
        explained += tenth
    return {"seconds": seconds, "explained": explained, "peak_mib": peak()}


def peak() -> float:
    """Give the most memory that this process has held, MiB (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
