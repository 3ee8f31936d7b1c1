"""What moves a head, looked at on a sample of the rows that it was tested on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.explanation.effects import Agreement, by_family, contradicting, declares, effects
from uptier.explanation.interactions import interactions, not_additive, pairs
from uptier.model.bundle import tree_contributions, tree_margins
from uptier.settings import CONVERSIONS
from uptier.training.firing import fired
from uptier.training.first_reasons import TOP, FirstKept, first_kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.signals.signal import Effect
    from uptier.training.rolled import Material, Rolled

SAMPLE = 2000  # rows that are explained: their pictures have no more room, and rank correlations are good to 0.02
PAIRED = 200  # of them, rows whose pairs of signals are looked at: the share of a pair is then good to a few per cent


@dataclass(frozen=True, kw_only=True, eq=False)
class Moves:
    """What moves a head.

    Attributes
    ----------
    rows : DataFrame, shape (n, n_columns)
        A sample of test rows, signals by name.
    contributions : DataFrame, shape (n, n_signals)
        What each signal adds to their margins, log-odds.
    families : DataFrame, shape (n, n_families)
        What each family with a trigger adds, log-odds.
    fired : DataFrame, shape (n, n_families)
        Whether its trigger has fired; NA where a column that its rule needs is empty in all rows.
    effects : DataFrame, shape (n_signals, 6)
        Declared and learnt effects, see :func:`uptier.explanation.effects.effects`.
    pairs : DataFrame, shape (n_pairs, 4)
        Signals that act together, see :func:`uptier.explanation.interactions.pairs`.
    not_additive : float
        Share of the margin's variance that pairs make; NaN where the margin is the same in all rows.
    first_kept : FirstKept or None
        Whether accounts keep their first family when the head is learnt anew; None where that cannot be said.
    """

    rows: pd.DataFrame = field(repr=False)  # of customers: not for a log
    contributions: pd.DataFrame = field(repr=False)
    families: pd.DataFrame = field(repr=False)
    fired: pd.DataFrame = field(repr=False)
    effects: pd.DataFrame
    pairs: pd.DataFrame
    not_additive: float
    first_kept: FirstKept | None

    def metrics(self) -> dict[str, float]:
        """Give the figures of it.

        Returns
        -------
        dict of str to float
            Without what is not known; agreement only where effects are declared for what the head predicts.
        """
        told = {"interactions/not_additive": self.not_additive}
        if len(self.pairs):
            told["interactions/largest_share"] = float(self.pairs["share"].iloc[0])
        if declares(self.effects):
            against = contradicting(self.effects)
            told["effects/contradicting"] = float(len(against))
            told["effects/contradicting_share"] = float(against["share"].sum())
            agreeing = self.effects["agreement"] == Agreement.AGREES
            told["effects/agreeing_share"] = float(self.effects.loc[agreeing, "share"].sum())
        if self.first_kept is not None:
            low, share, high = self.first_kept.share
            told |= {"reasons/first_kept_low": low, "reasons/first_kept": share, "reasons/first_kept_high": high}
            told["reasons/first_kept_by_chance"] = self.first_kept.by_chance
        return {name: value for name, value in told.items() if np.isfinite(value)}


def moves_of(trees: str, material: Material, asked: Rolled, *, catalog: Catalog, settings: Settings) -> Moves:
    """Find out what moves a head.

    Parameters
    ----------
    trees : str
        LightGBM's text of the model that ships.
    material : Material
        The rows of its outcome.
    asked : Rolled
        Which rows it was tested on, and the trees of the origins.
    catalog : Catalog
        Signals with the effects that they declare, and triggers.
    settings : Settings
        The project: thresholds, seed and draws.

    Returns
    -------
    Moves
        The same for the same input; what takes longest is asked of samples, so the size of the data does not matter.
    """
    knobs, outcome = settings.training, material.given.outcome
    rng = np.random.default_rng(knobs.seed)
    chosen = np.sort(rng.permutation(asked.rows)[:SAMPLE])
    frame, matrix = material.given.frame.iloc[chosen].reset_index(drop=True), material.matrix[chosen]
    values, _ = tree_contributions(trees, matrix, outcome=outcome)
    contributions = pd.DataFrame(values, columns=list(material.names))
    family_of = {one.name: one.family for one in catalog.signals}
    sayable = {one.family: one.name for one in catalog.triggers}
    families = by_family(contributions, {name: family for name, family in family_of.items() if family in sayable})
    acting = interactions(trees, matrix[np.sort(rng.permutation(len(matrix))[:PAIRED])])
    ranked = _foremost(trees, material, asked, seed=knobs.seed)
    return Moves(
        rows=frame,
        contributions=contributions,
        families=families,
        fired=fired(frame, catalog, settings.thresholds).rename(columns={name: of for of, name in sayable.items()}),
        effects=effects(frame, contributions, declared_effects(outcome, catalog)),
        pairs=pairs(acting, material.names),
        not_additive=not_additive(acting),
        first_kept=first_kept(
            [*asked.trees, trees],
            material.matrix[ranked],
            material.account.to_numpy(dtype=object)[ranked],
            np.array([family_of[name] for name in material.names], dtype=object),
            sayable=list(families.columns),
            draws=knobs.bootstraps,
            seed=knobs.seed,
        ),
    )


def declared_effects(outcome: str, catalog: Catalog) -> dict[str, Effect]:
    """Give the effects that are declared on what a head predicts.

    Parameters
    ----------
    outcome : str
        Which head.
    catalog : Catalog
        The signals.

    Returns
    -------
    dict of str to Effect
        By signal; empty where it is no conversion: effects are declared on the chance of an upsell, and say nothing of
        churn.
    """
    return {one.name: one.effect for one in catalog.signals} if outcome in CONVERSIONS else {}


def _foremost(trees: str, material: Material, asked: Rolled, *, seed: int) -> NDArray[np.int64]:
    """Give the last test row of each account, of the fifth of them that the head puts first."""
    rows = asked.rows[asked.origin == asked.origin.max(initial=0)]
    looks = material.given.frame[["account_id", "as_of"]].iloc[rows].reset_index(drop=True)
    last = rows[looks.groupby("account_id", sort=True)["as_of"].idxmax().to_numpy(dtype=np.int64)]
    # of many accounts, so many that the top fifth holds as many rows as are explained elsewhere
    last = np.sort(np.random.default_rng(seed).permutation(last)[: int(SAMPLE / TOP)])
    order = np.argsort(-tree_margins(trees, material.matrix[last]), kind="stable")
    return np.asarray(last[order[: int(np.ceil(TOP * len(last)))]])
