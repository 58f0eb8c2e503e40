"""Which backend is asked, and with what?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Conformance:
    """In a test file, one of these becomes a test for each check.

    Attributes:
        backend: the entry point's name. It must be installed.
        duration_sec: of most tracks that are made; else 3 s, or what the backend makes that is nearest to it.
        model_dir: where its model files lie; else where the user's configuration says.
        options: of all tracks, `key=value` as after `lofi-core generate -O`.
    """

    backend: str
    duration_sec: float | None = None
    model_dir: str | Path | None = None
    options: Sequence[str] = ()


class Unfit(Exception):
    """A check failed: what the backend does, and what to change in it."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem}\n\nWhat to change: {remedy}")


class NotAsked(Exception):
    """A check does not apply to this backend, or cannot be made; it is skipped, and why."""
