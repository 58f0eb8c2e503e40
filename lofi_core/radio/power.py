"""Battery and load."""

from __future__ import annotations

from typing import Any


class Conditions:
    """None."""

    def verdict(self, _config: Any) -> str | None:
        """None."""
        return None
