"""What is kept of a training run: parameters, metrics, tags and files, whatever keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from uptier.training.card import NOTHING_MORE, Evidence, model_card
from uptier.training.figures import figures
from uptier.training.judging import plain
from uptier.training.moves_files import explained_heads, moves_pictures, moves_tables

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.training.training import Trained

MEASURES = (
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
    "precision_at_capacity",
    "recall_at_capacity",
    "calibration_slope",
    "calibration_intercept",
    "calibration_in_the_large",
    "predicted_over_observed",
    "predicted_over_observed_top",
    "brier_reliability",
    "brier_resolution",
    "brier_uncertainty",
    "brier_within_bins",
    "expected_arr",
    "realised_arr",
    "expected_over_realised_arr",
)
LONGEST_TAG = 4000  # characters; MLflow refuses tags over 5,000

CARD = "model_card.md"
EVENTS = "events"  # folder of a run: what happened to the version that it trained, one file an event
BUNDLE = "bundle"  # names of the model's artifacts: what it learnt, and the code that reads it
CODE = "uptier"
CATALOGUE = "catalogue_hash"  # tags, by which versions are told apart
GATE, PASSED, REFUSED = "gate", "passed", "refused"
HEADS_OWN = "figures/", "explanation/"  # folders whose files are one head's, if they name it
DIGEST_DIGITS = 32  # of a data set; MLflow takes 36 at most


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What MLflow is told of rows: which columns and how many, and hashes of the tables they come from; no row.

    Attributes
    ----------
    name : str
        The outcome.
    context : str
        ``training`` for the fit slice, ``testing`` for the test slice.
    digest : str
        Same for the same tables, signals, outcome and slice.
    schema, source, profile : str
        JSON: columns with their types; hashes of the tables; counts.
    """

    name: str
    context: str
    digest: str
    schema: str
    source: str
    profile: str


def parameters(trained: Trained, settings: Settings) -> dict[str, Any]:
    """Give the knobs of the run.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    settings : Settings
        The project.

    Returns
    -------
    dict
        Flat, ``outcome/name`` where it is one outcome's.
    """
    windows = {outcome: settings.horizon(outcome) for outcome in trained.judgements}
    return {
        **settings.training.model_dump(mode="json", exclude={"accept_alarms"}),  # these stand in the model card
        **{f"{outcome}/gap_days": window.gap_days for outcome, window in windows.items()},
        **{f"{outcome}/horizon_days": window.horizon_days for outcome, window in windows.items()},
        **{f"{outcome}/rounds": made.rounds for outcome, made in trained.judgements.items()},
        **{f"{outcome}/depth": made.depth for outcome, made in trained.judgements.items()},
        "signals": len(trained.bundle.signals),
        CATALOGUE: trained.bundle.catalogue_hash,
        "trained_at_as_of": trained.bundle.trained_at_as_of.isoformat(),
    }


def head_parameters(trained: Trained, settings: Settings, outcome: str) -> dict[str, Any]:
    """Give the knobs of one head, for a run of its own.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    settings : Settings
        The project.
    outcome : str
        Which head.

    Returns
    -------
    dict
        Flat.
    """
    named = parameters(trained, settings)
    return {"outcome": outcome, **_of(outcome, named), CATALOGUE: named[CATALOGUE]}


def head_metrics(trained: Trained, outcome: str) -> dict[str, float]:
    """Give the figures of one head, for a run of its own.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    outcome : str
        Which head.

    Returns
    -------
    dict of str to float
        As in :func:`metrics`, without the outcome: so heads stand beside each other in MLflow's comparison.
    """
    return _of(outcome, metrics(trained))


def metrics(trained: Trained) -> dict[str, float]:
    """Give the figures of the run.

    Parameters
    ----------
    trained : Trained
        What was learnt.

    Returns
    -------
    dict of str to float
        ``outcome/measure``, with ``_low`` and ``_high`` for the ends of its interval, and the same of the baselines as
        ``outcome/baseline/measure``; what moves the head as ``outcome/effects/...``, ``outcome/interactions/...`` and
        ``outcome/reasons/...``.
    """
    told: dict[str, float] = {f"seconds/{phase}": spent for phase, spent in trained.seconds.items()}
    for outcome, made in trained.judgements.items():
        told |= {
            f"{outcome}/passed": float(made.passed),
            f"{outcome}/n": made.test.n,
            f"{outcome}/positives": made.test.positives,
            f"{outcome}/base_rate": trained.bundle.heads[outcome].base_rate,
        }
        judged = made.as_json()
        scorers = {"": judged, "ungrouped/": judged["ungrouped"]}
        scorers |= {f"{name}/": figured for name, figured in judged["baselines"].items()}
        for prefix, figured in scorers.items():
            for measure in MEASURES:
                for end, value in zip(("_low", "", "_high"), (figured or {}).get(measure) or (), strict=False):
                    if value is not None:
                        told[f"{outcome}/{prefix}{measure}{end}"] = value
    for outcome, moves in explained_heads(trained).items():
        told |= {f"{outcome}/{name}": value for name, value in moves.metrics().items()}
    return told


def tags(trained: Trained) -> dict[str, str]:
    """Give what runs and versions are found by.

    Parameters
    ----------
    trained : Trained
        What was learnt.

    Returns
    -------
    dict of str to str
        Short texts.
    """
    return {
        "project": trained.bundle.project,
        CATALOGUE: trained.bundle.catalogue_hash,
        GATE: PASSED if trained.promoted else REFUSED,
        "fitted": ", ".join(trained.bundle.fitted) or "none",
        "refused_because": " ".join(trained.refused_because)[:LONGEST_TAG],
        "uptier_version": version("uptier"),
    }


def head_tags(trained: Trained, number: str) -> dict[str, str]:
    """Say of each head of a version where it comes from.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    number : str
        The version that it became.

    Returns
    -------
    dict of str to str
        ``head.OUTCOME`` to ``fitted v12``, ``carried from v9`` or ``pooled``.
    """
    told = {}
    for outcome, head in trained.bundle.heads.items():
        fitted = f"carried from v{head.carried_from}" if head.carried_from else f"fitted v{number}"
        told[f"head.{outcome}"] = fitted if head.is_fitted else "pooled"
    return told


def rows(trained: Trained, outcome: str) -> tuple[Rows, ...]:
    """Describe what one head was learnt from and judged on, without a row of it.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    outcome : str
        Which head.

    Returns
    -------
    tuple of Rows
        The fit slice and the test slice, those of them that have rows.
    """
    made, bundle = trained.judgements[outcome], trained.bundle
    columns = [
        {"type": "string" if one.is_category else "double", "name": one.name, "required": False}
        for one in bundle.signals
    ]
    columns.append({"type": "long", "name": outcome, "required": True})
    source = json.dumps({"tags": dict(trained.data_hashes)}, sort_keys=True)
    described = []
    for context, counts in (("training", made.fit), ("testing", made.test)):
        if counts.n:
            profile = json.dumps(
                {
                    "num_rows": counts.n,
                    "num_elements": counts.n * len(columns),
                    "positives": counts.positives,
                    "accounts": counts.accounts,
                    "cases": counts.cases,
                }
            )
            named = "\n".join((bundle.catalogue_hash, outcome, context, source, profile))
            described.append(
                Rows(
                    name=outcome,
                    context=context,
                    digest=hashlib.sha256(named.encode()).hexdigest()[:DIGEST_DIGITS],
                    schema=json.dumps({"mlflow_colspec": columns}),
                    source=source,
                    profile=profile,
                )
            )
    return tuple(described)


def files(trained: Trained, settings: Settings, evidence: Evidence = NOTHING_MORE) -> dict[str, bytes]:
    """Give what is kept as files: figures, what moves each head, model card, judgements, hashes and the project's YAML.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    settings : Settings
        The project.
    evidence : Evidence, optional
        What else the model card tells.

    Returns
    -------
    dict of str to bytes
        By path. The YAML is as it was written: values from the environment are secrets, and settings hold them
        expanded.
    """
    documents = {
        "judgements": {outcome: made.as_json() for outcome, made in trained.judgements.items()},
        "data_hashes": trained.data_hashes,
        "refused_because": list(trained.refused_because),
        "accepted_findings": list(trained.warnings),
    }
    return {
        **{f"figures/{name}": image for name, image in figures(trained).items()},
        **moves_pictures(trained),
        **moves_tables(trained),
        **{f"{name}.json": json.dumps(plain(content), indent=1).encode() for name, content in documents.items()},
        CARD: model_card(trained, settings, evidence).encode(),
        "project.yaml": settings.path.read_bytes(),
    }


def head_files(drawn: Mapping[str, bytes], trained: Trained, outcome: str) -> dict[str, bytes]:
    """Give what of it belongs to one head.

    Parameters
    ----------
    drawn : mapping of str to bytes
        What :func:`files` gave: a figure or a table that is one head's has its outcome in its name.
    trained : Trained
        What was learnt.
    outcome : str
        Which head.

    Returns
    -------
    dict of str to bytes
        By path.
    """
    own = {
        name: content
        for name, content in drawn.items()
        if name.startswith(HEADS_OWN) and _outcome_in(name, trained) == outcome
    }
    judged = json.dumps(plain(trained.judgements[outcome].as_json()), indent=1)
    return {**own, "judgement.json": judged.encode()}


def _outcome_in(path: str, trained: Trained) -> str | None:
    """Find the outcome that a file names: the first, since a family may be called like another, and the longest."""
    name = path.partition("/")[2]
    named = [outcome for outcome in trained.judgements if outcome in name]
    return min(named, key=lambda outcome: (name.index(outcome), -len(outcome)), default=None)


def _of(outcome: str, named: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"{outcome}/"
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}
