"""The map from the world's causes to the product's triggers is whole, and the demo's world bears it out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.simulate.causes_and_triggers import COLUMN, SHOWN_BY
from uptier.signals.catalog import catalog
from uptier.signals.families import FAMILIES
from uptier.simulate.causes import AT_REST, CAUSES
from uptier.simulate.chain import AXES

FEWEST = 100  # rows of a state, to compare means
APART = 4.0  # standard errors, were rows on their own; those of one account hang together


def test_every_cause_is_in_the_map() -> None:
    assert tuple(SHOWN_BY) == CAUSES


def test_every_trigger_is_in_the_map_once() -> None:
    mapped = [trigger for shown in SHOWN_BY.values() for trigger in shown.triggers]
    assert sorted(mapped) == sorted(trigger.name for trigger in catalog().triggers)


@pytest.mark.parametrize("cause", CAUSES)
def test_triggers_belong_to_the_families_and_everything_has_its_reason(cause: str) -> None:
    shown = SHOWN_BY[cause]
    assert shown.because
    assert set(shown.families) <= set(FAMILIES)
    of_triggers = {trigger.family for trigger in catalog().triggers if trigger.name in shown.triggers}
    assert of_triggers <= set(shown.families)
    if shown.signal:
        assert catalog().signal(shown.signal).family in shown.families


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if cause in AXES and SHOWN_BY[cause].at_rest])
def test_rest_is_where_the_world_says(cause: str) -> None:
    rest = AXES[cause][AT_REST[cause]].removeprefix("1-")
    assert SHOWN_BY[cause].at_rest == (rest,)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What the product saw of each account, and what truth knew, at the same dates."""
    folder = tmp_path_factory.getbasetemp()
    truth = pd.read_parquet(jobs.demo_config(folder).parent / "world" / "truth.parquet")
    names = [COLUMN.get(cause, cause) for cause, shown in SHOWN_BY.items() if shown.at_rest]
    truth = truth[["account_id", "as_of", *names]].astype({"as_of": "datetime64[us]"})
    return jobs.demo_examples(folder)["churn"].frame.merge(truth, on=["account_id", "as_of"])


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if SHOWN_BY[cause].signal])
def test_the_signal_tells_the_cause(seen: pd.DataFrame, cause: str) -> None:
    shown = SHOWN_BY[cause]
    state = seen[COLUMN.get(cause, cause)].astype(str)
    values = seen[shown.signal].astype("float64")
    at_rest, strong = (values[state.isin(states)].dropna() for states in (shown.at_rest, shown.strong))
    assert min(len(at_rest), len(strong)) >= FEWEST
    error = np.sqrt(at_rest.var() / len(at_rest) + strong.var() / len(strong))
    difference = (strong.mean() - at_rest.mean()) * (1 if shown.rises else -1)
    assert difference > APART * error
