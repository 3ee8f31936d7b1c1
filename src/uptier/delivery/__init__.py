"""Carries worklists to where people work: exactly once, never stale, with a ledger of what was told to whom."""
