"""A reader of uptier's sentences who knows the raw tables and English, and nothing of how the sentences are made.

It is given accounts, dates and sentences. `claims_*.py` hold every sentence that it understands, written from the
reading of it: which figures of the account it names, and in what words. The figures come from the raw tables by plain
pandas (`_pandas`). Nothing here imports `uptier.signals` or `uptier.explanation`; import-linter holds that.
"""

from __future__ import annotations

from checker.figures import Figures, figures_of
from checker.verdicts import Report, check

__all__ = ["Figures", "Report", "check", "figures_of"]
