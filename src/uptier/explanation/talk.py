"""The talk: a usage review in five parts, filled with the account's own numbers, or a talk that listens first.

The words are templates in ``talks.yaml`` beside this file, which a project may change. Each part is a list of lines;
the first one whose every blank can be filled is said. A blank is empty where its value is not known or tells nothing,
so no line speaks of what the data do not show, and none says a fact a second time.

Which talk it is follows from the action: a pitch has the talk of its upsell type; where something must be put right
first, or nothing opens a talk yet, it is one that offers nothing; who is left alone gets none.
"""

from __future__ import annotations

import datetime as dt
import math
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from uptier.decision.actions import Action
from uptier.errors import SettingsError, did_you_mean
from uptier.explanation.sentences import currency_of, known, sentence, tells
from uptier.mistakes import mistakes
from uptier.project_file import read_project_file
from uptier.signals.signal import Unit
from uptier.thresholds import Part, Thresholds

if TYPE_CHECKING:
    from uptier.explanation.reasons import Reason
    from uptier.signals.catalog import Catalog

SHIPPED = Path(__file__).with_name("talks.yaml")
MONTHS_AHEAD = 2  # that new seats are to last; this project's own figure: about as long as a purchase takes
NEXT_STEP_DAYS = 14  # where no trigger says sooner: "the end of next week" in S1, and its window for a higher plan
SATURDAY = 5
COMPUTED = ("reason", "more_seats", "more_seats_price", "date")

Kind = Literal["seat_expansion", "plan_upgrade", "add_on", "discovery", "repair"]
Lines = tuple[str, ...]


class TalkWords(Part):
    """The words of one talk; what is left out is as in the file that ships.

    Attributes
    ----------
    name : str or None
        What CSMs call it.
    speak_to : list of str or None
        Lines about whom to speak to.
    value, trend, continuity, option, next_step : list of str or None
        Lines of the five parts.
    """

    name: str | None = None
    speak_to: Lines | None = None
    value: Lines | None = None
    trend: Lines | None = None
    continuity: Lines | None = None
    option: Lines | None = None
    next_step: Lines | None = None


PARTS = ("value", "trend", "continuity", "option", "next_step")
SPOKEN = ("speak_to", *PARTS)


class Talks(Part):
    """A file of talks.

    Attributes
    ----------
    seat_expansion, plan_upgrade, add_on : TalkWords
        The talks that pitch.
    discovery : TalkWords
        Where nothing opens a talk yet.
    repair : TalkWords
        Where the risk of leaving is high.
    segments : dict
        By segment, as the accounts table writes it in whatever case: the talks that have other words there.
    """

    seat_expansion: TalkWords = TalkWords()
    plan_upgrade: TalkWords = TalkWords()
    add_on: TalkWords = TalkWords()
    discovery: TalkWords = TalkWords()
    repair: TalkWords = TalkWords()
    segments: dict[str, dict[Kind, TalkWords]] = {}

    def of(self, kind: Kind, segment: str | None) -> Iterator[TalkWords]:
        """Give the words of a talk in this file, those of the segment first.

        Parameters
        ----------
        kind : str
            The talk.
        segment : str or None
            The account's segment.

        Yields
        ------
        TalkWords
            One or two.
        """
        own = {name.casefold(): talks for name, talks in self.segments.items()}.get((segment or "").casefold(), {})
        if kind in own:
            yield own[kind]
        yield getattr(self, kind)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A talk with one account.

    Attributes
    ----------
    kind : str
        ``seat_expansion``, ``plan_upgrade``, ``add_on``, ``discovery`` or ``repair``.
    name : str
        What CSMs call it.
    speak_to : str
        Whom to speak to.
    value, trend, continuity, option, next_step : str
        The five parts.
    by : date
        The day of the next step.
    """

    kind: Kind
    name: str
    speak_to: str
    value: str
    trend: str
    continuity: str
    option: str
    next_step: str
    by: dt.date


def read_talks(own: Path | None, catalog: Catalog) -> tuple[Talks, ...]:
    """Read the talks of a project.

    Parameters
    ----------
    own : Path or None
        The project's own file.
    catalog : Catalog
        The signals that blanks may name.

    Returns
    -------
    tuple of Talks
        The project's own first, then those that ship.

    Raises
    ------
    SettingsError
        If a file cannot be read, or has an unknown key or blank; with file, line and key.
    """
    if own is not None and not own.is_file():
        raise SettingsError(f"There is no file {own}.", do="Correct 'talks' in the project's YAML, or leave it out.")
    # of the shipped words, the tests see to it that every blank has its signal in the whole catalogue
    shipped = _read(SHIPPED, None)
    return (shipped,) if own is None else (_read(own, catalog), shipped)


def _read(path: Path, catalog: Catalog | None) -> Talks:
    file = read_project_file(path)
    try:
        talks = Talks.model_validate(file.expanded({}))
    except ValidationError as error:
        raise mistakes(error, file, Talks) from None
    named: list[tuple[tuple[str, ...], TalkWords]] = [((kind,), getattr(talks, kind)) for kind in _kinds()]
    named += [
        (("segments", segment, kind), words) for segment, some in talks.segments.items() for kind, words in some.items()
    ]
    for place, words in named:
        for part in SPOKEN:
            lines = getattr(words, part)
            if lines is None:
                continue
            for line in lines:
                if catalog is not None:
                    _require_blanks(line, catalog, file.where(*place, part))
            if not lines or set(_blanks(lines[-1])) - {("date", "")}:
                raise SettingsError(
                    f"{file.where(*place, part)}: the last line must have no blank but {{date}}.",
                    do="Add a line that can be said of any account.",
                )
    return talks


def _kinds() -> tuple[Kind, ...]:
    return tuple(name for name in Talks.model_fields if name != "segments")  # type: ignore[misc]  # they are the kinds


def _blanks(line: str) -> list[tuple[str, str]]:
    return [(name, of or "") for _, name, of, _ in string.Formatter().parse(line) if name is not None]


def _require_blanks(line: str, catalog: Catalog, where: str) -> None:
    signals = {one.name for one in catalog.signals}
    try:
        blanks = _blanks(line)
    except ValueError:
        raise SettingsError(f"{where}: a brace is not closed.", found=line, do="Write {{ for a brace itself.") from None
    for name, of in blanks:
        if name in ("say", "value"):
            if of not in signals:
                raise SettingsError(f"{where}: there is no signal '{of}'.", do=did_you_mean(of, signals))
        elif name not in COMPUTED or of:
            raise SettingsError(
                f"{where}: there is no blank {{{name}}}.", do=did_you_mean(name, (*COMPUTED, "say:", "value:"))
            )


def kind_of(action: Action, upsell: str | None) -> Kind | None:
    """Say which talk an action calls for.

    Parameters
    ----------
    action : Action
        What to do.
    upsell : str or None
        What a pitch would be about.

    Returns
    -------
    str or None
        None where the account is left alone.
    """
    if action is Action.PROTECT:
        return "repair"
    if action is Action.NURTURE:
        return "discovery"
    if action is Action.PITCH and upsell in ("seat_expansion", "plan_upgrade", "add_on"):
        return upsell  # type: ignore[return-value]  # one of the three
    return "discovery" if action is Action.PITCH else None


def next_day(as_of: dt.date, reasons: Sequence[Reason], upsell: str | None) -> dt.date:
    """Give the day of the next step.

    Parameters
    ----------
    as_of : date
        When the account was looked at.
    reasons : sequence of Reason
        For the upsell.
    upsell : str or None
        Its type.

    Returns
    -------
    date
        Within the days in which its fired triggers ask to act, else two weeks on; a weekday.
    """
    asked = [
        reason.act_within_days
        for reason in reasons
        if reason.fired and reason.act_within_days is not None and reason.opens == upsell
    ]
    day = as_of + dt.timedelta(days=min(asked, default=NEXT_STEP_DAYS))
    # the Friday before a weekend, unless that is not ahead any more
    back = day - dt.timedelta(days=max(0, day.weekday() - SATURDAY + 1))
    return back if back > as_of else day + dt.timedelta(days=7 - day.weekday())


def more_seats(row: Mapping[str, object], thresholds: Thresholds, usual: float | None = None) -> int | None:
    """Say how many more seats to offer.

    Parameters
    ----------
    row : mapping of str to object
        The account's signals by name.
    thresholds : Thresholds
        Which share of the seats in use counts as near the ceiling.
    usual : float, optional
        What accounts usually add, share of what they pay.

    Returns
    -------
    int or None
        As many as accounts usually add, and no fewer than leave the people of two months from now, at the team's pace,
        below that share; at least one. None where seats or people are not known.
    """
    seats, people, pace = (known(row.get(name)) for name in ("seats", "active_users", "team_pace"))
    if not isinstance(seats, float) or not isinstance(people, float):
        return None
    coming = MONTHS_AHEAD * max(pace, 0.0) if isinstance(pace, float) else 0.0
    needed = math.ceil((people + coming) / thresholds.seat_utilisation - seats)
    return max(1, needed, round(seats * (usual or 0.0)))


def talk(
    kind: Kind,
    files: Sequence[Talks],
    row: Mapping[str, object],
    reasons: Sequence[Reason],
    *,
    upsell: str | None,
    segment: str | None,
    as_of: dt.date,
    catalog: Catalog,
    thresholds: Thresholds,
    currency: str,
    usual_gain: float | None = None,
) -> Talk:
    """Fill a talk with an account's own numbers.

    Parameters
    ----------
    kind : str
        Which talk.
    files : sequence of Talks
        Where its words are, the project's own first.
    row : mapping of str to object
        The account's signals by name.
    reasons : sequence of Reason
        For what the talk is about, the heaviest first.
    upsell : str or None
        What a pitch would be about.
    segment : str or None
        The account's segment.
    as_of : date
        When it was looked at.
    catalog : Catalog
        The signals.
    thresholds : Thresholds
        Where triggers fire.
    currency : str
        ISO code of the project's currency; the account's own, where the row has one, goes before it.
    usual_gain : float, optional
        What accounts usually add when they buy seats, share of what they pay.

    Returns
    -------
    Talk
        Each part is one line of the templates, without an empty blank.
    """
    by, currency = next_day(as_of, reasons, upsell), currency_of(row, currency)
    # a pitch begins with its own subject, even where something else weighs more
    opening = [one for one in reasons if one.fired and one.opens == upsell and kind == upsell]
    first = next(iter([*opening, *reasons]), None)
    speech = catalog.speech
    filled = {"date": speech.dates.told_with_weekday(by)}
    if first is not None:
        filled["reason"] = first.sentence
    seats, price = more_seats(row, thresholds, usual_gain), known(row.get("price_per_seat"))
    if seats is not None:
        filled["more_seats"] = Unit.SEATS.told(float(seats), speech=speech)
        if isinstance(price, float):
            filled["more_seats_price"] = Unit.MONEY.told(seats * price, currency=currency, speech=speech)

    signals = {one.name: one for one in catalog.signals}

    def of(blank: tuple[str, str], line: str) -> str | None:
        name, asked = blank
        if name in COMPUTED:
            return filled.get(name)
        signal, value = signals.get(asked), known(row.get(asked))
        if signal is None or value is None:
            return None
        if name == "value":
            # "USD -500 more a month" is no offer, and nothing is no amount
            worth_naming = not isinstance(value, float) or value > 0
            return signal.unit.told(value, currency=currency, speech=speech) if worth_naming else None
        told_already = first is not None and asked in first.signals and ("reason", "") in _blanks(line)
        return sentence(signal, row, catalog, currency) if tells(signal, row) and not told_already else None

    def said(part: str) -> str:
        for line in next(found for words in _words(kind, files, segment) if (found := getattr(words, part))):
            told = {blank: of(blank, line) for blank in _blanks(line)}
            if None not in told.values():
                return "".join(
                    literal + ("" if name is None else str(told[name, spec or ""]))
                    for literal, name, spec, _ in string.Formatter().parse(line)
                )
        raise AssertionError("the last line of each part can be said of any account")  # as read_talks requires

    name = next(words.name for words in _words(kind, files, segment) if words.name)
    return Talk(kind=kind, name=name, by=by, **{part: said(part) for part in SPOKEN})


def _words(kind: Kind, files: Sequence[Talks], segment: str | None) -> Iterator[TalkWords]:
    for file in files:
        yield from file.of(kind, segment)
