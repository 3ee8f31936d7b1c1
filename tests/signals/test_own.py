"""A project's own signals: what is read from its files, and what is told where they cannot be used."""

# ruff: noqa: E501  # what is planted and what is said of it stand side by side

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from uptier.errors import SettingsError, SignalError, UptierError
from uptier.settings import Settings, read_settings
from uptier.signals.catalog import catalog
from uptier.signals.own import catalog_of, own_part
from uptier.signals.promises import tried
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds

GOOD = '''"""Parcels: what is shipped."""

from uptier.signals.measures import ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.signals.families.seats import seats  # to build on, which declares nothing here


@signal(
    label="Parcels for each seat",
    unit=Unit.RATIO,
    effect=Effect.RAISES,
    phrase=Phrase(value="They ship {value} parcels for each of the {seats}", missing="Parcels are not known"),
)
def parcels(history):
    """Exports of 28 days over seats.

    NaN without seats.
    """
    return ratio(history.events("export", last=28), history.seats())


@trigger(label="Many parcels", opens="add_on", act_within_days=7, frame="what they ship", says=("parcels",))
def many_parcels(signals, thresholds):
    """Two or more for each seat."""
    return signals["parcels"] >= 2
'''


def settings_of(folder: Path, **files: str) -> Settings:
    """Write files and a project that names them."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    yaml = folder / "acme.yaml"
    listed = ", ".join(f"{name}.py" for name in files)
    yaml.write_text(
        f"project: acme\nsource: data\nstore: store\ndata_until: 2026-01-01\nsignals:\n  extra: [{listed}]\n"
    )
    return read_settings(yaml)


def told(folder: Path, text: str, kind: type[UptierError] = SignalError) -> str:
    """Give what is said of a file, without its folder."""
    with pytest.raises(kind) as caught:
        catalog_of(settings_of(folder, parcels=text))
    return str(caught.value).replace(f"{folder}/", "")


def test_a_project_without_files_has_uptiers_own_catalogue(tmp_path: Path) -> None:
    assert catalog_of(settings_of(tmp_path)) is catalog()


def test_own_signals_stand_at_the_end_as_a_family_named_by_their_file(tmp_path: Path) -> None:
    whole = catalog_of(settings_of(tmp_path, parcels=GOOD))
    assert [one.name for one in whole.signals[len(catalog().signals) :]] == ["parcels"]
    assert [one.name for one in own_part(whole).triggers] == ["many_parcels"]
    assert {one.family for one in own_part(whole).signals} == {"parcels"}
    assert (whole.title("parcels"), whole.about("parcels")) == ("Parcels", "what is shipped.")


def test_own_signals_are_answered_beside_the_others_and_count_among_the_triggers_that_fire(tmp_path: Path) -> None:
    whole = catalog_of(settings_of(tmp_path, parcels=GOOD))
    text = "account | user | occurred_at | kind\n" + "\n".join(
        f"a | u | 2026-03-{day:02} | export" for day in range(1, 22)
    )
    frame = whole.frame(drawn(text, as_of="2026-03-29", accounts="a b")).set_index("account_id")
    assert frame["parcels"].to_dict() == {"a": 2.1, "b": 0.0}
    alone = catalog().frame(drawn(text, as_of="2026-03-29", accounts="a b")).set_index("account_id")
    assert (frame["triggers_fired"] - alone["triggers_fired"]).to_dict() == {"a": 1, "b": 0}
    others = [name for name in alone.columns if name != "triggers_fired"]
    pd.testing.assert_frame_equal(frame[others], alone[others])


def test_the_hash_covers_own_signals(tmp_path: Path) -> None:
    thresholds = Thresholds()
    whole = catalog_of(settings_of(tmp_path, parcels=GOOD)).fingerprint(thresholds)
    assert whole != catalog().fingerprint(thresholds)
    assert whole == catalog_of(settings_of(tmp_path, parcels=GOOD.replace("Parcels for", "Boxes for"))).fingerprint(
        thresholds
    )
    assert whole != catalog_of(settings_of(tmp_path, parcels=GOOD.replace("last=28", "last=27"))).fingerprint(
        thresholds
    )


def test_files_are_loaded_under_names_of_their_own(tmp_path: Path) -> None:
    before = set(sys.modules) | {"json"}
    catalog_of(settings_of(tmp_path, json=GOOD))  # the name of a module that everybody has
    fresh = set(sys.modules) - before
    assert [name.rpartition(".")[2] for name in fresh if name.startswith("uptier_own_")] == ["json"]
    assert sys.modules["json"].dumps([]) == "[]"
    assert not (tmp_path / "__pycache__").exists(), "nothing is written but the store"


# what cannot be used -----------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_told_with_the_line_of_the_yaml(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, parcels=GOOD)
    (tmp_path / "parcels.py").unlink()
    with pytest.raises(SettingsError) as caught:
        catalog_of(settings)
    assert str(caught.value) == (
        f"{tmp_path / 'acme.yaml'}, line 6, signals.extra.0: there is no file {tmp_path / 'parcels.py'}.\n"
        "Write it, or mend the path: it starts at the folder of the YAML."
    )


def test_python_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    said = told(tmp_path, '"""Parcels."""\n\ndef parcels(history:\n', SettingsError)
    assert said.startswith("parcels.py, line 3: this is not Python: '(' was never closed.")


def test_a_file_that_fails_is_told_with_its_line_and_what_failed(tmp_path: Path) -> None:
    said = told(tmp_path, '"""Parcels."""\n\nimport nowhere_at_all\n', SettingsError)
    assert said.startswith(
        "parcels.py, line 3: running this file failed.\nFound: ModuleNotFoundError: No module named 'nowhere_at_all'."
    )
    assert "line 4: running this file failed" in told(tmp_path, '"""P."""\n\nimport sys\nsys.exit(3)\n', SettingsError)


def test_what_a_declaration_lacks_is_told_with_its_line(tmp_path: Path) -> None:
    said = told(
        tmp_path, GOOD.replace('    """Exports of 28 days over seats.\n\n    NaN without seats.\n    """\n', "")
    )
    assert said.startswith("parcels.py, line 9: The signal parcels has no docstring.")


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"""Parcels: none."""\n', "parcels.py: no signal is declared in this file."),
        ("x = 1\n", "parcels.py, line 1: the file has no docstring."),
        (changed("def parcels(", "def seat_utilisation("), "parcels.py, line 9: the name of the signal 'seat_utilisation' is taken."),
        (changed("Parcels for each seat", "Tenure"), "parcels.py, line 9: the label of the signal 'Tenure' is taken."),
        (changed("def many_parcels", "def deep_adoption"), "the name of the trigger 'deep_adoption' is taken."),
        (changed("{seats}", "{saets}"), "parcels.py, line 9: the phrase of parcels says {saets}, and there is no such signal."),
        (changed("Parcels are not", "{value} are not"), "parcels.py, line 9: the phrase of parcels for what is missing says a value."),
        (changed("    return ratio", "    ratio"), "parcels.py, line 9: parcels gives no Number.\nFound: nothing."),
        (changed("return ratio(", "return 3\n    return ("), "parcels.py, line 9: parcels gives no Number.\nFound: int."),
        (changed("return ratio(", "return history.plan()\n    return ("), "parcels gives no Number.\nFound: string."),
        (changed("return ratio(", "return history.plan\n    return ("), "parcels gives no Number.\nFound: method."),
        (changed("history.events(", "history.evnets("), "parcels.py, line 20: parcels cannot be formed.\nFound: AttributeError: "),
        (changed('says=("parcels",)', 'says=("tier",)'), "the trigger many_parcels is told by tier, which is no signal of its own family."),
        (changed('>= 2', '>= 2) | signals["parcels"].isnull()').replace("return signals", "return (signals"), "fires where nothing is known"),
        (changed('opens="add_on", ', ""), "opens a talk and says no time to act within"),
        (changed('says=("parcels",)', 'says=("parcels",), since="parcels"'), "has fired since parcels, which counts no time.\nFound: its unit is ratio."),
        (changed('signals["parcels"] >= 2', 'signals["pracels"] >= 2'), "many_parcels cannot be formed.\nFound: KeyError"),
        (changed('return signals["parcels"] >= 2', "return True"), "gives no answer for each row.\nFound: bool."),
        (GOOD + GOOD[GOOD.index("@trigger") :].replace("many_parcels", "more").replace("Many", "More"), "the file declares a second trigger, more."),
        (changed('signals["parcels"] >= 2', '(signals["parcels"] >= 2) & (signals["triggers_fired"] > 1)'), "asks which triggers fire, itself among them"),
        (changed("unit=Unit.RATIO", "unit=Unit.CATEGORY"), "parcels gives no text.\nFound: float64."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_file_and_line(text: str, said: str, tmp_path: Path) -> None:
    assert said in told(tmp_path, text)


def test_a_misspelt_question_is_told_with_one_that_can_be_asked(tmp_path: Path) -> None:
    assert told(tmp_path, changed("history.events(", "history.evnets(")).endswith("Did you mean 'events'?")


def test_families_are_not_taken_twice(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="there is a family 'seats' in uptier already"):
        catalog_of(settings_of(tmp_path, seats=GOOD))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "parcels.py").write_text(GOOD)
    settings: Any = settings_of(tmp_path, parcels=GOOD)
    both = settings.signals.model_copy(update={"extra": (*settings.signals.extra, tmp_path / "more" / "parcels.py")})
    with pytest.raises(SignalError, match="there is a family 'parcels' already"):
        catalog_of(settings.model_copy(update={"signals": both}))
    with pytest.raises(SettingsError, match="gives no name to what it declares"):
        catalog_of(settings_of(tmp_path, **{"My-Parcels": GOOD}))


def test_the_file_above_keeps_its_promises(tmp_path: Path) -> None:
    from uptier.explanation.sentences import sentence

    whole = catalog_of(settings_of(tmp_path, parcels=GOOD))
    assert tried(own_part(whole).signals, whole, Thresholds(), sentence).told() == ""
