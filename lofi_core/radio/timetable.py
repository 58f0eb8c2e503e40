"""Which station does the schedule have for a time of day?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.config import DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from lofi_core.config import Slot


def slot_at(schedule: Sequence[Slot], when: datetime) -> Slot | None:
    """The first slot that covers a moment; None when none does.

    A slot that ends before it begins goes on over midnight; its days are those on which it begins.

    Args:
        schedule: checked by the configuration already.
        when: local time.
    """
    now = when.hour * 60 + when.minute
    today = when.weekday()
    return next((slot for slot in schedule if _covers(slot, now, today)), None)


def _covers(slot: Slot, now: int, today: int) -> bool:
    begins, ends = _minutes(slot.from_), _minutes(slot.to)
    if begins < ends:
        return begins <= now < ends and _is_on(slot, today)
    if now >= begins:
        return _is_on(slot, today)
    return now < ends and _is_on(slot, (today - 1) % len(DAYS))


def _is_on(slot: Slot, weekday: int) -> bool:
    return not slot.days or DAYS[weekday] in slot.days


def _minutes(time: str) -> int:
    """Since midnight, of `HH:MM`."""
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
