"""A brief as a file says what it says on the screen, and what customers wrote stays text."""

from __future__ import annotations

import dataclasses
import html as escaping
import re

import pytest

from tests.explanation.test_brief import BRIEFS, LATELY, PITCH, PROTECT, TALK, TALKED
from tests.explanation.test_pictures import METERS, TRENDS
from uptier.explanation.brief_words import told
from uptier.explanation.changed import Chances, Changed
from uptier.explanation.pages import html, markdown, worklist
from uptier.explanation.trends import Trends

HOSTILE = "[click](javascript:x) <script>alert(1)</script> # *bold* | a\nb &amp; `c` {{ 7*7 }}"


def words(text: str) -> list[str]:
    return re.findall(r"[\w%]+", text)


@pytest.mark.parametrize("name", BRIEFS)
def test_both_say_all_that_the_brief_says(name):
    brief = BRIEFS[name]
    said = [word for one in told(brief) for word in (*words(one.label), *words(one.text))]
    assert words(markdown(brief)) == said
    body = html(brief).partition("<body>")[2]
    assert words(escaping.unescape(re.sub(r"<[^>]*>", " ", body))) == said


def test_markdown_as_it_is_read(snapshot):
    assert markdown(dataclasses.replace(PITCH, talk=TALK)) == snapshot


def test_what_a_customer_wrote_is_never_read_as_markup():
    odd = dataclasses.replace(PITCH, account_name=HOSTILE)
    page = html(odd)
    assert "<script>" not in page
    assert "{{ 7*7 }}" in page
    lines = markdown(odd).splitlines()
    assert not [line for line in lines if re.search(r"(?<!\\)[<\[`#|]", line)]
    assert lines[0].startswith("**")


def test_a_page_loads_nothing_and_runs_nothing():
    page = html(PITCH)
    assert not re.search(r"(?i)<(script|link|img|iframe)|https?:|url\(|\son\w+=", page)


def test_pictures_stand_below_what_is_said_and_load_nothing():
    drawn = dataclasses.replace(LATELY, talk=TALK, trends=TRENDS)
    page = html(drawn)
    body, _, pictures = page.partition('<section class="pictures">')
    assert body == html(dataclasses.replace(drawn, trends=None)).partition("</body>")[0]
    assert pictures.count('<svg role="img"') == pictures.count("<figcaption>") == 3
    assert not re.search(r"(?i)<(script|link|img|iframe)|https?:|url\(|\son\w+=", page)
    assert len(page.encode()) < 40_000
    assert html(dataclasses.replace(drawn, trends=Trends())).count("<svg") == 0
    assert drawn.text() == dataclasses.replace(drawn, trends=None).text()


def test_a_worklist_has_each_accounts_pictures_and_stays_small():
    few = dataclasses.replace(LATELY, talk=TALK, trends=TRENDS)
    hostile = dataclasses.replace(few, trends=Trends(meters=(dataclasses.replace(METERS[0], meter=HOSTILE),)))
    page = worklist([few, PITCH, hostile], "North team")
    assert [article.count("<svg") for article in page.split("<article")[1:]] == [3, 0, 1]
    assert "<script" not in page
    assert len(worklist([few] * 6, "North team").encode()) < 6 * 40_000


def test_a_worklist_lists_every_account_and_links_to_its_brief():
    page = worklist([TALKED, PITCH, PROTECT], "North team")
    assert re.findall(r'href="#(account-\d)"', page) == re.findall(r'<article id="(account-\d)"', page)
    rows = re.findall(r"<tr><td>.*</tr>", page)
    assert len(rows) == 3
    assert "more seats" in rows[0]
    assert "31 March 2026" in rows[0]
    assert "whether it stays" in rows[2]
    for brief in (TALKED, PROTECT):
        for one in told(brief):
            assert escaping.escape(" ".join(one.text.split())).replace("&#x27;", "&#39;") in page


def test_a_worklist_says_what_moved_and_holds_no_markup_of_customers():
    moved = Changed(
        since=PITCH.as_of,
        fired=("Capacity",),
        cleared=(),
        chances=Chances(before=0.3, now=0.52, families=(("Seats", 0.22),), context=0.0, model=0.0),
    )
    page = worklist([dataclasses.replace(PITCH, account_name=HOSTILE, changed=moved)], "<b>North</b>")
    assert "30 to 52 in 100. Fired: Capacity." in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert not re.search(r"(?i)<(script|link|img|iframe)|https?:|url\(|\son\w+=", page)
