"""How models are learnt, judged and let in: the part `training` of a project's YAML."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from uptier.errors import did_you_mean
from uptier.thresholds import Part

TunedOutcome = Literal["seat_expansion", "plan_upgrade", "add_on", "churn", "post_upsell_churn"]


class AcceptedAlarm(Part):
    """A leakage alarm that the project has looked at and lives with.

    Attributes
    ----------
    alarm : str
        Code of the alarm, as in the error that named it.
    signal : str or None
        Only of this signal; of all, or of an alarm that names none, by default.
    outcome : str or None
        Only for this outcome; for all by default.
    reason : str
        Why it is no leak; stands in the model card.
    """

    alarm: str
    signal: str | None = None
    outcome: str | None = None
    reason: str = Field(min_length=10)


class TreeSettings(Part):
    """How large the trees of one outcome are, and how fast they learn: what `uptier tune` may recommend.

    Attributes
    ----------
    depth : int
        Splits from the root to a leaf; so many signals act together at most.
    leaves : int
        Leaves of a tree; a tree of depth d has at most 2 to the power of d.
    rate : float
        Learning rate.
    l2 : float or None
        As if each leaf had seen so many rows less; by default 10 to 50, by the size of the data.
    features : float
        Share of the signals that each tree may look at.
    rows_in_leaf : int or None
        Rows that a leaf needs; by default 10 to 200, by the size of the data.
    """

    depth: Annotated[int, Field(ge=1, le=5)]
    leaves: Annotated[int, Field(ge=2, le=32)]
    rate: Annotated[float, Field(ge=0.005, le=1)]
    l2: Annotated[float, Field(ge=0, le=1000)] | None = None
    features: Annotated[float, Field(ge=0.05, le=1)] = 0.6
    rows_in_leaf: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _leaves_fit(self) -> Self:
        if self.leaves > 2**self.depth:
            raise ValueError(f"a tree of depth {self.depth} has at most {2**self.depth} leaves")
        return self


class TrainingSettings(Part):
    """How models are learnt, judged and let in.

    Attributes
    ----------
    seed : int
        Seed of folds, trees and bootstraps.
    test_share : float
        Share of the as-of dates, the latest ones, on which models are tested.
    origins : int
        Into how many blocks, one after the other, the test dates are cut; the model that is asked about a block has
        learnt from what was known on its first day.
    folds : int
        Account folds within the fit slice.
    min_fit_positives, min_test_positives : int
        Distinct accounts that converted, below which an outcome gets its pooled rate instead of a model.
    capacity_share : float
        Share of accounts that the CSMs can talk to, for precision at capacity.
    bootstraps : int
        Draws of accounts behind each interval.
    threads : int
        Threads of LightGBM; the trees are the same on any number.
    calibration : str
        How margins become probabilities: ``auto`` takes the one of sigmoid and beta that fits better out of fold, or
        isotonic where there are positives enough for it.
    monotone : str
        ``declared`` holds trees to the effect that a signal declares, ``off`` only reports where they differ.
    accept_alarms : tuple of AcceptedAlarm
        Leakage alarms that the project lives with.
    trees : dict
        Outcome to the trees it is learnt with, see `uptier tune`; by default their size is found out at training.
    """

    seed: int = 7
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    origins: Annotated[int, Field(ge=1, le=24)] = 3
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    min_fit_positives: Annotated[int, Field(ge=10)] = 30
    min_test_positives: Annotated[int, Field(ge=5)] = 10
    capacity_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    bootstraps: Annotated[int, Field(ge=50)] = 500
    threads: Annotated[int, Field(ge=1)] = 1
    calibration: Literal["auto", "sigmoid", "beta", "isotonic"] = "auto"
    monotone: Literal["off", "declared"] = "off"
    accept_alarms: tuple[AcceptedAlarm, ...] = ()
    trees: dict[str, TreeSettings] = {}

    @field_validator("trees")
    @classmethod
    def _known_outcomes(cls, trees: dict[str, TreeSettings]) -> dict[str, TreeSettings]:
        for name in trees:
            if name not in get_args(TunedOutcome):
                raise ValueError(f"there is no outcome '{name}'. {did_you_mean(name, get_args(TunedOutcome))}")
        return trees
