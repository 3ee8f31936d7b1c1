from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from uptier.errors import SimulationError
from uptier.simulate import plans
from uptier.simulate.plans import EVERYBODYS, TIERS, PriceList, price_list

SHIPPED = sorted((Path(__file__).parents[2] / "configs" / "plans").glob("*.yaml"))
BUILT_IN = Path(plans.__file__).with_name("plans.yaml")


@pytest.fixture(params=SHIPPED, ids=lambda path: path.stem)
def prices(request: pytest.FixtureRequest) -> PriceList:
    return price_list(request.param)


def test_there_is_a_choice_and_the_built_in_one_is_among_them_and_written_once() -> None:
    assert len(SHIPPED) >= 3
    workspace = next(path for path in SHIPPED if path.stem == "workspace")
    assert workspace.resolve() == BUILT_IN.resolve()
    assert price_list() == price_list(workspace)


def test_a_higher_plan_has_all_of_the_lower_one_and_more_of_everything(prices: PriceList) -> None:
    for rank in range(1, TIERS):
        lower, higher = prices.plans[rank - 1], prices.plans[rank]
        assert prices.features(rank + 1)[: len(prices.features(rank))] == prices.features(rank)
        assert len(higher.features) >= 4
        assert higher.seat_price > lower.seat_price
        assert all(higher.quotas[meter] > lower.quotas[meter] for meter in prices.meters)


def test_there_are_meters_add_ons_and_trials(prices: PriceList) -> None:
    assert len(prices.meters) >= 3
    assert len(prices.extras) >= 3
    assert [plan.trial_days > 0 for plan in prices.plans] == [False, True, True]


def test_the_price_of_a_plan_is_that_of_its_seats(prices: PriceList) -> None:
    for plan in prices.plans:
        assert plan.price == pytest.approx(plan.seats * plan.seat_price)
    assert [plan.price for plan in price_list().plans] == [145.0, 390.0, 1375.0]


def test_names_are_unique_and_the_events_find_theirs(prices: PriceList) -> None:
    features = prices.features(TIERS)
    assert len(set(features)) == len(features)
    assert set(EVERYBODYS) <= set(prices.features(1))
    assert len({extra.id for extra in prices.extras}) == len(prices.extras)


def changed(tmp_path: Path, *place: str | int, to: Any) -> Path:
    """The built-in price list with one value changed, one line a value."""
    values = copy.deepcopy(yaml.safe_load(BUILT_IN.read_text()))
    inner = values
    for step in place[:-1]:
        inner = inner[step]
    if to is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = to
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


EVERY = ["board", *EVERYBODYS]


@pytest.mark.parametrize(
    ("place", "to", "said"),
    [
        (["plans", 1, "seat_price"], -39, "plans.1.seat_price: must be more than 0. Found: -39."),
        (["plans", 1, "seat_price"], "39 USD", "plans.1.seat_price: must be a number. Found: '39 USD'."),
        (["plans", 1, "seat_price"], 29.0, "plans.1.seat_price: must be more than the 29 of the plan below, "
         "'team'. Found: 29.0."),
        (["plans", 1, "seats"], 2.5, "plans.1.seats: must be a whole number. Found: 2.5."),
        (["plans", 1, "seats"], True, "plans.1.seats: must be a whole number. Found: True."),
        (["plans", 1, "trial_days"], 91, "plans.1.trial_days: must be 90 or less. Found: 91."),
        (["plans", 1, "quotas", "projects"], 25, "plans.1.quotas.projects: must be more than the 25 of the plan "
         "below, 'team'. Found: 25."),
        (["plans", 1, "quotas"], {"boards": 3}, "plans.1.quotas: must be those of the plan below, 'team', in the "
         "same order: projects, storage_gb, api_calls."),
        (["plans", 1, "quotas"], {}, "plans.1.quotas: must not be empty."),
        (["plans", 1, "features"], [], "plans.1.features: must not be empty."),
        (["plans", 1, "features", 2], "tasks", "plans.1.features.2: there is another feature of the name 'tasks'. "
         "Found: 'tasks'."),
        (["plans", 1, "features", 2], "Time tracking", "plans.1.features.2: must be lower-case letters, digits "
         "and underscores, a letter first. Found: 'Time tracking'."),
        (["plans", 0, "features"], EVERY[:-1], "plans.0.features: must have api, which people of every account use."),
        (["plans", 1, "id"], "team", "plans.1.id: there is another plan of the name 'team'. Found: 'team'."),
        (["plans", 2], None, "plans: must be 3 plans, lowest first, and there are 2."),
        (["plans", 1, "name"], None, "plans.1.name: the key 'name' is missing."),
        (["plans", 1, "seat_prise"], 3, "plans.1.seat_prise: there is no such key. Did you mean 'seat_price'?"),
        (["plans", 1], "business", "plans.1: must be keys with values. Found: 'business'."),
        (["addons"], [], "addons: must not be empty."),
        (["addons", 1, "id"], "advanced_analytics", "addons.1.id: there is another add-on of the name "
         "'advanced_analytics'. Found: 'advanced_analytics'."),
        (["addons", 0, "price"], 0, "addons.0.price: must be more than 0. Found: 0."),
        (["addons"], None, "addons: the key 'addons' is missing."),
        (["addon"], [], "addon: there is no such key. Did you mean 'addons'?"),
        (["plans"], 3, "plans: must be a list. Found: 3."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, place: list[str | int], to: Any, said: str) -> None:
    path = changed(tmp_path, *place, to=to)
    with pytest.raises(SimulationError) as error:
        price_list(path)
    line, told = re.fullmatch(re.escape(str(path)) + r", line (\d+), (.*)", str(error.value)).groups()  # type: ignore[union-attr]
    assert told == said
    # the line of the key, or of the list's item; of what is above where there is none
    there = path.read_text().splitlines()[int(line) - 1]
    last = place[-1]
    if to is None:
        assert there == "plans:" or "id:" in there
    else:
        assert "- " in there if isinstance(last, int) or "features.2" in said else f"{last}:" in there


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("plans: []\naddons: [{id: x, price: -1, words: ''}]\n")
    with pytest.raises(SimulationError) as error:
        price_list(path)
    assert str(error.value).splitlines() == [
        f"{path}, line 2, addons.0.price: must be more than 0. Found: -1.",
        f"{path}, line 2, addons.0.words: must not be empty. Found: ''.",
    ]


def test_a_file_that_is_none_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "workspace.yaml").write_text("- 1\n")
    with pytest.raises(SimulationError) as error:
        price_list(tmp_path / "workspase.yaml")
    assert str(error.value) == (
        f"There is no file {tmp_path / 'workspase.yaml'}.\nDid you mean '{tmp_path / 'workspace.yaml'}'?"
    )
    with pytest.raises(SimulationError) as error:
        price_list(tmp_path / "elsewhere" / "x.yaml")
    assert str(error.value).endswith("Name a YAML with a price list.")
    with pytest.raises(SimulationError) as error:
        price_list(tmp_path / "workspace.yaml")
    assert str(error.value) == f"{tmp_path / 'workspace.yaml'} must hold keys and values: a price list."
    (tmp_path / "broken.yaml").write_text("plans: [\n")
    with pytest.raises(SimulationError, match=r"broken\.yaml, line 2: this is not YAML"):
        price_list(tmp_path / "broken.yaml")
