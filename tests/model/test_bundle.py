from __future__ import annotations

import datetime as dt
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.errors import ModelError, StoreError
from uptier.model.bundle import Bundle, Head
from uptier.model.calibrator import Beta, Calibrator, Isotonic
from uptier.model.reliability import ReliabilityBin
from uptier.training.training import train


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    project = settings(tmp_path_factory.mktemp("bundle"), min_fit_positives=20, min_test_positives=10)
    examples = {
        "seat_expansion": drawn_examples("seat_expansion", accounts=250),
        "churn": drawn_examples("churn", accounts=10, seed=1),
    }
    return train(examples, CATALOG, project, gains={"seat_expansion": 0.3}, data_hashes={}, warnings=[]).bundle


@pytest.fixture
def frame() -> pd.DataFrame:
    """Rows with nulls and a category that training never saw."""
    rows = drawn_examples(accounts=40, seed=5).frame
    rows.loc[::3, "growth"] = np.nan
    rows.loc[::7, "segment"] = "gigantic"
    return rows


def test_fitted_and_pooled_heads_stand_side_by_side(bundle: Bundle, frame: pd.DataFrame) -> None:
    probabilities = bundle.probabilities(frame)
    assert list(probabilities) == ["seat_expansion", "churn"]
    assert bundle.fitted == ("seat_expansion",)
    assert probabilities["churn"].unique().tolist() == [bundle.heads["churn"].base_rate]
    assert probabilities["seat_expansion"].between(0, 1).all()
    assert probabilities["seat_expansion"].nunique() > 50


def test_saved_bundle_is_the_same_in_any_order_of_columns(bundle: Bundle, frame: pd.DataFrame, tmp_path: Path) -> None:
    loaded = Bundle.load(bundle.save(tmp_path / "models" / "one"))
    shuffled = frame[sorted(frame.columns, reverse=True)].assign(more=1.0)
    assert loaded == bundle
    np.testing.assert_allclose(loaded.probabilities(shuffled), bundle.probabilities(frame), rtol=0, atol=1e-12)
    assert {path.suffix for path in (tmp_path / "models" / "one").iterdir()} == {".json", ".txt"}


def test_saving_again_replaces_the_whole_folder(bundle: Bundle, tmp_path: Path) -> None:
    bundle.save(tmp_path / "one")
    pooled = replace(bundle, heads={name: head.pooled("for a test") for name, head in bundle.heads.items()})
    assert Bundle.load(pooled.save(tmp_path / "one")) == pooled
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["bundle.json"]


def test_a_bundle_travels_by_pickle_to_other_processes(bundle: Bundle) -> None:
    assert pickle.loads(pickle.dumps(bundle)) == bundle  # noqa: S301  # our own bytes


def test_an_unseen_category_is_like_none(bundle: Bundle, frame: pd.DataFrame) -> None:
    unseen, none = frame.assign(segment="gigantic"), frame.assign(segment=None)
    assert bundle.probabilities(unseen).equals(bundle.probabilities(none))


def test_text_of_any_pandas_type_is_the_same(bundle: Bundle, frame: pd.DataFrame) -> None:
    expected = bundle.matrix(frame)
    for kind in ("object", "str", "category", "string"):
        np.testing.assert_array_equal(bundle.matrix(frame.assign(segment=frame["segment"].astype(kind))), expected)


def test_contributions_add_up_to_the_margin(bundle: Bundle, frame: pd.DataFrame) -> None:
    contributions, expected = bundle.contributions(frame, "seat_expansion")
    margins = bundle.margins(frame)["seat_expansion"]
    assert list(contributions) == [signal.name for signal in bundle.signals]
    np.testing.assert_allclose(contributions.sum(axis=1) + expected, margins, rtol=0, atol=1e-10)
    assert expected == bundle.heads["seat_expansion"].expected_margin
    assert contributions["growth"].abs().mean() > contributions["noise"].abs().mean()


def test_no_rows_give_no_rows(bundle: Bundle, frame: pd.DataFrame) -> None:
    contributions, expected = bundle.contributions(frame[:0], "seat_expansion")
    assert bundle.probabilities(frame[:0]).shape == (0, 2)
    assert contributions.shape == (0, len(bundle.signals))
    assert expected == bundle.heads["seat_expansion"].expected_margin


def test_missing_columns_are_named(bundle: Bundle, frame: pd.DataFrame) -> None:
    with pytest.raises(ModelError) as refused:
        bundle.probabilities(frame.drop(columns=["growth", "segment"]))
    assert str(refused.value) == (
        "The frame lacks 2 of the 12 signals of the model: growth, segment.\n"
        "Form the frame with the catalogue that the model was trained on; a value that is not known is NaN."
    )


def test_text_where_numbers_belong_is_refused_without_its_value(bundle: Bundle, frame: pd.DataFrame) -> None:
    for kind in ("str", "object"):
        with pytest.raises(ModelError, match="'growth' must hold numbers") as refused:
            bundle.matrix(frame.assign(growth=pd.Series(["secret value"] * len(frame), dtype=kind)))
        assert "secret" not in str(refused.value)


def test_infinite_values_are_refused(bundle: Bundle, frame: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="infinite values: growth"):
        bundle.matrix(frame.assign(growth=np.inf))


def test_a_pooled_head_has_no_contributions(bundle: Bundle, frame: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match=r"'churn' has no fitted head in this model\. Too few cases"):
        bundle.contributions(frame, "churn")


def test_another_catalogue_is_refused(bundle: Bundle) -> None:
    bundle.require_catalogue(bundle.catalogue_hash, {})
    with pytest.raises(ModelError, match=r"trained on other signals[\s\S]*feedfeedfeed[\s\S]*uptier train"):
        bundle.require_catalogue("feedfeedfeedfeed", bundle.thresholds)


def test_thresholds_that_have_changed_since_are_named(bundle: Bundle) -> None:
    trained = replace(bundle, thresholds={"gate_days": 14, "seat_utilisation": 0.85, "words": {"a": 1}})
    with pytest.raises(ModelError) as refused:
        trained.require_catalogue(
            "feedfeedfeedfeed", {"gate_days": 14, "seat_utilisation": 0.7, "power_user_spread": 2}
        )
    told = str(refused.value)
    assert "thresholds.power_user_spread nothing, now 2; " in told
    assert "thresholds.seat_utilisation 0.85, now 0.7; " in told
    assert 'thresholds.words {"a": 1}, now nothing; ' in told
    assert "gate_days" not in told
    silent = replace(bundle, thresholds={})
    with pytest.raises(ModelError, match="catalogue feedfeed; ") as refused:
        silent.require_catalogue("feedfeed", {"gate_days": 14})
    assert "thresholds." not in str(refused.value)


@pytest.mark.parametrize("name", ["bundle.json", "seat_expansion.txt"])
def test_a_missing_file_is_named(bundle: Bundle, tmp_path: Path, name: str) -> None:
    folder = bundle.save(tmp_path / "one")
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"lacks the file {name}"):
        Bundle.load(folder)


@pytest.mark.parametrize("name", ["bundle.json", "seat_expansion.txt"])
def test_a_damaged_file_is_named(bundle: Bundle, tmp_path: Path, name: str) -> None:
    path = bundle.save(tmp_path / "one") / name
    path.write_text(path.read_text()[:-200])
    with pytest.raises(ModelError, match=f"{name} of the model .* is damaged"):
        Bundle.load(path.parent)


def test_a_bundle_without_a_part_is_damaged(bundle: Bundle, tmp_path: Path) -> None:
    path = bundle.save(tmp_path / "one") / "bundle.json"
    written = json.loads(path.read_text())
    del written["heads"]["churn"]["base_rate"]
    path.write_text(json.dumps(written))
    with pytest.raises(ModelError, match="damaged"):
        Bundle.load(path.parent)


def test_another_form_is_told_from_damage(bundle: Bundle, tmp_path: Path) -> None:
    path = bundle.save(tmp_path / "one") / "bundle.json"
    path.write_text(path.read_text().replace('"schema_version": 3', '"schema_version": 99'))
    with pytest.raises(ModelError, match=r"does not read\.\nFound: schema version 99; this one reads 1, 2, 3"):
        Bundle.load(path.parent)


def test_a_model_of_schema_1_is_read(bundle: Bundle, tmp_path: Path) -> None:
    path = bundle.save(tmp_path / "one") / "bundle.json"
    written = json.loads(path.read_text())
    calibrator = written["heads"]["seat_expansion"]["calibrator"]
    assert calibrator.pop("kind") == "sigmoid"
    path.write_text(json.dumps(written | {"schema_version": 1}))
    assert Bundle.load(path.parent) == bundle


def test_a_model_of_schema_2_is_read_and_has_no_reliability(bundle: Bundle, tmp_path: Path) -> None:
    path = bundle.save(tmp_path / "one") / "bundle.json"
    written = json.loads(path.read_text())
    for head in written["heads"].values():
        del head["reliability"]
    path.write_text(json.dumps(written | {"schema_version": 2}))
    read = Bundle.load(path.parent)
    assert {head.reliability for head in read.heads.values()} == {()}
    # it scores as before, and tells no interval of a fitted head
    assert read.heads["seat_expansion"].interval_of(0.3) is None
    assert replace(bundle, heads={name: replace(one, reliability=()) for name, one in bundle.heads.items()}) == read


def test_reliability_is_kept(bundle: Bundle, tmp_path: Path) -> None:
    seen = (
        ReliabilityBin(lower=0.0, n=100, predicted=0.05, low=0.01, observed=0.04, high=0.08),
        ReliabilityBin(lower=0.2, n=100, predicted=0.3, low=0.25, observed=0.33, high=0.4),
    )
    head = replace(bundle.heads["seat_expansion"], reliability=seen)
    other = replace(bundle, heads=bundle.heads | {"seat_expansion": head})
    loaded = Bundle.load(other.save(tmp_path / "one"))
    assert loaded == other
    assert loaded.heads["seat_expansion"].interval_of(0.3) == pytest.approx((0.25, 0.4))
    assert head.pooled("No.").reliability == ()


@pytest.mark.parametrize("calibrator", [Beta(0.9, 1.2, -0.1), Isotonic((-3.0, 0.0), (-2.0, 0.5), 0.8)])
def test_every_kind_of_calibrator_is_kept(
    bundle: Bundle, frame: pd.DataFrame, tmp_path: Path, calibrator: Calibrator
) -> None:
    head = replace(bundle.heads["seat_expansion"], calibrator=calibrator)
    other = replace(bundle, heads=bundle.heads | {"seat_expansion": head})
    loaded = Bundle.load(other.save(tmp_path / "one"))
    assert loaded == other
    expected = calibrator(bundle.margins(frame)["seat_expansion"].to_numpy())
    np.testing.assert_array_equal(loaded.probabilities(frame)["seat_expansion"], expected)


def test_a_store_that_cannot_be_written_is_said_so(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        bundle.save(tmp_path / "file" / "one")


def test_a_failed_save_leaves_the_last_bundle(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.save(tmp_path / "one")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="No space left"):
        replace(bundle, gains={}).save(tmp_path / "one")
    assert Bundle.load(tmp_path / "one") == bundle
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_head_keeps_its_counts_when_it_is_pooled() -> None:
    head = Head(
        outcome="churn", base_rate=0.2, interval=(0.1, 0.3), n=10, positives=2, positive_accounts=2, trees="tree"
    )
    pooled = head.pooled("Not better than chance.")
    assert not pooled.is_fitted
    assert (pooled.n, pooled.positives, pooled.base_rate, pooled.fallback) == (10, 2, 0.2, "Not better than chance.")
    assert pooled.interval_of(0.2) == (0.1, 0.3)
    assert replace(pooled, n=0).interval_of(0.2) is None


def test_last_fit_date_is_kept(bundle: Bundle) -> None:
    assert bundle.trained_at_as_of == dt.date(2025, 10, 1)  # of all that is known now: it is learnt anew from it
