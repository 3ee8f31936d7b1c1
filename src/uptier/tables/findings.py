"""Findings: what the check found, how often, how bad, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from uptier.errors import FindingsError

EQUAL_ROWS = "equal-rows"  # code of the finding that rows are equal to another in every column


class Severity(StrEnum):
    """Whether a finding stops the later steps."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the check found.

    Attributes
    ----------
    code : str
        Stable name of what is wrong.
    table : str
        Canonical table.
    count : int
        Rows, columns or tables concerned.
    severity : Severity
        Whether it stops the later steps.
    message : str
        What is wrong and what to do.
    accepted : str
        The project's reason for living with it; empty if it has none.
    """

    code: str
    table: str
    count: int
    severity: Severity
    message: str
    accepted: str = ""


@dataclass(frozen=True)
class Findings:
    """All that the check found, errors first.

    Attributes
    ----------
    all : tuple of Finding
        Errors, then warnings, by table.
    """

    all: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that stop the later steps."""
        return tuple(one for one in self.all if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Those that do not."""
        return tuple(one for one in self.all if one.severity is Severity.WARNING)

    @property
    def repeated(self) -> frozenset[str]:
        """Tables in which rows were seen that are equal to another in every column."""
        return frozenset(one.table for one in self.all if one.code == EQUAL_ROWS)

    def require_no_errors(self, path: object) -> None:
        """Stop if there is an error.

        Parameters
        ----------
        path : object
            The project's YAML, for the message.

        Raises
        ------
        FindingsError
            With every error and what to do.
        """
        if self.errors:
            told = "\n".join(f"  {one.code} in {one.table} ({one.count:,}): {one.message}" for one in self.errors)
            raise FindingsError(
                f"The data of {path} have {len(self.errors)} error{'s' if len(self.errors) > 1 else ''}:\n{told}",
                do=f"Mend the source, or list a code under accept: in {path} with a reason and a treatment.",
            )
