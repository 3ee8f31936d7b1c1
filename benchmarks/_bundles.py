"""Heads that `uptier train` would ship, learnt without the gate: for what is measured on bundles."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from uptier.model.bundle import Bundle, BundleSignal, Head
from uptier.training.pooling import pooled_head
from uptier.training.rolled import Material, Model, material_of, model_of
from uptier.training.splitting import origins_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from uptier.outcomes.outcome import Examples
    from uptier.project import Project


@dataclasses.dataclass(frozen=True, kw_only=True)
class Learnt:
    """A head, and what it was learnt from.

    Attributes
    ----------
    head : Head
        Fitted on `fit`.
    model : Model
        With the margins of `test`.
    material : Material
        All rows.
    fit, test : ndarray of int
        Places of rows.
    """

    head: Head
    model: Model
    material: Material
    fit: NDArray[np.int64]
    test: NDArray[np.int64]


def before_last_origin(project: Project, given: Examples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that were known at the last origin, and those that came after."""
    knobs = project.settings.training
    origin = origins_of(given, test_share=knobs.test_share, origins=knobs.origins)[-1]
    return origin.fit, origin.test


def learnt(project: Project, given: Examples, fit: NDArray[np.int64], test: NDArray[np.int64]) -> Learnt:
    """Learn a head from some rows, and ask it about others."""
    material = material_of(given, signals_of(project), categories_of(project, given))
    model, _ = model_of(material, fit, test, project.settings.training)
    pooled = pooled_head(given, fit, why="")
    head = dataclasses.replace(
        pooled,
        trees=model.learnt.trees,
        calibrator=model.calibrator,
        expected_margin=model.learnt.expected_margin,
        fallback=None,
    )
    return Learnt(
        head=head if model.calibrator is not None else pooled.pooled("Nothing was learnt that holds for others."),
        model=model,
        material=material,
        fit=fit,
        test=test,
    )


def bundle_of(project: Project, given: Examples, heads: dict[str, Head]) -> Bundle:
    """Put heads into a bundle; `given` are the examples whose categories they know."""
    catalog = project.catalog()
    return Bundle(
        project=project.settings.project,
        catalogue_hash=catalog.fingerprint(project.settings.thresholds),
        trained_at_as_of=given.frame["as_of"].max().date(),
        signals=signals_of(project),
        categories=categories_of(project, given),
        heads=heads,
        gains={"seat_expansion": 0.3, "plan_upgrade": 0.4, "add_on": 0.15},
    )


def signals_of(project: Project) -> tuple[BundleSignal, ...]:
    """The columns of a model."""
    return tuple(BundleSignal(one.name, one.family, one.is_category) for one in project.catalog().signals)


def categories_of(project: Project, given: Examples) -> dict[str, tuple[str, ...]]:
    """The values of categories that some rows have."""
    return {
        one.name: tuple(sorted({str(value) for value in given.frame[one.name].dropna().unique()}))
        for one in project.catalog().signals
        if one.is_category
    }
