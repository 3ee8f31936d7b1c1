"""Outcomes: what happened after an as-of date. Nothing here is ever seen by a signal."""
