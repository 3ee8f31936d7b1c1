"""Who is put before whom, and who is left alone: the part of a project's YAML under `worklist:`."""

from __future__ import annotations

from uptier.thresholds import Part


class WorklistSettings(Part):
    """What makes a worklist of a scorecard."""
