"""What claims about worlds share: a world with its project, its columns as a look sees them, how well they rank.

Not a claim itself, as its name says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

# before any library reads it: threads that wait must not take the processor from others
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulate.anchors import asked, opened
from uptier.project import Project
from uptier.simulate.demo import project_text
from uptier.simulate.world import simulate
from uptier.tables.clean import SHOWN_ONCE_KNOWN
from uptier.tables.contracts import CONTRACT, Kind

if TYPE_CHECKING:
    import duckdb

    from uptier.outcomes.outcome import Examples

Floats = NDArray[np.float64]

AFTER = "post_upsell_churn"  # which is looked at from upsells, not from firsts of months
SUM_DAYS = 28
BIGGEST = "usage_events"  # first summed up by month: it has too many rows to be looked at from each date
BARE = ("plans", "plan_features", "plan_quotas", "truth")  # tables that are about no account, or no table
SHOWN_IDS = ("plan_id",)  # an id that is a trait of the account, and no key
NUMBERS = (Kind.COUNT, Kind.NUMBER, Kind.MONEY)
TIMES = (Kind.TIME, Kind.DAY)
SMOOTHING = 20.0  # rows of the mean that each category's own mean is mixed with
MANY_YEARS = 99 * 365.0  # days ago, where nothing ever happened


@dataclass(frozen=True, eq=False)
class Columns:
    """Some columns as looks see them, one row for each look.

    Attributes
    ----------
    values : DataFrame
        One column for each.
    categories : frozenset of str
        Which of them are text.
    """

    values: pd.DataFrame
    categories: frozenset[str]

    def rows(self, which: NDArray[np.int64]) -> Columns:
        """Take some rows."""
        return Columns(self.values.iloc[which].reset_index(drop=True), self.categories)


def made(folder: Path, *, preset: str, seed: int, accounts: int | None = None) -> tuple[Path, Project]:
    """Make a world and its project."""
    world = folder / f"{preset}-{seed}"
    simulate(preset=preset, seed=seed, out=world, accounts=accounts)
    path = folder / f"{preset}-{seed}.yaml"
    text = project_text(project=f"{preset}-world", source=f"./{world.name}").replace(
        "store: ./store", f"store: ./store-{seed}"
    )
    path.write_text(text, encoding="utf-8")
    return world, Project(path)


def signals(examples: Examples, names: Mapping[str, bool]) -> Columns:
    """Give the signals of an outcome's examples; `names` says of each whether it is text."""
    values = examples.frame[list(names)].reset_index(drop=True)
    # what is known of nobody ranks nobody
    values = values.drop(columns=[name for name in values if values[name].isna().all()])
    return Columns(values, frozenset(name for name in values if names[name]))


def columns(world: Path, looks: pd.DataFrame) -> Columns:
    """Look at every column of every table from some accounts and dates, as far as it was known then.

    Parameters
    ----------
    world : Path
        The world's folder.
    looks : DataFrame
        Columns account_id and as_of.

    Returns
    -------
    Columns
        ``<table>.<column>``, the last known value (times as days from the as-of date, text as it is);
        ``<table>.<column> 28 days``, the sum of a number; ``<table> rows 28 days``, how many rows there were. Ids and
        keys are left out.
    """
    base = opened(world)
    rows = pd.DataFrame({"look": np.arange(len(looks)), "account_id": looks["account_id"].astype(str).to_numpy()})
    rows["as_of"] = looks["as_of"].to_numpy().astype("datetime64[us]")
    base.register("given", rows)
    base.execute("CREATE TABLE looks AS SELECT look, account_id, CAST(as_of AS TIMESTAMPTZ) AS as_of FROM given")
    monthly = bool((rows["as_of"].dt.day == 1).all())
    found, text = [], set()
    for name in sorted(path.stem for path in world.iterdir() if path.is_dir() or path.suffix == ".parquet"):
        if name not in BARE:
            table, of_text = _columns_of(base, name, by_month=monthly and name == BIGGEST)
            found.append(table.set_index("look").reindex(rows["look"]))
            text |= of_text
    base.close()
    values = pd.concat(found, axis=1).reset_index(drop=True)
    for name in values:
        if name.endswith(" 28 days"):
            values[name] = values[name].fillna(0.0)
    empty = [name for name in values if values[name].isna().all()]
    return Columns(values.drop(columns=empty), frozenset(text - set(empty)))


def _columns_of(base: duckdb.DuckDBPyConnection, name: str, *, by_month: bool) -> tuple[pd.DataFrame, set[str]]:
    present = base.execute(f"SELECT * FROM {name} LIMIT 0").to_arrow_table().column_names
    contract = CONTRACT[name]
    kinds = {
        column: contract.columns[column].kind
        for column in present
        if column in contract.columns
        and (contract.columns[column].kind is not Kind.ID or (column in SHOWN_IDS and column not in contract.key))
    }
    numbers = [column for column, kind in kinds.items() if kind in NUMBERS]
    times = {column for column, kind in kinds.items() if kind in TIMES}
    text = {f"{name}.{column}" for column in kinds if column not in times and column not in numbers}

    def shown(column: str, value: str) -> str:
        if column in times:
            return f'epoch({value}) / 86400 - epoch(as_of) / 86400 AS "{name}.{column}"'
        return f'CAST({value} AS {"DOUBLE" if column in numbers else "VARCHAR"}) AS "{name}.{column}"'

    if not contract.time:
        chosen = ", ".join(shown(column, f"any_value({column})") for column in kinds)
        return asked(
            base, f"SELECT look, {chosen} FROM looks JOIN {name} USING (account_id) GROUP BY look, as_of"
        ), text
    happened = f"CAST({contract.time} AS TIMESTAMPTZ)"
    known = f"greatest({happened}, recorded_at)" if "recorded_at" in present else happened
    if by_month:
        return _by_month(base, name, list(kinds), happened, known, shown), text
    hidden = SHOWN_ONCE_KNOWN.get(name, {})
    until = {column: hidden[column].replace("end_known_day", "end_recorded_at") for column in hidden}
    last = [
        shown(column, f"arg_max(if({until.get(column, known)} < as_of, {column}, NULL), happened)") for column in kinds
    ]
    inside = f"FILTER (happened >= as_of - INTERVAL {SUM_DAYS} DAY)"
    sums = [f'CAST(sum({column}) {inside} AS DOUBLE) AS "{name}.{column} {SUM_DAYS} days"' for column in numbers]
    sums.append(f'CAST(count(*) {inside} AS DOUBLE) AS "{name} rows {SUM_DAYS} days"')
    query = f"""
        SELECT look, {", ".join([*last, *sums])}
        FROM (SELECT looks.look, looks.as_of, t.*, {happened} AS happened FROM looks JOIN {name} t USING (account_id))
        WHERE happened < as_of AND {known} < as_of GROUP BY look, as_of
    """
    return asked(base, query), text


def _by_month(  # type: ignore[no-untyped-def]
    base: duckdb.DuckDBPyConnection, name: str, kinds: list[str], happened: str, known: str, shown
) -> pd.DataFrame:
    """Sum rows up by the first of a month at which they have happened, and the first at which they are known."""
    parts = ", ".join(
        f"arg_max({one}, happened) AS {one}, max(happened) FILTER ({one} IS NOT NULL) AS at_{one}" for one in kinds
    )
    base.execute(
        f"""
        CREATE TABLE summed AS SELECT account_id, {parts}, month, known_month, count(*) FILTER (
            known_month = month AND happened >= month - INTERVAL {SUM_DAYS} DAY) AS recent
        FROM (SELECT *, {happened} AS happened, date_trunc('month', {happened}) + INTERVAL 1 MONTH AS month,
                     date_trunc('month', {known}) + INTERVAL 1 MONTH AS known_month FROM {name})
        GROUP BY account_id, month, known_month
        """
    )
    last = ", ".join(shown(one, f"arg_max({one}, at_{one})") for one in kinds)
    return asked(
        base,
        f"""
        SELECT look, {last}, CAST(sum(recent) FILTER (month = as_of) AS DOUBLE) AS "{name} rows {SUM_DAYS} days"
        FROM looks JOIN summed USING (account_id) WHERE known_month <= as_of GROUP BY look, as_of
        """,
    )


def as_seen(world: Path, examples: dict[str, Examples]) -> dict[str, Columns]:
    """Look at the columns for every outcome: once for all that are looked at by month, and once from the upsells."""
    monthly = [one.frame[["account_id", "as_of"]] for name, one in examples.items() if name != AFTER]
    looks = pd.concat(monthly).drop_duplicates().sort_values(["account_id", "as_of"], ignore_index=True)
    wide = columns(world, looks)
    place = pd.Series(np.arange(len(looks)), index=pd.MultiIndex.from_frame(looks))
    seen = {
        name: wide.rows(place.loc[pd.MultiIndex.from_frame(one.frame[["account_id", "as_of"]])].to_numpy())
        for name, one in examples.items()
        if name != AFTER
    }
    return {**seen, AFTER: columns(world, examples[AFTER].frame[["account_id", "as_of"]])}


def in_talks(world: Path, looks: pd.DataFrame) -> NDArray[np.bool_]:
    """Say which looks see an expansion opportunity that is open, as far as was known then."""
    base = opened(world)
    rows = pd.DataFrame({"look": np.arange(len(looks)), "account_id": looks["account_id"].astype(str).to_numpy()})
    base.register("given", rows.assign(as_of=looks["as_of"].to_numpy().astype("datetime64[us]")))
    found = asked(
        base,
        """
        SELECT DISTINCT look FROM (
            SELECT look, opportunity_id, bool_or(stage IN ('won', 'lost')) AS closed
            FROM given JOIN opportunities USING (account_id)
            WHERE greatest(entered_at, recorded_at) < CAST(as_of AS TIMESTAMPTZ) GROUP BY ALL)
        WHERE NOT closed
        """,
    )
    base.close()
    talking: NDArray[np.bool_] = np.zeros(len(looks), dtype=bool)
    talking[found["look"].to_numpy()] = True
    return talking


def halves(accounts: pd.Series, *, parts: int, seed: int) -> NDArray[np.int64]:
    """Put accounts into parts by chance, all rows of one together."""
    names, place = np.unique(accounts.to_numpy(dtype=str), return_inverse=True)
    return np.random.default_rng(seed).permutation(len(names))[place] % parts


def auc(score: Floats, label: NDArray[np.int64]) -> float:
    """Area under the ROC curve; ties count half."""
    positive = int(label.sum())
    negative = len(label) - positive
    if positive == 0 or negative == 0:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[label == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def soft_auc(chance: Floats) -> float:
    """Area under the ROC curve over all that could happen: every row counts as both, by its chance."""
    order = np.argsort(chance, kind="stable")
    hits, misses = chance[order], 1 - chance[order]
    _, first = np.unique(chance[order], return_index=True)
    hits, misses = np.add.reduceat(hits, first), np.add.reduceat(misses, first)
    below = np.cumsum(misses) - misses
    return float((hits * (below + misses / 2)).sum() / (hits.sum() * misses.sum()))


def numbers_of(name: str, values: pd.Series) -> Floats:
    """Give a column of numbers without gaps: what never happened was long ago, what is not known is in the middle."""
    filled = values.astype("float64")
    happened_ago = bool(filled.max() <= 0) and "." in name
    return filled.fillna(-MANY_YEARS if happened_ago else filled.median()).to_numpy()


def target_means(
    values: pd.Series, label: NDArray[np.int64], learnt: NDArray[np.bool_], asked_of: NDArray[np.bool_]
) -> Floats:
    """Score categories by the mean label of the rows that are learnt from."""
    text = values.astype("str").fillna("")
    base = float(label[learnt].mean())
    seen = pd.Series(label[learnt]).groupby(text[learnt].to_numpy()).agg(["sum", "size"])
    means = (seen["sum"] + SMOOTHING * base) / (seen["size"] + SMOOTHING)
    return text[asked_of].map(means).fillna(base).to_numpy(dtype=np.float64)


def ranking(given: Columns, label: NDArray[np.int64], half: NDArray[np.int64]) -> dict[str, float]:
    """Say how well each column ranks by itself, whichever way round; best first.

    Categories are scored by the mean label of the other half of the accounts.
    """
    found = {}
    for name in given.values:
        if name in given.categories:
            sides = [
                auc(target_means(given.values[name], label, half != side, half == side), label[half == side])
                for side in (0, 1)
            ]
            found[name] = float(np.mean(sides))
        else:
            area = auc(numbers_of(name, given.values[name]), label)
            found[name] = max(area, 1 - area)
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def design(given: Columns) -> tuple[Floats, list[int]]:
    """Form a matrix of columns, categories as codes, and say which are."""
    values = given.values.copy()
    for name in given.categories:
        values[name] = values[name].astype("category").cat.codes.astype("float64")
    return values.to_numpy(dtype=np.float64), [list(values).index(name) for name in values if name in given.categories]


def logistic(
    matrix: Floats, categories: list[int], label: NDArray[np.int64], learnt: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> Floats:
    """Score rows by a logistic regression of all signals, held back (C = 0.05), learnt from others."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [place for place in range(matrix.shape[1]) if place not in categories]
    imputed = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    parts = ColumnTransformer(
        [
            ("numbers", make_pipeline(imputed, StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ],
        sparse_threshold=0,
    )
    model = make_pipeline(parts, LogisticRegression(C=0.05, max_iter=500))
    model.fit(matrix[learnt], label[learnt])
    scores: Floats = model.decision_function(matrix[rows])
    return scores


def trees(
    matrix: Floats, categories: list[int], label: NDArray[np.int64], learnt: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> Floats:
    """Score rows by a small LightGBM, learnt from others."""
    import lightgbm

    model = lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": 7,
            "max_depth": 3,
            "learning_rate": 0.05,
            "min_data_in_leaf": 50,
            "lambda_l2": 5.0,
            "num_threads": 1,
            "deterministic": True,
            "seed": 1,
            "verbosity": -1,
        },
        lightgbm.Dataset(matrix[learnt], label[learnt], categorical_feature=categories, free_raw_data=True),
        num_boost_round=60,
    )
    scores: Floats = model.predict(matrix[rows], raw_score=True)
    return scores
