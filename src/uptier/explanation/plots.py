"""Pictures for data scientists; the only importer of shap.

Jitter and samples are seeded, so that the same rows and the same model give the same bytes.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle

SHOWN = 20  # signals in the picture; the rest stand in one line
RESOLUTION = 120  # dots per inch
SMALL_RESOLUTION = 80  # of small multiples
JITTER_SEED = 7
PANEL_INCHES = 3.2, 2.8
POINT = 9.0  # area of a point, square points
TICKS = 5  # at most, on an axis of small multiples
NAMED = 8  # categories, and the characters of each, that an axis has room for
ENDS = 5, 95  # per cent of the values between which colours are spread, as shap does it
NOT_KNOWN = "#a0a0a0"
ONE_COLOUR = "#1f5fa8"  # as in the other figures of a run


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
    contributions, _ = bundle.contributions(frame, outcome)
    names = list(contributions.columns)
    colours = np.column_stack([_numbers(frame[name]) for name in names])
    return _beeswarm(contributions, colours, outcome, legend="Feature value", ends=("Low", "High"))


def family_summary(families: pd.DataFrame, fired: pd.DataFrame, outcome: str) -> bytes:
    """Draw what each family of signals adds, all its signals together, as a beeswarm.

    Parameters
    ----------
    families : DataFrame, shape (n_rows, n_families)
        Sums of contributions, log-odds; two rows and one family at least.
    fired : DataFrame, shape (n_rows, n_families)
        Whether the family's trigger has fired: 1 or 0, NaN where that is not known.
    outcome : str
        What the head predicts.

    Returns
    -------
    bytes
        A PNG, coloured by whether the trigger has fired: one that carries weight where it has not, or none where it
        has, is seen at a glance. Grey where that is not known, or the same in all rows.
    """
    colours = fired[list(families.columns)].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    # shap would show a trigger that has fired everywhere as it shows one that never has
    colours[:, [len(set(column[~np.isnan(column)])) < 2 for column in colours.T]] = np.nan
    return _beeswarm(families, colours, outcome, legend="Trigger", ends=("has not fired", "has fired"))


def dependence(
    frame: pd.DataFrame,
    contributions: pd.DataFrame,
    signals: Sequence[str],
    partners: Mapping[str, str],
    *,
    outcome: str,
) -> bytes:
    """Draw value against contribution for a few signals, beside each other.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Signals by name; one row at least.
    contributions : DataFrame, shape (n_rows, n_signals)
        What each signal adds to the margin, log-odds.
    signals : sequence of str
        Which; at least one.
    partners : mapping of str to str
        By whose values to colour: for each signal the one that it acts together with most. One that is missing acts
        by itself, and has one colour.
    outcome : str
        What the head predicts.

    Returns
    -------
    bytes
        A PNG. Rows in which the value is not known stand as crosses left of the others; rows in which the value of the
        partner is not known are grey.
    """
    with _quiet():
        from matplotlib.ticker import MaxNLocator

        figure, width = _figure(PANEL_INCHES[0] * len(signals), PANEL_INCHES[1]), len(signals)
        for place, name in enumerate(signals):
            axes = figure.add_subplot(1, width, place + 1)
            partner = partners.get(name)
            _scattered(axes, frame, contributions[name].to_numpy(dtype=np.float64), name, partner)
            _scaled(axes, frame[name])
            axes.axhline(0, color="#cccccc", linewidth=0.8, zorder=0)
            axes.set_xlabel(name, fontsize=8)
            # with its place given, matplotlib need not measure everything else to find one
            axes.set_title("acts by itself" if partner is None else f"coloured by {partner}", fontsize=7, y=1.01)
            axes.tick_params(labelsize=7)
            axes.yaxis.set_major_locator(MaxNLocator(TICKS))
        figure.axes[0].set_ylabel(f"contribution to {outcome} (log-odds)", fontsize=7)
        # set by hand: finding out what fits would draw everything twice
        figure.subplots_adjust(left=0.24 / width, right=1 - 0.05 / width, bottom=0.19, top=0.9, wspace=0.25)
        return _drawn(figure, resolution=SMALL_RESOLUTION)


def _beeswarm(
    contributions: pd.DataFrame, colours: NDArray[np.float64], outcome: str, *, legend: str, ends: tuple[str, str]
) -> bytes:
    names = list(contributions.columns)
    with _quiet(), _seeded():
        import shap

        rows = min(SHOWN, len(names)) + 1
        figure = _figure(9, 0.4 * rows + 1.5)
        shap.plots.beeswarm(
            shap.Explanation(
                values=contributions.to_numpy(),
                base_values=np.zeros(len(contributions)),
                data=colours,
                feature_names=names,
            ),
            max_display=SHOWN,
            ax=figure.add_subplot(),
            plot_size=None,
            show=False,
            color_bar_label=legend,
        )
        figure.axes[0].set_xlabel(f"contribution to the margin of {outcome} (log-odds)")
        for bar in figure.axes[1:]:
            bar.set_yticklabels(ends)
        return _drawn(figure, resolution=RESOLUTION, bbox_inches="tight")


def _scattered(axes: Axes, frame: pd.DataFrame, height: NDArray[np.float64], name: str, partner: str | None) -> None:
    from shap.plots import colors

    place = _numbers(frame[name])
    known = ~np.isnan(place)
    low, high = (float(np.min(place[known])), float(np.max(place[known]))) if known.any() else (0.0, 1.0)
    place = np.where(known, place, low - 0.08 * ((high - low) or 1.0))
    colour = np.zeros(len(frame)) if partner is None else _numbers(frame[partner])
    blank = np.isnan(colour)
    scale = tuple(np.percentile(colour[~blank], ENDS)) if partner is not None and not blank.all() else None
    for chosen, style in ((known, "o"), (~known, "x")):
        drawn: dict[str, Any] = {"s": POINT, "marker": style, "linewidths": 0.0 if style == "o" else 0.7}
        for part, told in ((chosen & blank, False), (chosen & ~blank, True)):
            shade: dict[str, Any] = {"color": ONE_COLOUR if told else NOT_KNOWN}
            if told and scale is not None:
                shade = {"c": colour[part], "vmin": scale[0], "vmax": scale[1], "cmap": colors.red_blue}
            if part.any():
                axes.scatter(place[part], height[part], **shade, **drawn)


def _scaled(axes: Axes, column: pd.Series) -> None:
    from matplotlib.ticker import MaxNLocator

    if pd.api.types.is_numeric_dtype(column):
        axes.xaxis.set_major_locator(MaxNLocator(TICKS))
        return
    values = sorted({str(value) for value in column.dropna().unique()})
    step = max(1, -(-len(values) // NAMED))
    axes.set_xticks(range(0, len(values), step), [value[:NAMED] for value in values[::step]])


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # a figure of its own rather than pyplot's: no backend is chosen for the caller, and none stays open
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def _drawn(figure: Figure, *, resolution: int, **more: Any) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=resolution, **more)
    return drawn.getvalue()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # shap's and matplotlib's own deprecations, at import and at drawing; nothing that a caller could act on
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    kept = np.random.get_state()  # noqa: NPY002 - shap's jitter asks numpy's global state; it is put back
    np.random.seed(JITTER_SEED)  # noqa: NPY002 - as above
    try:
        yield
    finally:
        np.random.set_state(kept)  # noqa: NPY002 - as above


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = pd.factorize(column, sort=True)[0].astype(np.float64)
    return np.where(codes < 0, np.nan, codes)
