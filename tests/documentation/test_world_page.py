"""The page on simulated worlds: its figures are those of the tables, its pictures light and always the same."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from tests.simulate import anchors
from uptier.documentation import world_page as of_world
from uptier.documentation.world.aftermath import IN_NEED, WITHOUT
from uptier.documentation.world.drawing import COLOURS, milliseconds
from uptier.documentation.world.figures import CASES, FUNNEL, Figures, figures_of
from uptier.documentation.world.intervals import by_account, clustered, ratio, wilson
from uptier.documentation.world.life import LEAST_SEATS
from uptier.documentation.world.life_picture import SHAPES
from uptier.documentation.world.measured import measured, on_standard
from uptier.documentation.world.pictures import pictures
from uptier.documentation.world.rates import win_rates
from uptier.documentation.world.svg import tidy
from uptier.documentation.world.tables import TYPES, happens
from uptier.errors import UptierError
from uptier.simulate.chain import AXES
from uptier.simulate.presets import PRESETS, Parameters, with_changes
from uptier.simulate.world import World, simulate

ROOT = Path(__file__).parents[2]
MOST_BYTES = 60_000
MONTHS = 15  # so that there are windows of a whole year


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulate(preset="demo", seed=3, accounts=200, months=MONTHS, out=tmp_path_factory.mktemp("worlds") / "three")


@pytest.fixture(scope="module")
def figures(world: World) -> Figures:
    return figures_of(world.folder, world.data_until)


@pytest.fixture(scope="module")
def drawn(figures: Figures) -> dict[str, str]:
    return pictures(figures)


def test_rates_are_those_that_the_anchors_are_checked_with(world: World, figures: Figures) -> None:
    base = anchors.opened(world.folder)
    shares = anchors.win_rates(base)
    year = anchors.retention(base, since=dt.date(2025, 1, 1), until=world.data_until)
    after = anchors.aftermath(base, until=world.data_until)
    base.close()
    wins = {(one.of, one.started_by): (one.value, one.count) for one in figures.rates if one.what == "win rate"}
    assert wins == {key: (pytest.approx(share.value, abs=1e-4), share.of) for key, share in shares.items()}
    rest = {one.of or one.what: one.value for one in figures.rates if one.what in ("NRR", "churn")}
    assert rest == {
        "NRR": pytest.approx(year["all"], abs=1e-4),
        "upsold": pytest.approx(after.upselled.value, abs=1e-4),
        "timed": pytest.approx(after.timed.value, abs=1e-4),
        "pushed": pytest.approx(after.pushed.value if after.pushed.of else 0.0, abs=1e-4),
        "everybody": pytest.approx(after.base, abs=1e-4),
    }


def test_every_rate_lies_in_its_interval(figures: Figures) -> None:
    assert all(one.low <= one.value <= one.high for one in figures.rates)


def test_the_account_is_chosen_by_its_rule_and_told_from_its_tables(world: World, figures: Figures) -> None:
    life = figures.life
    read = {
        name: pd.read_parquet(world.folder / f"{name}.parquet") for name in ("subscriptions", "usage_events", "truth")
    }
    own = {name: rows[rows["account_id"] == life.account_id] for name, rows in read.items()}
    assert life.seats[0]["seats"] >= LEAST_SEATS
    assert "plan_upgrade" in {one["type"] for one in life.sold}
    assert own["truth"]["as_of"].nunique() == read["truth"]["as_of"].nunique()
    week = pd.Timestamp(life.weeks[20]["week"], tz="UTC")
    there = own["usage_events"][own["usage_events"]["occurred_at"].between(week, week + pd.Timedelta(days=7), "left")]
    assert life.weeks[20]["active"] == there["user_id"].nunique()
    assert all(one["active"] <= one["month"] for one in life.weeks)
    assert week.weekday() == 0
    truth = own["truth"].set_index("as_of")
    for band in life.states:
        assert truth.loc[pd.Timestamp(band["begin"]), band["axis"]] == band["state"]


def test_events_of_all_regions_add_up(world: World, figures: Figures) -> None:
    assert {one["region"] for one in figures.days} == {"americas", "europe", "asia-pacific"}
    for region in {one["region"] for one in figures.days}:
        assert sum(one["share"] for one in figures.hours if one["region"] == region) == pytest.approx(1, abs=0.01)
    working = [one["events"] for one in figures.days if not one["weekend"]]
    weekend = [one["events"] for one in figures.days if one["weekend"]]
    assert len(working) + len(weekend) == 3 * 365
    assert sum(weekend) / len(weekend) < 0.3 * sum(working) / len(working)


def test_true_chances_rise_from_tenth_to_tenth_and_contact_raises_upsells(figures: Figures) -> None:
    for outcome in {one["outcome"] for one in figures.calibration}:
        chances = [one["true"] for one in figures.calibration if one["outcome"] == outcome]
        assert chances == sorted(chances)
    chance = {(one["outcome"], one["state"], one["case"]): one["chance"] for one in figures.cases}
    assert chance["plan_upgrade", "strong", CASES["_contacted"]] > chance["plan_upgrade", "strong", CASES[""]]
    assert chance["plan_upgrade", "strong", CASES[""]] > chance["plan_upgrade", "strong", CASES["_never_contacted"]]


def test_pictures_are_light_whole_and_hold_the_figures(drawn: dict[str, str], figures: Figures) -> None:
    for name, text in drawn.items():
        assert len(text.encode()) < MOST_BYTES, name
        ElementTree.fromstring(text)
        assert "NaN" not in text, name
        assert "undefined" not in text, name
    for row in figures.funnel:
        assert f">{row['count']:,} (" in drawn["world-funnel.svg"]
    assert {row["stage"] for row in figures.funnel} == set(FUNNEL)
    assert {row["type"] for row in figures.funnel} == set(TYPES)
    assert all(one["label"] in drawn["world-account.svg"] for one in figures.life.sold)


def test_a_picture_drawn_again_is_the_same_to_the_byte(drawn: dict[str, str], figures: Figures) -> None:
    assert pictures(figures) == drawn


def test_names_and_digits_of_an_svg_do_not_depend_on_what_was_drawn_before() -> None:
    mark = '<g clip-path="url(#clip7)" role="x"><path d="M1.23456,2e3L-0.5001,4.5"/></g>'
    text = f'<svg>{mark}<defs><clipPath id="clip7"/></defs></svg>'
    assert tidy(text).splitlines() == [
        "<svg>",
        '<g clip-path="url(#part-0)">',
        '<path d="M1.23,2e3L-0.5,4.5"/></g>',
        '<defs><clipPath id="part-0"/></defs></svg>',
    ]
    assert tidy(text.replace("clip7", "clip12")) == tidy(text)


def test_no_picture_is_left_that_no_page_shows() -> None:
    text = (ROOT / "docs" / "world.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "docs" / "pictures").iterdir() if path.is_file()}
    assert there == set(re.findall(r"\]\(pictures/([^)]+)\)", text))


def test_an_axis_that_is_not_described_is_refused_before_a_world_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AXES, "weather", ("dry", "wet"))
    monkeypatch.setattr(of_world, "made", lambda: pytest.fail("a world was made"))
    with pytest.raises(UptierError, match="Axis weather is not documented"):
        of_world.world_page(ROOT)


def test_the_example_of_changes_can_be_read(tmp_path: Path) -> None:
    [example] = re.findall(r"```yml\n(.*?)```", of_world.OWN, re.DOTALL)
    (tmp_path / "changes.yaml").write_text(example, encoding="utf-8")
    changed = with_changes(Parameters(), tmp_path / "changes.yaml", {})
    assert changed != Parameters()


def test_every_preset_stands_on_the_page() -> None:
    text = (ROOT / "docs" / "world.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | {preset.about} |" in text for name, preset in PRESETS.items())


def test_measured_figures_stand_on_the_page_once_there_are_some(tmp_path: Path) -> None:
    assert sum("Not measured yet" in line for line in measured(tmp_path)) == 2
    assert on_standard(tmp_path) == {}
    truth = {
        "sizes": {"worlds": 3, "accounts": 800},
        "seed": [1, 2, 3],
        "figures": {
            "jitter": 0.0,
            "churn": {"worlds_learnt": 3, "oracle_auc": {"median": 0.8512}, "ours_share": {"median": 0.5}},
            "value": {"of_oracle_uptier": {"median": 0.84}, "of_oracle_random": {"median": 0.746}},
        },
    }
    giveaway = {
        "sizes": {"preset": "standard", "accounts": 5000},
        "seed": 11,
        "figures": {
            "failed": [],
            "churn": {
                "oracle": 0.8,
                "columns": {"tickets.priority": 0.61},
                "signals": {"nps": 0.62},
                "signal_share": 0.4,
                "logistic_share": 0.7,
            },
        },
        "bounds": {
            "oracle": {"churn": [0.7, 0.88]},
            "column_at_most": {"churn": 0.7},
            "signal_share_at_most": 0.65,
            "logistic_share_at_most": 0.92,
        },
    }
    found = {
        "figures": {
            "win_rates": {"add_on signal": {"share": 0.4}},
            "signal_over_calendar": 2.0,
            "retention": 1.1,
            "after_upsell": {"upselled": {"share": 0.05}, "base": 0.08},
        }
    }
    for name, line in (("truth", truth), ("giveaway", giveaway), ("anchors", found)):
        (tmp_path / f"{name}.json").write_text(json.dumps(line), encoding="utf-8")
    text = "\n".join(measured(tmp_path))
    assert "| `churn` | 0.851 |  | 0.50 |  |  |  |" in text
    assert "| uptier | at random |\n|---|---|\n| 0.84 | 0.75 |" in text
    assert "`value`" not in text
    assert "| `churn` | 0.800 (0.7 to 0.88) | 0.610 (at most 0.7), tickets.priority |" in text
    assert "Not measured yet" not in text
    assert on_standard(tmp_path) == {
        ("win rate", "add_on", "signal"): 0.4,
        ("times as often", "", ""): 2.0,
        ("NRR", "", ""): 1.1,
        ("churn", "upsold", ""): 0.05,
        ("churn", "everybody", ""): 0.08,
    }


def test_intervals_are_those_of_the_books() -> None:
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)  # as scipy and statsmodels give it
    assert wilson(0, 0) == (0.0, 1.0)
    value, low, high = ratio(20, 100, 10, 100)
    assert (value, low, high) == pytest.approx((2.0, 0.9866, 4.0545), abs=1e-3)
    # each account twice: as sure as if each counted once
    residuals = pd.Series([1.0, 1.0, -1.0, -1.0]).to_numpy()
    assert clustered(by_account(pd.Series(["a", "a", "b", "b"]), residuals), 4) == pytest.approx(8**0.5 / 4)


def test_something_happens_within_a_window_but_not_at_its_end() -> None:
    day = pd.Timestamp("2025-01-01")
    events = pd.DataFrame({"account_id": ["a", "b", "z"], "day": [day, day + pd.Timedelta(days=9), day]})
    asked = pd.Series(["a", "b", "c"])
    days = pd.Series([day, day, day])
    assert happens(events, asked, days, 0, 9).tolist() == [True, False, False]
    assert happens(events, asked, days, 1, 10).tolist() == [False, True, False]


def test_a_win_rate_counts_what_is_won_and_lost_and_nothing_that_is_open() -> None:
    calls = pd.DataFrame(
        {
            "account_id": list("aabbc"),
            "upsell_type": "add_on",
            "started_by": ["named_gap", "named_gap", "calendar", "named_gap", "named_gap"],
            "result": ["won", "lost", "lost", "open", "won"],
        }
    )
    rates = {(one.of, one.started_by): (round(one.value, 3), one.count) for one in win_rates(calls)}
    assert rates["add_on", "signal"] == (0.667, 3)
    assert rates["add_on", "calendar"] == (0.0, 1)


def test_upsells_have_a_shape_and_a_colour_each_and_a_need_that_they_answer() -> None:
    assert set(SHAPES) == set(COLOURS) == set(IN_NEED) == set(WITHOUT)
    assert len(set(SHAPES.values())) == len(set(COLOURS.values())) == len(SHAPES)
    assert milliseconds("1970-01-02") == 86_400_000
