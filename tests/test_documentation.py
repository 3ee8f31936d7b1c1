"""The generated pages say what the code says, are fresh, and are refused while something is not documented."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from tests.end_to_end import jobs
from uptier.cli import help_texts
from uptier.documentation import made
from uptier.documentation import pages as all_pages
from uptier.documentation.attributes import described
from uptier.documentation.markdown import documented, page, quote, row
from uptier.documentation.pages import cli_page, pages, write_pages
from uptier.documentation.settings_page import settings_page
from uptier.documentation.signals_page import signals_page
from uptier.documentation.tables_page import data_page, tables_page
from uptier.errors import UptierError
from uptier.settings import IdentitySettings, Settings, TableSettings, read_settings
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.signal import Effect, Phrase, Signal, Unit
from uptier.signals.trigger import Trigger
from uptier.simulate.presets import DATA_UNTIL, find_preset
from uptier.simulate.timeline import months_before
from uptier.simulate.world import World
from uptier.tables import contracts
from uptier.tables.contracts import CONTRACT, Column, Kind
from uptier.thresholds import Thresholds

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def _the_demos_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let pages show the company that the demo's tests look at, which is the same one, rather than make it again."""

    def found(*, preset: str, seed: int, out: Path) -> World:
        assert (preset, seed) == ("demo", jobs.DEMO_SEED)
        out.symlink_to(jobs.demo_config(tmp_path_factory.getbasetemp()).parent / "world")
        parameters = find_preset(preset)
        rows = {path.stem: pq.read_metadata(path).num_rows for path in out.glob("*.parquet")}
        first_day = months_before(DATA_UNTIL, parameters.months)
        return World(
            folder=out,
            seed=seed,
            preset=preset,
            parameters=parameters,
            first_day=first_day,
            data_until=DATA_UNTIL,
            rows=rows,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "simulate", found)
        yield


def test_the_pages_on_disk_are_the_ones_that_the_code_gives() -> None:
    stale = [str(name) for name, text in pages(ROOT, help_texts()).items() if read(ROOT / name) != text]
    assert stale == [], "these pages are not what the code says: run `make docs`"


def test_every_signal_and_trigger_is_told_with_its_sentence_and_needs() -> None:
    text = signals_page(catalog(), Thresholds())
    for one in catalog().signals:
        chapter = text.partition(f"\n`{one.name}` · ")[2].partition("\n#")[0]
        assert str(one.__doc__).split("\n")[0] in chapter, one.name
        assert quote(one.phrase.missing) in chapter, one.name
        assert "- Needs " in chapter, one.name
    for trigger in catalog().triggers:
        assert f"(`{trigger.name}`)" in text
        assert trigger.frame in text


def test_thresholds_are_told_where_they_are_read() -> None:
    text = signals_page(catalog(), Thresholds(gate_days=21, gate_crossings=5))
    assert "- Thresholds: `gate_days` 21, `trial_days_per_week` 4, `next_tier_features` 0.8." in text
    assert "- Thresholds: `gate_crossings` 5, `gate_days` 21." in text
    assert "- Thresholds: those of the triggers." in text


def test_what_a_signal_needs_is_what_makes_it_not_available_when_absent() -> None:
    text = signals_page(catalog(), Thresholds())
    needs = {
        name: text.partition(f"\n`{name}` · ")[2].partition("- Needs ")[2].partition(".\n")[0]
        for name in ("seat_utilisation", "peak_daily_utilisation", "exports", "highest_quota_utilisation", "region")
    }
    assert needs == {
        "seat_utilisation": "`subscriptions` (`seats`), `usage_events` (`user_id`)",
        "peak_daily_utilisation": "`subscriptions` (`seats`), `usage_events` (`user_id`) or `usage_daily`",
        "exports": "usage in either form (kind export)",
        "highest_quota_utilisation": "`meter_readings`",
        "region": "`accounts` (`region`)",
    }


def test_every_column_of_the_contract_stands_in_the_dictionary() -> None:
    for text in (tables_page(), data_page()):
        for name, table in CONTRACT.items():
            chapter = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            for column_name, column in table.columns.items():
                assert f"| `{column_name}` | {column.kind.value} |" in chapter
                assert column.meaning in chapter


def test_every_key_of_the_settings_is_told_with_its_default() -> None:
    text = settings_page()
    assert "| `test_share` | number, more than 0, less than 1 | `0.3` |" in text
    assert "| `project` | text, letters, digits, dashes and underscores | needed |" in text
    assert "## `tables.NAME`" in text
    assert "## `accept, each`" in text
    assert "| `from` | text | needed |" in text
    assert "See the parts" not in text
    assert "| `path` |" not in text
    assert set(described(Settings)) == set(Settings.model_fields)
    assert set(described(TableSettings)) == set(TableSettings.model_fields)
    assert described(IdentitySettings)["source"]


def test_every_verb_is_told() -> None:
    texts = help_texts()
    text = cli_page(texts)
    for name in texts:
        assert f"## uptier {name}".rstrip() in text
    assert "uptier init" in text


def test_a_signal_without_a_docstring_is_refused() -> None:
    bare = Signal(
        lambda history: history,
        label="Bare",
        unit=Unit.DAYS,
        effect=Effect.EITHER,
        phrase=Phrase(value="{value}", missing="not known"),
    )
    bare.function.__module__ = "uptier.signals.families.seats"
    object.__setattr__(bare, "family", "seats")
    with pytest.raises(UptierError, match=r"The signal <lambda> is not documented\.\nSay in its own file"):
        signals_page(Catalog((*catalog().signals, bare), catalog().triggers), Thresholds())


def test_a_trigger_without_a_docstring_is_refused() -> None:
    [first, *rest] = catalog().triggers
    bare = Trigger(
        lambda frame, thresholds: frame.iloc[:, 0] > 0,
        label="Bare",
        opens=None,
        act_within_days=None,
        frame="",
        says=(),
    )
    object.__setattr__(bare, "family", first.family)
    with pytest.raises(UptierError, match="The trigger <lambda> is not documented"):
        signals_page(Catalog(catalog().signals, (bare, *rest)), Thresholds())


def test_a_column_without_a_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = contracts.Accounts.columns | {"mood": Column(kind=Kind.CATEGORY, meaning="")}
    monkeypatch.setattr(contracts.Accounts, "columns", columns)
    with pytest.raises(UptierError, match=r"The column accounts\.mood is not documented"):
        tables_page()


def test_a_table_without_a_docstring_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts.Plans, "__doc__", None)
    with pytest.raises(UptierError, match="The table plans is not documented"):
        tables_page()


class _Forgetful(BaseModel):
    """A part.

    Attributes
    ----------
    told : int
        Said.
    gone : int
        No longer there.
    """

    told: int = 1
    forgotten: int = 2


def test_a_key_that_is_not_described_is_refused_and_so_is_one_that_is_not_there() -> None:
    with pytest.raises(UptierError, match=r"Found: forgotten is not described, there is no gone\."):
        described(_Forgetful)


def test_a_verb_that_says_nothing_is_refused() -> None:
    with pytest.raises(UptierError, match="The verb 'run' is not documented"):
        cli_page({"run": "  "})


def test_no_page_is_written_while_something_is_not_documented(tmp_path: Path) -> None:
    with pytest.raises(UptierError):
        write_pages(tmp_path, {"run": ""})
    assert list(tmp_path.rglob("*")) == []
    written = write_pages(tmp_path, {"run": "Does it."})
    assert {str(path.relative_to(tmp_path)) for path in written} == set(
        map(str, all_pages(tmp_path, {"run": "Does it."}))
    )
    assert all(path.read_text().endswith("\n") for path in written)
    assert list(tmp_path.rglob(".*")) == []


def test_pieces_of_a_page_are_clean() -> None:
    assert row(["a | b", "c\nd"]) == r"| a \| b | c d |"
    assert page("a", "", "") == "a\n"
    assert documented("  told\n    more", "it") == "told\nmore"


def test_the_examples_of_settings_in_the_guides_can_be_read(tmp_path: Path) -> None:
    head = "project: acme\nsource: exports\nstore: store\ndata_until: 2026-01-01\n"
    read_ones = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for example in re.findall(
            r"^ *```yaml\n(.*?)^ *```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            if "..." not in example:  # parts of a longer one are shown, not to be copied
                (tmp_path / "acme.yaml").write_text(head + textwrap.dedent(example))
                read_ones.append(read_settings(tmp_path / "acme.yaml"))
    assert any(one.identities for one in read_ones)
    assert any(one.accept for one in read_ones)


@pytest.mark.parametrize("folder", [".", "configs", "data", "docs", "notebooks"])
def test_every_link_to_a_file_leads_somewhere(folder: str) -> None:
    broken = []
    for path in sorted((ROOT / folder).glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_index_leads_to_every_guide() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    guides = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in guides if f"({name})" not in index} == set()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
