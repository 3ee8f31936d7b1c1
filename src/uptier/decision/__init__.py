"""Decisions: what contact is worth at an account, and what to do there today."""
