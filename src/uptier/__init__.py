"""Which B2B SaaS accounts are ready for more, why, and whether they will still be there 90 days later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptier.project import Project
    from uptier.training.estimator import PropensityClassifier
    from uptier.training.splitting import RollingOriginSplit

__all__ = ["Project", "PropensityClassifier", "RollingOriginSplit", "__version__"]


def __getattr__(name: str) -> object:
    # on first use only: `import uptier` and `uptier --help` must answer at once
    if name == "Project":
        from uptier.project import Project

        return Project
    if name == "PropensityClassifier":
        from uptier.training.estimator import PropensityClassifier

        return PropensityClassifier
    if name == "RollingOriginSplit":
        from uptier.training.splitting import RollingOriginSplit

        return RollingOriginSplit
    if name == "__version__":
        from importlib.metadata import version

        return version("uptier")
    raise AttributeError(f"module 'uptier' has no attribute '{name}'")
