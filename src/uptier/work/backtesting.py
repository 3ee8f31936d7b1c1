"""Backtesting a project: the last origins again, and the pages and pictures that show how stable they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.work.results import Backtest

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
    from uptier.work.material import Material

FOLDER = "backtests"


def backtest(
    material: Material,
    examples: Callable[[], dict[str, Examples]],
    *,
    origins: int,
    test_share: float,
    progress: Callable[[str, int, int], None] | None,
) -> Backtest:
    """Begin learning anew at each of the last origins, and write down how it did.

    Parameters
    ----------
    material : Material
        The project's data.
    examples : callable
        Puts signals beside what came of them, by outcome.
    origins : int
        How many.
    test_share : float
        Share of the as-of dates, the latest ones, that they are spread over.
    progress : callable or None
        Told ``(what, done, of)``.

    Returns
    -------
    Backtest
        With the folder of its page, document and picture.

    Raises
    ------
    FindingsError
        If the data have errors that the project has not accepted.
    StoreError
        If the store cannot be written.
    """
    from uptier.model.bundle import BundleSignal
    from uptier.store import write_whole
    from uptier.training.backtest import as_document, backtest, page
    from uptier.training.figures import rendered
    from uptier.training.origin_chart import stability_chart
    from uptier.training.store import require_writable
    from uptier.training.training import in_order

    settings = material.settings
    require_writable(settings.store)
    findings, _ = material.checked
    findings.require_no_errors(settings.path)
    material.require_usage_until_the_end()
    signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in material.catalog.signals)
    found = backtest(
        {outcome: in_order(given) for outcome, given in examples().items()},
        signals,
        settings,
        catalog=material.catalog,
        origins=origins,
        test_share=test_share,
        progress=progress,
    )
    folder = settings.store / FOLDER / f"{settings.data_until}-{origins}-origins"
    files = {"backtest.md": page(found, settings.project).encode(), "backtest.json": as_document(found)}
    rows = [row for one in found.values() for at in one.origins for row in at.rows(one.outcome)]
    if rows:
        files |= rendered("stability", stability_chart(rows))
    for name, content in files.items():
        write_whole(folder / name, _writer(content))
    return Backtest(found, folder)


def _writer(content: bytes) -> Callable[[Path], object]:
    return lambda fresh: fresh.write_bytes(content)
