"""Who is held out: the share that is asked for, and nothing but the salt and the id decides."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.scoring.worked import settings
from uptier.scoring.holdout import draws, exploration_draws, held_out, salt_of

IDS = [f"account-{number}" for number in range(20_000)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_share_is_close_to_what_is_asked(share):
    held = held_out(IDS, settings(holdout_share=share)).mean()
    # four standard errors of a coin with that share
    assert abs(held - share) < 4 * (share * (1 - share) / len(IDS)) ** 0.5


def test_the_draws_are_evenly_spread():
    drawn = draws(IDS, salt="tiny", purpose="holdout")
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.abs(np.histogram(drawn, bins=20, range=(0, 1))[0] - 1000).max() < 150  # 4.9 standard errors


def test_neither_the_order_nor_the_others_matter():
    asked = settings(holdout_share=0.3)
    alone = {one: bool(held_out([one], asked)[0]) for one in IDS[:500]}
    together = dict(zip(reversed(IDS), held_out(reversed(IDS), asked), strict=True))
    assert alone == {one: together[one] for one in alone}


def test_a_larger_share_keeps_who_was_held_out():
    small, large = (held_out(IDS, settings(holdout_share=share)) for share in (0.1, 0.2))
    assert (large | ~small).all()


def test_the_draw_is_the_published_hash():
    digest = hashlib.sha256(b"pepper\x1fholdout\x1f0417").digest()
    wanted = (int.from_bytes(digest[:8], "big") >> 11) / 2**53
    assert draws(["0417"], salt="pepper", purpose="holdout").tolist() == [wanted]


def test_salts_and_purposes_draw_independently():
    first = draws(IDS, salt="a", purpose="holdout")
    for other in (draws(IDS, salt="b", purpose="holdout"), draws(IDS, salt="a", purpose="exploration")):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.03


def test_the_salt_is_the_projects_name_unless_it_has_its_own():
    assert salt_of(settings()) == "tiny"
    assert salt_of(settings(salt="pepper")) == "pepper"


def test_no_share_holds_nobody_out():
    assert not held_out(IDS, settings()).any()
    assert held_out([], settings(holdout_share=0.5)).tolist() == []


def test_a_case_keeps_its_draw_and_the_next_cycle_gets_another():
    asked = settings(exploration_share=0.2)
    drawn = exploration_draws(["a", "a", "b"], ["2026-01-01", "2026-02-01", "2026-01-01"], asked)
    assert len(set(drawn)) == 3
    assert exploration_draws(["a"], ["2026-01-01"], asked)[0] == drawn[0]


@given(some.text(max_size=20))
def test_any_id_can_be_drawn_for(one):
    assert 0 <= draws([one], salt="tiny", purpose="holdout")[0] < 1
