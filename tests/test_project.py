from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.end_to_end.jobs import SMALL
from uptier import Project
from uptier.errors import FindingsError, ModelError, ScoringError, SettingsError, StoreError, TrainingError
from uptier.settings import OUTCOMES
from uptier.signals import frames
from uptier.signals.catalog import catalog

END = dt.date(2026, 1, 1)  # data_until of the small world


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.small_project(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def project(config: Path) -> Project:
    return Project(config)


def other(config: Path, name: str, text: str) -> Path:
    """Write another project over the same world."""
    path = config.with_name(f"{name}.yaml")
    path.write_text(text)
    return path


# checking ------------------------------------------------------------------------------------------------------------


def test_a_yaml_is_read_when_the_project_is_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no file"):
        Project(tmp_path / "none.yaml")


def test_nothing_is_raised_for_what_the_check_finds(config: Path) -> None:
    text = SMALL + "tables: {users: {columns: {role: rank}}}\n"
    findings = Project(other(config, "errors", text)).check()
    assert [one.code for one in findings.errors] == ["column-missing"]


def test_later_steps_stop_at_an_error(config: Path) -> None:
    broken = Project(other(config, "errors", SMALL + "tables: {users: {columns: {role: rank}}}\n"))
    for step in (lambda: broken.frame(END), broken.train, broken.score, lambda: broken.explain("0001")):
        with pytest.raises(FindingsError, match="1 error"):
            step()


def test_an_absent_table_says_which_signals_it_costs(config: Path) -> None:
    (stood_in_for,) = {one.message for one in Project(config).check().all if one.table == "usage_daily"}
    assert "Not available" not in stood_in_for  # by usage_events
    world = config.parent / "world"
    elsewhere = config.with_name("without-tickets")
    elsewhere.mkdir()
    for file in world.glob("*.parquet"):
        if file.stem not in ("tickets", "truth"):
            (elsewhere / file.name).symlink_to(file)
    bare = other(config, "bare", SMALL.replace("./world", "./without-tickets").replace("./store", "./bare-store"))
    (message,) = {one.message for one in Project(bare).check().all if one.table == "tickets"}
    assert "tickets_opened" in message.partition("Not available without it: ")[2]


# signals -------------------------------------------------------------------------------------------------------------


def test_a_frame_has_one_row_for_each_account_and_a_column_for_each_signal(project: Project) -> None:
    frame = project.frame(END)
    assert list(frame.columns) == ["account_id", "as_of", *(one.name for one in catalog().signals)]
    assert frame["account_id"].is_unique
    assert set(frame["as_of"]) == {pd.Timestamp(END)}
    kinds = {one.name: "object" if one.is_category else "float64" for one in catalog().signals}
    assert {name: str(frame[name].dtype) for name in kinds} == kinds


def test_without_a_date_a_frame_has_every_month(project: Project) -> None:
    frame = project.frame()
    months = sorted(frame["as_of"].unique())
    assert months == list(pd.date_range(months[0], END, freq="MS"))
    assert not frame.duplicated(["account_id", "as_of"]).any()
    one = frame[frame["as_of"] == pd.Timestamp(END)].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, project.frame(END))


def test_a_frame_is_written_into_the_store_or_where_it_is_asked_for(project: Project, tmp_path: Path) -> None:
    framed = project.write_frame(END)
    assert framed.path == project.settings.store / "frames" / "dates"
    pd.testing.assert_frame_equal(framed.frame, project.frame(END))
    pd.testing.assert_frame_equal(frames.read(framed.path, [END]), framed.frame)
    elsewhere = project.write_frame(END, tmp_path / "here.parquet")
    assert (elsewhere.path, elsewhere.written) == (tmp_path / "here.parquet", None)
    one = pd.read_parquet(elsewhere.path)
    assert list(one.columns) == list(framed.frame.columns)
    for name in one.columns:
        known = framed.frame[name].notna()
        assert (one[name].notna() == known).all()
        assert one[name][known].tolist() == framed.frame[name][known].tolist()


def test_the_months_in_the_store_are_the_same_frame_computed_or_kept(config: Path) -> None:
    first = Project(config).write_frame()
    again = Project(config).write_frame()
    assert again.written is not None
    assert {one.state for one in again.written.partitions} == {"kept"}
    pd.testing.assert_frame_equal(again.frame, first.frame)
    pd.testing.assert_frame_equal(again.frame, Project(config).frame())


def test_an_event_that_was_known_late_is_computed_into_exactly_the_dates_that_see_it(tmp_path: Path) -> None:
    config = jobs.tiny_project(tmp_path, seed=6)
    config.write_text(config.read_text() + "snapshots: {first: 2025-09-01}\n")
    before = Project(config).write_frame().frame
    path = config.parent / "world" / "usage_events.parquet"
    events = pd.read_parquet(path)
    late = events[events["account_id"] == before["account_id"].iloc[0]].head(1).copy()
    zone = events["occurred_at"].dt.tz
    late["occurred_at"], late["recorded_at"] = pd.Timestamp("2025-08-10", tz=zone), pd.Timestamp("2025-11-15", tz=zone)
    late["event_id"] = "late"
    pd.concat([events, late]).astype(events.dtypes).to_parquet(path, index=False)
    project = Project(config)
    framed = project.write_frame()
    assert framed.written is not None
    assert {one.as_of: one.state for one in framed.written.partitions} == {
        "2025-09-01": "kept", "2025-10-01": "kept", "2025-11-01": "kept", "2025-12-01": "built", "2026-01-01": "built",
    }  # fmt: skip
    pd.testing.assert_frame_equal(framed.frame, Project(config).frame())


def test_other_thresholds_compute_every_date_anew(config: Path) -> None:
    Project(config).write_frame(END)
    Project(config).write_frame(END - dt.timedelta(days=1))
    other_text = SMALL + "thresholds: {seat_utilisation: 0.7}\n"
    framed = Project(other(config, "thresholds", other_text)).write_frame(END)
    assert framed.written is not None
    assert {one.as_of: one.state for one in framed.written.partitions}[END.isoformat()] == "built"


def test_a_frame_that_cannot_be_written_is_said_so(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        project.write_frame(END, tmp_path / "file" / "frame.parquet")


@pytest.mark.parametrize(
    ("as_of", "told"),
    [
        (END + dt.timedelta(days=1), "The data end before 2026-01-02: data_until is 2026-01-01."),
        (dt.date(2020, 1, 1), "No account has a subscription just before 2020-01-01."),
    ],
)
def test_a_date_outside_the_data_is_refused(project: Project, as_of: dt.date, told: str) -> None:
    for ask in (project.frame, project.score, lambda day: project.explain("0001", day)):
        with pytest.raises(ScoringError) as refused:
            ask(as_of)
        assert told in str(refused.value)


# learning ------------------------------------------------------------------------------------------------------------


def test_examples_are_given_for_every_outcome(project: Project) -> None:
    examples = project.examples()
    assert list(examples) == list(OUTCOMES)
    for one in examples.values():
        assert len(one.frame) == len(one.label) == len(one.known_at) == len(one.event_at)
        assert set(one.label) <= {0, 1}
        assert (one.known_at <= pd.Timestamp(END)).all()
        assert (one.event_at.notna() == (one.label == 1)).all()
        assert list(one.frame.columns) == ["account_id", "as_of", *(signal.name for signal in catalog().signals)]


def test_without_a_past_there_is_no_training(config: Path) -> None:
    text = SMALL + "tables: {subscriptions: {form: current}}\n"
    with pytest.raises(TrainingError, match="The subscriptions tell only what holds today"):
        Project(other(config, "current-form", text)).train()


# scoring -------------------------------------------------------------------------------------------------------------


def test_months_that_the_data_do_not_cover_are_not_learnt_as_months_without_upsells(config: Path) -> None:
    late = Project(other(config, "late", SMALL.replace(END.isoformat(), "2026-03-01")))
    with pytest.raises(TrainingError) as caught:
        late.train()
    assert caught.value.what == (
        "The usage does not reach data_until, 2026-03-01: what came of the months between is not known."
    )
    assert caught.value.found == "newest usage of 2025-12-31; scoring.max_age_days is 7"


def test_a_file_outside_the_store_is_never_replaced(project: Project, tmp_path: Path) -> None:
    precious = tmp_path / "customers.csv"
    precious.write_text("mine")
    with pytest.raises(StoreError, match=r"There is a file .*customers\.csv already"):
        project.write_frame(END, precious)
    assert precious.read_text() == "mine"


def test_without_a_champion_rules_score(project: Project) -> None:
    scoring = project.score(dt.date(2025, 11, 1))
    assert (scoring.version, scoring.as_of) == (None, dt.date(2025, 11, 1))
    assert scoring.written.fallback
    assert scoring.written.folder.name == "2025-11-01"
    assert set(scoring.scorecard["basis"]) == {"rules"}


def test_an_earlier_date_scored_again_is_not_the_latest(project: Project) -> None:
    from uptier.scoring.scorecard import latest

    project.score()
    project.score(dt.date(2025, 10, 1))
    found = latest(project.settings.store)
    assert found is not None
    assert found.name == "2026-01-01"


def test_the_champion_of_another_project_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from uptier.training import tracking

    class Stranger:
        project = "acme"

    monkeypatch.setattr(tracking, "load_champion", lambda settings: (Stranger(), "4"))
    with pytest.raises(ModelError) as refused:
        project.score()
    assert str(refused.value) == (
        "The champion 'uptier' was trained for another project.\n"
        "Found: project acme, not small.\n"
        f"Give each project its own name under mlflow.model in {project.settings.path}."
    )


# explaining ----------------------------------------------------------------------------------------------------------


def test_a_brief_is_about_the_account_asked_for(project: Project) -> None:
    account = str(project.frame(END)["account_id"].iloc[3])
    brief = project.explain(account)
    assert brief.account_id == account
    assert account in brief.text().splitlines()[0]
    assert brief.as_of == END
    assert brief.sources["usage_events"] == dt.date(2025, 12, 31)


def test_an_account_without_a_subscription_is_told_apart_from_one_that_is_not_there(project: Project) -> None:
    world = Path(project.settings.source)
    known = set(pd.read_parquet(world / "accounts.parquet")["account_id"])
    left = sorted(known - set(project.frame(END)["account_id"]))
    with pytest.raises(ScoringError, match=f"Account {left[0]} has no subscription just before 2026-01-01"):
        project.explain(left[0])
    with pytest.raises(ScoringError) as refused:
        project.explain("nobody at all")
    some = ", ".join(f"'{one}'" for one in sorted(known)[:3])
    assert (
        str(refused.value)
        == f"There is no account 'nobody at all'.\n{len(known)} accounts are known, {some} among them."
    )
    with pytest.raises(ScoringError, match=r"Did you mean '0091' or '0081' or '0071'\?$"):
        project.explain("001")


# progress ------------------------------------------------------------------------------------------------------------


def test_each_step_says_what_it_does(config: Path) -> None:
    told: list[str] = []
    project = Project(config, lambda what, done, of: told.append(what))
    project.check()
    project.score()
    assert "Checking subscriptions" in told
    assert "Rolling up usage" in told
    assert told.index("Rolling up usage") < told.index("Scoring") < told.index("Making the worklist")
    assert any(what.startswith(f"Forming {len(catalog().signals)} signals") for what in told)


def test_only_the_first_run_on_the_same_files_checks_them(config: Path) -> None:
    Project(config).check()
    told: list[str] = []
    Project(config, lambda what, done, of: told.append(what)).explain("0001")
    assert not [what for what in told if what.startswith("Checking")]
