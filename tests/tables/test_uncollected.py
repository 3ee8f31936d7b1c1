from __future__ import annotations

import gc

import pytest

from uptier.tables.uncollected import uncollected


def test_garbage_lies_while_expressions_are_compiled_and_no_longer() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_fails_is_collected_after_all() -> None:
    with pytest.raises(ValueError, match="on the way"), uncollected():
        raise ValueError("on the way")
    assert gc.isenabled()


def test_who_has_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
