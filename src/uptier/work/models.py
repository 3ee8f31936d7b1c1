"""What a project does with its models beside training and scoring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.work.results import Backtest

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
    from uptier.training.audit import Event
    from uptier.work.material import Material
    from uptier.work.tuning import Tuning


class Models(ABC):
    """Backtests, tuning, and which version scores; the part of a project that is about its models."""

    _material: Material
    _progress: Callable[[str, int, int], None] | None

    @abstractmethod
    def examples(self) -> dict[str, Examples]:
        """Put signals beside what came of them, for every outcome.

        Returns
        -------
        dict of str to Examples
            By outcome.
        """

    def promote(self, version: str, why: str) -> Event:
        """Make a version that passed its gate the champion.

        Parameters
        ----------
        version : str
            As ``7`` or ``v7``.
        why : str
            The reason, for the audit.

        Returns
        -------
        Event
            What was written into the audit.

        Raises
        ------
        TrainingError
            If the gate refused it, or it was learnt on other signals or for another project.
        """
        from uptier.work.promoting import promote

        return promote(self._material, version, why=why)

    def promote_against_the_gate(self, version: str, why: str) -> Event:
        """Make a version the champion although its gate refused it; the audit says so.

        Parameters
        ----------
        version : str
            As ``7`` or ``v7``.
        why : str
            The reason, for the audit.

        Returns
        -------
        Event
            What was written into the audit.
        """
        from uptier.work.promoting import promote_against_the_gate

        return promote_against_the_gate(self._material, version, why=why)

    def rollback(self, why: str) -> Event:
        """Give the champion's place back to the version that had it before.

        Parameters
        ----------
        why : str
            The reason, for the audit.

        Returns
        -------
        Event
            What was written into the audit.
        """
        from uptier.work.promoting import rollback

        return rollback(self._material, why=why)

    def history(self) -> list[Event]:
        """Tell what happened to the project's versions.

        Returns
        -------
        list of Event
            In order.
        """
        from uptier.work.promoting import history

        return history(self._material)

    def export(self, version: str | None = None, folder: Path | None = None) -> Path:
        """Copy a version with its model card out of MLflow.

        Parameters
        ----------
        version : str, optional
            As ``7`` or ``v7``; the champion by default.
        folder : Path, optional
            Where to; in the store under ``models`` by default.

        Returns
        -------
        Path
            The folder.
        """
        from uptier.work.promoting import export

        return export(self._material, version, folder)

    def backtest(self, origins: int = 6, test_share: float = 0.5) -> Backtest:
        """Begin learning anew at each of the last origins, and see how stable that is; nothing is shipped.

        Parameters
        ----------
        origins : int
            How many.
        test_share : float
            Share of the as-of dates, the latest ones, that they are spread over.

        Returns
        -------
        Backtest
            By outcome, and the folder of its page, document and picture.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        """
        from uptier.work.backtesting import backtest

        return backtest(self._material, self.examples, origins=origins, test_share=test_share, progress=self._progress)

    def tune(self, outcome: str | None = None, trials: int = 30) -> Tuning:
        """Seek trees that do better than those which training finds by itself; the YAML stays as it is.

        Parameters
        ----------
        outcome : str, optional
            Only for this one; for all by default.
        trials : int
            How many there are to be for each outcome, with those of an earlier call: a search that was stopped goes on.

        Returns
        -------
        Tuning
            By outcome, and what is recommended for the YAML.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        OutcomeError
            If there is no such outcome.
        TrainingError
            If Optuna is not installed.
        """
        from uptier.work.tuning import tune

        return tune(self._material, self.examples, outcome=outcome, trials=trials, progress=self._progress)
