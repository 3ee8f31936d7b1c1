"""Which of the product's triggers a cause of the world should make people see.

The world knows nothing of the product, nor the product of the world; the map between the two is written here, and only
here. Later tests ask by it whether the reasons that the product gives are the true ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a cause comes to light.

    Attributes
    ----------
    triggers : tuple of str
        Names of the product's triggers that it fires; empty where there is none.
    families : tuple of str
        The families of signals in which it is to be seen, those of the triggers among them.
    at_rest, strong : tuple of str
        States of truth's column between which it is told apart; empty where the column is no state.
    signal : str
        The signal that tells it best; empty where nothing tells it.
    rises : bool
        Whether that signal is higher where the cause is strong.
    because : str
        How it shows; or why no trigger is made for it.
    """

    triggers: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    at_rest: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    signal: str = ""
    rises: bool = True
    because: str


SHOWN_BY: dict[str, Shown] = {
    "growth": Shown(
        triggers=("power_users_emerge", "use_accelerates"),
        families=("power_users", "velocity"),
        at_rest=("steady",),
        strong=("stirring", "growing"),
        signal="new_power_users",
        because="power users come while the team stirs, people are invited as it grows, and use grows as it does",
    ),
    "pressure": Shown(
        triggers=("approaching_seat_ceiling",),
        families=("seats",),
        at_rest=("easy",),
        strong=("tight", "full"),
        signal="seat_utilisation",
        because="a licence that is wanted by more people than it has seats for is in use almost wholly",
    ),
    "need": Shown(
        triggers=("reaching_for_next_plan", "running_out_of_capacity"),
        families=("gates", "capacity"),
        at_rest=("none",),
        strong=("strong",),
        signal="gate_crossings_month",
        because="people touch what the next plan holds, and meters near the quotas that it would raise",
    ),
    "gap": Shown(
        triggers=("gap_named",),
        families=("gaps",),
        at_rest=("none",),
        strong=("urgent",),
        signal="exports",
        because="customers name what is missing, and export to other tools",
    ),
    "mood": Shown(
        triggers=("unhappy_customer", "success_achieved"),
        families=("sentiment", "value"),
        at_rest=("fair",),
        strong=("sour", "poor"),
        signal="nps",
        rises=False,
        because="answers to surveys fall, tickets rise, and goals are met more rarely",
    ),
    "champion": Shown(
        families=("relationship", "adoption"),
        at_rest=("present",),
        strong=("absent",),
        signal="champion_active_days",
        rises=False,
        because="whoever fights for the product is active in it; that alone opens no talk, so no trigger",
    ),
    "budget": Shown(
        families=("relationship",),
        at_rest=("tight",),
        strong=("free",),
        signal="executive_active_days",
        because="an executive looks in more often when there is money; that alone opens no talk, so no trigger",
    ),
    "talk": Shown(
        families=("relationship",),
        because="what the CSM does is no fact about the customer: earlier talks are context, open ones are left out",
    ),
    "depth": Shown(
        triggers=("deep_adoption",),
        families=("adoption",),
        at_rest=("False",),
        strong=("True",),
        signal="feature_breadth",
        because="deep users use more of the features, more often",
    ),
    "setting": Shown(
        families=("commercial",),
        because="plan, segment and the end of the term are context for a model and no reason; whether CSMs may call "
        "is no fact about the customer",
    ),
}

COLUMN = {"depth": "deep"}  # of truth, where it is not called as the cause is
