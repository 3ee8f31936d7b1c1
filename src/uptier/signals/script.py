"""A planned catalogue as statements of our own engine: compiled once, run for any looks at the same tables.

Forming and compiling a hundred signals takes longer than computing them for one date. Which accounts and dates are
looked at is a table of its own, so the statements stay the same. Intermediate tables go as soon as no later statement
reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import ibis

from uptier.tables.history import History
from uptier.tables.uncollected import uncollected

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

    from uptier.tables.rolling import Rollup

ROWS_AT_ONCE = 100_000  # of a frame: about 90 MiB of a hundred signals, and five times that while they are joined


@dataclass(frozen=True)
class Step:
    """One intermediate table.

    Attributes
    ----------
    name : str
        Its name.
    sql : str
        The SELECT that makes it.
    done_with : tuple of str
        Intermediate tables that nothing after it reads.
    """

    name: str
    sql: str
    done_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """The statements that give a frame.

    Attributes
    ----------
    looks : str
        Name of the table of looks, which is made anew for each run.
    steps : tuple of Step
        Intermediate tables, in order.
    frame : str
        The SELECT that gives the frame, in any order.
    """

    looks: str
    steps: tuple[Step, ...]
    frame: str

    def run(self, history: History) -> Iterator[pd.DataFrame]:
        """Run the statements.

        Parameters
        ----------
        history : History
            The past over the same tables, with other looks or the same.

        Yields
        ------
        DataFrame, shape (about ROWS_AT_ONCE, n_columns)
            The frame in stretches of accounts, ordered by account and date. Until the last one is taken, or the
            iteration is closed, the intermediate tables that it is read from stay.
        """
        connection: Any = history.tables.source.connection
        engine = connection.con
        engine.execute(f'CREATE OR REPLACE TEMP TABLE "{self.looks}" AS {connection.compile(history.grid)}')
        made = {self.looks}
        # no answer depends on the order of rows; keeping it costs half as much memory again
        engine.execute("SET preserve_insertion_order = false")
        try:
            for step in self.steps:
                engine.execute(f'CREATE OR REPLACE TEMP TABLE "{step.name}" AS {step.sql}')
                made.add(step.name)
                for name in step.done_with:
                    engine.execute(f'DROP TABLE "{name}"')
                    made.discard(name)
            for accounts in self._accounts(engine):
                yield self._part(engine, accounts)
        finally:
            engine.execute("RESET preserve_insertion_order")
            for name in sorted(made):
                engine.execute(f'DROP TABLE IF EXISTS "{name}"')

    def _part(self, engine: Any, accounts: tuple[str, str]) -> pd.DataFrame:
        sql = f"SELECT * FROM ({self.frame}) WHERE account_id BETWEEN ? AND ? ORDER BY account_id, as_of"
        part: pd.DataFrame = engine.execute(sql, accounts).df()
        return part

    def _accounts(self, engine: Any) -> list[tuple[str, str]]:
        """Part the accounts into stretches of about `ROWS_AT_ONCE` rows: the first and the last of each."""
        [[rows]] = engine.execute(f'SELECT count(*) FROM "{self.looks}"').fetchall()
        stretches: list[tuple[str, str]] = engine.execute(
            "SELECT min(account_id), max(account_id)"
            " FROM (SELECT account_id, ntile(?) OVER (ORDER BY account_id) AS part"
            f' FROM (SELECT DISTINCT account_id FROM "{self.looks}")) GROUP BY part ORDER BY part',
            [rows // ROWS_AT_ONCE + 1],
        ).fetchall()
        return stretches or [("", "")]  # without looks a frame still has columns


@dataclass(frozen=True)
class Noting(History):
    """A past of which nothing is computed: what would be kept on the way is noted, and stands in under a name.

    Attributes
    ----------
    noted : list of tuple of str and Table
        Names, and what would be kept under them, in order.
    """

    noted: list[tuple[str, ir.Table]] = field(default_factory=list)

    def kept(self, answer: ir.Table) -> ir.Table:
        """Note an intermediate answer.

        Parameters
        ----------
        answer : Table
            What several others build on.

        Returns
        -------
        Table
            One of the same columns that stands in for it.
        """
        return _noted(self.noted, answer)


def _noted(noted: list[tuple[str, ir.Table]], answer: ir.Table) -> ir.Table:
    name = f"answer_{len(noted) + 1}"
    noted.append((name, answer))
    stand_in: ir.Table = ibis.table(answer.schema(), name=name)
    return stand_in


def script_of(plan: Callable[[History], ir.Table], history: History) -> Script:
    """Compile a plan.

    Parameters
    ----------
    plan : callable
        Told a past, gives the frame as an expression.
    history : History
        The past; nothing of it is read.

    Returns
    -------
    Script
        For this and other looks at the same tables.
    """
    connection: Any = history.tables.source.connection
    looks = "looks"
    grid = ibis.table(history.grid.schema(), name=looks)
    noted: list[tuple[str, ir.Table]] = []
    tables, usage = history.tables, history.usage
    if not tables.source.is_ours:  # then nothing was kept before this: cleaning and rolling up are steps too
        tables = replace(tables, clean={name: _noted(noted, table) for name, table in tables.clean.items()})
        usage = _usage(noted, usage)
    noting = Noting(tables, grid, usage, dense=history.dense, everyone=history.everyone, noted=noted)
    with uncollected():
        frame = str(connection.compile(plan(noting)))
        steps = _steps(noted, frame, lambda answer: str(connection.compile(answer)))
    texts = [*(sql for _, sql in steps), frame]
    last = {name: max(place for place, sql in enumerate(texts) if f'"{name}"' in sql) for name, _ in steps}
    done = [tuple(name for name in last if last[name] == place) for place, _ in enumerate(steps)]
    return Script(looks, tuple(Step(name, sql, gone) for (name, sql), gone in zip(steps, done, strict=True)), frame)


def _usage(noted: list[tuple[str, ir.Table]], usage: Rollup | None) -> Rollup | None:
    if usage is None:
        return None
    people = None if usage.people is None else _noted(noted, usage.people)
    return replace(usage, days=_noted(noted, usage.days), touches=_noted(noted, usage.touches), people=people)


def _steps(noted: list[tuple[str, ir.Table]], frame: str, compiled: Callable[[ir.Table], str]) -> list[tuple[str, str]]:
    """Compile what was noted, as far as the frame needs it."""
    steps: list[tuple[str, str]] = []
    for name, answer in reversed(noted):
        if any(f'"{name}"' in sql for sql in (frame, *(sql for _, sql in steps))):
            steps.insert(0, (name, compiled(answer)))
    return steps
