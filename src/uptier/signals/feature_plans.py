"""Which features, out of which: bits of what was touched, against what a plan holds or the next one adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis
from ibis.expr import datatypes as dt

from uptier.signals.contract_plans import plan_facts
from uptier.signals.question import PLAN
from uptier.tables.rolling import WORD, bits_of, words_of

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

OF_PLAN, OF_NEXT_PLAN = "of_plan", "of_next_plan"
BUILT_IN = ("duckdb", "pyspark")  # engines that count bits


def counted(history: History, answers: ir.Table, questions: list[Question]) -> ir.Table:
    """Count the features of questions whose bits have been answered.

    Parameters
    ----------
    history : History
        The past, for its plan list.
    answers : Table
        Rows of the grid with the bits of features used and touched.
    questions : list of Question
        ``features``, all or (by name) those of the plan held or those that the next plan adds.

    Returns
    -------
    Table
        With one more column for each question.
    """
    if history.usage is None or not questions:
        return answers
    words = history.usage.words
    if any(one.name for one in questions):
        held = _held(history, history.usage.features)
        answers = answers.left_join(held, answers[PLAN] == held.of_plan_id).drop("of_plan_id")
    counts: dict[str, Any] = {}
    for one in questions:
        bits = [_bits(answers, one, word) for word in words]
        counts[one.column] = ones(history, bits)
    return answers.mutate(**counts)


def _bits(answers: ir.Table, one: Question, word: str) -> Any:
    sources = [f"{column}_{word}" for column in bit_columns(one)]
    bits = ibis.literal(0, "int64")
    for source in sources:
        if source in answers.columns:
            bits = bits | ibis.coalesce(answers[source], 0)
    # of a plan that is not known, how many are used is not known either
    return bits & answers[f"{one.name}_{word}"] if one.name else bits


def bit_columns(one: Question) -> list[str]:
    """Name the answers that hold the bits of a question about features.

    Parameters
    ----------
    one : Question
        ``features``.

    Returns
    -------
    list of str
        Columns of the questions about features used and about features touched, before the number of a word.
    """
    from dataclasses import replace

    from uptier.signals.usage_plans import parts_of

    _, used, rare = parts_of(one.kinds)
    asked = []
    if used or not one.kinds:
        asked.append(replace(one, plan="usage_days", what="bits", name="", kinds=("feature_used",)).column)
    if rare or not one.kinds:
        asked.append(replace(one, plan="usage_touches", what="bits", name="touched", kinds=rare).column)
    return asked


def _held(history: History, features: Sequence[str]) -> ir.Table:
    """Give the features of each plan, and those that the next one adds, as bits."""
    listed = history.facts("plan_features").select("plan_id", "feature")
    bits = listed.group_by("plan_id").aggregate(
        **{word: bit.bit_or() for word, bit in bits_of(listed.feature, features).items()}
    )
    held = bits.select(of_plan_id=bits.plan_id, **{f"{OF_PLAN}_{word}": bits[word] for word in _words(bits)})
    steps = plan_facts(history).select("plan_id", "next_plan_id")
    # a plan need not list a feature to have a next one that does
    both = steps.left_join(held, steps.plan_id == held.of_plan_id).drop("of_plan_id")
    both = both.mutate(**{column: both[column].fill_null(0) for column in both.columns if column.startswith(OF_PLAN)})
    offered = bits.rename(offered_by="plan_id")
    both = both.left_join(offered, both.next_plan_id == offered.offered_by)
    return history.kept(
        both.select(
            *(column for column in both.columns if column.startswith(OF_PLAN + "_" + WORD)),
            of_plan_id=both.plan_id,
            **{
                f"{OF_NEXT_PLAN}_{word}": ibis.coalesce(both[word] - (both[word] & both[f"{OF_PLAN}_{word}"]), 0)
                for word in _words(bits)
            },
        )
    )


def _words(table: ir.Table) -> list[str]:
    return [column for column in table.columns if column.startswith(WORD)]


# engines answer in as few bits as they need: said so, or counts would be added without being widened first
@ibis.udf.scalar.builtin(signature=((dt.int64,), dt.int8))  # type: ignore[untyped-decorator]  # ibis ships no types
def bit_count(bits: int) -> int:
    """Count the bits that are set: the engine's own function.

    Parameters
    ----------
    bits : int
        A word.

    Returns
    -------
    int
        How many are set.
    """
    return bits.bit_count()  # what the engine does, for whoever calls it here


def ones(history: History, words: Sequence[Any]) -> Any:
    """Count the bits that are set.

    Parameters
    ----------
    history : History
        For its engine and features.
    words : sequence of IntegerValue
        Words of bits.

    Returns
    -------
    IntegerValue
        Features.
    """
    if history.tables.source.connection.name in BUILT_IN:
        parts = [bit_count(bits).cast("int64") for bits in words]
    else:
        # engines agree on no function for it: counted bit by bit
        known = history.usage.features if history.usage is not None else ()
        sizes = [len(word) for word in words_of(known)]
        parts = [
            (bits >> ibis.literal(place, "int32")) & 1
            for bits, size in zip(words, sizes, strict=True)
            for place in range(size)
        ]
    count = ibis.literal(0, "int64")
    for part in parts:
        count = count + part
    return count
