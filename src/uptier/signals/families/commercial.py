"""Commercial: plan, price, term and what was bought before. Context for the rest, said but never pitched."""

from __future__ import annotations

from uptier.signals.measures import MINOR_UNITS, Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal

SETBACK_DAYS = 90  # domain page: post-upsell churn is leaving or downgrading within 90 days after an upsell


@signal(
    label="Plan",
    unit=Unit.CATEGORY,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The plan is {value}",
        missing="The plan is not known",
    ),
)
def plan(history: Measures) -> Number:
    """The highest plan held.

    Missing where subscriptions name no plan.
    """
    return history.plan()


@signal(
    label="Tier",
    unit=Unit.RATIO,
    effect=Effect.EITHER,
    phrase=Phrase(value="The plan is number {value} from below", missing="The place of the plan is not known"),
)
def tier(history: Measures) -> Number:
    """Place of the highest plan held in the order of plans, 1 for the lowest.

    NaN where the plan list does not have it.
    """
    return history.tier()


@signal(
    label="Region",
    unit=Unit.CATEGORY,
    effect=Effect.EITHER,
    phrase=Phrase(value="The region is {value}", missing="The region is not known"),
)
def region(history: Measures) -> Number:
    """Country or sales region of the account.

    Overwritten in CRMs: missing unless the project states since when `accounts.region` holds.
    """
    return history.account("region")


@signal(
    label="Segment",
    unit=Unit.CATEGORY,
    effect=Effect.EITHER,
    phrase=Phrase(value="The segment is {value}", missing="The segment is not known"),
)
def segment(history: Measures) -> Number:
    """Segment of the account.

    Overwritten in CRMs: missing unless the project states since when `accounts.segment` holds.
    """
    return history.account("segment")


@signal(
    label="Industry",
    unit=Unit.CATEGORY,
    effect=Effect.EITHER,
    phrase=Phrase(value="The industry is {value}", missing="The industry is not known"),
)
def industry(history: Measures) -> Number:
    """Line of business of the account.

    Overwritten in CRMs: missing unless the project states since when `accounts.industry` holds.
    """
    return history.account("industry")


@signal(
    label="Monthly revenue",
    unit=Unit.MONEY,
    effect=Effect.EITHER,
    phrase=Phrase(value="The account pays {value} a month", missing="What the account pays is not known"),
)
def mrr(history: Measures) -> Number:
    """Monthly recurring revenue over all running subscriptions, account currency.

    NaN without one.
    """
    return history.mrr() / MINOR_UNITS


@signal(
    label="Price per seat",
    unit=Unit.MONEY,
    effect=Effect.EITHER,
    phrase=Phrase(value="A seat costs {value} a month", missing="What a seat costs is not known"),
)
def price_per_seat(history: Measures) -> Number:
    """Monthly recurring revenue over seats, account currency.

    NaN without seats.
    """
    return ratio(history.mrr() / MINOR_UNITS, history.seats())


@signal(
    label="Revenue per active user",
    unit=Unit.MONEY,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="For each person who is active the account pays {value} a month",
        missing="What the account pays for each active person is not known",
    ),
)
def mrr_per_active_user(history: Measures) -> Number:
    """Monthly recurring revenue over the people active in the last 28 days, account currency.

    What the use costs the customer: high where much is paid for little use, low where the plan carries more than it was
    meant for (source S3). NaN where nobody was active, without a subscription, and from daily usage.
    """
    return ratio(history.mrr() / MINOR_UNITS, history.active_users(last=28))


@signal(
    label="Share of the list price",
    unit=Unit.SHARE,
    effect=Effect.EITHER,
    phrase=Phrase(value="The account pays {value} of the plan's list price", missing="The list price is not known"),
)
def share_of_list_price(history: Measures) -> Number:
    """Monthly recurring revenue over the plan's list price: discounts and extra seats.

    NaN where the plan list has no price.
    """
    return ratio(history.mrr(), history.plan_fact("price"))


@signal(
    label="Price step to the next plan",
    unit=Unit.MONEY,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The next plan costs {value} more a month",
        zero="The next plan costs no more",
        negative="The next plan's list price is {value} lower a month",
        missing="What a higher plan would cost is not known",
    ),
)
def price_step(history: Measures) -> Number:
    """List price of the next plan less what the account pays, account currency per month.

    NaN on the highest plan.
    """
    return (history.plan_fact("next_price") - history.mrr()) / MINOR_UNITS


@signal(
    label="Days until renewal",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The term ends in {value}",
        zero="The term ends today",
        missing="The end of the term is not known",
    ),
)
def days_until_renewal(history: Measures) -> Number:
    """Days until the first agreed term ends.

    60 days and more before renewal there is room to talk (source S0). NaN without a term.
    """
    return history.days_until_term_end()


@signal(
    label="Tenure",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(value="The account has been a customer for {value}", missing="Since when is not known"),
)
def tenure(history: Measures) -> Number:
    """Days since the account's first subscription.

    NaN where none is known.
    """
    return history.tenure_days()


@signal(
    label="Months per bill",
    unit=Unit.MONTHS,
    effect=Effect.EITHER,
    phrase=Phrase(value="Billing is every {value}", missing="How billing goes is not known"),
)
def billing_months(history: Measures) -> Number:
    """Months that are billed at a time.

    NaN without a running subscription.
    """
    return history.billing_months()


@signal(
    label="Seats gained",
    unit=Unit.SEATS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The licence grew by {value} in 180 days",
        zero="The licence has the seats of 180 days ago",
        negative="The licence shrank by {value} in 180 days",
        missing="The seats of 180 days ago are not known",
    ),
)
def seats_gained(history: Measures) -> Number:
    """Seats now less seats 180 days ago.

    Who has grown once may grow again, or may just have got what was needed. NaN for younger accounts.
    """
    return history.seats() - history.seats(before=180)


@signal(
    label="Tiers gained",
    unit=Unit.RATIO,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="In 180 days the plan went up by {value} on the price list",
        zero="The plan stands where it stood 180 days ago on the price list",
        negative="In 180 days the plan went down by {value} on the price list",
        missing="The plan of 180 days ago is not known",
    ),
)
def tiers_gained(history: Measures) -> Number:
    """Place of the plan now less its place 180 days ago.

    NaN for younger accounts.
    """
    return history.tier() - history.tier(before=180)


@signal(
    label="Revenue growth",
    unit=Unit.GROWTH,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The account pays {value} more than 180 days ago",
        zero="The account pays what it paid 180 days ago",
        negative="The account pays {value} less than 180 days ago",
        missing="What it paid 180 days ago is not known",
    ),
)
def revenue_growth(history: Measures) -> Number:
    """Monthly recurring revenue now against 180 days ago, as a share.

    NaN for younger accounts.
    """
    before = history.mrr(before=180)
    return (history.mrr() - before) / before.nullif(0)


@signal(
    label="Add-ons held",
    unit=Unit.ADDONS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="Held beside the plan: {value}",
        zero="No add-on is held",
        missing="Add-ons are not recorded",
    ),
)
def addons_held(history: Measures) -> Number:
    """Add-ons that the account holds."""
    return history.addons()


@signal(
    label="Upsells before",
    unit=Unit.TIMES,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The account has bought more {value}",
        zero="The account has not bought more yet",
        missing="What the account bought before is not known",
    ),
)
def upsells_before(history: Measures) -> Number:
    """Days on which the account bought more: seats, a higher plan, or an add-on.

    Over all its subscriptions together it had more seats, or a higher plan, than the day before, by a version that did
    not begin as a renewal, price uplift, currency change, true-up, co-term, merger or correction; or it began to hold
    an add-on, which a new bill for one that still runs is not. What began with the first subscription is the first
    sale. A lower plan with more seats is no upsell. NaN where subscriptions have no dates, or neither seats, plans nor
    add-ons are recorded; what of these is not recorded is not seen. An upsell as the domain page has it (source S1).
    """
    return history.upsells()


@signal(
    label="Days since the latest upsell",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The account last bought more {value} ago",
        missing="When the account last bought more is not known",
    ),
)
def days_since_upsell(history: Measures) -> Number:
    """Days since the account last bought more, as `upsells_before` counts it.

    The 90 days after an upsell decide whether it holds (source S1). NaN if it never did.
    """
    return history.days_since_upsell()


@signal(
    label="Setbacks after an upsell",
    unit=Unit.TIMES,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="Within 90 days of buying more the account gave something up {value}",
        zero="The account never gave anything up within 90 days of buying more",
        missing="What the account gave up before is not known",
    ),
)
def setbacks_after_upsell(history: Measures) -> Number:
    """Days on which the account left, or gave up seats, plan or an add-on, within 90 days after it had bought more.

    As `upsells_before` counts; falls by a true-up, co-term, merger or correction are not the customer's choice and do
    not count, nor does what is given up on the day of the upsell itself. An account that once bought too much will be
    careful (source S1: post-upsell churn). NaN as for `upsells_before`.
    """
    return history.setbacks_after_upsell(within=SETBACK_DAYS)


@signal(
    label="Triggers that fire",
    unit=Unit.TRIGGERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="What opens a talk is seen now by {value}",
        zero="No trigger opens a talk now",
        missing="Whether any trigger opens a talk is not known",
    ),
)
def triggers_fired(history: Measures) -> Number:
    """Triggers of the catalogue that fire now, of those that open a talk; a project's own count too.

    Several together are said to convert three to four times as often as tenure or the renewal's date alone (source S0):
    to be measured. NaN where the project's tables allow no trigger at all.
    """
    return history.triggers_fired()


@signal(
    label="Days that triggers fire together",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="For {value} at least two triggers have opened a talk together",
        missing="Since when two triggers have opened a talk together is not known",
    ),
)
def days_triggers_together(history: Measures) -> Number:
    """Days for which at least two triggers that open a talk have fired without a break.

    The second longest of the times for which those that fire now have fired, as far as each tells. NaN where fewer than
    two fire, or fewer than two of them tell since when.
    """
    return history.days_triggers_together()
