"""The bundle: all heads over one list of signals, in plain text files that load without MLflow and without pickle."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from uptier.errors import ModelError
from uptier.model import calibrator as calibrators
from uptier.model.calibrator import Calibrator, Sigmoid
from uptier.model.encoding import BundleSignal, encoded
from uptier.model.reliability import ReliabilityBin, interval_at
from uptier.model.storage import damaged, digest, read_text, written_whole
from uptier.model.trees import tree_contributions, tree_margins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Bundle", "BundleSignal", "Head", "Sigmoid", "encoded", "tree_contributions", "tree_margins"]

SCHEMA_VERSION = 3
READABLE = (1, 2, 3)  # in 1 every calibrator is a sigmoid and does not say so; before 3 no head has its reliability
MANIFEST = "bundle.json"


@dataclass(frozen=True, kw_only=True)
class Head:
    """What predicts one outcome: trees with a calibrator, or a pooled base rate that says why.

    Attributes
    ----------
    outcome : str
        What it predicts.
    base_rate : float
        Observed rate among the rows it was learnt from, 0 to 1.
    interval : tuple of float
        95 % interval of the base rate, which knows that windows of one account are alike.
    n, positives : int
        Rows it was learnt from, and those among them with the outcome.
    positive_accounts : int
        Distinct accounts with the outcome.
    trees : str or None
        LightGBM's own text; None for a pooled head.
    calibrator : Calibrator or None
        From margin to probability; None for a pooled head.
    expected_margin : float or None
        Margin before any signal is looked at, log-odds; None for a pooled head.
    fallback : str or None
        Why every account gets the base rate; None for a fitted head.
    carried_from : str or None
        Version of the model that it was learnt for, where it was kept because the newer one did not replace it.
    reliability : tuple of ReliabilityBin
        What followed where chances like these were given in the tests of how it was learnt, lowest first; empty for a
        pooled head, and for one that was written before this was kept.
    """

    outcome: str
    base_rate: float
    interval: tuple[float, float]
    n: int
    positives: int
    positive_accounts: int
    trees: str | None = None
    calibrator: Calibrator | None = None
    expected_margin: float | None = None
    fallback: str | None = None
    carried_from: str | None = None
    reliability: tuple[ReliabilityBin, ...] = ()

    @property
    def is_fitted(self) -> bool:
        """Whether it has trees."""
        return self.trees is not None

    def pooled(self, why: str) -> Head:
        """Give the head that predicts the base rate instead.

        Parameters
        ----------
        why : str
            The reason, as sentences.

        Returns
        -------
        Head
            Without trees.
        """
        return dataclasses.replace(
            self, trees=None, calibrator=None, expected_margin=None, fallback=why, reliability=()
        )

    def interval_of(self, probability: float) -> tuple[float, float] | None:
        """Give the interval of a chance that it gave.

        Parameters
        ----------
        probability : float
            The chance, share; for a pooled head its base rate.

        Returns
        -------
        tuple of float, or None
            Low and high, shares; None where nothing honest can be told.
        """
        if self.is_fitted:
            return interval_at(self.reliability, probability)
        return self.interval if self.n else None


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """All heads of a project.

    Attributes
    ----------
    project : str
        Whose.
    catalogue_hash : str
        Fingerprint of the signals it was trained on.
    trained_at_as_of : date
        Last as-of date of the fit slice.
    signals : tuple of BundleSignal
        The model's columns, in order.
    categories : dict of str to tuple of str
        For each category signal its known values; the place of a value is its code.
    heads : dict of str to Head
        By outcome.
    gains : dict of str to float
        Median relative gain in MRR by upsell type, share.
    thresholds : dict
        Where triggers and points fired when it was trained.
    schema_version : int
        Version of the files it is saved as.
    """

    project: str
    catalogue_hash: str
    trained_at_as_of: dt.date
    signals: tuple[BundleSignal, ...]
    categories: dict[str, tuple[str, ...]]
    heads: dict[str, Head]
    gains: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @property
    def fitted(self) -> tuple[str, ...]:
        """The outcomes whose heads have trees."""
        return tuple(outcome for outcome, head in self.heads.items() if head.is_fitted)

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Bring a frame into the form that the trees read.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            The signals by name, in any order; more columns do no harm.

        Returns
        -------
        ndarray, shape (n, n_signals)
            Categories as codes; NaN for null and for a category that was not seen in training.

        Raises
        ------
        ModelError
            If a signal is missing or holds what is no number.
        """
        return encoded(frame, self.signals, self.categories)

    def margins(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the raw margins of the fitted heads.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            The signals by name.

        Returns
        -------
        DataFrame, shape (n, n_fitted)
            Log-odds before calibration, one column for each fitted outcome.
        """
        matrix = self.matrix(frame)
        return pd.DataFrame({name: tree_margins(self._trees(name), matrix) for name in self.fitted}, index=frame.index)

    def probabilities(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the calibrated probabilities of all outcomes.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            The signals by name.

        Returns
        -------
        DataFrame, shape (n, n_outcomes)
            0 to 1; for a pooled head the same base rate in every row; NaN for an outcome that was never seen.
        """
        margins = self.margins(frame)
        columns = {}
        for outcome, head in self.heads.items():
            if head.calibrator is None:
                # a rate of no rows at all is no rate
                columns[outcome] = np.full(len(frame), head.base_rate if head.n else np.nan)
            else:
                columns[outcome] = head.calibrator(margins[outcome].to_numpy())
        return pd.DataFrame(columns, index=frame.index)

    def contributions(self, frame: pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, float]:
        """Give what each signal adds to the margin of each row, by exact TreeSHAP.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            The signals by name.
        outcome : str
            A fitted outcome.

        Returns
        -------
        contributions : DataFrame, shape (n, n_signals)
            Log-odds; with `expected` they add up to the row's margin.
        expected : float
            Margin before any signal is looked at, log-odds.

        Raises
        ------
        ModelError
            If the outcome has no trees, or if a sum is not the margin.
        """
        trees, matrix = self._trees(outcome), self.matrix(frame)
        names = [signal.name for signal in self.signals]
        if not len(frame):
            return pd.DataFrame(columns=names, index=frame.index, dtype="float64"), float(
                self.heads[outcome].expected_margin or 0.0
            )
        values, expected = tree_contributions(trees, matrix, outcome=outcome)
        return pd.DataFrame(values, columns=names, index=frame.index), expected

    def require_catalogue(self, catalogue_hash: str, thresholds: Mapping[str, Any]) -> None:
        """Refuse to score signals that the model was not trained on.

        Parameters
        ----------
        catalogue_hash : str
            Fingerprint of the catalogue that formed the frame.
        thresholds : mapping of str to Any
            Where triggers fire today, as JSON has them: those that have changed are named, if the model knows its own.

        Raises
        ------
        ModelError
            If it is another one.
        """
        if catalogue_hash != self.catalogue_hash:
            changed = [
                f"{name} {_told(self.thresholds.get(name))}, now {_told(thresholds.get(name))}"
                for name in sorted({*self.thresholds, *thresholds})
                if self.thresholds and self.thresholds.get(name) != thresholds.get(name)
            ]
            hashes = f"catalogue {catalogue_hash[:12]}; the model was trained on {self.catalogue_hash[:12]}"
            raise ModelError(
                f"The model of '{self.project}' was trained on other signals than those of today.",
                found="; ".join([*[f"thresholds.{one}" for one in changed], hashes]),
                do="Train again with 'uptier train', or go back to the version of uptier, the project's own signals "
                "and the thresholds with which it was trained.",
            )

    def save(self, folder: Path | str) -> Path:
        """Write the bundle as a folder, whole or not at all.

        Parameters
        ----------
        folder : Path or str
            Where to; a bundle that is there is replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        return written_whole(self._files(), Path(folder))

    @classmethod
    def load(cls, folder: Path | str) -> Bundle:
        """Read a bundle that was saved.

        Parameters
        ----------
        folder : Path or str
            Where it is.

        Returns
        -------
        Bundle
            As it was saved.

        Raises
        ------
        ModelError
            If a file is missing or damaged, or if another version of uptier wrote it.
        """
        folder = Path(folder)
        try:
            written = json.loads(read_text(folder / MANIFEST))
            version = written["schema_version"]
            if version not in READABLE:
                raise ModelError(
                    f"The model in {folder} was written in a form that this version of uptier does not read.",
                    found=f"schema version {version}; this one reads {', '.join(map(str, READABLE))}",
                    do="Train again with 'uptier train', or score with the version of uptier that wrote it.",
                )
            heads = {outcome: _head_read(folder, outcome, head) for outcome, head in written["heads"].items()}
            return cls(
                project=written["project"],
                catalogue_hash=written["catalogue_hash"],
                trained_at_as_of=dt.date.fromisoformat(written["trained_at_as_of"]),
                signals=tuple(BundleSignal(**signal) for signal in written["signals"]),
                categories={name: tuple(values) for name, values in written["categories"].items()},
                heads=heads,
                gains=written["gains"],
                thresholds=written["thresholds"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(folder / MANIFEST) from error

    def _trees(self, outcome: str) -> str:
        head = self.heads.get(outcome)
        if head is None or head.trees is None:
            why = f" {head.fallback}" if head is not None and head.fallback else ""
            raise ModelError(
                f"The outcome '{outcome}' has no fitted head in this model.{why}",
                found=f"fitted heads: {', '.join(self.fitted) or 'none'}",
            )
        return head.trees

    def _files(self) -> dict[str, str]:
        written = dataclasses.asdict(self)
        written["trained_at_as_of"] = self.trained_at_as_of.isoformat()
        files = {}
        for outcome, head in self.heads.items():
            entry = written["heads"][outcome]
            trees = entry.pop("trees")
            entry["trees_sha256"] = None if trees is None else digest(trees)
            if head.calibrator is not None:
                entry["calibrator"] = calibrators.written(head.calibrator)
            if head.trees is not None:
                files[f"{outcome}.txt"] = head.trees
        # no sort_keys: the order of the heads is the order of the columns of the probabilities
        files[MANIFEST] = json.dumps(written, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return files


def _told(threshold: Any) -> str:
    return "nothing" if threshold is None else json.dumps(threshold, ensure_ascii=False)


def _head_read(folder: Path, outcome: str, written: dict[str, Any]) -> Head:
    sealed = written.pop("trees_sha256")
    trees = None
    if sealed is not None:
        trees = read_text(folder / f"{outcome}.txt")
        if digest(trees) != sealed:
            raise damaged(folder / f"{outcome}.txt")
    calibrator = written.pop("calibrator")
    low, high = written.pop("interval")
    reliability = written.pop("reliability", ())
    return Head(
        **written,
        interval=(low, high),
        reliability=tuple(ReliabilityBin(**one) for one in reliability),
        trees=trees,
        calibrator=None if calibrator is None else calibrators.read(calibrator),
    )
