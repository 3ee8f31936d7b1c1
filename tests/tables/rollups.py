"""What a rollup says, in words: features by name and not by bit, kinds by name and not by place."""

from __future__ import annotations

from typing import Any

from uptier.tables.contracts import USAGE_KINDS
from uptier.tables.rolling import BITS, DAYS, PEOPLE, TOUCHES, WORD, Rollup

KEYS = {"people": PEOPLE, "days": DAYS, "touches": TOUCHES}
COUNTED = {
    "people": ("events", "logins", "used", "first"),
    "days": ("events", "logins", "users", "users_so_far", "used", "first"),
    "touches": ("events", "used"),
}

Told = dict[tuple[Any, ...], tuple[Any, ...]]


def told(rollup: Rollup, part: str, *columns: str) -> Told:
    """Give columns of a part of a rollup by its key; ``used`` for the features whose bits are set."""
    rows = getattr(rollup, part).to_pandas()
    for column in ("day", "known_day"):
        rows[column] = rows[column].astype("datetime64[us]").dt.strftime("%Y-%m-%d")
    if part == "touches":
        rows["kind"] = [USAGE_KINDS[kind] for kind in rows["kind"]]
        named = rows["feature"].notna()
        places = rows["feature"].fillna(0).astype(int)
        rows["feature"] = [rollup.features[place] if one else None for place, one in zip(places, named, strict=True)]
    rows["used"] = [_used(rollup, row) for row in rows.to_dict("records")]
    rows = rows.astype(object).where(rows.notna(), None)
    keys = list(rows[KEYS[part]].itertuples(index=False, name=None))
    assert len(set(keys)) == len(keys), "one row for each key"
    values = [tuple(row[column] for column in columns) for row in rows.to_dict("records")]
    found = sorted(zip(keys, values, strict=True), key=lambda one: tuple(map(str, one[0])))
    return dict(found)


def everything(rollup: Rollup) -> dict[str, Told]:
    """Give all that a rollup says."""
    parts = [part for part in KEYS if getattr(rollup, part) is not None]
    return {part: told(rollup, part, *COUNTED[part]) for part in parts}


def _used(rollup: Rollup, row: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        name for place, name in enumerate(rollup.features) if int(row[f"{WORD}{place // BITS}"]) >> (place % BITS) & 1
    )
