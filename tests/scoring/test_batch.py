"""A scorecard: one row an account, the right figures in it, and an order that does not depend on the input's."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from tests.explanation.tiny import AS_OF, CATALOG, bundle, facts, frame, settings
from uptier.errors import ModelError, ScoringError
from uptier.explanation.reasons import fired_triggers
from uptier.model import points as points_model
from uptier.scoring.batch import SUMS, columns, score, score_blocks
from uptier.settings import CONVERSIONS, OUTCOMES
from uptier.thresholds import Thresholds


def scored(rows=None, *, model=bundle, about=None, **scoring):
    rows = frame(200) if rows is None else rows
    chosen = model() if model else None
    about = facts(rows) if about is None else about
    return score(rows, about, chosen, CATALOG, settings(**scoring), as_of=AS_OF, version="3" if chosen else None)


def test_every_account_has_one_row_with_all_columns_in_their_types():
    rows = frame(200)
    for card in (scored(rows), scored(rows, model=None)):
        assert list(card.columns) == list(columns())
        assert sorted(card["account_id"]) == sorted(rows["account_id"])
        kinds = {"str": "str", "float": "float64", "int": "int64", "datetime": "datetime64[us]"}
        assert {name: str(kind) for name, kind in card.dtypes.items()} == {
            name: kinds[kind.__name__] for name, kind in columns().items()
        }


def test_probabilities_are_those_of_the_bundle():
    rows = frame(50)
    card = scored(rows).set_index("account_id").loc[rows["account_id"]]
    wanted = bundle().probabilities(rows)
    for outcome in OUTCOMES:
        assert card[f"p_{outcome}"].to_numpy() == pytest.approx(wanted[outcome].to_numpy(), abs=1e-12)
    assert set(card["basis_post_upsell_churn"]) == {"pooled rate"}
    assert set(card["basis_churn"]) == {"model"}
    any_of = 1 - (1 - wanted[list(CONVERSIONS)]).prod(axis=1)
    assert card["p_any"].to_numpy() == pytest.approx(any_of.to_numpy())


def test_base_context_and_points_in_a_row_add_up_to_its_best_probability():
    card = scored()
    names = [f"{place}_points" for place in ("reason_1", "reason_2", "reason_3", "against_1", "against_2")]
    whole = card[[*names, "base_points", "context_points", "other_points"]].sum(axis=1)
    best = card.apply(lambda row: row[f"p_{row['best_type']}"], axis=1)
    assert np.abs(whole - best).max() < 1e-6


def test_rank_follows_priority_and_priority_its_two_factors():
    card = scored()
    assert card["rank"].tolist() == list(range(1, 201))
    assert card["priority"].is_monotonic_decreasing
    assert card["priority"].to_numpy() == pytest.approx((card["p_any"] * card["gain_arr"]).to_numpy())
    gains = card["best_type"].map(bundle().gains)
    assert card["gain_arr"].to_numpy() == pytest.approx((12 * card["mrr"] * gains).to_numpy())


@pytest.mark.parametrize("model", [bundle, None])
def test_the_order_of_the_rows_given_changes_nothing(model):
    rows = frame(200)
    rows["mrr"] = 1000.0  # many ties under rules
    shuffled = rows.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(scored(rows, model=model), scored(shuffled, model=model))


def test_what_was_passed_is_not_changed():
    rows = frame(20)
    about = facts(rows)
    before = rows.copy(), about.copy()
    scored(rows, about=about)
    pd.testing.assert_frame_equal(rows, before[0])
    pd.testing.assert_frame_equal(about, before[1])


def test_the_points_model_stands_beside_the_probabilities():
    rows = frame(50)
    card = scored(rows).set_index("account_id").loc[rows["account_id"]]
    earned = points_model.points(rows, Thresholds())
    assert card["points"].tolist() == earned.tolist()
    assert card["tier"].tolist() == points_model.tier(earned).tolist()


def test_fired_triggers_are_named_by_their_codes():
    rows = frame(50)
    card = scored(rows).set_index("account_id")
    fired = fired_triggers(rows, CATALOG, Thresholds()).set_index(rows["account_id"])
    wanted = {account: ",".join(fired.columns[row]) for account, row in zip(fired.index, fired.to_numpy(), strict=True)}
    assert card["triggers_fired"].to_dict() == wanted


def test_a_pitch_has_a_fired_trigger_that_opens_its_type_and_a_positive_value():
    card = scored(frame(500))
    opens = {trigger.name: trigger.opens for trigger in CATALOG.triggers}
    pitched = card[card["action"] == "pitch"]
    assert len(pitched) > 10
    for row in pitched.itertuples():
        assert row.best_type in {opens[code] for code in row.triggers_fired.split(",")}
        assert row.expected_value > 0
    assert (card.loc[card["action"] == "protect", "p_churn"] >= 0.25).all()


def test_an_open_opportunity_and_a_missing_first_value_hold_back_a_pitch():
    rows = frame(300)
    pitched = scored(rows).query("action == 'pitch'")["account_id"]
    about = facts(rows)
    held = about["account_id"].isin(pitched)
    talking = scored(rows, about=about.assign(open_opportunity=held)).set_index("account_id").loc[pitched]
    assert set(talking["action"]) == {"leave alone"}
    early = scored(rows, about=about.assign(before_first_value=held)).set_index("account_id").loc[pitched]
    assert set(early["action"]) == {"nurture first"}


def test_a_pooled_head_gives_fired_triggers_without_points():
    card = scored(model=lambda: bundle(pooled=("plan_upgrade", "post_upsell_churn")))
    pooled = card[card["best_type"] == "plan_upgrade"]
    assert len(pooled) > 10
    assert set(pooled["basis"]) == {"pooled rate"}
    assert pooled[["reason_1_points", "base_points", "other_points"]].isna().all(axis=None)
    assert set(pooled["reason_1_code"].dropna()) == {"quota_nearly_used_up", "feature_tier_crossings"}
    assert pooled["against_1"].isna().all()


def test_under_rules_there_is_no_probability_and_points_rank():
    card = scored(model=None)
    assert set(card["basis"]) == {"rules"}
    numbers = [name for name in card.columns if name.startswith("p_") or name.endswith("_points")]
    assert card[[*numbers, "priority", "expected_value", "gain_arr"]].isna().all(axis=None)
    assert card["model_version"].isna().all()
    assert card["points"].is_monotonic_decreasing
    ties = card.groupby("points")["account_id"]
    assert all(group.is_monotonic_increasing for _, group in ties)
    assert card["reason_1"].notna().sum() > 100


def test_facts_that_are_not_known_are_left_empty():
    rows = frame(20)
    card = scored(rows, about=facts(rows)[["account_id"]])
    assert card[["account_name", "owner", "mrr", "gain_arr", "expected_value"]].isna().all(axis=None)
    assert set(card["action"]) <= {"leave alone", "protect"}


def test_incrementality_left_out_for_a_type_keeps_its_default():
    low = scored(incrementality={"seat_expansion": 0.1})
    assert low["expected_value"].notna().all()


def test_no_account_is_an_error_a_person_can_act_on():
    with pytest.raises(ScoringError, match="no account to score at 2026-03-01"):
        scored(frame(0), about=facts(frame(1)).iloc[:0])


def test_facts_about_other_accounts_are_refused():
    rows = frame(20)
    with pytest.raises(ScoringError, match="do not stand in the order"):
        scored(rows, about=facts(rows).iloc[::-1])


def test_a_model_of_other_signals_is_refused():
    class Other(type(CATALOG)):
        def fingerprint(self, thresholds):
            return "other"

    rows = frame(5)
    other = Other(CATALOG.signals, CATALOG.triggers)
    with pytest.raises(ModelError, match="trained on other signals"):
        score(rows, facts(rows), bundle(), other, settings(), as_of=AS_OF, version="3")


def test_a_thousand_accounts_take_about_a_second():
    rows = frame(1000)
    scored(rows)  # once, so that the trees are parsed
    spent = []
    for _ in range(2):
        began = time.process_time()
        scored(rows)
        spent.append(time.process_time() - began)
    assert min(spent) < 2


@pytest.mark.parametrize("model", [True, False])
def test_blocks_give_what_the_whole_gives(model):
    rows = frame(90)
    given = {"as_of": AS_OF, "version": "3" if model else None}
    told = bundle() if model else None
    whole = score(rows, facts(rows), told, CATALOG, settings(), **given)
    parts = [rows.iloc[:1], rows.iloc[1:1], rows.iloc[1:40], rows.iloc[40:]]
    in_parts = score_blocks(
        lambda: [part.reset_index(drop=True) for part in parts], facts,
        told, CATALOG, settings(), **given,
    )  # fmt: skip
    pd.testing.assert_frame_equal(in_parts, whole)


def test_reasons_are_given_from_the_first_rank_on_as_far_as_asked():
    rows = frame(90)
    given = {"as_of": AS_OF, "version": "3"}
    whole = score(rows, facts(rows), bundle(), CATALOG, settings(), **given)
    top = score_blocks(lambda: [rows], facts, bundle(), CATALOG, settings(), **given, explained_share=0.1)
    reasons = [name for name in whole if name.startswith(("reason_", "against_")) or name in SUMS]
    pd.testing.assert_frame_equal(top.iloc[:9], whole.iloc[:9])
    assert top[reasons].iloc[9:].isna().all(axis=None)
    pd.testing.assert_frame_equal(top.drop(columns=reasons), whole.drop(columns=reasons))
