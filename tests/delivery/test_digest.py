from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.delivery.drawn_rows import ODD, any_rows, row, told
from tests.delivery.killed import killed, killed_at
from tests.delivery.mail_server import PASSWORD, USER, Box, serving
from uptier.delivery import digest_pages as pages
from uptier.delivery.digest import MAILS, MANIFEST, Digest
from uptier.delivery.mailing import is_address
from uptier.delivery.payload import Payload
from uptier.delivery_settings import DigestSettings
from uptier.errors import DeliveryError, UnreachableError

ADA, BO = "ada@example.com", "bo@example.com"


def digest(tmp_path: Path, **settings: Any) -> Digest:
    asked = DigestSettings(kind="digest", **{"folder": tmp_path / "pages"} | settings)
    return Digest("digest", asked, {}, tmp_path / "store")


def page_names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "pages").iterdir() if path.name != MANIFEST)


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def page_of(tmp_path: Path, owner: str) -> str:
    [name] = [name for name in page_names(tmp_path) if name.startswith(f"{owner}-")]
    return (tmp_path / "pages" / name).read_text(encoding="utf-8")


# pages ----------------------------------------------------------------------------------------------------------------


def test_each_csm_has_a_page_with_their_own_rows(tmp_path: Path) -> None:
    rows = [row("acme"), row("bolt", owner="Bo"), row("cask", owner="Bo", rank=2), row("dune", owner=None)]
    answers = digest(tmp_path).send(rows)
    assert {one.key: one.ok for one in answers} == {one.key: True for one in rows}
    assert [name.rpartition("-")[0] for name in page_names(tmp_path)] == ["accounts", "ada", "bo"]
    page = page_of(tmp_path, "bo")
    assert "bolt" in page
    assert page.index("bolt") < page.index("cask")
    assert "acme" not in page
    assert "Accounts without a CSM" in page_of(tmp_path, "accounts")


@pytest.mark.parametrize("style", ["html", "markdown"])
def test_a_page_says_who_what_why_until_when_and_what_changed(tmp_path: Path, style: str) -> None:
    digest(tmp_path, format=style).send([row(changed="Seats fired", action_reason="Worth a call", details="The brief")])
    page = page_of(tmp_path, "ada")
    for words in ("acme", "pitch", "more seats", "18 of the 20 seats", "9 March 2026", "Seats fired", "Worth a call"):
        assert words in page
    assert "Looked at on 1 March 2026. Good until 15 March 2026." in page
    assert "The brief" in page


@pytest.mark.parametrize("style", ["html", "markdown"])
def test_a_page_says_what_a_contact_brings_which_place_it_has_and_all_that_holds_it_back(
    tmp_path: Path, style: str
) -> None:
    worth = {"expected_value": 1234.5, "expected_value_low": 300.0, "expected_value_high": 2100.4, "currency": "EUR"}
    held = {"rank": None, "unlisted_because": "the renewal is too near", "held_by": "detractor,renewal_freeze"}
    digest(tmp_path, format=style).send([row(**worth, points=71, exploration=True), row("bolt", **held, points=55)])
    page = page_of(tmp_path, "ada")
    for words in (
        "EUR 1,234 (300 to 2,100)",
        "1, drawn from lower ranks",
        "none: the renewal is too near",
        "the customer would not recommend us; the renewal is too near",
        "55",
    ):
        assert words in page
    assert page.count("Points") == 1  # they tell something where no value is known


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows = [row("acme", rank=2), row("bolt", rank=1), row("cask", owner="Bo")]
    digest(tmp_path).send(rows)
    before = read_bytes(tmp_path / "pages")
    digest(tmp_path).send(rows[::-1])
    assert read_bytes(tmp_path / "pages") == before


def test_what_is_held_is_what_was_sent(tmp_path: Path) -> None:
    rows = [row("acme"), row("bolt", owner="Bo")]
    there = digest(tmp_path)
    assert there.held() == {}
    there.send(rows)
    assert there.held() == digest(tmp_path).held() == told(rows)
    assert there.fingerprints([rows[1].key, "nobody"]) == told(rows[1:])
    there.send(rows[:1])
    assert there.held() == told(rows[:1])
    there.send([])
    assert there.held() == {}


def test_a_page_that_was_changed_or_taken_away_holds_nothing_and_is_written_anew(tmp_path: Path) -> None:
    rows = [row("acme"), row("bolt", owner="Bo"), row("cask", owner="Cy")]
    there = digest(tmp_path)
    there.send(rows)
    before = read_bytes(tmp_path / "pages")
    for name in page_names(tmp_path):
        if name.startswith("ada"):
            (tmp_path / "pages" / name).write_text("half")
        if name.startswith("bo"):
            (tmp_path / "pages" / name).unlink()
    assert there.held() == told(rows[2:])
    there.send(rows)
    assert read_bytes(tmp_path / "pages") == before


def test_a_page_without_rows_is_removed_if_it_is_ours(tmp_path: Path) -> None:
    there = digest(tmp_path)
    there.send([row("acme"), row("bolt", owner="Bo")])
    (tmp_path / "pages" / "ada-notes.html").write_text("a person's")
    there.send([row("bolt", owner="Bo")])
    assert [name for name in page_names(tmp_path) if not name.startswith("bo-")] == ["ada-notes.html"]
    digest(tmp_path, format="markdown").send([row("bolt", owner="Bo")])
    assert [name.rpartition(".")[2] for name in page_names(tmp_path)] == ["html", "md"]


def test_csms_with_names_alike_have_pages_of_their_own(tmp_path: Path) -> None:
    owners = ["Ada", "ada", "a/d/a", "../../ada", "🙂", "中文", "."]
    rows = [row(f"a{place}", owner=owner) for place, owner in enumerate(owners)]
    digest(tmp_path).send(rows)
    assert len(page_names(tmp_path)) == len(owners)
    assert digest(tmp_path).held() == told(rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pages"]


KILLED = """
from tests.delivery.drawn_rows import row
from tests.delivery.test_digest import digest
digest(place).send([row("acme", owner="Cy"), row("dune", owner="Di"), row("bolt", owner="Bo", tier="A")])
"""


@pytest.mark.parametrize("step", range(1, 12))
def test_after_a_kill_at_any_step_the_next_run_has_every_page_and_no_other(tmp_path: Path, step: int) -> None:
    digest(tmp_path).send([row("acme"), row("bolt", owner="Bo")])
    killed_at(step, tmp_path, KILLED)
    left = [row("bolt", owner="Bo", tier="B")]
    digest(tmp_path).send(left)  # the new ones of the killed run have none any more
    assert [name.rpartition("-")[0] for name in page_names(tmp_path)] == ["bo"]
    assert digest(tmp_path).held() == told(left)


class Read(HTMLParser):
    """What a browser would load or run of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loaded += [f"{name}={value}" for name, value in attrs if name in ("src", "srcset", "data", "style")]
        self.loaded += [name for name, _ in attrs if name.startswith("on")]
        self.loaded += [str(value) for name, value in attrs if name == "href" and not str(value).startswith("#")]


OURS = {"html", "head", "meta", "title", "style", "body", "h1", "p", "div", "table", "thead", "tbody", "tr", "th", "td"}
OURS |= {"a", "article", "section", "dl", "dt", "dd"}


@given(rows=any_rows().filter(bool))
def test_a_page_loads_nothing_and_runs_nothing_whatever_rows_say(rows: list[Payload]) -> None:
    page = pages.html("<script>x</script>", rows)
    read = Read(page)
    assert read.tags <= OURS
    assert read.loaded == []
    assert "url(" not in page.partition("</style>")[0]
    assert pages.html("<script>x</script>", rows) == page


@pytest.mark.parametrize(
    "text", [*ODD, "# h", "- x", "1. x", "===", "[a](javascript:b)", "<b>", "> q", "`c`", "a\n---"]
)
def test_markdown_takes_nothing_of_a_row_for_its_own(text: str) -> None:
    page = pages.markdown(text.splitlines()[0], [row(reason_1=text, details=text, changed=text)])
    for line in page.splitlines():
        assert not re.match(r"(> )?\s*(=+|-{2,}|- x|1\. x|\+)", line), line
        bare = re.sub(r"\\.", "", line)
        assert "<" not in bare
        assert "[" not in bare
        assert "`" not in bare
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        page.splitlines()[0],
        "## acme",
    ]


@pytest.mark.parametrize(
    ("details", "is_link"),
    [
        ("https://pages.example/acme?as_of=2026-03-01", True),
        ("javascript:alert(1)", False),
        ('https://x/"onmouseover="y', False),
        ("https://x/ and more", False),
    ],
)
def test_only_an_address_of_the_web_is_a_link(details: str, is_link: bool) -> None:
    one = row(details=details)
    assert (Read(pages.html("Ada", [one])).loaded == [details]) is is_link
    assert (f"\n<{details}>\n" in pages.markdown("Ada", [one])) is is_link


def test_pages_that_cannot_be_written_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("in the way")
    assert "is not a folder" in digest(tmp_path).preflight()[0]
    for call in (lambda: digest(tmp_path).send([row()]), digest(tmp_path).setup):
        with pytest.raises(DeliveryError, match="cannot be written"):
            call()


def test_setup_makes_folders_once(tmp_path: Path) -> None:
    assert len(digest(tmp_path).setup()) == 2
    assert digest(tmp_path).setup() == digest(tmp_path).preflight() == []


def test_pages_that_would_go_nowhere_are_told(tmp_path: Path) -> None:
    assert digest(tmp_path, folder=None).preflight() == ["Pages go nowhere. Name a folder, or an smtp_host."]
    [one] = digest(tmp_path, folder=None).send([row()])
    assert not one.ok
    assert digest(tmp_path, folder=None).held() == {}


# mails ----------------------------------------------------------------------------------------------------------------


@dataclass
class Post:
    """A server, and digests that are mailed by it."""

    place: Path
    box: Box
    settings: dict[str, Any]
    environment: dict[str, str]

    def digest(self, **changed: Any) -> Digest:
        asked = DigestSettings(kind="digest", **self.settings | changed)
        return Digest("digest", asked, self.environment, self.place / "store")

    def remembered(self) -> dict[str, Any]:
        return dict(json.loads((self.place / "store" / MAILS).read_text()))


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with serving(tmp_path) as (box, port, certificate):
        settings = {
            "smtp_host": "localhost",
            "smtp_port": port,
            "sender": "uptier@example.com",
            "addresses": {"Ada": ADA, "Bo": BO},
            "timeout": 5,
        }
        environment = {
            "UPTIER_SMTP_USER": USER,
            "UPTIER_SMTP_PASSWORD": PASSWORD,
            "SSL_CERT_FILE": str(certificate),
        }
        yield Post(tmp_path, box, settings, environment)


def test_each_csm_is_mailed_their_own_rows(post: Post) -> None:
    rows = [row("acme", reason_1="Größe 🙂 <b>"), row("bolt", owner="Bo")]
    there = post.digest()
    assert there.preflight() == []
    assert all(one.ok for one in there.send(rows))
    assert there.held() == told(rows)
    [mail] = post.box.to(ADA)
    assert len(post.box.mails) == 2
    assert (mail["From"], mail["Auto-Submitted"]) == ("uptier@example.com", "auto-generated")
    assert mail["Subject"] == "Your worklist: 1 open row. Looked at on 1 March 2026. Good until 15 March 2026."
    assert mail["Message-ID"].endswith("@example.com>")
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == pages.markdown("Ada", rows[:1])
    assert page.get_content().replace("\r\n", "\n") == pages.html("Ada", rows[:1])
    assert post.box.heard[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]  # of preflight; the password only under TLS


def test_markdown_is_mailed_as_text_alone(post: Post) -> None:
    post.digest(format="markdown").send([row()])
    [mail] = post.box.mails
    assert mail.get_content_type() == "text/plain"


def test_only_news_is_mailed(post: Post) -> None:
    rows = [row("acme"), row("bolt", owner="Bo")]
    post.digest().send(rows)
    calls = post.box.calls
    assert all(one.ok for one in post.digest().send(rows[::-1]))
    assert post.box.calls == calls  # nobody is even called
    post.digest().send([row("acme", rank=2), rows[1]])
    assert (len(post.box.to(ADA)), len(post.box.to(BO))) == (2, 1)


def test_who_has_no_address_has_a_page_or_is_told_of(post: Post) -> None:
    rows = [row("acme"), row("cask", owner="Cy")]
    assert {one.key: one.ok for one in post.digest().send(rows)} == {rows[0].key: True, rows[1].key: False}
    assert post.digest().held() == told(rows[:1])
    both = post.digest(folder=post.place / "pages")
    assert all(one.ok for one in both.send(rows))
    assert both.held() == told(rows)
    assert len(post.box.mails) == 1


@pytest.mark.parametrize(("code", "passing"), [(450, True), (550, False)])
def test_one_csm_who_is_refused_does_not_keep_others_from_theirs(post: Post, code: int, passing: bool) -> None:
    post.box.refused = {ADA: code}
    rows = [row("acme"), row("bolt", owner="Bo")]
    ada, bo = post.digest().send(rows)
    assert (ada.ok, ada.passing, ada.said) == (False, passing, f"The mail server says {code}.")
    assert bo.ok
    assert post.digest().held() == told(rows[1:])
    post.box.refused = {}
    assert all(one.ok for one in post.digest().send(rows))
    assert (len(post.box.to(ADA)), len(post.box.to(BO))) == (1, 1)


def test_a_mail_that_is_refused_after_it_was_read_may_be_sent_later(post: Post) -> None:
    post.box.after_data = lambda: "452 full"
    [one] = post.digest().send([row()])
    assert (one.ok, one.passing) == (False, True)
    assert "on_its_way" not in post.remembered()["Ada"]


def hang_up() -> str:
    raise ConnectionError


def test_a_line_that_is_lost_leaves_one_mail_in_doubt_which_comes_again_as_itself(post: Post) -> None:
    rows = [row("acme"), row("bolt", owner="Bo")]
    post.box.after_data = hang_up
    with pytest.raises(UnreachableError, match=r"localhost does not answer \(SMTPServerDisconnected\)"):
        post.digest().send(rows)
    assert post.digest().held() == {}
    post.box.after_data = lambda: "250 ok"
    assert all(one.ok for one in post.digest().send(rows))
    first, second = post.box.to(ADA)
    assert first["Message-ID"] == second["Message-ID"]
    assert len(post.box.to(BO)) == 1
    post.digest().send(rows)
    assert len(post.box.mails) == 3


def test_news_after_a_mail_in_doubt_is_a_mail_of_its_own(post: Post) -> None:
    post.box.after_data = hang_up
    with pytest.raises(UnreachableError):
        post.digest().send([row()])
    post.box.after_data = lambda: "250 ok"
    post.digest().send([row(rank=2)])
    assert len({one["Message-ID"] for one in post.box.mails}) == 2


def test_rows_that_go_back_to_what_they_were_are_mailed_as_news(post: Post) -> None:
    for rank in (1, 2, 1):
        post.digest().send([row(rank=rank)])
    assert len({one["Message-ID"] for one in post.box.mails}) == 3


KILLED_MAILING = """
import os, signal, sys
from pathlib import Path
from tests.delivery.drawn_rows import row
from uptier.delivery import digest
from uptier.delivery_settings import DigestSettings

when, place, settings = sys.argv[1], Path(sys.argv[2]), DigestSettings.model_validate_json(sys.argv[3])
posted = digest.post

def post(server, message):
    if message["To"].startswith("bo"):
        if when == "after":
            posted(server, message)
        os.kill(os.getpid(), signal.SIGKILL)
    posted(server, message)

digest.post = post
rows = [row("acme"), row("bolt", owner="Bo"), row("cask", owner="Cy")]
digest.Digest("digest", settings, os.environ, place).send(rows)
"""


@pytest.mark.parametrize(("when", "doubled"), [("before", 0), ("after", 1)])
def test_a_kill_beside_a_mail_doubles_it_at_most_and_no_other(post: Post, when: str, doubled: int) -> None:
    post.settings["addresses"] = {"Ada": ADA, "Bo": BO, "Cy": "cy@example.com"}
    rows = [row("acme"), row("bolt", owner="Bo"), row("cask", owner="Cy")]
    told_settings = DigestSettings(kind="digest", **post.settings).model_dump_json()
    killed(KILLED_MAILING, when, str(post.place / "store"), told_settings, **post.environment)
    assert all(one.ok for one in post.digest().send(rows))
    assert [len(post.box.to(one)) for one in (ADA, BO, "cy@example.com")] == [1, 1 + doubled, 1]
    assert len({one["Message-ID"] for one in post.box.to(BO)}) == 1
    assert post.digest().held() == told(rows)


def test_tls_from_the_start_is_spoken_on_its_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path, tls_from_start=True) as (box, port, certificate):
        monkeypatch.setattr("uptier.delivery.mailing.TLS_PORT", port)
        asked = DigestSettings(
            kind="digest", smtp_host="localhost", smtp_port=port, sender="u@example.com", addresses={"Ada": ADA}
        )
        there = Digest("digest", asked, {"SSL_CERT_FILE": str(certificate)}, tmp_path / "store")
        assert all(one.ok for one in there.send([row()]))
        assert len(box.to(ADA)) == 1
        assert "STARTTLS" not in box.heard
        assert "AUTH" not in box.heard  # there is no user
        assert "does not hold" in refused_by(Digest("digest", asked, {}, tmp_path / "another"))
        assert len(box.mails) == 1


def refused_by(there: Digest) -> str:
    with pytest.raises(DeliveryError) as refused:
        there.send([row()])
    assert not isinstance(refused.value, UnreachableError)
    assert PASSWORD not in str(refused.value)
    return str(refused.value)


def test_a_certificate_that_does_not_hold_is_told_nothing(post: Post, tmp_path: Path) -> None:
    del post.environment["SSL_CERT_FILE"]
    assert "certificate of localhost does not hold" in refused_by(post.digest())
    (tmp_path / "other").mkdir()
    with serving(tmp_path / "other", name="mail.example.com") as (box, port, certificate):
        post.environment["SSL_CERT_FILE"] = str(certificate)
        assert "certificate of localhost does not hold" in refused_by(post.digest(smtp_port=port))
    assert {*post.box.heard, *box.heard} == {"EHLO", "STARTTLS"}
    post.environment["SSL_CERT_FILE"] = "nowhere.pem"
    assert "names no file of certificates" in refused_by(post.digest())


def test_a_server_without_tls_is_told_nothing(post: Post) -> None:
    post.box.offers_tls = False
    assert "offers no TLS" in refused_by(post.digest())
    assert set(post.box.heard) <= {"EHLO", "QUIT"}
    [said] = post.digest().preflight()
    assert "offers no TLS" in said


def test_a_wrong_password_is_not_tried_again(post: Post) -> None:
    post.environment["UPTIER_SMTP_PASSWORD"] = "wrong"
    assert "refuses us (SMTPAuthenticationError, 535)" in refused_by(post.digest())
    assert post.box.mails == []


@pytest.mark.parametrize("break_it", ["away", "busy"])
def test_a_server_that_does_not_answer_is_unreachable_and_pages_are_written(post: Post, break_it: str) -> None:
    there = post.digest(folder=post.place / "pages")
    if break_it == "busy":
        post.box.greeting = "421 later"
    else:
        there = post.digest(folder=post.place / "pages", smtp_port=1)
    with pytest.raises(UnreachableError):
        there.send([row()])
    with pytest.raises(UnreachableError):
        there.preflight()
    assert there.held() == {}
    assert len(page_names(post.place)) == 1


def test_a_server_that_falls_silent_is_given_up(post: Post) -> None:
    going_on = threading.Event()

    def fall_silent() -> str:
        going_on.wait(20)
        return "250 ok"

    post.box.after_data = fall_silent
    try:
        with pytest.raises(UnreachableError, match="localhost does not answer"):
            post.digest(timeout=0.3).send([row()])
    finally:
        going_on.set()


def test_addresses_that_are_none_are_told_and_never_written_into_a_header(post: Post) -> None:
    bad = "ada@example.com\r\nBcc: all@example.com"
    there = post.digest(addresses={"Ada": bad, "Bo": BO}, sender="nobody")
    assert there.preflight() == ["sender is no mail address.", "The address of Ada is no mail address."]
    with pytest.raises(DeliveryError, match="The sender of digest is no mail address"):
        there.send([row(owner="Bo")])
    [one] = post.digest(addresses={"Ada": bad}).send([row()])
    assert not one.ok
    assert post.box.mails == []
    assert post.digest(addresses={}).preflight() == ["Nobody has an address. Name them under addresses, by owner."]


def test_what_an_address_is() -> None:
    good = ["ada@example.com", "ada.l+x@mail.example.com"]
    bad = ["", "ada", "ada@", "@example.com", "ada@example.com, bo@example.com", "Ada <ada@example.com>", "a b@c.de"]
    assert [one for one in good + bad if is_address(one)] == good


def test_it_shows_no_credential(post: Post, capfd: pytest.CaptureFixture[str]) -> None:
    there = post.digest()
    there.send([row()])
    assert repr(there) == "Digest('digest', folder='None', smtp_host='localhost')"
    kept = "".join(path.read_text() for path in (post.place / "store").iterdir())
    assert PASSWORD not in kept + repr(there) + "".join(capfd.readouterr())


def test_whole(tmp_path: Path) -> None:
    assert digest(tmp_path).whole
    assert digest(tmp_path).batch_size >= 10_000_000
