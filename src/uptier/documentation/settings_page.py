"""The page on a project's YAML, from the classes that read it."""

from __future__ import annotations

from uptier.documentation.attributes import default_of, described, parts, summary, value_of
from uptier.documentation.markdown import GENERATED, page, row
from uptier.settings import Settings

INTRODUCTION = """
A project is one YAML. Unknown keys are errors, told with file, line and key. `${NAME}` takes a value from the
environment, which no message ever shows. Relative paths start at the folder of the YAML. `uptier init SOURCE` writes a
first one, to be mended; `configs/` holds finished ones.
"""
NOT_WRITTEN = ("path",)  # of the settings: the YAML itself


def settings_page() -> str:
    """Give the page on a project's YAML: every key with its type, default and meaning.

    Returns
    -------
    str
        Markdown, a chapter for each part.

    Raises
    ------
    UptierError
        If a key is not described in its class, or a description has no key.
    """
    lines = ["# Settings", "", GENERATED, "", INTRODUCTION.strip(), ""]
    for place, part in parts(Settings):
        lines += [f"## {f'`{place}`' if place else 'Top of the file'}", "", summary(part), ""]
        lines += [row(["key", "value", "default", "meaning"]), "|---|---|---|---|"]
        meanings = described(part)
        for name, field in part.model_fields.items():
            if name not in NOT_WRITTEN:
                lines.append(row([f"`{field.alias or name}`", value_of(field), default_of(field), meanings[name]]))
        lines.append("")
    return page(*lines)
