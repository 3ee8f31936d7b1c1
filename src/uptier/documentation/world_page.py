"""The page on simulated worlds: what one is made of, and what it looks like, drawn from a world made for the page."""

from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path

from uptier.documentation.made import made
from uptier.documentation.markdown import GENERATED, documented, page, table
from uptier.documentation.world.drawing import WORDS
from uptier.documentation.world.figures import Figures
from uptier.documentation.world.life import LEAST_SEATS
from uptier.documentation.world.measured import measured, on_standard
from uptier.documentation.world.pictures import pictures
from uptier.documentation.world.rates import Rate
from uptier.simulate.causes import CAUSES
from uptier.simulate.chain import AXES
from uptier.simulate.defects import Defects
from uptier.simulate.parameters import leaves
from uptier.simulate.presets import PRESETS, Parameters

RESULTS = Path("benchmarks") / "results"
MANY = 12  # parameters that a preset changes, from which on they are only counted
AXIS_MEANINGS = {
    "growth": "the phase of the customer's own team; while it stirs, power users come first",
    "pressure": "the team that wants to work, against the licensed seats",
    "need": "the tier that the account is on, and how much it needs what the next tier holds; nothing lies above the "
    "highest",
    "gap": "something missing that an add-on would close",
    "mood": "how content it is; sour is poor after a sale that was pushed",
    "champion": "whether somebody there fights for the product",
    "budget": "whether there is money to decide about",
    "talk": "what the CSM talks about with the account; rest is the pause after a talk",
}
CAUSE_MEANINGS = {
    "depth": "deep or light use, a fixed trait of the account",
    "setting": "what is no need of anybody: the tier, the segment's pace, how near the end of the term is, and whether "
    "CSMs may call at all",
}
TRUTH_COLUMNS = (
    ("`account_id`, `as_of`", "the account, and a first of a month at midnight UTC"),
    (
        "`p_OUTCOME`",
        "the chance that it happens in the window, as the programme acts: an upsell (`seat_expansion`, `plan_upgrade`, "
        "`add_on`) at least once in the 60 days that begin 7 days after the date, `churn` in the 90 days from then on",
    ),
    (
        "`p_post_upsell_churn`",
        "the chance of leaving, giving seats back or going to a lower plan within 90 days, were something sold on the "
        "date: each upsell in proportion to its chance, where contacted the likeliest",
    ),
    ("`p_OUTCOME_contacted`", "the same chance, if a CSM begins a talk about it on the date, and acts as usual later"),
    ("`p_OUTCOME_never_contacted`", "the same chance, if no CSM ever calls from then on"),
    (
        "`why_OUTCOME_CAUSE`",
        "log-odds that the cause adds to those of the population's mean at that date; null where the outcome cannot "
        "happen",
    ),
    ("a column for each axis", "its state; `tier` and `need` stand apart"),
    ("`wanted`, `lacking`", "the feature that a need is about, and the add-on that a gap is about"),
    (
        "`deep`, `brisk`, `never_contacted`",
        "fixed traits: deep use, the brisk pace, drawn by lot never to be called",
    ),
    ("`months_to_renewal`", "months to the one in which the term ends; 12 stands for beyond any window"),
)
HEAD = """
No public data shows a B2B SaaS company with its usage, its plans, its outreach and what came of it; and on real data
nobody knows the true chance or the true cause. So uptier brings a company in which both are known:
`uptier simulate --out DIR` writes all [tables](tables.md) of the contract, and `truth` beside them.
"""
MADE = """
The pictures below are drawn from the preset `{preset}` with seed {seed}, simulated while this page was made:
{accounts:,} accounts over {months} months, {events:,} usage events.
"""
CHAIN = """
Each account has a **latent state** that no table shows: one place on each of {axes} axes. Time goes in steps of a
quarter of a month. In each step an account first decides, at rates that depend on its state: buy seats, a higher plan
or an add-on, take less, leave, or none of it. Then it moves along every axis, at rates that may depend on the others.
That is all that drives an outcome: a finite Markov chain.

**Behaviour follows from the state**, with delay and noise, and never acts back: teams grow towards what the licence is
wanted for, power users come while a team stirs, needs show as gates touched, prompts, trials and limit errors, gaps as
exports and tickets, moods as survey answers. Every account does some of all that for no reason too.

**Outcomes come from decisions as the world runs**, never from a draw against a stored chance.
"""
TRUTH = """
**Truth is worked out backwards** over the same chain: the chance that something is decided at least once in a window,
given the whole state at its beginning, is a product of matrices. It is exact, and knows nothing of the path that the
account will really take. It is told for three cases (as the programme acts; contacted on the date; never contacted from
then on) and with its causes. A cause is taken away by setting it to rest; what it adds is Shapley's value, the mean
over all orders in which causes could be added.

`truth` has a row for each account and first of a month:
"""
CAUSES_HEAD = """
The causes are the axes and two more:
"""
READERS = """
No signal can be formed from `truth`: the door through which uptier reads tables does not open it.
"""
LIMITS = """
Not even a perfect model reaches the oracle. The tables show a state only through what people do, which is little, late
and mixed with habits that mean nothing; decisions and talks of the weeks to come are still open. So beside the oracle
(truth itself as the score) stands the **observable ceiling**: the same signals of the same rows, but learnt from the
true chances, as if each account had lived its month countless times. What lies between a model and the ceiling can be
gained; what lies between the ceiling and the oracle, these signals do not say.
"""
OWN = """
The same seed gives the same bytes, on any number of threads; another seed another company.

```
uptier simulate --out DIR                                   # the demo's company
uptier simulate --out DIR --preset standard --seed 11       # where claims are measured
uptier simulate --out DIR --accounts 300 --months 12        # smaller and shorter
uptier simulate --out DIR --jitter 0.3                      # every rate drawn within 30 % around what it is
uptier simulate --out DIR --changes FILE                    # your own values for some parameters
uptier simulate --out DIR --plans configs/plans/sales_crm.yaml
```

`--changes` takes a YAML with parameters in their groups; [all of them](world-parameters.md), with bounds and meanings:

```yml
rates:
  calendar_contact: 0.01
defects:
  late_events: 0.0
  bots: 0.0
```

`--plans` takes another price list; some stand in [configs/plans](../configs/plans). `world.yaml`, which is written
beside the tables, holds all parameters and the price list of that world: it can be given to both options, and makes it
again. What makes no sense (a chance above 1, an unknown name, a folder that is not empty) is an error before anything
is written, and a world appears whole or not at all.
"""
DEFECTS = """
Data is never as clean as what happened. Each defect is switched by itself and takes no part in what accounts decide;
`demo` has mild ones, `dirty` strong ones. What each does is told [with the parameters](world-parameters.md#defects).
"""
FOOT = """
To go on from there, the last lines that `uptier simulate` prints are a project's YAML; `make demo` does the whole job.
"""
CHOICE = """
Of all accounts that are there the whole time, begin with {seats} seats or more and buy a higher plan, this is the one
that buys most kinds of upsell and goes through most states.
"""
ANCHOR_NOTES = """
Win rates are won over won and lost, by what started the call; their ranges are claims of S1 (an article on upsell as a
motion of its own), the other three are this project's own. NRR is what all customers of a year ago pay now, with
add-ons and price uplifts, over what they paid then. *Less* is a lower plan or fewer seats. A sale is well timed if a
signal or a need was behind it, and pushed if it was made in a call by the calendar without need. So few accounts give
wide intervals: claims are held on `standard`, by `make prove PROVE_ARGS=anchors`.
"""


@cache
def world_pictures() -> dict[str, str]:
    """Draw the pictures of the page.

    Returns
    -------
    dict of str to str
        SVG by file name.
    """
    return pictures(made().figures)


def world_page(root: Path) -> str:
    """Give the page on simulated worlds.

    Parameters
    ----------
    root : Path
        Root of the repository: measured figures are read from its `benchmarks/results`, where they are.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    UptierError
        If an axis or a cause is not described.
    """
    axes, causes = _axes(), _causes()  # refused before a world is made
    figures, sizes = made().figures, made().sizes
    return page(
        *["# A world with known truth", "", GENERATED, "", HEAD.strip(), "", MADE.strip().format(**sizes), ""],
        *["## What it is", "", CHAIN.strip().format(axes=len(AXES)), "", *axes, ""],
        *["## One account", "", _picture("account", _account_words(figures)), ""],
        CHOICE.strip().format(seats=LEAST_SEATS),
        *["", "## Outreach and sales", "", _picture("funnel", "Bars: calls and stages of opportunities by type"), ""],
        "An opportunity is kept about most calls, not all, and can be won from any stage.",
        *["", "## Rates against their anchors", "", _picture("rates", "Points with intervals over ranges"), ""],
        *[*_rates(figures.rates, on_standard(root / RESULTS)), "", ANCHOR_NOTES.strip(), ""],
        *["## Rhythm", "", _picture("rhythm", "Lines of events by day, bars by hour, for three regions"), ""],
        *["## Truth", "", TRUTH.strip(), "", *table(("column", "meaning"), TRUTH_COLUMNS), ""],
        *[CAUSES_HEAD.strip(), "", *causes, "", READERS.strip(), ""],
        _picture("calibration", "Points near the diagonal: true chance against what happened"),
        "",
        "`post_upsell_churn` is not among them, since it asks what would follow a sale that mostly was not made.",
        *["", _picture("cases", "Lines: mean chance by latent state, contacted highest"), ""],
        *["## What cannot be known from the tables", "", LIMITS.strip(), "", *measured(root / RESULTS), ""],
        *["## Presets", "", *_presets(), "", "## Defects", "", DEFECTS.strip(), "", *_defects(), ""],
        *["## A world of your own", "", OWN.strip(), "", FOOT.strip()],
    )


def _picture(name: str, words: str) -> str:
    return f"![{words}](pictures/world-{name}.svg)"


def _account_words(figures: Figures) -> str:
    sold = ", ".join(one["label"] for one in figures.life.sold)
    return f"Account {figures.life.account_id} over the whole time: users, seats, gates, exports, latent states; {sold}"


def _axes() -> list[str]:
    rows = [
        (f"`{axis}`", ", ".join(f"`{state}`" for state in states), documented(AXIS_MEANINGS.get(axis), f"axis {axis}"))
        for axis, states in AXES.items()
    ]
    return table(("axis", "states", "meaning"), rows)


def _causes() -> list[str]:
    more = [cause for cause in CAUSES if cause not in AXES]
    return [f"- `{cause}`: {documented(CAUSE_MEANINGS.get(cause), f'cause {cause}')}" for cause in more]


def _rates(rates: list[Rate], elsewhere: dict[tuple[str, str, str], float]) -> list[str]:
    rows = []
    for rate in rates:
        key = (rate.what, rate.of, rate.started_by)
        said = partial(_said, times=rate.what == "times as often")
        held = [f"at least {said(rate.least)}"] if rate.least else []
        held += [f"at most {said(rate.most)}"] if rate.most is not None else []
        interval = f"{said(rate.low)} to {said(rate.high)}"
        rows.append((_rate_words(rate), said(rate.value), interval, said(elsewhere.get(key)), ", ".join(held)))
    return table(("rate", "here", "95 % interval", "measured on `standard`", "held against"), rows)


def _rate_words(rate: Rate) -> str:
    name = WORDS[rate.of].lower()
    return {
        "win rate": f"win rate, {name}, {'on a signal' if rate.started_by == 'signal' else 'by the calendar'}",
        "times as often": f"how many times as often a signal wins, {name}",
        "NRR": "NRR over twelve months",
        "churn": f"left or took less within 90 days, {name}",
    }[rate.what]


def _said(value: float | None, *, times: bool) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if times else f"{100 * value:.1f} %"


def _presets() -> list[str]:
    usual = dict(leaves(Parameters()))
    rows = []
    for name, preset in PRESETS.items():
        parameters = preset.parameters
        other = [
            place
            for place, value in leaves(parameters)
            if value != usual[place] and place not in ("accounts", "months")
        ]
        said = ", ".join(f"`{place}`" for place in other) if len(other) < MANY else f"{len(other)} parameters"
        rows.append((f"`{name}`", preset.about, f"{parameters.accounts:,}", f"{parameters.months}", said))
    return table(("preset", "what it is", "accounts", "months", "differs from the demo in"), rows)


def _defects() -> list[str]:
    mild, dirty = (dict(leaves(PRESETS[name].parameters.defects)) for name in ("demo", "dirty"))
    return table(
        ("parameter", "demo", "dirty"),
        [(f"`{name}`", f"`{json.dumps(mild[name])}`", f"`{json.dumps(dirty[name])}`") for name in Defects.model_fields],
    )
