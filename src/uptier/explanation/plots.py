"""Pictures for data scientists; the only importer of shap."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle

SHOWN = 20  # signals in the picture; the rest stand in one line
RESOLUTION = 120  # dots per inch


def shap_summary(bundle: Bundle, outcome: str, frame: pd.DataFrame) -> bytes:
    """Draw each signal's contributions as a beeswarm.

    Parameters
    ----------
    bundle : Bundle
        The model.
    outcome : str
        A fitted outcome.
    frame : DataFrame, shape (n_rows, n_signals)
        Signals by name; two rows at least.

    Returns
    -------
    bytes
        A PNG. Contributions are in margin (log-odds); a category is coloured by the place of its value.

    Raises
    ------
    ModelError
        If the outcome has no fitted head.
    """
    contributions, expected = bundle.contributions(frame, outcome)
    with warnings.catch_warnings():
        # shap's and matplotlib's own deprecations, at import and at drawing; nothing that a caller could act on
        warnings.simplefilter("ignore")
        import shap
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        # a figure of its own rather than pyplot's: no backend is chosen for the caller, and none stays open
        rows = min(SHOWN, contributions.shape[1]) + 1
        figure = Figure(figsize=(9, 0.4 * rows + 1.5))
        canvas = FigureCanvasAgg(figure)
        shap.plots.beeswarm(
            shap.Explanation(
                values=contributions.to_numpy(),
                base_values=np.full(len(frame), expected),
                data=_colours(frame, list(contributions.columns)),
                feature_names=list(contributions.columns),
            ),
            max_display=SHOWN,
            ax=figure.add_subplot(),
            plot_size=None,
            show=False,
        )
        figure.axes[0].set_xlabel(f"contribution to the margin of {outcome} (log-odds)")
        drawn = io.BytesIO()
        figure.set_canvas(canvas)
        figure.savefig(drawn, format="png", dpi=RESOLUTION, bbox_inches="tight")
    return drawn.getvalue()


def _colours(frame: pd.DataFrame, names: list[str]) -> NDArray[np.float64]:
    columns = []
    for name in names:
        if pd.api.types.is_numeric_dtype(frame[name]):
            columns.append(frame[name].to_numpy(dtype=np.float64))
        else:
            codes = pd.factorize(frame[name], sort=True)[0].astype(np.float64)
            columns.append(np.where(codes < 0, np.nan, codes))
    return np.column_stack(columns)
