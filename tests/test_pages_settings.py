"""Links lead to where a project says, and carry nobody's password."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from uptier.pages_settings import PagesSettings


@pytest.mark.parametrize(
    ("base_url", "link"),
    [
        ("https://briefs.example.com", "https://briefs.example.com/accounts/0417"),
        ("https://briefs.example.com/", "https://briefs.example.com/accounts/0417"),
        ("https://briefs.example.com:8443/csm/", "https://briefs.example.com:8443/csm/accounts/0417"),
        ("http://localhost:8000", "http://localhost:8000/accounts/0417"),
        ("http://127.0.0.1", "http://127.0.0.1/accounts/0417"),
        ("http://[::1]:80", "http://[::1]:80/accounts/0417"),
    ],
)
def test_an_account_has_an_address_under_the_base(base_url: str, link: str) -> None:
    assert PagesSettings(base_url=base_url).of_account("0417") == link


@pytest.mark.parametrize(
    ("account", "written"),
    [
        ("a/../b", "a%2F..%2Fb"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("zoë 🙂", "zo%C3%AB%20%F0%9F%99%82"),
        ("<script>\"'&", "%3Cscript%3E%22%27%26"),
        ("50%", "50%25"),
        ("a_b.c-d~e", "a_b.c-d~e"),
    ],
)
def test_no_id_breaks_out_of_its_place(account: str, written: str) -> None:
    assert PagesSettings(base_url="https://x.example").of_account(account) == f"https://x.example/accounts/{written}"


def test_without_a_base_there_is_no_link() -> None:
    assert PagesSettings().of_account("0417") is None


@pytest.mark.parametrize(
    "base_url",
    [
        "http://briefs.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "https://user:secret@briefs.example.com",
        "https://@briefs.example.com",
        "http://localhost@briefs.example.com",
        "https://briefs.example.com?token=secret",
        "https://briefs.example.com/#",
        "https://briefs.example.com/a b",
        "https://briefs.example.com/\n",
        'https://briefs.example.com/"onclick=',
        "https://briefs.example.com\\@evil.example",
        "https://bücher.example",
        "https://",
        "https:///path",
        "https://briefs.example.com:port",
        "https://[::1",
        "ftp://briefs.example.com",
        "javascript:alert(1)",
        "briefs.example.com",
        "",
        "https://" + "x" * 600,
    ],
)
def test_what_is_no_safe_address_is_refused(base_url: str) -> None:
    with pytest.raises(ValidationError):
        PagesSettings(base_url=base_url)
