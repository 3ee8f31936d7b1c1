"""What moves each head, as files beside a run: tables for every judged head, pictures for those that are used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from uptier.explanation.effects import LEAST_SHARE, contradicting, declares

if TYPE_CHECKING:
    import pandas as pd

    from uptier.training.moves import Moves
    from uptier.training.training import Trained

PANELS = 4  # signals of a family, most important first
FAMILIES = 8  # pictured for each head, most important first; drawing all would take as long as learning
PAIRS_KEPT = 50  # of up to thousands, strongest first
DIGITS = "%.6g"  # of a figure; more would say nothing


def moves_tables(trained: Trained) -> dict[str, bytes]:
    """Give the tables of what moves each judged head.

    Parameters
    ----------
    trained : Trained
        What was learnt.

    Returns
    -------
    dict of str to bytes
        By path: declared against learnt effects and the strongest pairs as CSV, what a few figures say as JSON.
        Nothing of single rows is in them.
    """
    told: dict[str, bytes] = {}
    for outcome, moves in explained_heads(trained).items():
        told[f"explanation/effects_{outcome}.csv"] = _csv(moves.effects)
        told[f"explanation/interactions_{outcome}.csv"] = _csv(moves.pairs.head(PAIRS_KEPT))
        kept = moves.first_kept
        counts = {} if kept is None else {"reasons/accounts": kept.accounts, "reasons/trainings": kept.trainings}
        told[f"explanation/moves_{outcome}.json"] = json.dumps({**moves.metrics(), **counts}, indent=1).encode()
    return told


def contradictions(trained: Trained) -> list[dict[str, object]] | None:
    """Give the signals that carry weight and move a judged head the other way than they declare.

    Parameters
    ----------
    trained : Trained
        What was learnt.

    Returns
    -------
    list of dict, or None
        For each its outcome, name, declared effect, rank correlation and share of all importance; None where nothing
        is declared of any judged head.
    """
    tables = {outcome: moves.effects for outcome, moves in explained_heads(trained).items()}
    declared = {outcome: table for outcome, table in tables.items() if declares(table)}
    if not declared:
        return None
    return [
        {
            "outcome": outcome,
            "signal": one["signal"],
            "declared": one["declared"],
            "Spearman": float(one["spearman"]),
            "share": float(one["share"]),
        }
        for outcome, table in declared.items()
        for one in contradicting(table).to_dict("records")
    ]


def moves_pictures(trained: Trained) -> dict[str, bytes]:
    """Draw what moves each head that is used.

    Parameters
    ----------
    trained : Trained
        What was learnt.

    Returns
    -------
    dict of str to bytes
        PNG by path: for each head a beeswarm by family, and for each family that carries weight, up to eight, value
        against contribution of its most important signals. Nothing where no family has a trigger.
    """
    drawn: dict[str, bytes] = {}
    for outcome, moves in explained_heads(trained).items():
        if outcome not in trained.explained or not len(moves.families.columns):
            continue
        from uptier.explanation.plots import dependence, family_summary

        drawn[f"figures/families_{outcome}.png"] = family_summary(moves.families, moves.fired, outcome)
        partners = partners_of(moves)
        for family, signals in foremost_signals(moves, trained).items():
            drawn[f"figures/dependence_{outcome}_{family}.png"] = dependence(
                moves.rows, moves.contributions, signals, partners, outcome=outcome
            )
    return drawn


def explained_heads(trained: Trained) -> dict[str, Moves]:
    """Give the heads of which it is known what moves them.

    Parameters
    ----------
    trained : Trained
        What was learnt.

    Returns
    -------
    dict of str to Moves
        By outcome.
    """
    return {name: made.moves for name, made in trained.judgements.items() if made.moves is not None}


def partners_of(moves: Moves) -> dict[str, str]:
    """Say with which other signal each acts together most.

    Parameters
    ----------
    moves : Moves
        What moves a head.

    Returns
    -------
    dict of str to str
        By signal, without those that act by themselves.
    """
    partners: dict[str, str] = {}
    for first, second in zip(moves.pairs["first"], moves.pairs["second"], strict=True):  # strongest first
        partners.setdefault(first, second)
        partners.setdefault(second, first)
    return partners


def foremost_signals(moves: Moves, trained: Trained) -> dict[str, list[str]]:
    """Choose what is pictured.

    Parameters
    ----------
    moves : Moves
        What moves a head.
    trained : Trained
        Whose signals have families.

    Returns
    -------
    dict of str to list of str
        For families with a trigger that carry weight, most important first, their most important signals.
    """
    family_of = {one.name: one.family for one in trained.bundle.signals}
    chosen: dict[str, list[str]] = {}
    weight: dict[str, float] = {}
    # they stand in order of importance
    for name, share in zip(moves.effects["signal"], moves.effects["share"], strict=True):
        family = family_of[name]
        if family in moves.families.columns and share > 0:
            chosen.setdefault(family, []).append(name)
            weight[family] = weight.get(family, 0.0) + share
    heaviest = sorted((family for family in chosen if weight[family] >= LEAST_SHARE), key=lambda name: -weight[name])
    return {family: chosen[family][:PANELS] for family in heaviest[:FAMILIES]}


def _csv(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False, float_format=DIGITS, lineterminator="\n")).encode()
