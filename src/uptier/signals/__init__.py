"""Signals: documented numbers and facts about an account at a date, and the triggers that families of them make."""
