"""Folders of text files, written whole or not at all, and read with errors that a person can act on."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from uptier.errors import ModelError, StoreError


def written_whole(files: Mapping[str, str], folder: Path) -> Path:
    """Write a folder of files, whole or not at all.

    Parameters
    ----------
    files : mapping of str to str
        Text by file name.
    folder : Path
        Where to; a folder that is there is replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    StoreError
        If it cannot be written; what was there before is then still there.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        drawn_up = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            drawn_up.chmod(0o755)
            for name, text in files.items():
                (drawn_up / name).write_text(text, encoding="utf-8", newline="")
            if folder.is_dir():
                old = drawn_up.with_name(drawn_up.name + "-old")
                folder.replace(old)
                drawn_up.replace(folder)
                shutil.rmtree(old)
            else:
                drawn_up.replace(folder)
        finally:
            shutil.rmtree(drawn_up, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"The model cannot be written to {folder}: {error.strerror or type(error).__name__}.",
            do="Check 'store' in the project's YAML and the rights to that folder.",
        ) from error
    return folder


def read_text(path: Path) -> str:
    """Read one file of a model.

    Parameters
    ----------
    path : Path
        Which.

    Returns
    -------
    str
        Its text, line ends as they were written.

    Raises
    ------
    ModelError
        If it is missing or is no text.
    """
    try:
        # newline="": a digest is over the bytes as they were written
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        raise ModelError(
            f"The model in {path.parent} lacks the file {path.name}.",
            do="Restore the folder, or train again with 'uptier train'.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path) from error


def damaged(path: Path) -> ModelError:
    """Give the error that says that a file is not what was saved.

    Parameters
    ----------
    path : Path
        Which.

    Returns
    -------
    ModelError
        To be raised.
    """
    return ModelError(
        f"The file {path.name} of the model in {path.parent} is damaged: it is not what was saved.",
        do="Restore the folder, or train again with 'uptier train'.",
    )


def digest(text: str) -> str:
    """Give the SHA-256 of a text.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(text.encode()).hexdigest()
