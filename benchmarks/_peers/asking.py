"""Features of featuretools in few words: columns, ages, and aggregations over a window that ends at the cutoff."""

from __future__ import annotations

from typing import Any

import featuretools as ft
from featuretools import primitives as by
from featuretools.entityset.relationship import RelationshipPath


class Asking:
    """Features over one entity set.

    Parameters
    ----------
    entities : EntitySet
        Its frames; `accounts` is the one that is asked about.
    """

    def __init__(self, entities: ft.EntitySet) -> None:
        self.entities = entities

    def column(self, frame: str, name: str) -> Any:
        """Give a column as a feature."""
        return ft.Feature(self.entities[frame].ww[name])

    def age(self, frame: str, name: str, unit: str = "days") -> Any:
        """Give the days from a moment of a row to the cutoff; below 0 for what is still to come, NaN where none is."""
        return ft.Feature(self.column(frame, name), primitive=by.TimeSince(unit=unit))

    def count(self, frame: str, parent: str = "accounts", *, where: Any = None, last: int | None = None) -> Any:
        """Count the rows of a frame."""
        index = self.column(frame, self.entities[frame].ww.index)
        return self.over(index, by.Count, parent, where=where, last=last)

    def over(
        self, base: Any, primitive: Any, parent: str = "accounts", *, where: Any = None, last: int | None = None
    ) -> Any:
        """Aggregate a feature of a child frame, of the rows of the last days and those that a condition is true of."""
        child = base.dataframe_name
        path = None
        if (child, parent) == ("events", "accounts"):
            # there are ways by users and by days as well
            [straight] = [
                one for one in self.entities.relationships if (one.child_name, one.parent_name) == (child, parent)
            ]
            path = RelationshipPath([(False, straight)])
        return ft.AggregationFeature(
            base,
            parent,
            primitive,
            relationship_path=path,
            where=where,
            use_previous=None if last is None else f"{last} days",
        )

    def down(self, feature: Any, child: str) -> Any:
        """Give each row of a child frame the feature of its parent."""
        return ft.DirectFeature(feature, child)
