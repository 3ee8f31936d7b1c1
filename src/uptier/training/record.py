"""What is kept of a training run: parameters, metrics, tags and files, whatever keeps them."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from uptier.training.card import model_card
from uptier.training.figures import figures
from uptier.training.judging import plain

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.training.training import Trained

MEASURES = ("auc", "average_precision", "log_loss", "brier", "ece", "precision_at_capacity")
LONGEST_TAG = 4000  # characters; MLflow refuses tags over 5,000


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
        **settings.training.model_dump(mode="json"),
        **{f"{outcome}/gap_days": window.gap_days for outcome, window in windows.items()},
        **{f"{outcome}/horizon_days": window.horizon_days for outcome, window in windows.items()},
        **{f"{outcome}/rounds": made.rounds for outcome, made in trained.judgements.items()},
        **{f"{outcome}/depth": made.depth for outcome, made in trained.judgements.items()},
        "signals": len(trained.bundle.signals),
        "catalogue_hash": trained.bundle.catalogue_hash,
        "trained_at_as_of": trained.bundle.trained_at_as_of.isoformat(),
    }


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
        ``outcome/baseline/measure``.
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
        "catalogue_hash": trained.bundle.catalogue_hash,
        "promoted": str(trained.promoted).lower(),
        "fitted": ", ".join(trained.bundle.fitted) or "none",
        "refused_because": " ".join(trained.refused_because)[:LONGEST_TAG],
        "uptier_version": version("uptier"),
    }


def files(trained: Trained, settings: Settings) -> dict[str, bytes]:
    """Give what is kept as files: figures, model card, judgements, hashes and the project's YAML.

    Parameters
    ----------
    trained : Trained
        What was learnt.
    settings : Settings
        The project.

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
        **{f"{name}.json": json.dumps(plain(content), indent=1).encode() for name, content in documents.items()},
        "model_card.md": model_card(trained, settings).encode(),
        "project.yaml": settings.path.read_bytes(),
    }
