"""Scoring: every account at one date into a scorecard, and the scorecard onto disk."""
