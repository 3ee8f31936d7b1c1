"""The small charts of signals count what there is, are told truly in words, and are light."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from uptier.documentation import distributions as of_distributions
from uptier.documentation.bars import HEIGHT, WIDTH, columns, names
from uptier.documentation.distributions import Limit, Seen, limits_of, seen_in
from uptier.documentation.signals_page import signals_page
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.signal import Unit
from uptier.thresholds import Thresholds

PICTURES = Path(__file__).parents[2] / "docs" / "pictures" / "signals"
MOST_BYTES = 1_500


def drawn(unit: Unit, values: object, limit: Limit | None = None) -> tuple[str, str]:
    """Draw one signal that has a unit."""
    [one] = [one for one in catalog().signals if one.name == {Unit.CATEGORY: "plan"}.get(unit, "active_users")]
    other = type(one)(one.function, label=one.label, unit=unit, effect=one.effect, phrase=one.phrase)
    draw = of_distributions._category if unit is Unit.CATEGORY else of_distributions._number
    return draw(pd.Series(values), other, limit)


def heights(picture: str) -> list[int]:
    return [int(tall) for tall in re.findall(r"h\d+v(\d+)z", picture)]


def test_zeros_and_what_is_not_known_are_told_and_not_drawn() -> None:
    picture, sentence = drawn(Unit.USERS, [0.0] * 5 + [np.nan] * 1 + [1.0, 1.0, 1.0, 2.0])
    assert sentence == "50 % are 0; of the others half or more are 1; not known for 10 %."
    assert heights(picture) == [30, 10]
    assert ">1</text>" in picture
    assert ">2</text>" in picture


def test_the_middle_half_is_told_by_values_that_there_are() -> None:
    _, sentence = drawn(Unit.USERS, [1.0, 1.0, 2.0, 2.0])
    assert sentence == "Half lie from 1 to 2."


def test_shares_are_told_in_percent() -> None:
    picture, sentence = drawn(Unit.SHARE, np.linspace(0.1, 0.9, 101))
    assert sentence == "Half lie from 30 % to 70 %."
    assert ">11 %</text>" in picture
    assert ">89 %</text>" in picture
    assert len(heights(picture)) == 16


def test_the_lowest_and_the_highest_hundredth_are_not_drawn() -> None:
    picture, _ = drawn(Unit.USERS, [*range(1, 200), 1_000_000])
    assert ">1,000,000</text>" not in picture


def test_one_value_needs_no_picture() -> None:
    assert drawn(Unit.USERS, [0.0, 3.0, 3.0, 3.0]) == ("", "25 % are 0; of the others all are 3.")
    assert drawn(Unit.USERS, [0.0, 0.0]) == ("", "100 % are 0.")
    assert drawn(Unit.USERS, [np.nan, np.nan]) == ("", "0 % are 0; not known for 100 %.")


def test_names_stand_by_how_many_there_are_then_by_name() -> None:
    picture, sentence = drawn(Unit.CATEGORY, ["b", "b", "a", "c", *"defgh", None])
    assert sentence == "2 more are not drawn; not known for 10 %."
    assert re.findall(r">([a-h])</text>", picture) == ["b", "a", "c", "d", "e", "f"]
    assert ">20 %</text>" in picture
    assert drawn(Unit.CATEGORY, ["a"])[1] == "Known for all."


def test_a_name_cannot_break_the_picture() -> None:
    assert ElementTree.fromstring(names([("<&\"'>", 0.5)])) is not None


def test_a_line_parts_what_the_trigger_counts_from_what_it_does_not() -> None:
    values = [1.0, 2.0, 2.0, 3.0]
    at = {limit: drawn(Unit.USERS, values, limit)[0] for limit in (Limit(2, least=True), Limit(2, least=False))}
    # three columns of 24 pixels: before the second one, and after it
    assert 'd="M24 0V38"' in at[Limit(2, least=True)]
    assert 'd="M48 0V38"' in at[Limit(2, least=False)]


def test_a_line_that_lies_outside_is_only_told() -> None:
    picture, sentence = drawn(Unit.USERS, [1.0, 2.0], Limit(12, least=True))
    assert "V38" not in picture
    assert sentence == "Half lie from 1 to 2; the trigger asks for 12 or more."


def test_the_limits_of_a_rule_are_found_by_asking_it() -> None:
    limits = {one.name: limits_of(one, Thresholds(gate_days=10)) for one in catalog().triggers}
    assert limits["approaching_seat_ceiling"]["periods_near_ceiling"] == Limit(2, least=True)
    assert limits["unhappy_customer"] == {"nps": Limit(6, least=False)}
    assert limits["reaching_for_next_plan"]["days_since_gate_cluster"] == Limit(10, least=False)
    assert all(limits.values())


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32)), min_size=1))
def test_any_numbers_give_a_light_picture_and_a_sentence(values: list[float | None]) -> None:
    picture, sentence = drawn(Unit.RATIO, pd.Series(values, dtype="float64"))
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0].isdigit()
    if picture:
        assert len(picture.encode()) < MOST_BYTES
        assert ElementTree.fromstring(picture).get("width") == f"{WIDTH}"


def test_what_is_there_at_all_is_seen() -> None:
    assert heights(columns([1, 0, 1_000_000], "a", "b")) == [1, 30]
    assert columns([1], "a", "b").count("\n") < 10
    assert f'height="{HEIGHT}"' in columns([], "", "")


def test_all_of_a_frame_is_looked_at() -> None:
    few = Catalog(
        tuple(one for one in catalog().signals if one.name in ("nps", "plan")),
        tuple(one for one in catalog().triggers if one.name == "unhappy_customer"),
    )
    frame = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d"],
            "as_of": pd.to_datetime(["2026-01-01"] * 2 + ["2025-10-01"] * 2),
            "nps": [6.0, 9.0, 10.0, np.nan],
            "plan": ["team", "team", "solo", None],
        }
    )
    seen = seen_in(frame, few, Thresholds())
    assert seen.looks == "all 4 looks at its accounts on 1 October 2025 and 1 January 2026"
    assert seen.fired == {"unhappy_customer": 0.25}
    assert set(seen.pictures) == set(seen.sentences) == {"nps", "plan"}
    assert seen.sentences["nps"] == "Half lie from 6 to 10; the trigger asks for 6 or less; not known for 25 %."
    page = signals_page(few, Thresholds(), seen)
    assert "![Bars: Plan](pictures/signals/plan.svg)\n\nIn the demo: not known for 25 %." in page
    assert "- In the demo it fires for 25 % of the accounts." in page


def test_a_page_without_a_company_has_no_pictures() -> None:
    page = signals_page(catalog(), Thresholds())
    assert "pictures/signals" not in page
    assert "In the demo" not in page


def test_a_signal_without_a_picture_still_has_its_sentence() -> None:
    few = Catalog(tuple(one for one in catalog().signals if one.name == "nps"), ())
    page = signals_page(few, Thresholds(), Seen("two looks", {}, {"nps": "100 % are 0."}, {}))
    assert "In the demo: 100 % are 0." in page
    assert "![" not in page


def test_the_pictures_on_disk_are_light_whole_and_of_signals_that_there_are() -> None:
    on_disk = sorted(PICTURES.glob("*"))
    assert on_disk, "run `make docs`"
    strays = {path.name for path in on_disk} - {f"{one.name}.svg" for one in catalog().signals}
    assert strays == set(), "pictures of signals that are gone: delete them"
    for path in on_disk:
        assert path.stat().st_size < MOST_BYTES, path.name
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    shown = set(re.findall(r"pictures/signals/(\w+\.svg)", (PICTURES.parents[1] / "signals.md").read_text("utf-8")))
    assert shown == {path.name for path in on_disk}
