"""A project's own words: what they change, what they leave as it is, and what is told where they cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.jobs import called
from uptier.errors import SettingsError
from uptier.explanation.sentences import sentence, tells
from uptier.project import Project
from uptier.settings import read_settings
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.own import catalog_of
from uptier.signals.signal import Unit
from uptier.signals.speech import Dates, Numbers
from uptier.signals.wording import COUNTED, SignalWords, Wording, worded, worded_catalog
from uptier.thresholds import Thresholds

GUIDE = Path(__file__).parents[2] / "docs" / "wording.md"
CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLE = CONFIGS / "wording" / "de.yaml"
HEAD = "project: acme\nsource: data\nstore: store\ndata_until: 2026-01-01\n"
SAID = (0.0, 0.004, 0.5, 0.999, 1.0, 1.5, 2.0, 59.6, 120.0, 1234.5, 1e9, None)  # values that sentences are tried with
MACHINE_WORDS = re.compile(r"[{}]|\bnan\b|\binf\b|\bNone\b|--|-0( |$)|  ")
ENGLISH_WORDS = re.compile(r"\b(the|under|over|less|than|once|twice|times|users?|seats?|days?|hours?|functions?|EUR)\b")


def words(folder: Path, text: str) -> Catalog:
    path = folder / "words.yaml"
    path.write_text(text, encoding="utf-8")
    return worded(catalog(), path)


def said(whole: Catalog, name: str, **row: float | str | None) -> str | None:
    return sentence(whole.signal(name), row, whole, "EUR")


# what changes ------------------------------------------------------------------------------------------------------


def test_a_sentence_a_label_and_a_title_are_the_projects_and_all_else_is_as_it_was(tmp_path: Path) -> None:
    made = words(
        tmp_path,
        """
        signals:
          seats: {label: Licences bought, value: "They hold {value} and use {active_users}"}
        triggers:
          approaching_seat_ceiling: {label: Nearly full}
        families: {seats: Licences}
        """,
    )
    assert said(made, "seats", seats=25.0, active_users=1.0) == "They hold 25 seats and use 1 user"
    assert said(made, "seats", seats=None) == "The number of seats is not known"
    assert made.signal("seats").label == "Licences bought"
    assert (made.title("seats"), made.title("value")) == ("Licences", "Value")
    trigger = made.trigger_of("seats")
    assert trigger is not None
    assert (trigger.name, trigger.label) == ("approaching_seat_ceiling", "Nearly full")
    untouched = [one.name for one, before in zip(made.signals, catalog().signals, strict=True) if one is not before]
    assert untouched == ["seats"]
    assert catalog().signal("seats").label == "Licensed seats"


def test_what_is_counted_has_other_names_in_every_sentence_and_in_one_alone(tmp_path: Path) -> None:
    made = words(
        tmp_path,
        """
        signals:
          days_until_renewal: {value: "Die Laufzeit endet in {value} nach {tenure}", units: {days: [Tag, Tagen]}}
          days_near_quota: {value: "Seit {days_until_renewal} oder {value} voll"}
        units: {days: [Tag, Tage]}
        """,
    )
    ends = {days: said(made, "days_until_renewal", days_until_renewal=days, tenure=9.0) for days in (1.0, 3.0)}
    assert ends == {days: f"Die Laufzeit endet in {told} nach 9 Tagen" for days, told in ((1, "1 Tag"), (3, "3 Tagen"))}
    # another sentence that names the same value has a grammar of its own
    assert said(made, "days_near_quota", days_near_quota=2.0, days_until_renewal=3.0) == "Seit 3 Tage oder 2 Tage voll"
    assert said(made, "tenure", tenure=400.0) == "The account has been a customer for 400 Tage"


def test_a_sentence_that_names_another_value_is_not_said_without_it(tmp_path: Path) -> None:
    made = words(tmp_path, 'signals: {seats: {value: "They pay {value} for {active_users}"}}')
    assert said(made, "seats", seats=25.0) is None


def test_words_over_several_lines_are_one_line(tmp_path: Path) -> None:
    made = words(tmp_path, "signals:\n  seats:\n    value: >\n      The licence\n      covers  {value}\n")
    assert said(made, "seats", seats=2.0) == "The licence covers 2 seats"


def test_numbers_are_written_in_the_projects_way(tmp_path: Path) -> None:
    made = words(tmp_path, 'numbers: {decimal: ",", thousands: ".", money: "{number} {currency}"}')
    assert said(made, "mrr", mrr=1234.5) == "The account pays 1.234 EUR a month"
    assert said(made, "nps", nps=8.5) == "The customer's latest likelihood to recommend is 8,5 of 10"


def test_a_dollar_sign_is_a_sign(tmp_path: Path) -> None:
    made = words(tmp_path, "numbers: {currencies: {EUR: '$'}}")
    assert said(made, "mrr", mrr=5.0) == "The account pays $ 5 a month"


# what does not change ----------------------------------------------------------------------------------------------


def test_what_a_csm_can_do_goes_the_way_it_went(tmp_path: Path) -> None:
    lever = words(tmp_path, "signals: {open_tickets: {lever: clear the queue}}").signal("open_tickets").lever
    assert lever is not None
    assert (lever.less, lever.more) == ("clear the queue", "")
    with pytest.raises(SettingsError, match="nothing that a CSM can do about 'mrr'"):
        words(tmp_path, "signals: {mrr: {lever: pay more}}")


def test_the_hash_of_the_catalogue_covers_no_wording() -> None:
    thresholds = Thresholds()
    made = worded(catalog(), EXAMPLE)
    assert made.fingerprint(thresholds) == catalog().fingerprint(thresholds)
    assert [one.name for one in made.signals] == [one.name for one in catalog().signals]
    assert [one.name for one in made.triggers] == [one.name for one in catalog().triggers]


def test_a_trigger_with_another_label_counts_once() -> None:
    made = worded(catalog(), EXAMPLE)
    measures = made.measures(lambda table, columns: True, Thresholds())
    before = catalog().measures(lambda table, columns: True, Thresholds())
    assert [one.name for one in measures.triggers] == [one.name for one in before.triggers]


def test_what_there_is_to_tell_does_not_change() -> None:
    made = worded(catalog(), EXAMPLE)
    for one, before in zip(made.signals, catalog().signals, strict=True):
        for value in (0.0, 1.0, -1.0, None):
            assert tells(one, {one.name: value}) == tells(before, {one.name: value})


def test_a_project_without_words_of_its_own_has_uptiers(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(HEAD)
    settings = read_settings(tmp_path / "acme.yaml")
    assert worded_catalog(settings) is catalog_of(settings) is catalog()


def test_an_empty_part_changes_nothing(tmp_path: Path) -> None:
    made = words(tmp_path, "signals: {}\nnumbers: {}\n")
    assert (made.signals, said(made, "seats", seats=1234.0)) == (catalog().signals, "The licence covers 1,234 seats")


# a whole project ---------------------------------------------------------------------------------------------------

OWN = '''"""Parcels: what is shipped."""

from uptier.signals.signal import Effect, Phrase, Unit, signal


@signal(
    label="Parcels",
    unit=Unit.EVENTS,
    effect=Effect.RAISES,
    phrase=Phrase(value="They ship {value}", missing="Parcels are not known"),
)
def parcels(history):
    """Exports of 28 days.

    NaN where exports are not recorded.
    """
    return history.events("export", last=28)
'''


def test_the_verbs_of_a_project_speak_its_words_also_of_its_own_signals(tmp_path: Path) -> None:
    (tmp_path / "parcels.py").write_text(OWN)
    (tmp_path / "acme.yaml").write_text(f"{HEAD}signals: {{extra: [parcels.py]}}\nwording: ./words.yaml\n")
    text = """
    signals:
      parcels: {label: Pakete, value: "Verschickt: {value}", units: {events: [Paket, Pakete]}}
      seats: {label: Plätze, value: "Die Lizenz umfasst {value}"}
    families: {seats: Lizenzen, parcels: Versand}
    triggers: {approaching_seat_ceiling: {label: Die Plätze werden knapp}}
    """
    (tmp_path / "words.yaml").write_text(text, encoding="utf-8")
    whole = Project(tmp_path / "acme.yaml").catalog()
    assert said(whole, "parcels", parcels=1.0) == "Verschickt: 1 Paket"
    page = called("signals", tmp_path / "acme.yaml", "--catalog")
    assert page.code == 0, page.err
    for shown in (
        "## Lizenzen",
        "### Plätze",
        '- Said as: "Die Lizenz umfasst *value*"',
        "**Trigger: Die Plätze werden knapp** (`approaching_seat_ceiling`)",
        "## Versand",
        "### Pakete",
    ):
        assert shown in page.out
    assert "### Licensed seats" not in page.out


def test_words_that_cannot_be_used_stop_a_verb_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(f"{HEAD}wording: ./words.yaml\n")
    (tmp_path / "words.yaml").write_text("signals:\n  seets: {label: Seats}\n")
    page = called("signals", tmp_path / "acme.yaml", "--catalog")
    assert page.code == SettingsError.exit_code
    assert "words.yaml, line 2, signals.seets" in re.sub(r"\s+", " ", page.err)
    assert "Traceback" not in page.err


# the example that ships --------------------------------------------------------------------------------------------


def test_the_example_says_clean_sentences_without_a_word_of_english() -> None:
    made = worded(catalog(), EXAMPLE)
    changed = [one for one, before in zip(made.signals, catalog().signals, strict=True) if one is not before]
    assert len(changed) > 5
    heard = set()
    for one in changed:
        values = [*SAID, *(-value for value in SAID if value and one.phrase.negative)]
        for value in values:
            row = dict.fromkeys(one.phrase.placeholders() - {"value"}, 5.0) | {one.name: value}
            words = sentence(one, row, made, "EUR")
            assert words is not None
            assert words == " ".join(words.split())
            assert words[0].isupper()
            assert not words.endswith(".")
            assert not MACHINE_WORDS.search(words), words
            assert not ENGLISH_WORDS.search(words), words
            heard.add(words)
    assert "In den letzten 28 Tagen waren 5 Nutzer aktiv: 50 % von 5 Plätzen" in heard
    assert "Vor 5 Tagen hat der Kunde zuletzt gesagt, was ihm fehlt" in heard
    assert "Der Kunde zahlt 1.234 € im Monat" in heard


def test_the_example_names_all_that_is_counted() -> None:
    assert set(worded(catalog(), EXAMPLE).speech.units) == set(COUNTED) == {unit.value for unit in Unit if unit.counts}


def test_the_example_has_every_key_there_is() -> None:
    raw = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert set(raw) == set(Wording.model_fields)
    assert set().union(*raw["signals"].values()) == set(SignalWords.model_fields)
    assert (set(raw["numbers"]), set(raw["dates"])) == (set(Numbers.model_fields), set(Dates.model_fields))


def test_the_guide_shows_a_file_that_can_be_used_and_names_every_key(tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    [shown] = re.findall(r"```yml\n(.*?)```", guide, re.DOTALL)
    made = words(tmp_path, shown)
    assert said(made, "days_until_renewal", days_until_renewal=1200.0) == "Die Laufzeit endet in 1.200 Tagen"
    keys = [f"`signals.NAME.{key}`" for key in SignalWords.model_fields]
    keys += [f"`numbers.{key}`" for key in Numbers.model_fields] + [f"`dates.{key}`" for key in Dates.model_fields]
    keys += [f"`{unit}`" for unit in COUNTED] + ["`brief.PART.NAME`"]
    assert [key for key in keys if key not in guide] == []


def test_the_mistakes_in_the_guide_are_told_as_it_says(tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    lines = {1: "signals:", 8: "  seats:", 11: "  mrr:"}
    lines |= {4: "  seats_utilisation: {label: A}", 9: '    value: "{vlaue}"', 12: "    value: What they pay"}
    lines |= {13: "brief:", 14: "  today:", 16: '    pitch: "{ofer}"', 17: "    hury: Soon"}
    wrong = "\n".join(lines.get(number, "  #") for number in range(1, 18))
    with pytest.raises(SettingsError) as caught:
        words(tmp_path, wrong)
    told = str(caught.value).replace(f"{tmp_path}/", "").splitlines()[:5]
    assert len(told) == 5
    assert [line for line in told if line not in guide.splitlines()] == []
