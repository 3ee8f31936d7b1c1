"""What stands in the repository's files, and what never does."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# written in pieces, since this file is searched too
REGISTRIES = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonho" + "sted", "org"), ("registry", "npmjs"), ("debian", "org"))
]
OUTSIDE = "../" + "shared"
MACHINE_PATH = re.compile(r"(?<![\w.:/<{*-])/(?:work|root|home|Users|opt)/\w")


def test_the_lock_pins_each_package_with_hashes() -> None:
    assert lock_faults((ROOT / "requirements.lock").read_text()) == []


@pytest.mark.parametrize(
    "planted",
    [
        "numpy==2.0.0\n",
        "numpy>=2 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        f"--index-url https://{REGISTRIES[0]}/simple\n",
        f"numpy @ https://{REGISTRIES[1]}/numpy.whl \\\n    --hash=sha256:" + "0" * 64 + "\n",
    ],
    ids=["no hash", "no pin", "index", "address"],
)
def test_a_lock_with_a_fault_is_seen(planted: str) -> None:
    assert lock_faults((ROOT / "requirements.lock").read_text() + planted) != []


def test_the_lock_holds_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-") for requirement in asked}
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert names - locked == set()


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: which files belong to the repository is not known")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_registry(files: list[Path]) -> None:
    found = []
    for path in files:
        text = readable(path)
        found += [f"{path.relative_to(ROOT)}: {fault}" for fault in text_faults(text, ci=path == ROOT / ".ci" / "run")]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "read(/" + "home/somebody/data)",
        "'/" + "work/main'",
        f"see https://{REGISTRIES[0]}/project/x",
        f"source: {OUTSIDE}/data",
    ],
)
def test_a_file_that_names_one_is_seen(text: str) -> None:
    assert text_faults(text, ci=False) != []


def test_only_the_ci_script_looks_beside_the_checkout() -> None:
    assert text_faults(f"cd {OUTSIDE}/data", ci=True) == []
    assert OUTSIDE in (ROOT / ".ci" / "run").read_text()


def test_no_lock_that_names_registries_is_kept(files: list[Path]) -> None:
    assert [path.name for path in files if path.name in ("uv.lock", "pylock.toml", "poetry.lock")] == []


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:1] == ["[Unreleased]"]


def test_every_decision_has_a_number_of_its_own_and_three_parts() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert numbers == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        parts = re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE)
        assert parts == ["Context", "Choice", "Consequences"], path.name


def test_every_lint_exception_in_the_code_names_what_and_why(files: list[Path]) -> None:
    bare = []
    for path in files:
        if path.suffix == ".py" and path.is_relative_to(ROOT / "src"):
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                _, _, comment = line.partition("#")
                # a code, then a reason, on the same line
                if re.match(r"\s*(type: ignore|noqa)", comment) and not re.search(r"(\]|: [A-Z]+\d+)\W+\w", comment):
                    bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert bare == []


def lock_faults(text: str) -> list[str]:
    faults = []
    for entry in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        first = entry.split("\n", 1)[0]
        if not re.match(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==\S+( ;.*?)? \\$", first):
            faults.append(f"not a pin: {first}")
        elif not re.search(r"--hash=sha256:[0-9a-f]{64}", entry):
            faults.append(f"no hash: {first}")
    if "://" in text or re.search(r"^--?\w*(index|find-links)", text, re.MULTILINE):
        faults.append("an address")
    return faults


def text_faults(text: str, *, ci: bool) -> list[str]:
    faults = [f"names {host}" for host in REGISTRIES if host in text]
    faults += [f"path of a machine: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    if OUTSIDE in text and not ci:
        faults.append(f"looks into {OUTSIDE}")
    return faults


def readable(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # no text
