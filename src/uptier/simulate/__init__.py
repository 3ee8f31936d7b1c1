"""A world with known truth: a B2B SaaS whose accounts want things, and act on it."""
