"""Whatever a plugin raises, and whenever its memory runs out, becomes one of our errors."""

from __future__ import annotations

import threading

import pytest

from lofi_core import calls
from lofi_core.calls import guarded, interrupt_for_memory
from lofi_core.errors import InferenceFailed


def test_a_call_that_took_too_much_memory_is_ended_and_told_so() -> None:
    def takes_more_and_more() -> None:
        interrupt_for_memory(threading.get_ident(), 2_000_000_000)  # as the guard does, from its own thread
        while True:
            pass

    with pytest.raises(InferenceFailed, match="greedy took more than 2 GB of memory in generate"):
        guarded("greedy", "generate", takes_more_and_more)


def test_a_call_that_is_over_is_not_ended_while_its_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str | None] = []

    def tell(_what: str, _error: BaseException) -> None:
        ended.append(interrupt_for_memory(threading.get_ident(), 1))

    def fails() -> None:
        raise ValueError("no reed")

    monkeypatch.setattr(calls, "log_raised", tell)
    with pytest.raises(InferenceFailed, match="greedy raised ValueError: no reed"):
        guarded("greedy", "generate", fails)
    assert ended == [None]
