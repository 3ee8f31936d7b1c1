"""When nothing may leave: the part of a project's YAML under `breakers:`."""

from __future__ import annotations

from uptier.thresholds import Part


class BreakerSettings(Part):
    """Bounds of what is delivered."""
