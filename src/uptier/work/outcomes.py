"""What came of every look at an account, and what each rule on outcomes removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    import pandas as pd

    from uptier.outcomes.outcome import Examples, Labels
    from uptier.work.material import Material


@dataclass(frozen=True, eq=False, kw_only=True)
class OutcomeReport:
    """What is learnt from, what is not, and why.

    Attributes
    ----------
    removed : DataFrame
        By outcome: looks, what each rule left out, and what came of the rest; see
        :func:`uptier.outcomes.report.report`.
    not_counted : DataFrame
        Negatives in whose window something changed, by outcome and why it does not count.
    changes_not_counted : dict of str to int
        Changes in contracts that no outcome looks for, by why, whether or not anybody was looked at then.
    win_rates : DataFrame
        Of contacted accounts alone; no rows without a table of outreach.
    """

    removed: pd.DataFrame
    not_counted: pd.DataFrame
    changes_not_counted: dict[str, int]
    win_rates: pd.DataFrame


def every_label(material: Material) -> tuple[Labels, ...]:
    """Label every look, for each outcome.

    Parameters
    ----------
    material : Material
        The project's data.

    Returns
    -------
    tuple of Labels
        The three upsells, churn, post-upsell churn, and the project's own outcomes.

    Raises
    ------
    FindingsError
        If the data have errors that the project has not accepted.
    TrainingError
        If the tables tell only what holds today.
    """
    from uptier.outcomes.churn import churn_labels, post_upsell_labels, upsell_episodes
    from uptier.outcomes.own import own_labels, own_outcomes
    from uptier.outcomes.upsell import upsell_labels

    tables, looks, changes = material.tables, material.months, material.changes
    labels = [upsell_labels(tables, looks, changes, outcome) for outcome in CONVERSIONS]
    labels += [churn_labels(tables, looks, changes)]
    labels += [post_upsell_labels(tables, upsell_episodes(changes), changes)]
    labels += [own_labels(one, tables, looks, changes) for one in own_outcomes(material.settings)]
    return tuple(labels)


def every_example(material: Material, progress: Callable[[str, int, int], None]) -> dict[str, Examples]:
    """Put signals beside what came of every look, for each outcome.

    Parameters
    ----------
    material : Material
        The project's data.
    progress : callable
        Told ``(what, done, of)``.

    Returns
    -------
    dict of str to Examples
        By outcome. The frame of the months is kept in the store, so that a second training computes only what is new.
    """
    import pandas as pd

    from uptier.outcomes.churn import upsell_episodes
    from uptier.outcomes.gained import with_gains
    from uptier.outcomes.outcome import examples

    looks, episodes = material.months, upsell_episodes(material.changes)
    labels = every_label(material)
    # apart: months look at everybody at once, upsells at one account each on its own day
    frames = [_months(material, progress)] if len(looks) else []
    frames += [material.signals(episodes)] if len(episodes) else []
    frame = pd.concat(frames, ignore_index=True).drop_duplicates(["account_id", "as_of"])
    return {one.outcome: with_gains(examples(one, frame), material.changes) for one in labels}


def _months(material: Material, progress: Callable[[str, int, int], None]) -> pd.DataFrame:
    if not material.source.files:
        # what a server holds cannot be told from what it held without reading all of it
        return material.signals(material.months)
    from uptier.work.framing import write_frame

    return write_frame(material, None, None, progress).frame


def outcome_report(material: Material) -> OutcomeReport:
    """Report what each rule on outcomes removed, without forming a signal.

    Parameters
    ----------
    material : Material
        The project's data.

    Returns
    -------
    OutcomeReport
        In whole numbers, save the rates.

    Raises
    ------
    FindingsError
        If the data have errors that the project has not accepted.
    TrainingError
        If the tables tell only what holds today.
    """
    from uptier.outcomes.report import changes_not_counted, not_counted, report
    from uptier.outcomes.win_rates import win_rates

    labels = every_label(material)
    return OutcomeReport(
        removed=report(labels),
        not_counted=not_counted(labels),
        changes_not_counted=changes_not_counted(material.changes),
        win_rates=win_rates(material.tables),
    )
