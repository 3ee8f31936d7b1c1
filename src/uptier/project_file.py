"""A project's YAML as a file: its text, the lines where keys stand, and values from the environment.

`${NAME}` takes a value from the environment. Such values are never shown: messages quote the YAML as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from uptier.errors import SettingsError

Place = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, eq=False)
class ProjectFile:
    """A YAML that was read.

    Attributes
    ----------
    path : Path
        The file.
    node : MappingNode
        Its nodes, which know their lines.
    raw : dict
        Its keys and values, as written.
    """

    path: Path
    node: yaml.MappingNode
    raw: dict[str, Any]

    def where(self, *place: str | int) -> str:
        """Say where a key stands, for a message.

        Parameters
        ----------
        *place : str or int
            The keys that lead there, from the top.

        Returns
        -------
        str
            ``"acme.yaml, line 12, tables.usage_events"``; the nearest line above where the key itself is not written.
        """
        return f"{self.path}, line {_line(self.node, place)}, {'.'.join(str(step) for step in place)}"

    def written(self, *place: str | int) -> Any:
        """Give a value as it is written.

        Parameters
        ----------
        *place : str or int
            The keys that lead to the value, from the top.

        Returns
        -------
        object
            None where nothing is written there.
        """
        value: Any = self.raw
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def expanded(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """Give keys and values with what the environment holds in place of `${NAME}`.

        Parameters
        ----------
        environment : mapping of str to str
            Values by name.

        Returns
        -------
        dict
            New; the file's own values are as before.

        Raises
        ------
        SettingsError
            If a name is not set.
        """
        expanded: dict[str, Any] = self._expanded(self.raw, environment, ())
        return expanded

    def _expanded(self, value: Any, environment: Mapping[str, str], place: Place) -> Any:
        if isinstance(value, dict):
            return {key: self._expanded(item, environment, (*place, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._expanded(item, environment, (*place, number)) for number, item in enumerate(value)]
        if not isinstance(value, str):
            return value

        def looked_up(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in environment:
                raise SettingsError(
                    f"{self.where(*place)}: the environment variable {name} is not set.",
                    do=f"Set it (export {name}=...) and run this again.",
                )
            return environment[name]

        return _VARIABLE.sub(looked_up, value)


def read_project_file(path: Path, *, begins_with: str = "project") -> ProjectFile:
    """Read a YAML.

    Parameters
    ----------
    path : Path
        The file.
    begins_with : str
        A key that such a file begins with, for the message where it holds none.

    Returns
    -------
    ProjectFile
        Its text and lines.

    Raises
    ------
    SettingsError
        If there is none, it is no YAML of keys and values, or a key stands twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"There is no file {path}.", do="Name a project's YAML, or write one with 'uptier init SOURCE'."
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} cannot be read: {type(error).__name__}.", do="Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {type(error).__name__}.") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise SettingsError(f"{path} must hold keys and values, beginning with '{begins_with}:'.")
        _refuse_doubled_keys(node, path)
        return ProjectFile(path, node, _constructed(node, path))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path}, line {line}: this is not YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(f"{path}, line {line}: this is not YAML: a control sign stands here.") from None
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply, or a part of it holds itself.") from None


def where(path: Path, *place: str | int) -> str:
    """Say where in a project's YAML a key stands, for a message.

    Parameters
    ----------
    path : Path
        The YAML.
    *place : str or int
        The keys that lead there, from the top.

    Returns
    -------
    str
        As :meth:`ProjectFile.where`.
    """
    return read_project_file(path).where(*place)


def as_written(path: Path, *place: str | int) -> str:
    """Give a value as a project's YAML has it, for a message: what comes from the environment is not shown.

    Parameters
    ----------
    path : Path
        The YAML.
    *place : str or int
        The keys that lead to the value, from the top.

    Returns
    -------
    str
        ``"${SCHEMA}_events"``, say.
    """
    return str(read_project_file(path).written(*place))


def _constructed(node: yaml.MappingNode, path: Path) -> dict[str, Any]:
    loader = yaml.SafeLoader("")
    try:
        values: dict[str, Any] = loader.construct_document(node)
    except ValueError:
        # YAML takes 2026-02-30 for a date and then cannot read it
        scalar = next((one for one in _scalars(node) if not _is_readable(one)), node)
        raise SettingsError(
            f"{path}, line {scalar.start_mark.line + 1}: this is no date and no number that there is.",
            found=str(scalar.value) if isinstance(scalar, yaml.ScalarNode) else "",
            do="Correct it, or put it in quotes if it is a text.",
        ) from None
    return values


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for one in pair:
                yield from _scalars(one)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _scalars(one)


def _is_readable(scalar: yaml.ScalarNode) -> bool:
    try:
        yaml.SafeLoader("").construct_object(scalar)
    except ValueError:
        return False
    return True


def _refuse_doubled_keys(node: yaml.Node, path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SettingsError(f"{path}, line {key.start_mark.line + 1}: a key must be a text.")
            if key.value in seen:
                raise SettingsError(
                    f"{path}, line {key.start_mark.line + 1}: the key '{key.value}' stands here for the second time.",
                    do="Keep one of the two.",
                )
            seen.add(key.value)
            _refuse_doubled_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubled_keys(item, path)


def _line(node: yaml.Node, place: Place) -> int:
    line = node.start_mark.line
    for step in place:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, found = key.start_mark.line, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            line = found.start_mark.line
        if found is None:
            break
        node = found
    return int(line) + 1
