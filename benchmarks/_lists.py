"""Lists of accounts to contact, as the product and its rivals make them in a simulated world, and what they bring.

Not a claim itself, as its name says; what is true, and its definition, stand in `_value.py`.

The product is asked as it is used: `uptier train` on what was known at the first origin of its own rolling test, gate
included, then scorecard and worklist of dates from there on, by that model. It has met most accounts before the origin,
as a model in use has, and nothing of what came after it. Each list is a first one: none follows another.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from _value import (
    Flags,
    Floats,
    Gains,
    at,
    at_random,
    best_of,
    listed,
    stern_values,
    true_values,
    usual_gains,
    worth_of,
)
from numpy.typing import NDArray

from uptier.decision.actions import Action
from uptier.explanation.reasons import fired_triggers
from uptier.model.bundle import Bundle
from uptier.outcomes.outcome import WORDS, Examples
from uptier.outcomes.upsell import median_gains
from uptier.project import Project
from uptier.scoring import batch
from uptier.scoring.deciding import decided
from uptier.scoring.facts import account_facts
from uptier.scoring.standing import standing
from uptier.scoring.suppression import FACTS, NUMBERS, suppressions
from uptier.scoring.worklist import worklist
from uptier.settings import CONVERSIONS, Settings
from uptier.training.splitting import origins_of
from uptier.training.training import Trained, train

DATES = 3  # lists of each world, evenly over the months from the origin on
NARROW = 5  # accounts for each CSM, where capacity leaves out most: about a tenth of their accounts
RIVALS = ("p_convert", "points", "renewal", "random")
OTHERWISE = ("narrow_", "stern_")  # the same lists at another capacity, and at another reading of their value
LAPSES = ("churn", "post_upsell_churn")
UNTRIGGERED = "expected_value"  # everybody whom the product gives an expected value above 0, fired trigger or not
Places = NDArray[np.int64]


def of_lists(project: Project, examples: Mapping[str, Examples], truth: pd.DataFrame) -> dict[str, float]:
    """Learn at the first origin, list at later dates, and say what every list truly brings.

    Parameters
    ----------
    project : Project
        Of the world.
    examples : mapping of str to Examples
        All of its labelled rows, by outcome.
    truth : DataFrame
        The world's.

    Returns
    -------
    dict of str to float
        Means over the dates, at the capacity of the settings: `value_<list>` (account currency a year),
        `contacts_<list>`, `driven_away_<list>` and `at_risk_<list>` (accounts), `of_oracle_<list>` (share); the shares
        again as `narrow_<list>` at 5 accounts for each CSM, and as `stern_<list>` by the stern reading;
        `guard_value`, `guard_value_stern` and `guard_driven_away`, with the guard less without it (`blind`: nobody is
        protected, nor does the risk of leaving lower any value; `unguarded`: nobody is protected, and that is all);
        `discovery`, how many of the listed are discovery talks; `accounts` and `may_be_listed`, how many there are and
        whom nothing holds back; and `heads`, how many passed the gate.
    """
    settings, changes = project.settings, project._material.changes
    knobs = settings.training
    first = origins_of(examples[CONVERSIONS[0]], test_share=knobs.test_share, origins=knobs.origins)[0].date
    trained = learnt_at(project, examples, changes, first)
    frame = project.write_frame().frame
    months = np.sort(frame.loc[frame["as_of"] >= first, "as_of"].unique())
    dates = months[np.unique(np.linspace(0, len(months) - 1, DATES).round().astype(int))]
    gains = usual_gains(changes, truth)
    found = []
    for date in dates:
        looks = frame[frame["as_of"] == date].reset_index(drop=True)
        told = truth[truth["as_of"] == date].set_index("account_id").reindex(looks["account_id"])
        found.append(on_date(project, trained, looks, told.reset_index(), gains))
    sums = pd.DataFrame(found).mean()
    named = {str(name): float(value) for name, value in sums.items()}
    figures = {name: value for name, value in named.items() if not name.startswith(OTHERWISE)}
    for name in ("uptier", "unguarded", "blind", UNTRIGGERED, "oracle_of_all", *RIVALS):
        figures[f"of_oracle_{name}"] = sums[f"value_{name}"] / sums["value_oracle"]
        for other in OTHERWISE:
            if f"{other}value_{name}" in sums:
                figures[f"{other}{name}"] = sums[f"{other}value_{name}"] / sums[f"{other}value_oracle"]
    figures["guard_value"] = sums["value_uptier"] - sums["value_blind"]
    figures["guard_value_stern"] = sums["stern_value_uptier"] - sums["stern_value_blind"]
    figures["guard_driven_away"] = sums["driven_away_uptier"] - sums["driven_away_blind"]
    figures["heads"] = float(len(trained.bundle.fitted))
    return {name: float(value) for name, value in figures.items()}


def learnt_at(project: Project, examples: Mapping[str, Examples], changes: pd.DataFrame, day: pd.Timestamp) -> Trained:
    """Train on what was known at a day, as `uptier train` would have done then."""
    return train(
        {outcome: known_by(given, day) for outcome, given in examples.items()},
        project.catalog(),
        project.settings,
        gains=median_gains(changes[changes["known_day"] < day]),
        data_hashes={},
        warnings=[],
    )


def known_by(given: Examples, day: pd.Timestamp) -> Examples:
    """Keep the rows of before a day whose label was known then."""
    kept = ((given.frame["as_of"] < day) & (given.known_at <= day)).to_numpy()
    names = ("frame", "label", "known_at", "event_at", *(n for n in (*WORDS, "gained") if len(getattr(given, n))))
    return dataclasses.replace(given, **{name: getattr(given, name)[kept].reset_index(drop=True) for name in names})


@dataclass(frozen=True, eq=False)
class Scene:
    """Everybody at a date: who may be talked to about what, and what that would truly bring.

    Attributes
    ----------
    truth : DataFrame
        The true chances, one row for each account.
    owner : ndarray of str
        Each account's CSM.
    may : ndarray of bool, shape (n_accounts, 3)
        Which upsell types nothing holds back, and the truth tells of.
    values : ndarray, shape (n_accounts, 3)
        True value of contact about each type, account currency a year.
    contact_cost : float
        Account currency.
    """

    truth: pd.DataFrame
    owner: NDArray[np.object_]
    may: Flags
    values: Floats
    contact_cost: float

    def brought(self, score: Floats, which: Places, capacity: int) -> dict[str, float]:
        """Say what a list brings that takes the highest scores, each talked to about a type."""
        score = np.where(at(self.may, which), score, np.nan)
        return self.worth(listed(score, self.owner, capacity).astype(np.float64), which)

    def worth(self, on_list: Floats, which: Places) -> dict[str, float]:
        """Say what a list brings; a type of -1 is a talk that offers nothing, and brings nothing but its cost."""
        values = np.where(which >= 0, at(self.values, which), -self.contact_cost)
        return worth_of(on_list, values, self.truth)


def on_date(
    project: Project, trained: Trained, looks: pd.DataFrame, truth: pd.DataFrame, gains: Gains
) -> dict[str, float]:
    """Make all lists of a date, and say what they bring: at the settings' capacity, and as `narrow_` at 5."""
    settings, tables = project.settings, project._tables
    facts = account_facts(tables, looks)
    known = pd.concat([facts, standing(tables, looks)], axis=1)
    values = true_values(
        truth, looks["mrr"].to_numpy(dtype=np.float64), gains, contact_cost=settings.scoring.contact_cost
    )
    scene = Scene(
        truth=truth,
        owner=facts["owner"].astype(object).where(facts["owner"].notna(), "").to_numpy(),
        may=may_be_talked_to(looks, known, settings) & ~np.isnan(values.to_numpy()),
        values=values.to_numpy(),
        contact_cost=settings.scoring.contact_cost,
    )
    bundle = trained.bundle if trained.promoted else None
    ours = Products(project, bundle, looks, facts, known)
    guarded = ours.card(settings)
    found = beside(scene, trained.bundle, looks, guarded, settings.worklist.capacity)
    lists = {"uptier": ours.listed(guarded, settings)}
    bare = settings.model_copy(update={"scoring": settings.scoring.model_copy(update={"churn_risk": 1.0})})
    for name, other in (("unguarded", ours), ("blind", ours.blind_to_churn())):
        lists[name] = other.listed(other.decided_anew(guarded, bare), bare)
    found |= {name: scene.worth(*one) for name, one in lists.items()}
    on_list, which = lists["uptier"]
    discovery = float(on_list[which < 0].sum())
    few = settings.model_copy(update={"worklist": settings.worklist.model_copy(update={"capacity": NARROW})})
    narrow = beside(scene, trained.bundle, looks, guarded, NARROW)
    narrow["uptier"] = scene.worth(*ours.listed(guarded, few))
    strictly = stern_values(truth, looks["mrr"].to_numpy(dtype=np.float64), gains, contact_cost=scene.contact_cost)
    harder = dataclasses.replace(scene, values=strictly.to_numpy(), may=scene.may & ~np.isnan(strictly.to_numpy()))
    stern = beside(harder, trained.bundle, looks, guarded, settings.worklist.capacity)
    stern |= {name: harder.worth(*one) for name, one in lists.items()}
    return {
        **{f"{what}_{name}": value for name, one in found.items() for what, value in one.items()},
        **{f"stern_{what}_{name}": value for name, one in stern.items() for what, value in one.items()},
        **{f"narrow_{what}_{name}": value for name, one in narrow.items() for what, value in one.items()},
        "discovery": discovery,
        "accounts": float(len(looks)),
        "may_be_listed": float(scene.may.any(axis=1).sum()),
    }


def beside(
    scene: Scene, bundle: Bundle, looks: pd.DataFrame, card: pd.DataFrame, capacity: int
) -> dict[str, dict[str, float]]:
    """Say what the oracle's list and those of the rivals bring.

    By points, by renewal and at random, accounts are talked to about what the product would talk about, so that lists
    differ by who is on them alone; by P(convert) about the type with the highest chance. `expected_value` is what the
    product's own value would list if it asked for no fired trigger: it protects and leaves alone as the product does.
    """
    value, which = best_of(scene.values, scene.may)
    everything = ~np.isnan(scene.values)
    of_all, which_of_all = best_of(scene.values, everything)
    free = dataclasses.replace(scene, may=everything)
    chances = bundle.probabilities(looks)[list(CONVERSIONS)].to_numpy(dtype=np.float64, copy=True)
    chances[card["on_top"].to_numpy(dtype=bool), CONVERSIONS.index("plan_upgrade")] = 0.0
    likeliest, likely = best_of(chances, scene.may)
    best = card["upsell"].to_numpy()
    left = looks["days_until_renewal"].to_numpy(dtype=np.float64)
    worth = card["expected_value"].to_numpy(dtype=np.float64)
    worth = np.where((worth > 0) & (card["action"] != Action.PROTECT.value).to_numpy(dtype=bool), worth, np.nan)
    drawn = at_random(np.asarray(at(scene.may, best), dtype=bool), scene.owner, capacity)
    return {
        "oracle": scene.brought(np.where(value > 0, value, np.nan), which, capacity),
        "oracle_of_all": free.brought(np.where(of_all > 0, of_all, np.nan), which_of_all, capacity),
        "p_convert": scene.brought(likeliest, likely, capacity),
        UNTRIGGERED: scene.brought(worth, best, capacity),
        "points": scene.brought(card["points"].to_numpy(dtype=np.float64), best, capacity),
        "renewal": scene.brought(np.where(left >= 0, -left, np.nan), best, capacity),
        "random": scene.worth(drawn, best),
    }


@dataclass(frozen=True, eq=False)
class Products:
    """The product at a date: its scorecard, and whom its worklist lists.

    Attributes
    ----------
    project : Project
        The project.
    bundle : Bundle or None
        What was learnt; None where the gate refused it, for rules.
    looks, facts, known : DataFrame
        Signals, facts, and facts with what may hold a talk back, in one order.
    """

    project: Project
    bundle: Bundle | None
    looks: pd.DataFrame
    facts: pd.DataFrame
    known: pd.DataFrame

    def card(self, settings: Settings) -> pd.DataFrame:
        """Score; in the order of the looks, with `upsell`, the place of the best type, and `on_top` of the plans."""
        made = batch.score(
            self.looks, self.facts, self.bundle, self.project.catalog(), settings, as_of=self._day, version=None
        )
        made = made.set_index("account_id", drop=False).loc[self.looks["account_id"]].reset_index(drop=True)
        return made.assign(upsell=places(made["best_type"]), on_top=self.facts["on_highest_plan"].to_numpy())

    def decided_anew(self, card: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Give the same scorecard with values and actions by other settings; rules know no guard."""
        if self.bundle is None:
            return card
        catalog = self.project.catalog()
        fired = fired_triggers(self.looks, catalog, settings.thresholds)
        anew = decided(self.looks, self.facts, fired, self.bundle, catalog, settings)
        changed = [name for name in anew.columns if name in card.columns]
        return card.assign(**{name: anew[name].to_numpy() for name in changed}, upsell=places(anew["best_type"]))

    def blind_to_churn(self) -> Products:
        """Give the product as if it knew of no risk of leaving, after an upsell or without one."""
        if self.bundle is None:
            return self
        heads = self.bundle.heads
        never = {name: dataclasses.replace(heads[name].pooled(""), base_rate=0.0) for name in LAPSES if name in heads}
        return dataclasses.replace(self, bundle=dataclasses.replace(self.bundle, heads={**heads, **never}))

    def listed(self, card: pd.DataFrame, settings: Settings) -> tuple[Floats, Places]:
        """Say who stands on the lists of CSMs, and about which type; -1 for a discovery talk and for the rest."""
        rows = worklist(
            card,
            self.looks,
            self.known,
            self.project.catalog(),
            settings,
            as_of=self._day,
            before=None,
            bundle=self.bundle,
        )
        upsell = rows[rows["rank"].notna()].set_index("account_id")["upsell"]
        mine = upsell[~upsell.index.duplicated()].reindex(self.looks["account_id"])
        return mine.notna().to_numpy(dtype=np.float64), places(mine)

    @property
    def _day(self) -> dt.date:
        return pd.Timestamp(self.looks["as_of"].iloc[0]).date()


def places(upsell: pd.Series[str]) -> Places:
    """Give the place of each type among the conversions, -1 for none of them."""
    place = upsell.map({name: place for place, name in enumerate(CONVERSIONS)}).fillna(-1)
    return np.asarray(place, dtype=np.int64)


def may_be_talked_to(looks: pd.DataFrame, known: pd.DataFrame, settings: Settings) -> Flags:
    """Say about which types nothing holds a talk with each account back, by the rules of the worklist."""
    signals = looks[[name for name in (*FACTS, *NUMBERS) if name in looks and name not in known]]
    cases = pd.concat([known, signals], axis=1)
    day = pd.Timestamp(looks["as_of"].iloc[0]).date()
    held = [suppressions(cases.assign(upsell=name), settings, as_of=day).any(axis=1).to_numpy() for name in CONVERSIONS]
    return ~np.column_stack(held)
