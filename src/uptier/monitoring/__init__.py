"""Watches what leaves: circuit breakers before anything is sent, and a word to somebody when one trips."""
