"""Which part of the schedule is it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def slot_at(_schedule: Sequence[Any], _when: datetime) -> Any:
    """None."""
    return None
