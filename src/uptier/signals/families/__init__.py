"""The families of signals, one file each; each speaks with one voice, its trigger."""

FAMILIES = (
    "seats",
    "capacity",
    "gates",
    "power_users",
    "velocity",
    "adoption",
    "value",
    "gaps",
    "sentiment",
    "relationship",
    "commercial",
)
