"""Every signal has the value that plain pandas gives, written apart from the engine: `benchmarks/_pandas`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from uptier.outcomes.snapshots import running_at
from uptier.settings import Settings, read_settings
from uptier.signals.catalog import catalog
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.history import history_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ACCOUNTS, EVENTS = 200, 120_000
FEW = 40  # accounts, looked at in the way that suits few
DATES = [dt.date(2024, 5, 1), dt.date(2024, 8, 1), dt.date(2025, 1, 1)]
RELATIVE = 1e-9
SEED = 7
# such that what is rare, or never fires, in a small world is seen as well
THRESHOLDS = """
thresholds:
  seat_utilisation: 0.25
  power_user_factor: 1.3
  power_user_spread: 0.75
  power_user_days: 5
  power_user_features: 3
  deep_user_days: 3
  growth: 0.05
  limit_errors: 1
  quota_utilisation: 0.5
  gate_crossings: 3
  gate_days: 9
  trial_days_per_week: 1
  next_tier_features: 0.4
  feature_breadth: 0.5
  meter_days: 90
  gap_hours: 300
  milestone_days: 30
  daily_actives: 0.5
"""

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]  # uptier's, pandas', and uptier's of few accounts


@pytest.fixture(scope="module", params=["tidy", "untidy"])
def frames(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """The same looks at one world, as uptier and as pandas see them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        from _bursty import bursty
        from _pandas import pandas_frame

        config = bursty(tmp_path_factory.mktemp("bursty"), accounts=ACCOUNTS, events=EVENTS)
        if request.param == "untidy":
            Untidy(config.parent / "tables").everything()
        config.write_text(config.read_text() + THRESHOLDS)
        settings = read_settings(config)
        tables = _tables(settings)
        looks, rollup = running_at(tables, DATES), usage_rollup(tables)
        ours = catalog().frame(history_of(tables, looks, rollup))
        few = looks[looks["account_id"].isin(looks["account_id"].unique()[:: ACCOUNTS // FEW])]
        ours_of_few = catalog().frame(history_of(tables, few, rollup))
        files = {path.stem: path for path in Path(settings.source).iterdir()}
        in_memory = {name: pd.read_parquet(path) for name, path in files.items()}
        return ours, pandas_frame(in_memory, looks, settings.thresholds), ours_of_few


def _tables(settings: Settings) -> Tables:
    source = connect(settings.source)
    mapped = {name: found for name in CONTRACT if (found := map_table(source, settings, name))}
    return clean(source, settings, mapped, repeated=frozenset())


def test_pandas_gives_every_signal_of_the_catalogue_for_the_same_looks(frames: Frames) -> None:
    ours, theirs, _ = frames
    assert set(theirs.columns) == {"account_id", "as_of", *(one.name for one in catalog().signals)}
    assert len(ours) > ACCOUNTS
    pd.testing.assert_frame_equal(ours[["account_id", "as_of"]], theirs[["account_id", "as_of"]], check_dtype=False)


def test_the_world_shows_every_signal_with_different_values(frames: Frames) -> None:
    ours, _, _ = frames
    same = [one.name for one in catalog().signals if ours[one.name].nunique() < 2]
    assert same == [], "a comparison of what never varies says little"


def test_every_signal_has_the_value_that_pandas_gives(frames: Frames) -> None:
    ours, theirs, _ = frames
    differing = _differing(ours, theirs)
    assert not differing, differing


def test_a_few_accounts_have_the_values_that_pandas_gives(frames: Frames) -> None:
    _, theirs, few = frames
    of_few = theirs[theirs["account_id"].isin(few["account_id"])].reset_index(drop=True)
    assert 0 < len(of_few) == len(few)
    differing = _differing(few, of_few)
    assert not differing, differing


def _differing(ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Name the signals that differ, with some of the rows."""
    found = []
    for one in catalog().signals:
        apart = _apart(ours[one.name], theirs[one.name])
        if apart.any():
            beside = {"uptier": ours[one.name], "pandas": theirs[one.name]}
            rows = ours[["account_id", "as_of"]].assign(**beside)[apart]
            found.append(f"{one.name}: {len(rows)} of {len(ours)}, such as\n{rows.head(3).to_string(index=False)}")
    return "\n".join(found)


def _apart(ours: pd.Series, theirs: pd.Series) -> pd.Series:
    both_missing = ours.isna() & theirs.isna()
    if ours.dtype == object:
        return ~((ours == theirs) | both_missing)
    near = np.isclose(ours, theirs.astype("float64"), rtol=RELATIVE, atol=0.0)
    return ~(pd.Series(near, index=ours.index) | both_missing)


class Untidy:
    """What real tables bring: late rows, ends known early and late, breaks, zeros, gaps, and people without a name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rng = np.random.default_rng(SEED)

    def everything(self) -> None:
        """Bring it to every table."""
        for table in (self.subscriptions, self.addons, self.meter_readings, self.tickets, self.survey_responses):
            self._edit(self.folder / f"{table.__name__}.parquet", table)
        for table in (self.milestones, self.outreach, self.users):
            self._edit(self.folder / f"{table.__name__}.parquet", table)
        for file in sorted((self.folder / "usage_events").iterdir()):
            self._edit(file, self.events)

    def subscriptions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Second subscriptions, breaks and overlaps, leavings, and reasons for some of it."""
        others = rows.drop_duplicates("subscription_id").sample(frac=0.4, random_state=SEED)
        begins = others["valid_from"] + self._days(-60, 60, others)
        others = others.assign(
            subscription_id="other_" + others["subscription_id"],
            valid_from=begins,
            valid_to=begins + self._days(5, 300, others),
        )
        rows = pd.concat([rows, others], ignore_index=True)
        ends = rows["valid_to"]
        ends = ends.mask(self._some(rows, 0.2), ends - self._days(1, 20, rows))
        ends = ends.mask(self._some(rows, 0.1), ends + self._days(1, 20, rows))
        left = ends.isna() & self._some(rows, 0.3)
        ends = ends.mask(left, rows["valid_from"] + self._days(10, 300, rows))
        seats = rows["seats"].astype("Float64").mask(self._some(rows, 0.05), 0)
        return rows.assign(
            valid_to=ends,
            recorded_at=self._late(rows["valid_from"]),
            end_recorded_at=(ends + self._days(-20, 30, rows)).where(self._some(rows, 0.5)),
            change_reason=self._one_of(rows, None, "upgrade", "renewal", "correction", "price_uplift", "true_up"),
            end_reason=self._one_of(rows, None, "merged", "cancelled").where(ends.notna()),
            seats=seats.mask(self._some(rows, 0.05)),
            mrr=rows["mrr"].mask(self._some(rows, 0.05)),
            plan_id=rows["plan_id"].mask(self._some(rows, 0.05)),
            term_end=rows["term_end"].mask(self._some(rows, 0.1)),
        )

    def addons(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Add-ons billed anew, while the one before still ran and after it had ended."""
        again = [rows.assign(valid_from=rows["valid_from"] + self._days(1, most, rows)) for most in (90, 190)]
        rows = pd.concat([rows, *again], ignore_index=True)
        ends = (rows["valid_from"] + self._days(1, 120, rows)).where(self._some(rows, 0.7))
        return rows.assign(
            valid_to=ends,
            recorded_at=self._late(rows["valid_from"]),
            end_recorded_at=(ends + self._days(-20, 30, rows)).where(self._some(rows, 0.5)),
        )

    def meter_readings(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Quotas of single readings, some of them 0, and nothing used."""
        read_at = rows["read_at"] + self._seconds(rows)
        quotas = np.array([np.nan, np.nan, np.nan, 0.0, 300.0, 800.0, 1500.0, 4000.0])
        return rows.assign(
            read_at=read_at,
            recorded_at=self._late(read_at),
            quota=self.rng.choice(quotas, len(rows)),
            value=rows["value"].mask(self._some(rows, 0.05), 0.0),
        )

    def tickets(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Times of day, tickets closed before they were opened, and some without a text."""
        opened = rows["opened_at"] + self._seconds(rows)
        return rows.assign(
            opened_at=opened,
            recorded_at=self._late(opened),
            closed_at=rows["closed_at"] + self._seconds(rows) - pd.Timedelta(hours=12),
            text=rows["text"].mask(self._some(rows, 0.1)),
            escalated=rows["escalated"].astype("Float64").mask(self._some(rows, 0.1)),
        )

    def survey_responses(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Several answers of a day, and answers without a number or a text."""
        rows = rows.assign(
            answered_at=rows["answered_at"] + self._seconds(rows),
            recorded_at=self._late(rows["answered_at"] + pd.Timedelta(days=1)),
            nps=rows["nps"].astype("Float64").mask(self._some(rows, 0.3)),
            text=rows["text"].mask(self._some(rows, 0.1)),
        )
        again = rows.sample(frac=0.2, random_state=SEED)
        again = again.assign(response_id="again_" + again["response_id"], nps=3)
        return pd.concat([rows, again], ignore_index=True)

    def milestones(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Milestones known late."""
        return rows.assign(recorded_at=self._late(rows["reached_at"]))

    def outreach(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Talks known late, and results without a day or the other way about."""
        return rows.assign(
            recorded_at=self._late(rows["contacted_at"]),
            result=rows["result"].mask(self._some(rows, 0.1)),
            result_at=rows["result_at"].mask(self._some(rows, 0.1)),
        )

    def users(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Many who lead, some of whom nobody says when they were invited."""
        return rows.assign(
            role=self._one_of(rows, "member", "champion", "executive"),
            recorded_at=self._late(rows["created_at"]),
            created_at=rows["created_at"].mask(self._some(rows, 0.2)),
        )

    def events(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Events of nobody, one person in many accounts, no feature, and many more late rows."""
        person = rows["user_id"].mask(self._some(rows, 0.03)).mask(self._some(rows, 0.02), "user_0000000")
        late = rows["recorded_at"].mask(self._some(rows, 0.1), rows["recorded_at"] + self._days(1, 60, rows))
        return rows.assign(
            user_id=person,
            feature=rows["feature"].mask(self._some(rows, 0.05)),
            recorded_at=late.mask(self._some(rows, 0.1)),
        )

    def _edit(self, file: Path, edited: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        edited(pd.read_parquet(file)).to_parquet(file, index=False)

    def _some(self, rows: pd.DataFrame | pd.Series, share: float) -> Any:
        return self.rng.random(len(rows)) < share

    def _days(self, first: int, last: int, rows: pd.DataFrame | pd.Series) -> Any:
        return pd.to_timedelta(self.rng.integers(first, last, len(rows)), unit="D")

    def _seconds(self, rows: pd.DataFrame) -> Any:
        return pd.to_timedelta(self.rng.integers(0, 86_400, len(rows)), unit="s")

    def _late(self, moments: pd.Series) -> pd.Series:
        known = moments.mask(self._some(moments, 0.15), moments + self._days(1, 40, moments))
        return known.where(self._some(moments, 0.8))

    def _one_of(self, rows: pd.DataFrame, *values: str | None) -> pd.Series:
        return pd.Series(self.rng.choice(np.array(values, dtype=object), len(rows)), index=rows.index)
