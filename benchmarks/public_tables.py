"""PropensityClassifier with its defaults on public tables, beside what people use: one run, the same folds for all.

Any table: `--features FILE --label COL`, CSV or Parquet, where the label has two values; the second in their order is
the one predicted. `--split FILE` deals the rows: a file with a row for each row of the table and a column for each
repetition that names the row's fold, as words `train` and `test` where only one way round is meant. Without it, five
times two halves, each class dealt by halves, are drawn.

Without a table: bank marketing with and without `duration`, Hillstrom's visits (both found by UPTIER_DATA) and
scikit-learn's breast cancer.

All tools get the same parsed columns. LightGBM, with its own defaults, and histogram boosting know texts as categories;
logistic regression gets one column a value, imputed and scaled numbers, and a flag for each number that is missing.
FLAML and AutoGluon are asked where they are installed, with `--seconds` for each fold. Standard errors are those of the
mean of paired differences over folds.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import os
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uptier import PropensityClassifier
from uptier.training.features import features

SEED = 5
REPETITIONS = 5
BINS = 10
AUC_MARGIN = 0.003
MEASURES = ("auc", "log_loss", "ece", "seconds")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tool = Callable[[pd.DataFrame, Ints, pd.DataFrame], Floats]


def main() -> None:
    """Run the tables, and print the line."""
    parser = argparse.ArgumentParser(description="Hold PropensityClassifier beside other tools on public tables.")
    parser.add_argument("--features", type=Path, help="a table of one's own, CSV or Parquet")
    parser.add_argument("--label", help="its column with the label")
    parser.add_argument("--split", type=Path, help="which rows are in which fold")
    parser.add_argument("--seconds", type=float, default=60, help="for each fold of FLAML and AutoGluon")
    given = parser.parse_args()
    if (given.features is None) != (given.label is None):
        parser.error("--features and --label belong together")
    warnings.filterwarnings("ignore")
    tools = known_tools(given.seconds)
    if given.features is not None:
        table = read(given.features)
        if given.label not in table:
            parser.error(f"the table has no column {given.label}")
        split = None if given.split is None else read(given.split)
        tables = {re_named(given.features.stem): (table, given.label, split)}
    else:
        tables = {name: (table, label, None) for name, (table, label) in public().items()}
    figures = {name: compared(name, *parts, tools) for name, parts in tables.items()}
    print(json.dumps(line(figures, own=given.features is not None)))


def line(figures: dict[str, Any], *, own: bool) -> dict[str, Any]:
    """Hold the figures against the bounds."""
    not_worse = {name: one["auc_lead"] >= -max(AUC_MARGIN, 2 * one["auc_lead_error"]) for name, one in figures.items()}
    better = sum(one["log_loss_lead"] > 0 for one in figures.values())
    least = 0 if own else 3
    complete = own or len(figures) == 4
    return {
        "name": "public_tables" if not own else f"public_tables_{next(iter(figures))}",
        "sizes": {name: one.pop("size") for name, one in figures.items()},
        "seed": SEED,
        "figures": {**figures, "auc_not_worse": not_worse, "log_loss_better_on": better},
        "bounds": {"auc_lead_at_least": "-0.003 or two standard errors", "log_loss_better_on_at_least": least},
        "met": complete and all(not_worse.values()) and better >= least,
    }


def compared(
    name: str, table: pd.DataFrame, label: str, split: pd.DataFrame | None, tools: dict[str, Tool]
) -> dict[str, Any]:
    """Run all tools on all folds of one table."""
    known = table[label].notna().to_numpy()
    table, split = table[known].reset_index(drop=True), None if split is None else split[known].reset_index(drop=True)
    values = sorted(table[label].unique(), key=str)
    if len(values) != 2:
        sys.exit(f"The label must have two values; {label} has {len(values)}.")
    truth = (table[label] == values[1]).to_numpy(dtype=np.int64)
    columns = table.drop(columns=label)
    measured: dict[str, list[list[float]]] = {tool: [] for tool in tools}
    folds = list(halves(truth) if split is None else dealt(split))
    for number, (learnt, asked) in enumerate(folds):
        for tool, probability in tools.items():
            began = time.process_time()
            try:
                told = probability(columns.iloc[learnt], truth[learnt], columns.iloc[asked])
            except (ValueError, TypeError, ArithmeticError) as problem:
                if tool in ("uptier", "lightgbm"):
                    raise
                print(f"{tool}: {problem}", file=sys.stderr)
                told = np.full(len(asked), np.nan)
            seconds = time.process_time() - began
            measured[tool].append([*judged(truth[asked], told), seconds])
        last = {tool: [round(value, 4) for value in rows[-1]] for tool, rows in measured.items()}
        print(f"{name} {number + 1}/{len(folds)} {json.dumps(last)}", file=sys.stderr, flush=True)
    by = {tool: np.array(rows) for tool, rows in measured.items()}
    ours, theirs = by["uptier"], by["lightgbm"]
    figures: dict[str, Any] = {
        tool: {
            measure: {"mean": float(np.nanmean(rows[:, place])), "error": error(rows[:, place])}
            for place, measure in enumerate(MEASURES)
        }
        for tool, rows in by.items()
    }
    for place, (measure, sign) in enumerate((("auc", 1.0), ("log_loss", -1.0))):
        lead = sign * (ours[:, place] - theirs[:, place])
        figures[f"{measure}_lead"] = float(np.nanmean(lead))
        figures[f"{measure}_lead_error"] = error(lead)
    size = {"rows": len(table), "columns": columns.shape[1], "positives": int(truth.sum()), "folds": len(folds)}
    return {"size": size, **figures}


def halves(truth: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Give both ways round of five halvings, each class by halves."""
    from sklearn.model_selection import StratifiedKFold

    for repetition in range(REPETITIONS):
        yield from StratifiedKFold(2, shuffle=True, random_state=SEED + repetition).split(truth, truth)


def dealt(split: pd.DataFrame) -> Iterator[tuple[Ints, Ints]]:
    """Give the folds of a file; a column with a value of its own for each row is a row number, and no fold."""
    for _, column in split.items():
        numbers = column.nunique()
        if numbers == len(column) > 20 or numbers < 2:
            continue
        words = column.astype(str).str.lower().to_numpy()
        if set(words) <= {"train", "test"}:
            yield np.flatnonzero(words == "train"), np.flatnonzero(words == "test")
            continue
        for value in sorted(set(words)):
            yield np.flatnonzero(words != value), np.flatnonzero(words == value)


def judged(truth: Ints, probability: Floats) -> list[float]:
    """Give AUC, log loss, and calibration error in ten bins of equal count; NaN where something is missing."""
    from sklearn.metrics import log_loss, roc_auc_score

    if not 0 < truth.sum() < len(truth) or np.isnan(probability).any():
        return [float("nan")] * 3
    bins = np.array_split(np.argsort(probability, kind="stable"), BINS)
    gaps = [abs(probability[rows].mean() - truth[rows].mean()) * len(rows) for rows in bins if len(rows)]
    return [
        float(roc_auc_score(truth, probability)),
        float(log_loss(truth, probability, labels=[0, 1])),
        float(sum(gaps) / len(truth)),
    ]


def error(values: Floats) -> float:
    """Give the standard error of a mean."""
    values = values[~np.isnan(values)]
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def known_tools(seconds: float) -> dict[str, Tool]:
    """Give the tools that are there, by name."""
    tools: dict[str, Tool] = {"uptier": uptier, "lightgbm": lightgbm_, "logistic": logistic, "hist_boosting": hist}
    if importlib.util.find_spec("flaml") is not None:
        tools["flaml"] = lambda learnt, truth, asked: flaml_(learnt, truth, asked, seconds)
    if importlib.util.find_spec("autogluon") is not None:
        tools["autogluon"] = lambda learnt, truth, asked: autogluon_(learnt, truth, asked, seconds)
    return tools


def uptier(learnt: pd.DataFrame, truth: Ints, asked: pd.DataFrame) -> Floats:
    """Ours, as the table is."""
    return PropensityClassifier().fit(learnt, truth).predict_proba(asked)[:, 1]


def lightgbm_(learnt: pd.DataFrame, truth: Ints, asked: pd.DataFrame) -> Floats:
    """LightGBM as it comes, told which columns are categories."""
    import lightgbm

    one, other, codes = parsed(learnt, asked)
    model = lightgbm.LGBMClassifier(random_state=SEED, n_jobs=1, verbosity=-1)
    model.fit(one, truth, categorical_feature=codes or "auto")
    return np.asarray(model.predict_proba(other))[:, 1]


def hist(learnt: pd.DataFrame, truth: Ints, asked: pd.DataFrame) -> Floats:
    """Give scikit-learn's histogram boosting as it comes; categories beyond the 255 that it takes are numbers."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    one, other, codes = parsed(learnt, asked)
    few = [place for place in codes if not np.nanmax(one[:, place], initial=0) >= 255]
    model = HistGradientBoostingClassifier(categorical_features=few or None, random_state=SEED)
    return np.asarray(model.fit(one, truth).predict_proba(other))[:, 1]


def logistic(learnt: pd.DataFrame, truth: Ints, asked: pd.DataFrame) -> Floats:
    """Logistic regression over imputed and scaled numbers and one column a category."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    one, other, codes = parsed(learnt, asked)
    numbers = [place for place in range(one.shape[1]) if place not in set(codes)]
    imputed = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    by_value = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5, max_categories=200)
    columns = ColumnTransformer(
        [("numbers", make_pipeline(imputed, StandardScaler()), numbers), ("categories", by_value, codes)]
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=1000))
    return np.asarray(model.fit(one, truth).predict_proba(other))[:, 1]


def flaml_(learnt: pd.DataFrame, truth: Ints, asked: pd.DataFrame, seconds: float) -> Floats:
    """FLAML with a time budget."""
    from flaml import AutoML

    model = AutoML()
    one, other, _ = parsed(learnt, asked)
    model.fit(one, truth, task="classification", metric="log_loss", time_budget=seconds, verbose=0, seed=SEED, n_jobs=1)
    return np.asarray(model.predict_proba(other))[:, 1]


def autogluon_(learnt: pd.DataFrame, truth: Ints, asked: pd.DataFrame, seconds: float) -> Floats:
    """AutoGluon with a time budget."""
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor("its label", path=folder, eval_metric="log_loss", verbosity=0)
        model.fit(learnt.assign(**{"its label": truth}), time_limit=seconds)
        return model.predict_proba(asked)[1].to_numpy()


def parsed(learnt: pd.DataFrame, asked: pd.DataFrame) -> tuple[Floats, Floats, list[int]]:
    """Give both parts as numbers, dates as days, every text that was seen as a code; and which columns hold codes."""
    kinds = features(learnt).kinds
    one, other, codes = features(learnt).matrix(learnt), features(learnt).matrix(asked), []
    for place, kind in enumerate(kinds):
        texts = learnt.iloc[:, place]
        if kind in {"number", "written", "date"} or not texts.notna().any():
            continue
        seen = pd.Index(sorted({str(value) for value in texts.dropna()}), dtype=object)
        for matrix, part in ((one, texts), (other, asked.iloc[:, place])):
            found = seen.get_indexer(pd.Index([str(value) for value in part], dtype=object))
            matrix[:, place] = np.where((found < 0) | part.isna().to_numpy(), np.nan, found)
        codes.append(place)
    # a column of one value helps nobody, and histogram boosting fails on it
    told = np.array([len(np.unique(column)) > 1 for column in one.T])
    return one[:, told], other[:, told], [int(told[:place].sum()) for place in codes if told[place]]


def public() -> dict[str, tuple[pd.DataFrame, str]]:
    """Give the public tables that can be had here, with their labels."""
    from sklearn.datasets import load_breast_cancer

    tables: dict[str, tuple[pd.DataFrame, str]] = {}
    if os.environ.get("UPTIER_DATA"):
        folder = Path(os.environ["UPTIER_DATA"])
        with zipfile.ZipFile(folder / "bank_marketing" / "bank-additional.zip") as archive:
            bank = pd.read_csv(io.BytesIO(archive.read("bank-additional/bank-additional-full.csv")), sep=";")
        tables["bank_with_duration"] = bank, "y"
        tables["bank_without_duration"] = bank.drop(columns="duration"), "y"
        shop = pd.read_csv(folder / "hillstrom" / "hillstrom.csv.gz")
        tables["hillstrom_visit"] = shop.drop(columns=["conversion", "spend"]), "visit"
    frame = load_breast_cancer(as_frame=True).frame
    tables["breast_cancer"] = frame, "target"
    return tables


def read(path: Path) -> pd.DataFrame:
    """Read a table."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, sep=None, engine="python") if path.stat().st_size < 2**20 else pd.read_csv(path)


def re_named(name: str) -> str:
    """Give a name that the line may have."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name.lower())


if __name__ == "__main__":
    main()
