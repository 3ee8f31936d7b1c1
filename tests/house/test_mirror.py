"""Every module of the package is tested by name, in a test of its own or beside its neighbours."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

# pattern of modules that no test imports, and where they are tested instead
TESTED_ELSEWHERE = {
    "uptier.cli.*": "tests/test_cli.py, through the program as it is called",
    "uptier.outcomes.addons": "tests/outcomes/test_changes.py, by the changes that it lists",
    "uptier.outcomes.kinds": "tests/outcomes/test_changes.py, by the changes that are of a kind",
    "uptier.training.alarm_*": "tests/training/test_alarms.py, by what rings",
    "uptier.training.estimator": "tests/training/test_estimator.py, as people import it: from uptier",
    "uptier.documentation.made": "tests/test_documentation.py, by the pages that show it, byte for byte",
    "uptier.signals.families.*": "tests/signals, through the catalogue: a new family is tested without a new line",
    "uptier.signals.*_measures": "tests/signals/families, by the signals that ask them",
    "uptier.signals.*_plans": "tests/signals/families, and test_plans.py and test_no_leakage.py beside it, by answers",
    "uptier.tables.check_names": "tests/tables/test_check.py, by what it finds",
    "uptier.tables.postgresql": "tests/engines/test_postgresql.py, on a server of its own",
    "uptier.work.models": "tests/test_cli.py and tests/work, by the verbs of a project",
    "uptier.training.served_model": "by MLflow, which runs the file as code: the round trip in tests/training",
}


def test_every_module_is_imported_by_a_test() -> None:
    # the tests of the house only plant imports
    paths = [path for path in (ROOT / "tests").rglob("*.py") if path.parent.name != "house"]
    tests = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    assert untested(modules(), tests) == []


def test_a_module_without_a_test_is_seen() -> None:
    tests = "from uptier.moments import next_month\nfrom uptier import errors\nimport uptier.settings\n"
    names = ["uptier.moments", "uptier.errors", "uptier.settings", "uptier.moment", "uptier.tables.check"]
    assert untested(names, tests) == ["uptier.moment", "uptier.tables.check"]


def test_no_leave_outlives_its_module() -> None:
    stale = [pattern for pattern in TESTED_ELSEWHERE if not any(fnmatchcase(name, pattern) for name in modules())]
    assert stale == []


def modules() -> list[str]:
    paths = [path.relative_to(SOURCE).with_suffix("") for path in sorted(SOURCE.rglob("*.py"))]
    return [".".join(path.parts) for path in paths if path.name != "__init__"]


def untested(names: list[str], tests: str) -> list[str]:
    return [
        name
        for name in names
        if not any(fnmatchcase(name, pattern) for pattern in TESTED_ELSEWHERE) and not imported(name, tests)
    ]


def imported(name: str, tests: str) -> bool:
    package, _, module = name.rpartition(".")
    forms = (f"from {name} import ", f"import {name}\n", f"import {name} as ")
    lists = [line for line in tests.splitlines() if line.startswith(f"from {package} import ")]
    listed = {part.strip() for line in lists for part in line.partition(" import ")[2].split(",")}
    return any(form in tests for form in forms) or module in {part.split(" as ")[0] for part in listed}
