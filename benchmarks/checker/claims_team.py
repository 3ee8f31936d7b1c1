"""Sentences about the team: seats, people far above the rest, growth."""

from __future__ import annotations

from checker.claims import Claim, nothing, says, unknown

# a pace of four months is known of nobody who has been there for less

SEATS: tuple[Claim, ...] = (
    says(
        "seat_utilisation",
        "The team had <active_users:users> active in the last 28 days: <seat_utilisation:share> of <seats:seats>",
    ),
    nothing("seat_utilisation", "None of <seats:seats> was in use in the last 28 days"),
    unknown("seat_utilisation", "How many seats are in use is not known"),
    says(
        "peak_daily_utilisation",
        "On the busiest of the last 28 days <peak_daily_utilisation:share> of <seats:seats> were in use",
    ),
    nothing("peak_daily_utilisation", "None of <seats:seats> was in use on any of the last 28 days"),
    unknown("peak_daily_utilisation", "How many seats were in use on the busiest day is not known"),
    says("daily_active_share", "On an average working day <daily_active_share:share> of <seats:seats> are in use"),
    nothing("daily_active_share", "None of <seats:seats> was in use on a working day of the last four weeks"),
    unknown("daily_active_share", "How many seats are in use on a working day is not known"),
    says(
        "periods_near_ceiling",
        "The team would have nearly filled today's seats for <periods_near_ceiling:billing periods> in a row",
    ),
    nothing("periods_near_ceiling", "The team would not have nearly filled today's seats in the last billing period"),
    unknown("periods_near_ceiling", "For how long the team would have filled today's seats is not known"),
    says(
        "periods_peak_near_ceiling",
        "The busiest day would have nearly filled today's seats for <periods_peak_near_ceiling:billing periods> in"
        " a row",
    ),
    nothing("periods_peak_near_ceiling", "No day of the last billing period would have nearly filled today's seats"),
    unknown("periods_peak_near_ceiling", "For how long the busiest days would have filled today's seats is not known"),
    says("days_until_ceiling", "At the pace of the last four months the seats are full in <days_until_ceiling:days>"),
    nothing("days_until_ceiling", "All seats are taken"),
    unknown("days_until_ceiling", "No day on which the seats run out is in sight"),
    says(
        "days_until_ceiling_earliest",
        "At the fastest pace of the last four months the seats are full in <days_until_ceiling_earliest:days>",
    ),
    nothing("days_until_ceiling_earliest", "All seats are taken"),
    unknown("days_until_ceiling_earliest", "On which day the seats run out at the earliest is not known"),
    says(
        "days_until_ceiling_latest",
        "At the slowest pace of the last four months the seats are full in <days_until_ceiling_latest:days>",
    ),
    nothing("days_until_ceiling_latest", "All seats are taken"),
    unknown("days_until_ceiling_latest", "On which day the seats run out at the latest is not known"),
    says("days_near_ceiling", "Today's seats would have been nearly full for <days_near_ceiling:days>"),
    nothing("days_near_ceiling", "Today's seats were not nearly full in the last billing period"),
    unknown("days_near_ceiling", "For how long the seats would have been nearly full is not known"),
    says("active_users", "The team had <active_users:users> active in the last 28 days"),
    nothing("active_users", "Nobody was active in the last 28 days"),
    unknown("active_users", "The number of active users is not known"),
    says("seats", "The licence covers <seats:seats>"),
    unknown("seats", "The number of seats is not known"),
)

POWER_USERS: tuple[Claim, ...] = (
    says("power_users", "Far above the rest of the team in what they do here: <power_users:users>"),
    nothing("power_users", "Nobody stands far above the rest of the team"),
    says("frequent_users", "Here far more often than the rest of the team: <frequent_users:users>"),
    nothing("frequent_users", "Nobody is here far more often than the rest of the team"),
    says("broad_users", "With far more functions in use than the rest of the team: <broad_users:users>"),
    nothing("broad_users", "Nobody uses far more functions than the rest of the team"),
    says("deep_users", "With days of work far deeper than the rest of the team's: <deep_users:users>"),
    nothing("deep_users", "Nobody's days of work are far deeper than the rest of the team's"),
    says("new_power_users", "Far above the rest of the team since the last four weeks: <new_power_users:users>"),
    nothing("new_power_users", "Nobody rose far above the rest of the team in the last four weeks"),
    says(
        "days_since_power_user_emerged",
        "The latest to rise far above the team began <days_since_power_user_emerged:days> ago",
    ),
    unknown("days_since_power_user_emerged", "Nobody rose far above the team in the last four weeks"),
    says("busiest_user_days", "The most active user worked on <busiest_user_days:days> of 28"),
    nothing("busiest_user_days", "Nobody worked in the last 28 days"),
    says("busiest_user_share", "One user makes <busiest_user_share:share> of all activity"),
    *(
        unknown(about, "Users are not told apart")
        for about in (
            "power_users",
            "frequent_users",
            "broad_users",
            "deep_users",
            "new_power_users",
            "busiest_user_days",
            "busiest_user_share",
        )
    ),
)

VELOCITY: tuple[Claim, ...] = (
    says("usage_growth", "Use grew by <usage_growth:share> against the four weeks before"),
    nothing("usage_growth", "Use is where it was four weeks before"),
    says("usage_growth", "Use fell by <-usage_growth:share> against the four weeks before"),
    unknown("usage_growth", "There was no use to compare with"),
    says("usage_growth_before", "In the four weeks before the last four, use grew by <usage_growth_before:share>"),
    nothing("usage_growth_before", "In the four weeks before the last four, use stood still"),
    says("usage_growth_before", "In the four weeks before the last four, use fell by <-usage_growth_before:share>"),
    unknown("usage_growth_before", "There was no use to compare with"),
    says("months_of_growth", "Use has grown fast for <months_of_growth:months> in a row"),
    nothing("months_of_growth", "Use did not grow fast in the last four weeks"),
    unknown("months_of_growth", "There is not enough past to tell growth"),
    says("days_of_growth", "Use has grown fast for <days_of_growth:days>"),
    nothing("days_of_growth", "Use did not grow fast in the last four weeks"),
    says("active_user_growth", "The number of active users grew by <active_user_growth:share> in four weeks"),
    nothing("active_user_growth", "The number of active users is what it was four weeks ago"),
    says("active_user_growth", "The number of active users fell by <-active_user_growth:share> in four weeks"),
    unknown("active_user_growth", "How the team grew is not known"),
    says("peak_user_growth", "The busiest day has <peak_user_growth:share> more users than eight weeks before"),
    nothing("peak_user_growth", "The busiest day has as many users as eight weeks before"),
    says("peak_user_growth", "The busiest day has <-peak_user_growth:share> fewer users than eight weeks before"),
    unknown("peak_user_growth", "There is no earlier day to compare with"),
    says("week_against_month", "The last week had <week_against_month:number> times the activity of a usual week"),
    nothing("week_against_month", "Nothing happened in the last week"),
    unknown("week_against_month", "There was no use in the four weeks before"),
    says("invited_users", "Invited in the last four weeks: <invited_users:users>"),
    nothing("invited_users", "Nobody was invited in the last four weeks"),
    unknown("invited_users", "Who was invited when is not known"),
    says("invited_per_seat", "In 12 weeks as many people were invited as make <invited_per_seat:share> of the seats"),
    nothing("invited_per_seat", "Nobody was invited in 12 weeks"),
    unknown("invited_per_seat", "How many were invited, out of how many seats, is not known"),
    says("team_pace", "Typically the team grows by <team_pace:share> a month"),
    nothing("team_pace", "Typically the team keeps its size"),
    says("team_pace", "Typically the team shrinks by <-team_pace:share> a month"),
    unknown("team_pace", "How the team grows is not known"),
)

CLAIMS = (*SEATS, *POWER_USERS, *VELOCITY)
