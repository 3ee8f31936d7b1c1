"""Notebooks are committed clean. That they run is tested beside this: `--nbmake` in pyproject.toml executes them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
A_PLACE = re.compile(r"""["'(\s](?:/(?:home|Users|root|tmp|work|mnt|var|opt)/|[A-Z]:\\)""")
PUBLIC = {
    "uptier": {"Project", "PropensityClassifier", "RollingOriginSplit"},
    "uptier.explanation.interactions": {"interactions"},
    "uptier.explanation.plots": {"family_summary", "shap_summary"},
    "uptier.explanation.shares": {"explained"},
    "uptier.simulate.world": {"simulate"},
}

HOME = "/" + "home"  # in one piece it would be a place on a machine, here too


def faults_of(book: dict[str, Any]) -> list[str]:
    """Say what must not be committed of a notebook."""
    found = []
    for number, cell in enumerate(book["cells"]):
        if cell["cell_type"] == "code":
            found += [f"cell {number} has an execution count"] if cell["execution_count"] is not None else []
            found += [f"cell {number} has outputs"] if cell["outputs"] else []
        found += [f"cell {number} has metadata"] if cell["metadata"] else []
        found += [f"cell {number} names a place on a machine"] if A_PLACE.search("".join(cell["source"])) else []
    odd = set(book["metadata"]) - {"kernelspec", "language_info"}
    found += [f"the notebook has metadata: {', '.join(sorted(odd))}"] if odd else []
    return found + (["it asks for another kernel"] if book["metadata"]["kernelspec"]["name"] != "python3" else [])


def test_there_are_notebooks_and_the_tests_execute_them() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert NOTEBOOKS
    assert "notebooks" in options["testpaths"]
    assert "--nbmake" in options["addopts"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_as_it_was_written(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert faults_of(json.loads(text)) == []
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_uses_what_is_meant_to_be_used(path: Path) -> None:
    code = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"])
    for room, names in re.findall(r"^from (uptier[\w.]*) import (.+)$", code, re.MULTILINE):
        assert set(names.split(", ")) <= PUBLIC.get(room, set()), room
    assert not re.search(r"^import uptier|\._\w", code, re.MULTILINE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_teaches_before_it_computes(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert "".join(cells[0]["source"]).startswith("# ")
    assert sum(cell["cell_type"] == "markdown" for cell in cells) * 2 >= len(cells) - 1
    assert f"({path.name})" in (path.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_links_in_a_notebook_lead_somewhere(path: Path) -> None:
    text = "".join(line for cell in json.loads(path.read_text("utf-8"))["cells"] for line in cell["source"])
    assert [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (path.parent / link).exists()] == []


def test_what_must_not_be_committed_is_found() -> None:
    fine: dict[str, Any] = {
        "cells": [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": ["1 + 1"]}],
        "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
    }
    assert faults_of(fine) == []
    [cell] = fine["cells"]
    for change, said in (
        ({"execution_count": 3}, "cell 0 has an execution count"),
        ({"outputs": [{"output_type": "stream", "text": ["2"]}]}, "cell 0 has outputs"),
        ({"metadata": {"collapsed": True}}, "cell 0 has metadata"),
        ({"source": [f"pd.read_parquet('{HOME}/me/exports')"]}, "cell 0 names a place on a machine"),
        ({"source": ['open("C:\\\\exports")']}, "cell 0 names a place on a machine"),
    ):
        assert faults_of(fine | {"cells": [cell | change]}) == [said]
    assert faults_of(fine | {"metadata": fine["metadata"] | {"widgets": {}}}) == ["the notebook has metadata: widgets"]
    assert faults_of(fine | {"metadata": {"kernelspec": {"name": "mine"}}}) == ["it asks for another kernel"]
