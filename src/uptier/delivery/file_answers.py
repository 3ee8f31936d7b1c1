"""Answers from a CSV that people fill in."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from uptier.delivery.answers import Given, Stand
from uptier.errors import DeliveryError, did_you_mean

NAME = "file"
# column to field; the first two must be there
COLUMNS = {
    "uptier_key": "key",
    "status": "status",
    "dismissed_because": "because",
    "dismissed_until": "until",
    "owner": "owner",
    "answered_at": "answered_at",
    "account_id": "account_id",
}
REQUIRED = ("uptier_key", "status")


class FileAnswers:
    """The rows of a CSV.

    Parameters
    ----------
    path : Path
        The file: UTF-8, with a line of headings; columns that are not known are passed over.
    """

    name = NAME

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, before: Mapping[str, Stand]) -> list[Given]:
        """Read all rows.

        Parameters
        ----------
        before : mapping of str to Stand
            Not needed: a file is read whole.

        Returns
        -------
        list of Given
            In the order of the file, each with its line.

        Raises
        ------
        DeliveryError
            If it cannot be read, or lacks a column.
        """
        asked = "It is a CSV in UTF-8 with commas and the columns uptier_key and status; see docs/answers.md."
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                return list(self._rows(file, asked))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DeliveryError(
                f"The answers in {self._path} cannot be read: {type(error).__name__}.", do=asked
            ) from None

    def _rows(self, file: Iterator[str], asked: str) -> Iterator[Given]:
        rows = csv.reader(file, strict=True)
        headings = [one.strip() for one in next(rows, [])]
        for column in REQUIRED:
            if column not in headings:
                hint = did_you_mean(column, headings) if headings else ""
                raise DeliveryError(
                    f"The answers in {self._path} lack the column {column}.",
                    found=f"{len(headings)} columns",
                    do=f"{hint if hint.startswith('Did') else ''} {asked}".strip(),
                )
        doubled = sorted({one for one in COLUMNS if headings.count(one) > 1})
        if doubled:
            raise DeliveryError(
                f"The answers in {self._path} have the column {doubled[0]} twice.", do="Leave one of them."
            )
        line = rows.line_num
        for row in rows:
            begins, line = line + 1, rows.line_num
            if not any(one.strip() for one in row):
                continue
            values = dict(zip(headings, row, strict=False))  # what a row lacks at its end is empty
            known = {field: values.get(column) or "" for column, field in COLUMNS.items()}
            yield Given(**{**known, "place": f"line {begins}"})
