"""How a row is written for Salesforce: names of fields, lengths, and CSV as Bulk API 2.0 reads it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence

from uptier.delivery.payload import BY_NAME, FIELDS, FINGERPRINT, KEY, Field, Kind, Payload, Value, cut
from uptier.delivery_settings import SalesforceSettings

# "Prepare CSV Files", developer.salesforce.com, Bulk API 2.0: an empty value is left as it is, this one is set to null.
NULL = "#N/A"
# "Upload Job Data", likewise: 150 MB as base64, so at most 100 MB of CSV.
JOB_BYTES = 100_000_000
# "Custom Field Types", help.salesforce.com: a Text field holds 255 characters.
TEXT_CHARACTERS = 255
# "Limits and Allocations", Bulk API 2.0: of one field. Newer pages allow more; the smaller bound fits both.
BULK_CHARACTERS = 32_000
# The least default of a Long Text Area, and above what a job takes.
LONG_TEXT_CHARACTERS = 32_768
# A row is found and told by these: cut, they would be another row's.
WHOLE_OR_NOT = (KEY, "account_id", FINGERPRINT)


def api_name(field: Field) -> str:
    """Name a field as Salesforce does.

    Parameters
    ----------
    field : Field
        Of a row.

    Returns
    -------
    str
        ``Uptier_``, the words of its own name in capitals, and ``__c``; at most 40 characters before that.

    Examples
    --------
    >>> api_name(BY_NAME["expires_on"]), api_name(BY_NAME["uptier_key"])
    ('Uptier_Expires_On__c', 'Uptier_Key__c')
    """
    words = field.name.removeprefix("uptier_").split("_")
    return "_".join(["Uptier", *(word.capitalize() for word in words)]) + "__c"


NAMES: dict[str, str] = {field.name: api_name(field) for field in FIELDS}


def relationship(settings: SalesforceSettings) -> str:
    """Name the column by which a row finds its account.

    Parameters
    ----------
    settings : SalesforceSettings
        With the lookup and the account's own external id.

    Returns
    -------
    str
        The relationship (``__r`` where the field has ``__c``), a dot, and the external id.
    """
    return f"{settings.account_lookup.removesuffix('__c')}__r.{settings.account_key}"


def length(field: Field) -> int:
    """Say how long a text field is made.

    Parameters
    ----------
    field : Field
        A text.

    Returns
    -------
    int
        Characters: twice what is told, where Salesforce has that much, since signs outside the basic plane (emoji) may
        count twice there.
    """
    return LONG_TEXT_CHARACTERS if field.kind is Kind.LONG_TEXT else min(TEXT_CHARACTERS, 2 * field.length)


def characters(text: str) -> int:
    """Count a text as Salesforce may: in UTF-16, with a line break as two.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    int
        Never less than the number of characters.
    """
    return len(text.encode("utf-16-le")) // 2 + text.count("\n")


def cell(field: Field, value: Value) -> str:
    """Write one value as Bulk API 2.0 reads it.

    Parameters
    ----------
    field : Field
        Where it belongs.
    value : str, int, float, date or None
        What is told.

    Returns
    -------
    str
        Numbers without an exponent, days as ``yyyy-MM-dd``, nothing as ``#N/A``; a text that counts too long is cut at
        a word.
    """
    if value is None:
        return NULL
    if isinstance(value, dt.date):
        return value.isoformat()
    if field.kind is Kind.NUMBER:
        return f"{value:.{field.decimals}f}"
    text = str(value)
    most = min(length(field), BULK_CHARACTERS) if field.length else len(text)
    room = most
    while characters(text) > most and field.name not in WHOLE_OR_NOT:
        text = cut(text, room)
        room -= max(1, characters(text) - most)
    return text


def refusal(row: Payload) -> str:
    """Say why a row cannot be sent whole.

    Parameters
    ----------
    row : Payload
        What is to be told.

    Returns
    -------
    str
        Names of fields without their values; empty if it can.
    """
    literal = [NAMES[name] for name, value in row.values.items() if value == NULL]
    if literal:
        return f"{', '.join(literal)}: the text {NULL} would be taken for nothing"
    long = [
        NAMES[name]
        for name in WHOLE_OR_NOT
        if characters(str(row.values[name])) > length(BY_NAME[name]) or "\n" in str(row.values[name])
    ]
    return f"{', '.join(long)}: longer than Salesforce keeps, with emoji counted twice" if long else ""


def columns(settings: SalesforceSettings) -> list[str]:
    """Name what is written, and nothing that people edit.

    Parameters
    ----------
    settings : SalesforceSettings
        With the lookup.

    Returns
    -------
    list of str
        All fields of a row and the account's external id.
    """
    return [*NAMES.values(), relationship(settings)]


def files(batch: Sequence[Payload], settings: SalesforceSettings, *, most: int = JOB_BYTES) -> Iterator[str]:
    r"""Write rows as CSV, in files that a job takes.

    Parameters
    ----------
    batch : sequence of Payload
        Each key once.
    settings : SalesforceSettings
        With the lookup.
    most : int
        Bytes of one file, in UTF-8.

    Yields
    ------
    str
        A header and rows, lines ended by ``\n``. Rows of one account stand together: batches that Salesforce works off
        side by side lock the same account less often.
    """
    head = _line(columns(settings))
    lines, size = [head], len(head.encode("utf-8"))
    for row in sorted(batch, key=lambda row: (row.account_id, row.key)):
        line = _line([*(cell(field, row.values[field.name]) for field in FIELDS), row.account_id])
        grown = len(line.encode("utf-8"))
        if len(lines) > 1 and size + grown > most:
            yield "".join(lines)
            lines, size = [head], len(head.encode("utf-8"))
        lines.append(line)
        size += grown
    if len(lines) > 1:
        yield "".join(lines)


def rows(text: str) -> list[dict[str, str]]:
    """Read results of a job.

    Parameters
    ----------
    text : str
        CSV; line breaks within quotes belong to a value.

    Returns
    -------
    list of dict of str to str
        By column.
    """
    return [{name: value or "" for name, value in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))]


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
