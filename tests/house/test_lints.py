"""Each lint of `make check` goes red on a planted fault, run by the Makefile's own command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "uptier"

CLEAN = '''"""A clean module."""


def doubled(number: int) -> int:
    """Give twice the number.

    Parameters
    ----------
    number : int
        What to double.

    Returns
    -------
    int
        Twice that.
    """
    return number * 2
'''

PARAMETERS = """    Parameters
    ----------
    number : int
        What to double.

"""

FAULTS = {
    "lint: unused import": ("lint", "import os\n" + CLEAN, "F401"),
    "lint: no docstring": ("lint", CLEAN + "\n\ndef bare() -> None:\n    pass\n", "D103"),
    "lint: print": ("lint", CLEAN + '\n\nprint("x")\n', "T201"),
    "lint: assert": ("lint", CLEAN + "\n\nassert doubled(1)\n", "S101"),
    "lint: catches everything": (
        "lint",
        CLEAN + "\n\ntry:\n    doubled(1)\nexcept Exception:\n    doubled(2)\n",
        "BLE001",
    ),
    "lint: pickle": ("lint", CLEAN + '\n\nimport pickle\npickle.loads(b"")\n', "S301"),
    "lint: the clock without its zone": ("lint", CLEAN + "\n\nimport datetime\ndatetime.date.today()\n", "DTZ011"),
    "format: quotes": ("format", CLEAN + "\n\nNAME = 'x'\n", "reformat"),
    "types: no annotation": ("types", CLEAN.replace("number: int", "number"), "no-untyped-def"),
    "types: wrong type": ("types", CLEAN.replace("return number * 2", "return str(number)"), "return-value"),
    "types: ignore without a code": ("types", CLEAN.replace("* 2", '* "2"  # type: ignore'), "ignore-without-code"),
    "docstrings: parameter missing": ("docstrings", CLEAN.replace("number: int", "number: int, other: int"), "PR01"),
    "docstrings: no type": ("docstrings", CLEAN.replace("number : int", "number"), "PR04"),
    "docstrings: no full stop": ("docstrings", CLEAN.replace("the number.", "the number"), "SS03"),
}

# file in a skeleton of all layers: a line that breaks a contract, and what is then told
IMPORTS = {
    "errors.py": ("from uptier import moments", "uptier.errors -> uptier.moments"),
    "tables/contracts.py": ("import uptier.model", "uptier.tables.contracts -> uptier.model"),
    "signals/families/seats.py": ("from uptier import outcomes", "uptier.signals.families.seats -> uptier.outcomes"),
    "simulate/world.py": ("from uptier import signals", "uptier.simulate.world -> uptier.signals"),
    "training/card.py": ("def late() -> None:\n    import mlflow", "uptier.training.card -> mlflow"),
    "explanation/brief.py": ("from shap import plots", "uptier.explanation.brief -> shap"),
    "scoring/batch.py": ("import lightgbm", "uptier.scoring.batch -> lightgbm"),
}
LEAVE = {
    "training/tracking.py": "import mlflow",
    "training/connection.py": "import mlflow",
    "training/logged_model.py": "import mlflow",
    "training/versions.py": "import mlflow",
    "training/registry.py": "import mlflow",
    "training/tuned_runs.py": "import mlflow",
    "training/served_model.py": "import mlflow.pyfunc",
    "training/fitting.py": "import lightgbm",
    "model/trees.py": "import lightgbm",
    "explanation/plots.py": "import shap",
    "cli.py": "from uptier import project",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give the smallest package that the lints can look at."""
    package = tmp_path / "src" / "uptier"
    package.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (package / "__init__.py").write_text('"""Planted."""\n')
    return tmp_path


@pytest.mark.parametrize("target", ["lint", "format", "types", "docstrings"])
def test_a_clean_module_is_green(target: str, checkout: Path) -> None:
    (checkout / "src" / "uptier" / "planted.py").write_text(CLEAN)
    code, output = make(target, checkout)
    assert code == 0, output


@pytest.mark.parametrize(("target", "text", "told"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_red(target: str, text: str, told: str, checkout: Path) -> None:
    (checkout / "src" / "uptier" / "planted.py").write_text(text)
    code, output = make(target, checkout)
    assert code != 0
    assert told in output


def test_a_family_needs_no_parameters_in_its_docstrings_but_all_the_rest(checkout: Path) -> None:
    family = checkout / "src" / "uptier" / "signals" / "families" / "planted.py"
    family.parent.mkdir(parents=True)
    family.write_text(CLEAN.replace(PARAMETERS, ""))
    code, output = make("docstrings", checkout)
    assert code == 0, output
    family.write_text(CLEAN.replace("the number.", "the number"))
    code, output = make("docstrings", checkout)
    assert code != 0
    assert "SS03" in output


def test_imports_that_go_down_and_those_with_leave_are_green(checkout: Path) -> None:
    skeleton(checkout, LEAVE)
    code, output = make("imports", checkout)
    assert code == 0, output


def test_imports_that_go_up_or_sideways_or_to_a_walled_library_are_red(checkout: Path) -> None:
    skeleton(checkout, LEAVE | {name: line for name, (line, _) in IMPORTS.items()})
    code, output = make("imports", checkout)
    assert code != 0
    assert [chain for _, chain in IMPORTS.values() if chain not in output] == []


def test_a_room_without_a_place_among_the_layers_is_red(checkout: Path) -> None:
    skeleton(checkout, LEAVE | {"attic.py": ""})
    code, output = make("imports", checkout)
    assert code != 0
    assert "attic" in output


def test_every_room_stands_among_the_layers() -> None:
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - {"__init__"} - rooms() == set()


def test_check_runs_every_lint() -> None:
    listed = subprocess.run(
        ["make", "-n", "-o", "stamp", "STAMP=stamp", "check"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command in ("ruff check", "ruff format --check", "mypy", "lint-imports", "numpydoc lint"):
        assert command in listed.stdout


def rooms() -> set[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return {name.strip(" ()") for layer in layers for name in layer.split("|")}


def skeleton(folder: Path, lines: dict[str, str]) -> None:
    package = folder / "src" / "uptier"
    for room in rooms():
        (package / room).mkdir()
        (package / room / "__init__.py").touch()
    for name, line in lines.items():
        path = package / name
        if path.parent == package and path.with_suffix("").is_dir():
            path = path.with_suffix("") / "__init__.py"
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(line + "\n")


def make(target: str, folder: Path) -> tuple[int, str]:
    """Run a target with the environment of this very test, which must not be remade meanwhile."""
    venv = Path(sys.prefix)
    stamp = venv / ".installed"
    command = ["make", "-o", str(stamp), target, f"VENV={venv}", f"STAMP={stamp}"]
    # import-linter imports the package that it looks at: the planted one, not ours
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
