"""What claims about reasons share: a simulated world with its causes, heads learnt on other accounts, what each names.

Not a claim itself, as its name says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uptier.explanation.choosing import BESIDE
from uptier.explanation.reasons import Reason, Reasons, fired_triggers, weighed_reasons
from uptier.explanation.shares import Explained, explained
from uptier.model.bundle import Bundle, BundleSignal, Head, Sigmoid
from uptier.model.points import RULES, rules
from uptier.outcomes.outcome import Examples
from uptier.project import Project
from uptier.settings import CONVERSIONS
from uptier.simulate.causes import CAUSES, DEPTH
from uptier.simulate.chain import AXES
from uptier.simulate.demo import project_text
from uptier.simulate.rules import NEEDS
from uptier.simulate.world import simulate
from uptier.training.fitting import Shape
from uptier.training.pooling import pooled_head
from uptier.training.rolled import Material, material_of, model_of
from uptier.training.splitting import Origin, origins_of
from uptier.training.training import in_order
from uptier.training_settings import TrainingSettings

# Which causes a family of signals tells of; how that was decided stands in faithful.py.
TELLS: dict[str, tuple[str, ...]] = {
    "seats": ("pressure", "growth", "mood"),
    "capacity": ("need", "pressure"),
    "gates": ("need", "pressure"),
    "power_users": ("growth", "mood"),
    "velocity": ("growth", "pressure"),
    "adoption": ("depth", "mood", "champion", "pressure"),
    "value": ("mood", "champion", "depth"),
    "gaps": ("gap", "need"),
    "sentiment": ("mood", "gap"),
    # without a trigger: only peers can name them
    "relationship": ("champion", "budget", "talk", "mood"),
    "commercial": ("setting", "pressure"),
}
ASKED = (*CONVERSIONS, "churn")
NAMED_AT_MOST = 3
TOP = 0.2
LEARNT_ROWS = 15_000  # from which causes and states are learnt, for time
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Named = list[tuple[str, ...]]  # for each row families, the first reason first


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """A simulated world as the product reads it, and what is true there.

    Attributes
    ----------
    home : Path
        Its folder, in which figures are kept too.
    project : Project
        The project that reads it.
    signals : tuple of BundleSignal
        All signals.
    truth : DataFrame
        The table `truth`.
    """

    home: Path
    project: Project
    signals: tuple[BundleSignal, ...]
    truth: pd.DataFrame

    @cached_property
    def examples(self) -> dict[str, Examples]:
        """By outcome, in the order in which training takes them."""
        return {outcome: in_order(given) for outcome, given in self.project.examples().items()}

    @cached_property
    def learnt(self) -> Path:
        """Where what was learnt is kept, as long as the catalogue of signals is the same."""
        fingerprint = self.project.catalog().fingerprint(self.project.settings.thresholds)
        folder = self.home / f"learnt-{fingerprint[:12]}"
        folder.mkdir(exist_ok=True)
        return folder

    def kept(self, name: str, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Give what is kept under a name, or make it: only what was learnt, never what rules of reasons make of it."""
        path = self.learnt / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(made(), default=lambda array: array.tolist()), encoding="utf-8")
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return told

    def bundles(self, name: str, learn: Callable[[], Iterable[Bundle]]) -> Iterator[Bundle]:
        """Give the bundles that are kept under a name, in their order, or learn them all."""
        folder = self.learnt / name
        if not (folder / "whole").exists():
            for number, bundle in enumerate(learn()):
                bundle.save(folder / str(number))
            (folder / "whole").touch()
        for number in range(len(list(folder.iterdir())) - 1):
            yield Bundle.load(folder / str(number))

    def material(self, outcome: str) -> Material:
        """Give the rows of an outcome as trees read them."""
        return material_of(self.examples[outcome], self.signals)

    def origin(self, outcome: str) -> Origin:
        """Give the last origin of an outcome: the one with most to learn from."""
        knobs = self.project.settings.training
        return origins_of(self.examples[outcome], test_share=knobs.test_share, origins=knobs.origins)[-1]

    def true(self, outcome: str, columns: Sequence[str]) -> Floats:
        """Give columns of the truth, a row for each example; NaN where the truth is silent."""
        return beside(self.examples[outcome].frame, self.truth, columns)

    def causes(self, outcome: str) -> Floats:
        """Give the log-odds that each cause adds, shape (n_examples, n_causes), in the order of `CAUSES`."""
        return self.true(outcome, [f"why_{outcome}_{cause}" for cause in CAUSES])


def beside(frame: pd.DataFrame, truth: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Give columns of the truth, a row for each row of a frame; NaN where the truth is silent."""
    keys, told = frame[["account_id", "as_of"]], truth[["account_id", "as_of", *columns]]
    told = told.assign(as_of=told["as_of"].astype(keys["as_of"].dtype))
    return keys.merge(told, on=["account_id", "as_of"], how="left")[list(columns)].to_numpy(dtype=np.float64)


def world_of(folder: Path, preset: str, seed: int, accounts: int) -> World:
    """Make a world, or take the one that is kept under the same name as `truth.py` gives it."""
    home = folder / f"{preset}-{seed}-{accounts}-0.0"
    if not (home / "world" / "truth.parquet").exists():
        simulate(preset=preset, seed=seed, out=home / "world", accounts=accounts)
    (home / "project.yaml").write_text(project_text(project="truth", source="./world"), encoding="utf-8")
    project = Project(home / "project.yaml")
    return World(
        home=home,
        project=project,
        signals=tuple(BundleSignal(one.name, one.family, one.is_category) for one in project.catalog().signals),
        truth=pd.read_parquet(home / "world" / "truth.parquet"),
    )


def head_of(
    material: Material, rows: Ints, knobs: TrainingSettings, shape: Shape | None = None
) -> tuple[Head, Shape | None]:
    """Learn a head as training does, before any gate; a pooled one where nothing was learnt."""
    model, _ = model_of(material, rows, rows[:0], knobs, shape)
    base = pooled_head(material.given, rows, why="Nothing was learnt.")
    if model.calibrator is None:
        return base, model.learnt.shape
    made = dataclasses.replace(
        base,
        trees=model.learnt.trees,
        calibrator=model.calibrator,
        expected_margin=model.learnt.expected_margin,
        fallback=None,
    )
    return made, model.learnt.shape


def bundle_of(world: World, material: Material, head: Head) -> Bundle:
    """Put one head into a bundle of its own."""
    frame = material.given.frame
    return Bundle(
        project=world.project.settings.project,
        catalogue_hash="",
        trained_at_as_of=frame["as_of"].max().date(),
        signals=world.signals,
        categories={
            one.name: tuple(sorted({str(value) for value in frame[one.name].dropna().unique()}))
            for one in world.signals
            if one.is_category
        },
        heads={head.outcome: head},
    )


def unseen_heads(world: World, material: Material, *, parts: int) -> Iterator[tuple[Bundle, Ints]]:
    """Learn from what the last origin knew of most accounts, and give the later rows of the accounts left out.

    Trees are sized once, by the first part, as rolling origins do it.
    """
    outcome = material.given.outcome
    origin, knobs = world.origin(outcome), world.project.settings.training
    part = dealt(material.account, parts)

    def learn() -> Iterator[Bundle]:
        shape = None
        for number in range(parts):
            head, shape = head_of(material, origin.fit[part[origin.fit] != number], knobs, shape)
            yield bundle_of(world, material, head)

    for number, bundle in enumerate(world.bundles(f"{outcome}-unseen", learn)):
        yield bundle, origin.test[part[origin.test] == number]


def ceiling_heads(world: World, material: Material) -> Iterator[tuple[Bundle, Ints]]:
    """Learn trees from the true chances of half the accounts, and give the later rows of the other half.

    Rows before and after the origin alike, since a ceiling may know what it likes; cross-entropy with the chance as
    the label, so that margins are log-odds and need no calibration.
    """
    outcome = material.given.outcome
    p, asked = world.true(outcome, [f"p_{outcome}"])[:, 0], world.origin(outcome).test
    half = dealt(material.account, 2)

    def learn() -> Iterator[Bundle]:
        import lightgbm

        chosen = {
            "objective": "cross_entropy",
            "num_leaves": 31,
            "learning_rate": 0.1,
            "min_data_in_leaf": 50,
            "feature_fraction": 0.5,
            "num_threads": 1,
            "seed": 1,
            "verbosity": -1,
        }
        for side in (0, 1):
            fit = np.flatnonzero((half != side) & (p > 0) & (p < 1))
            data = lightgbm.Dataset(material.matrix[fit], p[fit], categorical_feature=material.codes)
            head = dataclasses.replace(
                pooled_head(material.given, fit, why=""),
                base_rate=float(p[fit].mean()),
                trees=lightgbm.train(chosen, data, num_boost_round=200).model_to_string(),
                calibrator=Sigmoid(slope=1.0, intercept=0.0),
                fallback=None,
            )
            yield bundle_of(world, material, head)

    for side, bundle in enumerate(world.bundles(f"{outcome}-ceiling", learn)):
        yield bundle, asked[half[asked] == side]


def learnt_causes(material: Material, causes: Floats, asked: Ints) -> Floats:
    """Predict what each cause adds, from signals, by trees that learnt the true causes of the other half of accounts.

    Gives an array of shape (n_asked, n_causes): as near as these signals come to the causes themselves.
    """
    import lightgbm

    half, told = dealt(material.account, 2), np.empty((len(asked), causes.shape[1]))
    known = ~np.isnan(causes).any(axis=1)
    chosen = {
        "objective": "l2",
        "num_leaves": 31,
        "learning_rate": 0.1,
        "min_data_in_leaf": 50,
        "feature_fraction": 0.4,
        "num_threads": 1,
        "seed": 1,
        "verbosity": -1,
    }
    for side in (0, 1):
        fit, here = fewer(np.flatnonzero((half != side) & known)), half[asked] == side
        data = lightgbm.Dataset(material.matrix[fit], categorical_feature=material.codes, free_raw_data=False)
        for place in range(causes.shape[1]):
            trees = lightgbm.train(chosen, data.set_label(causes[fit, place]), num_boost_round=80)
            told[here, place] = trees.predict(material.matrix[asked[here]])
    return told


def fewer(rows: Ints) -> Ints:
    """Give some rows, evenly spread, where there are more than it takes."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), LEARNT_ROWS)).astype(np.int64))]


def dealt(accounts: pd.Series, parts: int) -> Ints:
    """Deal accounts to parts by chance, all rows of one together."""
    number, names = pd.factorize(accounts, sort=True)
    return np.random.default_rng(parts).permutation(len(names))[number] % parts


def in_top(score: Floats, dates: pd.Series) -> Bools:
    """Say which rows are in the highest fifth of their date; of equal scores the first ones."""
    place = pd.Series(score).groupby(dates.to_numpy()).rank(ascending=False, method="first")
    count = pd.Series(score).groupby(dates.to_numpy()).transform("size")
    return np.asarray(place <= np.ceil(TOP * count))


def taken_apart(world: World, bundle: Bundle, outcome: str, frame: pd.DataFrame) -> Explained:
    """Take the probabilities of some rows apart, as scoring does."""
    return explained(bundle, outcome, frame, world.project.catalog())


def reasons_of(world: World, apart: Explained, frame: pd.DataFrame) -> list[Reasons]:
    """Give the reasons of some rows, as scoring does."""
    catalog, settings = world.project.catalog(), world.project.settings
    return list(
        weighed_reasons(
            apart,
            frame=frame,
            fired=fired_triggers(frame, catalog, settings.thresholds),
            catalog=catalog,
            thresholds=settings.thresholds,
            currency=settings.currency,
        )
    )


def families_of(world: World, reasons: Sequence[tuple[Reason, ...]]) -> Named:
    """Name the families whose triggers are reasons."""
    family = {trigger.name: trigger.family for trigger in world.project.catalog().triggers}
    return [tuple(family[reason.code] for reason in one) for one in reasons]


def families_of_signals(world: World, apart: Explained) -> Named:
    """Name the families of the three signals that add most to each row's margin, as a plain plot of SHAP would."""
    values = apart.contributions.to_numpy(dtype=np.float64)
    family = [one.family for one in world.signals]
    order = np.argsort(-values, axis=1, kind="stable")[:, :NAMED_AT_MOST]
    return [
        tuple(family[place] for place in places if values[row, place] > 0) for row, places in enumerate(order.tolist())
    ]


def families_with_relationship(world: World, apart: Explained) -> Named:
    """Name three families by what they add, had `relationship` a trigger too; sentences and firing are not asked."""
    family = np.array([one.family for one in world.signals])
    voices = [*apart.points.columns, "relationship"]
    values = apart.contributions.to_numpy(dtype=np.float64)
    sums = np.column_stack([values[:, family == voice].sum(axis=1) for voice in voices])
    order = np.argsort(-sums, axis=1, kind="stable")[:, :NAMED_AT_MOST]
    least = BESIDE * np.abs(sums).max(axis=1)
    return [
        tuple(voices[place] for place in places if sums[row, place] > least[row]) for row, places in enumerate(order)
    ]


def families_of_rules(world: World, frame: pd.DataFrame) -> Named:
    """Name the families of the points model's rules that hold, those worth most first."""
    family = {one.name: one.family for one in world.signals}
    ordered = sorted(RULES, key=lambda rule: -rule.points)
    holding = rules(frame, world.project.settings.thresholds)[[rule.name for rule in ordered]].to_numpy(dtype=bool)
    return [
        tuple(family[rule.column] for rule, holds in zip(ordered, row, strict=True) if holds)[:NAMED_AT_MOST]
        for row in holding
    ]


def states_told(world: World) -> dict[str, dict[str, float]]:
    """Give the share of each hidden state's variance that the signals of a family tell, and that all do.

    By trees, learnt from half the accounts and asked about the other half.
    """
    import lightgbm

    material, truth = world.material("churn"), world.truth
    states: dict[str, pd.Series[Any]] = {
        axis: truth[axis].map({name: place for place, name in enumerate(AXES[axis])}) for axis in AXES
    }
    states["need"] = truth["need"].map(list(NEEDS).index)
    states["talk"] = truth["talk"].isin(AXES["talk"][1:4]).astype("float64")
    states[DEPTH] = truth["deep"].astype("float64")
    numbered = truth.assign(**{f"n_{name}": place for name, place in states.items()})
    values = beside(world.examples["churn"].frame, numbered, [f"n_{name}" for name in states])
    known, half = ~np.isnan(values).any(axis=1), dealt(material.account, 2)
    family = np.array([one.family for one in world.signals])
    chosen = {"objective": "l2", "num_leaves": 15, "min_data_in_leaf": 50, "num_threads": 1, "verbosity": -1}
    fit, rest = (fewer(np.flatnonzero(known & (half == side))) for side in (0, 1))
    found: dict[str, dict[str, float]] = {}
    for name in ("all", *TELLS):
        columns = np.flatnonzero((family == name) | (name == "all"))
        found[name] = {}
        for place, state in enumerate(states):
            data = lightgbm.Dataset(material.matrix[np.ix_(fit, columns)], values[fit, place])
            trees = lightgbm.train(chosen, data, num_boost_round=60)
            error = values[rest, place] - trees.predict(material.matrix[np.ix_(rest, columns)])
            found[name][state] = rounded(1 - error.var() / values[rest, place].var())
    return found


def rounded(value: float | np.floating[Any]) -> float:
    """Round a figure to four places."""
    return round(float(value), 4)
