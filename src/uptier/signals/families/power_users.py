"""Power users: people far above the rest of their own account, who lead the team's growth."""

from __future__ import annotations

import pandas as pd

from uptier.signals.lever import Lever
from uptier.signals.measures import Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds


@signal(
    label="Power users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Far above the rest of the team in what they do here: {value}",
        zero="Nobody stands far above the rest of the team",
        missing="Users are not told apart",
    ),
)
def power_users(history: Measures) -> Number:
    """Users far above the rest of their own account in how often, how broadly or how deeply they work, last 28 days.

    One of the three is enough (source S1: login frequency, feature breadth or session depth "significantly exceeds the
    account average"): active days, features used, or events on a day of work. They are far above in it who have at
    least twice the mean of the account's active users (`power_user_factor`), lie above its upper quartile by at least
    3 times the distance between its quartiles (`power_user_spread`; what Tukey, Exploratory Data Analysis, 1977, calls
    far out), and have no fewer than 10 days, 5 features, or, for depth, 5 days. Above the upper quartile is the busiest
    quarter of the active users, rounded up; the lower one is the most of the quietest quarter, rounded up. An account
    of one active user has nobody to stand above: 0. NaN from daily usage.
    """
    return history.power_users(last=28)


@signal(
    label="Frequent users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Here far more often than the rest of the team: {value}",
        zero="Nobody is here far more often than the rest of the team",
        missing="Users are not told apart",
    ),
    lever=Lever(more="train people who come seldom"),
)
def frequent_users(history: Measures) -> Number:
    """Users whose active days are far above the rest of the account's, and 10 or more of 28.

    Far above: twice the mean, and far out of the distribution (see `power_users`). Power users lead seat constraints by
    30-60 days (source S1). NaN from daily usage.
    """
    return history.power_users("frequent", last=28)


@signal(
    label="Broad users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="With far more functions in use than the rest of the team: {value}",
        zero="Nobody uses far more functions than the rest of the team",
        missing="Users are not told apart",
    ),
    lever=Lever(more="show people more of what the plan has"),
)
def broad_users(history: Measures) -> Number:
    """Users whose features are far more than the rest of the account uses, and 5 or more, last 28 days.

    Far more: twice the mean, and far out of the distribution (see `power_users`). Who explores is who finds the gates
    (source S1). NaN from daily usage.
    """
    return history.power_users("broad", last=28)


@signal(
    label="Deep users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="With days of work far deeper than the rest of the team's: {value}",
        zero="Nobody's days of work are far deeper than the rest of the team's",
        missing="Users are not told apart",
    ),
)
def deep_users(history: Measures) -> Number:
    """Users whose events on a day of work are far above the rest of the account's, on 5 or more days, last 28 days.

    Far above: twice the account's events per user-day, and far out of the distribution of its users (see
    `power_users`), in whole thousandths of an event. Session depth (source S1), where a session is a user's day of
    work: ids of sessions are missing from most sources, and late rows would split them. NaN from daily usage.
    """
    return history.power_users("deep", last=28)


@signal(
    label="New power users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Far above the rest of the team since the last four weeks: {value}",
        zero="Nobody rose far above the rest of the team in the last four weeks",
        missing="Users are not told apart",
    ),
)
def new_power_users(history: Measures) -> Number:
    """Power users of the last 28 days who were none in the 28 days before, person by person.

    Emergence, not presence, is what leads (source S1). NaN from daily usage.
    """
    return history.emerged_power_users(last=28)


@signal(
    label="Days since a power user emerged",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The latest to rise far above the team began {value} ago",
        missing="Nobody rose far above the team in the last four weeks",
    ),
)
def days_since_power_user_emerged(history: Measures) -> Number:
    """Days since the first active day, within 28, of the new power user who began last.

    NaN where there is none, and from daily usage.
    """
    return history.days_since_power_user_emerged(last=28)


@signal(
    label="Active days of the most active user",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The most active user worked on {value} of 28",
        zero="Nobody worked in the last 28 days",
        missing="Users are not told apart",
    ),
)
def busiest_user_days(history: Measures) -> Number:
    """Active days of the most active user, last 28 days.

    NaN from daily usage.
    """
    return history.busiest_user_days(last=28)


@signal(
    label="Share of the busiest user",
    unit=Unit.SHARE,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="One user makes {value} of all activity",
        missing="Users are not told apart",
    ),
)
def busiest_user_share(history: Measures) -> Number:
    """Events of the busiest user over all events, last 28 days.

    High on small teams and where one person carries the product, which is also a risk. NaN without events and from
    daily usage.
    """
    return ratio(history.busiest_user_events(last=28), history.events(last=28))


@trigger(
    label="Power users emerge",
    opens="seat_expansion",
    act_within_days=45,
    frame="growth continuity: what these people have found, and who else should have it",
    says=("power_users", "new_power_users", "frequent_users", "broad_users", "deep_users"),
    since="days_since_power_user_emerged",
)
def power_users_emerge(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Somebody is a power user who was none four weeks before.

    Source S1: one or more users significantly above their account's average, 30-60 days ahead of the team.
    """
    return signals["new_power_users"] >= 1
