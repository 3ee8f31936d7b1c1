"""What is said at a listed account is what its brief says; nobody else's talk is filled."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from tests.explanation.tiny import (
    AS_OF,
    CATALOG,
    SIGNALS,
    TRIGGERS,
    TinyCatalog,
    bundle,
    facts,
    frame,
    settings,
    voiced,
)  # fmt: skip
from uptier.scoring.account import briefs
from uptier.scoring.batch import score
from uptier.scoring.talks import talk_words, with_talks
from uptier.scoring.worklist import columns, worklist
from uptier.worklist_settings import WorklistSettings

ROWS = frame(300).assign(days_until_renewal=50.0)
# of some accounts nothing speaks but what they have achieved
ROWS.loc[
    200:,
    ["seat_utilisation", "highest_quota_utilisation", "gate_crossings", "milestones_reached", "health_score"],
] = [0.3, 0.2, 0.0, 4.0, 95.0]
ROWS.loc[200:, ["daily_active_share", "executive_active_days", "plan_name"]] = [0.9, 4.0, "Business"]


def with_capacity(capacity):
    return settings().model_copy(update={"worklist": WorklistSettings(capacity=capacity)})


def listed(model, *, given=None, rows=ROWS, catalog=CATALOG):
    """Give the worklist of the accounts with their talks, and their scorecard."""
    given = given or with_capacity(500)
    about = facts(rows)
    card = score(rows, about, model, catalog, given, as_of=AS_OF, version="3")
    cases = worklist(card, rows, about, catalog, given, as_of=AS_OF, before=None, bundle=model)
    halves = [rows.iloc[:100], rows.iloc[100:]]
    return with_talks(cases, halves, card, catalog, given, as_of=AS_OF, bundle=model), about


# as in the real catalogue, a trigger has the name of a rule of the points model; it asks to act sooner than by default
ALIKE = TinyCatalog(
    SIGNALS,
    tuple(
        dataclasses.replace(
            voiced(
                one.family,
                "success_achieved",
                one.label,
                one.opens,
                one.says,
                lambda frame, _: frame["milestones_reached"] > 1,
            ),
            act_within_days=5,
        )
        if one.name == "outcome_achieved"
        else one
        for one in TRIGGERS
    ),
)


@pytest.mark.parametrize("model", [bundle(), None], ids=["model", "rules"])
@pytest.mark.parametrize("catalog", [CATALOG, ALIKE], ids=["tiny", "alike"])
def test_a_pitch_is_told_as_in_its_brief(model, catalog):
    told, about = listed(model, catalog=catalog)
    pitches = told[told["rank"].notna() & (told["upsell"] != "discovery")]
    assert len(pitches) >= 20
    assert pitches["upsell"].nunique() == 3
    made = briefs(ROWS, about, model, catalog, settings(), as_of=AS_OF, version="3", sources={})
    talks = {one.account_id: one.talk for one in made}
    for row in pitches.to_dict("records"):
        expected = talks[row["account_id"]]
        assert expected is not None
        assert row["talk"] == talk_words(expected)
    assert pitches["talk"].str.contains("\nOption: ").all()


def test_who_has_no_place_has_no_talk():
    told, _ = listed(bundle(), given=with_capacity(3))
    assert (told["talk"].notna() == told["rank"].notna()).all()
    assert told["rank"].isna().any()
    assert {name: str(kind) for name, kind in told.dtypes.items()}["talk"] == "str"
    assert list(told.columns) == list(columns())


def test_a_discovery_talk_offers_nothing():
    quiet = ROWS.head(20).assign(
        seat_utilisation=0.1,
        highest_quota_utilisation=0.1,
        gate_crossings=0.0,
        milestones_reached=0.0,
        usage_growth=0.0,
    )
    told, _ = listed(bundle(), rows=quiet)
    found = told[(told["upsell"] == "discovery") & told["rank"].notna()]
    assert len(found) > 0
    assert found["talk"].str.startswith("The talk: discovery.\n").all()
    assert found["talk"].str.contains("Option: Nothing today.", regex=False).all()


def test_a_projects_own_words_are_said(tmp_path: Path):
    own = tmp_path / "talks.yaml"
    own.write_text("seat_expansion: {name: room to grow, option: ['Offer a trial seat.']}\n", encoding="utf-8")
    told, _ = listed(bundle(), given=settings().model_copy(update={"talks": own}))
    mine = told.loc[told["rank"].notna() & (told["upsell"] == "seat_expansion"), "talk"]
    assert len(mine) > 0
    assert mine.str.startswith("The talk: room to grow.\n").all()
    assert mine.str.contains("Option: Offer a trial seat.\n", regex=False).all()


def test_without_rows_there_is_nothing_to_say():
    told, _ = listed(bundle())
    none = with_talks(told.head(0), [ROWS], pd.DataFrame({"account_id": [], "segment": []}), CATALOG, settings(),
                      as_of=AS_OF, bundle=None)  # fmt: skip
    assert none.empty
