"""What other libraries for features can say of the catalogue: `benchmarks/peers_signals.py` compares with them.

`parts` says which signals those are, and why the others are not. `deep` and `deep_usage` are featuretools, `series` and
`series_records` are tsfresh; both run by `run` in an interpreter of their own, which `interpreter` makes, and import
nothing of uptier. `phases` runs beside uptier.
"""
