"""What the command line shows: progress on standard error, tables and JSON on standard output."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from uptier.settings import CONVERSIONS
from uptier.signals.wording import worded_catalog

if TYPE_CHECKING:
    import pandas as pd

    from uptier.project import Progress as Told
    from uptier.project import Scoring, Training
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.signals.promises import Verdict
    from uptier.tables.findings import Findings

WIDTH = 150  # columns, where there is no terminal to ask
HIGHEST = 10  # accounts shown after scoring
WORDS = {
    "seat_expansion": "seat expansion",
    "plan_upgrade": "plan upgrade",
    "add_on": "add-on",
    "churn": "churn",
    "post_upsell_churn": "churn after an upsell",
}


def console() -> Console:
    """Open standard output.

    Returns
    -------
    Console
        As wide as the terminal; into a file or pipe, wide enough for every table.
    """
    there = Console()
    return there if there.is_terminal else Console(width=WIDTH)


@contextlib.contextmanager
def working() -> Iterator[Told]:
    """Show what is being done, on standard error, and take it away at the end.

    Yields
    ------
    callable
        To be told ``(what, done, of)``; `of` is 0 where nobody knows how much there is.
    """
    stderr = Console(file=sys.stderr)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as shown:
        task = shown.add_task("", total=None)

        def told(what: str, done: int, of: int) -> None:
            shown.update(task, description=what, completed=done, total=of or None)

        yield told


def findings_table(findings: Findings) -> Table:
    """Show findings.

    Parameters
    ----------
    findings : Findings
        What the check found.

    Returns
    -------
    Table
        One row for each, errors first.
    """
    counts = ((len(findings.errors), "error"), (len(findings.warnings), "warning"))
    said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    table = Table(title=f"Check: {said}", title_justify="left")
    table.add_column("")
    table.add_column("code", no_wrap=True)
    table.add_column("table", no_wrap=True)
    table.add_column("count", justify="right")
    table.add_column("what, and what to do", overflow="fold")
    for one in findings.all:
        severity = Text(one.severity, "red" if one.severity == "error" else "yellow")
        table.add_row(severity, plain(one.code), plain(one.table), f"{one.count:,}", plain(one.message))
    return table


def signals_table(frame: pd.DataFrame) -> Table:
    """Show how the signals of a frame are spread.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, 2 + n_signals)
        Signals with account_id and as_of.

    Returns
    -------
    Table
        One row for each signal: share known, quartiles.
    """
    import pandas as pd

    table = Table(title=f"Signals of {len(frame):,} looks at accounts", title_justify="left")
    for heading in ("signal", "known", "lower quarter", "median", "upper quarter"):
        table.add_column(heading, justify="left" if heading == "signal" else "right")
    for name in frame.columns[2:]:
        values = frame[name]
        known = f"{values.notna().mean():.0%}"
        if pd.api.types.is_numeric_dtype(values) and values.notna().any():
            quarters = [f"{values.quantile(share):,.3g}" for share in (0.25, 0.5, 0.75)]
        else:
            quarters = ["", "" if values.isna().all() else f"{values.nunique()} values", ""]
        table.add_row(str(name), known, *quarters)
    return table


def promises_table(verdict: Verdict) -> Table:
    """Show which signals kept what they promise.

    Parameters
    ----------
    verdict : Verdict
        What was tried.

    Returns
    -------
    Table
        One row for each signal, one column for each promise.
    """
    from uptier.signals.promises import Promise

    table = Table(title="Promises, tried on timelines drawn by chance", title_justify="left")
    table.add_column("signal", no_wrap=True)
    for promise in Promise:
        table.add_column(promise.name.replace("_", " ").lower(), justify="center")
    for name in verdict.signals:
        kept = ("[red]broken[/]" if (name, promise) in verdict.broken else "kept" for promise in Promise)
        table.add_row(plain(name), *kept)
    return table


def outcome_words(outcome: str) -> str:
    """Give an outcome's name for people.

    Parameters
    ----------
    outcome : str
        One of the five, or a project's own.

    Returns
    -------
    str
        In small letters.
    """
    return WORDS.get(outcome, outcome.replace("_", " "))


def training_table(training: Training) -> Table:
    """Show how each head did on the test slice, beside its baselines.

    Parameters
    ----------
    training : Training
        What a training run gave.

    Returns
    -------
    Table
        One row for each outcome.
    """
    table = Table(title="Test slice: AUC with 95 % interval, for accounts the model never saw", title_justify="left")
    for heading in (
        "outcome",
        "rows",
        "positive",
        "model",
        "points",
        "utilisation",
        "logistic",
        "lift in top tenth",
        "",
    ):
        table.add_column(heading, justify="left" if heading in ("outcome", "") else "right")
    for outcome, made in training.trained.judgements.items():
        told = made.as_json()
        lift = told["lift_by_decile"]
        table.add_row(
            outcome_words(outcome),
            f"{told['n']:,}",
            f"{told['positives']:,}",
            _interval(told["auc"]),
            *(_middle(told["baselines"][name]["auc"]) for name in ("points", "utilisation", "logistic")),
            f"{lift[0][1]:.1f}" if lift else "",
            _standing(passed=told["passed"], rows=told["n"]),
        )
    return table


def training_words(training: Training, settings: Settings) -> str:
    """Say what became of a training run.

    Parameters
    ----------
    training : Training
        What a training run gave.
    settings : Settings
        The project.

    Returns
    -------
    str
        Fallbacks, alias or refusal.
    """
    lines = [
        f"{outcome_words(outcome).capitalize()}: {made.fallback}"
        for outcome, made in training.trained.judgements.items()
        if made.fallback
    ]
    registered = training.registered
    told = f"Registered {registered.name} version {registered.version}, alias {registered.alias}"
    lines.append(f"{told}{'.' if training.trained.promoted else ':'}")
    if not training.trained.promoted:
        lines.extend(f"  {reason}" for reason in training.trained.refused_because)
    return "\n".join(lines)


def scorecard_table(scoring: Scoring, settings: Settings) -> Table:
    """Show the accounts at the top of a scorecard.

    Parameters
    ----------
    scoring : Scoring
        What a scoring run gave.
    settings : Settings
        The project, for its currency.

    Returns
    -------
    Table
        The ten highest; under rules points and tier, no percentage.
    """
    top, whole = scoring.scorecard.head(HIGHEST), worded_catalog(settings)
    if scoring.written.fallback:
        table = Table(title=f"By rules, {scoring.as_of}: the {len(top)} highest by points", title_justify="left")
        for heading in ("account", "plan", "points", "tier", "action", "first reason"):
            table.add_column(heading, justify="right" if heading == "points" else "left")
        for _, row in top.iterrows():
            table.add_row(
                *(plain(row[name]) for name in ("account_id", "plan", "points", "tier", "action")),
                _first_reason(row, whole),
            )
        return table
    title = f"{scoring.as_of}: the {len(top)} highest by P(any upsell) times gain in {settings.currency} a year"
    table = Table(title=title, title_justify="left")
    headings = (
        "account",
        "plan",
        *(WORDS[name] for name in CONVERSIONS),
        "any",
        "gain a year",
        "churn",
        "action",
        "first reason",
    )
    for heading in headings:
        table.add_column(
            heading, justify="left" if heading in ("account", "plan", "action", "first reason") else "right"
        )
    for _, row in top.iterrows():
        table.add_row(
            plain(row["account_id"]),
            plain(row["plan"]),
            *(_percent(row[f"p_{name}"]) for name in (*CONVERSIONS, "any")),
            f"{row['gain_arr']:,.0f}",
            _percent(row["p_churn"]),
            plain(row["action"]),
            _first_reason(row, whole),
        )
    return table


def scoring_words(scoring: Scoring) -> str:
    """Say where a scorecard is and what it rests on.

    Parameters
    ----------
    scoring : Scoring
        What a scoring run gave.

    Returns
    -------
    str
        A line each for the scorecard, the worklist, and a model that has learnt from what came after the date.
    """
    basis = "rules alone: no model is in use" if scoring.written.fallback else f"model version {scoring.version}"
    from uptier.scoring.worklist import told  # reads what other verbs need not

    lines = [f"{scoring.written.rows:,} accounts, by {basis}. Scorecard: {scoring.written.csv}"]
    if scoring.worklist is not None:
        lines.append(told(scoring.worklist))
    if scoring.is_hindsight:
        lines.append(
            f"This model has learnt from dates up to {scoring.learnt_until}, so from what came of these accounts after "
            f"{scoring.as_of}: how well it foretells is not to be seen here. 'uptier backtest' shows that."
        )
    return "\n".join(lines)


def plain(value: object) -> Text:
    """Show a value as it is: what customers wrote is never read as markup, nor may it move the cursor.

    Parameters
    ----------
    value : object
        Anything; None and NaN show as nothing.

    Returns
    -------
    Text
        For a table's cell.
    """
    missing = value is None or value != value  # NaN differs from itself
    return Text("" if missing else "".join(letter if letter.isprintable() else " " for letter in str(value)))


def as_json(told: object) -> str:
    """Write plain data as one line of JSON.

    Parameters
    ----------
    told : object
        Dictionaries, lists, dataclasses, dates and numbers; NaN becomes null.

    Returns
    -------
    str
        The line.
    """
    return json.dumps(_plain(told), ensure_ascii=False, allow_nan=False)


def _plain(told: Any) -> Any:
    if dataclasses.is_dataclass(told) and not isinstance(told, type):
        return {one.name: _plain(getattr(told, one.name)) for one in dataclasses.fields(told)}
    if isinstance(told, dict):
        return {str(key): _plain(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [_plain(value) for value in told]
    if isinstance(told, dt.date | Path):
        return str(told)
    if hasattr(told, "item"):  # a number of numpy's, which need not be imported to say so
        told = told.item()
    if isinstance(told, float) and not math.isfinite(told):
        return None
    return told


def _standing(*, passed: bool, rows: int) -> str:
    if passed:
        return "[green]passed[/]"
    return "[yellow]pooled rate[/]" if rows else "not available"


def _first_reason(row: pd.Series, whole: Catalog) -> Text:
    # not the sentence: a table is for looking over, the brief is for reading
    code = row["reason_1_code"]
    trigger = next((one for one in whole.triggers if one.name == code), None)
    if trigger is None:
        return plain(code.replace("_", " ") if isinstance(code, str) else None)
    fired = code in str(row["triggers_fired"]).split(",")
    return plain(trigger.label if fired else whole.title(trigger.family))


def _interval(told: list[float] | None) -> str:
    return "" if not told else f"{told[1]:.3f} [{told[0]:.3f}, {told[2]:.3f}]".replace("[", "(").replace("]", ")")


def _middle(told: list[float] | None) -> str:
    return "" if not told else f"{told[1]:.3f}"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share * 100:.0f} %"
