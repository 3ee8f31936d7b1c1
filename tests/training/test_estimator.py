from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import estimator_checks_generator

from uptier import PropensityClassifier
from uptier.errors import UptierError

# asks for an environment variable, and we take no arrays of other libraries
CHECKS = [
    check for _, check in estimator_checks_generator(PropensityClassifier()) if "array_api" not in check.func.__name__
]


def drawn(n: int = 600, *, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    seats, plan = rng.normal(50, 20, size=n), rng.choice(["free", "team", "firm"], size=n)
    log_odds = (seats - 50) / 15 + np.where(plan == "team", 1.0, -0.5) - 1
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, size=n), unit="D")
    table = pd.DataFrame({"seats": seats, "plan": plan, "since": day, "trial": rng.random(n) < 0.3})
    table.loc[rng.random(n) < 0.1, "seats"] = np.nan
    table.loc[rng.random(n) < 0.1, "plan"] = None
    label = pd.Series(np.where(rng.random(n) < 1 / (1 + np.exp(-log_odds)), "yes", "no"))
    return table, label


@pytest.fixture(scope="module")
def fitted() -> PropensityClassifier:
    return PropensityClassifier().fit(*drawn())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.func.__name__)
def test_keeps_what_scikit_learn_promises(check: Callable[[PropensityClassifier], None]) -> None:
    check(PropensityClassifier())


def test_tells_classes_apart_on_rows_that_it_did_not_see(fitted: PropensityClassifier) -> None:
    table, label = drawn(seed=1)
    likely = fitted.predict_proba(table)[:, 1]
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert roc_auc_score(label == "yes", likely) > 0.72
    assert likely.mean() == pytest.approx((label == "yes").mean(), abs=0.06)
    assert set(fitted.predict(table)) == {"no", "yes"}


def test_contributions_add_up_to_the_margin(fitted: PropensityClassifier) -> None:
    table, _ = drawn(50, seed=2)
    table.index += 1_000
    contributions = fitted.explain(table)
    assert contributions.columns.tolist() == table.columns.tolist()
    assert contributions.index.equals(table.index)
    sums = contributions.sum(axis=1) + fitted.expected_margin_
    np.testing.assert_allclose(sums, fitted.margin(table), rtol=0, atol=1e-10)
    assert contributions["seats"].abs().mean() > contributions["trial"].abs().mean()
    assert fitted.explain(table[:0]).shape == (0, 4)


def test_calibrated_log_odds_are_those_of_the_probability(fitted: PropensityClassifier) -> None:
    table, _ = drawn(50, seed=2)
    likely = fitted.predict_proba(table)[:, 1]
    np.testing.assert_allclose(fitted.decision_function(table), np.log(likely / (1 - likely)), atol=1e-9)
    np.testing.assert_allclose(fitted.calibrator_(fitted.margin(table)), likely)


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_text_of_any_kind_is_the_same(fitted: PropensityClassifier, kind: str) -> None:
    table, label = drawn()
    again = PropensityClassifier().fit(table.astype({"plan": kind}), label)
    assert again.booster_text_ == fitted.booster_text_
    np.testing.assert_array_equal(again.predict_proba(table.astype({"plan": kind})), fitted.predict_proba(table))


def test_nullable_and_plain_columns_are_the_same(fitted: PropensityClassifier) -> None:
    table, label = drawn()
    nullable = table.assign(seats=table["seats"].astype("Float64"), trial=table["trial"].astype("boolean"))
    assert PropensityClassifier().fit(nullable, label).booster_text_ == fitted.booster_text_


def test_an_unknown_category_is_like_a_missing_one(fitted: PropensityClassifier) -> None:
    table, _ = drawn(20, seed=3)
    unknown, missing = table.assign(plan="galaxy"), table.assign(plan=None)
    np.testing.assert_array_equal(fitted.predict_proba(unknown), fitted.predict_proba(missing))


def test_a_column_in_which_nothing_is_known_is_ignored(fitted: PropensityClassifier) -> None:
    table, label = drawn()
    nothing = table.assign(nothing=np.nan, code=[f"code {number}" for number in range(len(table))])
    again = PropensityClassifier().fit(nothing, label)
    assert again.ignored_features_ == ["nothing", "code"]
    assert (again.explain(nothing)[["nothing", "code"]] == 0).all(axis=None)
    matrix = np.column_stack([table["seats"], np.full(len(table), np.nan)])
    assert PropensityClassifier().fit(matrix, label).ignored_features_ == ["x1"]


def test_is_the_same_on_any_number_of_threads_and_over_runs(fitted: PropensityClassifier) -> None:
    again = PropensityClassifier(n_jobs=2).fit(*drawn())
    assert again.booster_text_ == fitted.booster_text_
    assert again.calibrator_ == fitted.calibrator_
    np.testing.assert_array_equal(again.out_of_fold_, fitted.out_of_fold_)
    assert PropensityClassifier(random_state=1).fit(*drawn()).booster_text_ != fitted.booster_text_


def test_travels_by_pickle_and_is_cloned(fitted: PropensityClassifier) -> None:
    table, label = drawn()
    travelled = pickle.loads(pickle.dumps(fitted))  # noqa: S301  # our own bytes
    np.testing.assert_array_equal(travelled.predict_proba(table), fitted.predict_proba(table))
    assert clone(fitted).fit(table, label).booster_text_ == fitted.booster_text_


def test_groups_are_held_out_together() -> None:
    # the account tells the label, and nothing else does: rows of an account that was seen say too much
    rng = np.random.default_rng(0)
    account = np.repeat(np.arange(120), 8)
    table = pd.DataFrame({"account": account.astype(float), "noise": rng.normal(size=960)})
    label = rng.integers(0, 2, size=120)[account]
    alone = PropensityClassifier().fit(table, label)
    together = PropensityClassifier().fit(table, label, groups=account)
    assert roc_auc_score(label, alone.out_of_fold_) > 0.75
    assert roc_auc_score(label, together.out_of_fold_) < 0.62


def test_where_nothing_can_be_learnt_every_row_gets_the_rate() -> None:
    rng = np.random.default_rng(0)
    constant = pd.DataFrame({"same": np.ones(200)})
    label = rng.random(200) < 0.3
    model = PropensityClassifier().fit(constant, label)
    assert model.calibrator_ is None
    assert np.unique(model.predict_proba(constant)[:, 1]).tolist() == [label.mean()]


@pytest.mark.parametrize("rows", [12, 30])
def test_few_rows_get_a_small_model(rows: int) -> None:
    table, label = drawn(rows, seed=5)
    model = PropensityClassifier().fit(table, label)
    assert model.depth_ <= 3
    assert model.n_trees_ <= 200
    assert np.isfinite(model.predict_proba(table)).all()


def test_a_constraint_by_name_holds() -> None:
    table, label = drawn()
    model = PropensityClassifier(monotone={"seats": -1}).fit(table, label)
    more = table.assign(seats=table["seats"] + 10)
    assert (model.margin(more) <= model.margin(table) + 1e-12).all()


def test_dates_and_numbers_may_be_texts() -> None:
    table, label = drawn()
    seats = table["seats"].map("{:.6f}".format).where(table["seats"].notna())
    texts = table.assign(since=table["since"].dt.strftime("%Y-%m-%d"), seats=seats)
    model, plain = PropensityClassifier().fit(texts, label), PropensityClassifier().fit(table, label)
    np.testing.assert_allclose(model.predict_proba(texts), plain.predict_proba(table), atol=1e-3)


REFUSED = {
    "infinity": (lambda table, label: (table.assign(seats=np.inf), label), "Columns hold infinity: seats"),
    "one class": (lambda table, label: (table, label.map(lambda _: "no")), "only one class"),
    "three classes": (lambda table, label: (table, label.mask(label.index == 5, "maybe")), "Found: 3 classes"),
    "no label": (lambda table, label: (table, label.mask(label.index == 5)), "contains NaN"),
    "one row of a class": (lambda table, label: (table, label.index == 5), "2 rows at least"),
    "numbers": (lambda table, label: (table, np.linspace(0, 1, len(table))), "continuous"),
    "same name": (lambda table, label: (table.set_axis(["a", "b", "b", "c"], axis=1), label), "share a name: b"),
    "too few labels": (lambda table, label: (table, label[:-1]), "one label for each row"),
    "no rows": (lambda table, label: (table[:0], label[:0]), "nothing to learn"),
}


@pytest.mark.parametrize("which", REFUSED)
def test_says_what_it_cannot_learn_from(which: str) -> None:
    made, words = REFUSED[which]
    with pytest.raises(ValueError, match=words) as refused:
        PropensityClassifier().fit(*made(*drawn(60)))
    assert isinstance(refused.value, UptierError)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"monotone": {"seat": 1}}, "not there: seat"),
        ({"monotone": [1]}, "1 for 4 columns"),
        ({"calibration": "spline"}, "spline"),
    ],
)
def test_says_which_parameter_is_wrong(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PropensityClassifier(**wrong).fit(*drawn(60))


def test_text_where_numbers_were_is_refused_without_its_value(fitted: PropensityClassifier) -> None:
    table, _ = drawn(20)
    with pytest.raises(ValueError, match="'seats' must hold numbers") as refused:
        fitted.predict(table.assign(seats="secret"))
    assert "secret" not in str(refused.value)


def test_is_imported_only_when_asked_for() -> None:
    asked = "print('sklearn' in sys.modules)"
    program = f"import sys, uptier; {asked}; uptier.PropensityClassifier; {asked}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
