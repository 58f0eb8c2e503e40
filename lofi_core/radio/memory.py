"""What of the radio outlives the daemon?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


class Remembered:
    """Only as long as the daemon."""

    def __init__(self) -> None:
        self.station: Any = None
        self._liked: set[str] = set()
        self._disliked: set[str] = set()
        self._made: dict[str, int] = {}

    def is_liked(self, track_id: str) -> bool:
        """Whether somebody liked it."""
        return track_id in self._liked

    def is_disliked(self, track_id: str) -> bool:
        """Whether it must not come again."""
        return track_id in self._disliked

    def like(self, track_id: str) -> None:
        """Somebody likes it."""
        self._liked.add(track_id)
        self._disliked.discard(track_id)

    def dislike(self, track_id: str) -> None:
        """It must not come again."""
        self._disliked.add(track_id)
        self._liked.discard(track_id)

    def tuned(self, station: Any) -> None:
        """The last station."""
        self.station = station

    def made(self, track_id: str, size_bytes: int) -> None:
        """The radio made it."""
        self._made[track_id] = size_bytes

    def heard(self, track_id: str) -> None:
        """It was heard."""
        if track_id in self._made:
            self._made[track_id] = self._made.pop(track_id)

    def forget(self, track_id: str) -> None:
        """It is gone."""
        self._made.pop(track_id, None)

    def to_delete(self, limit: int, kept: Collection[str]) -> list[str]:
        """What is too much, the longest unheard first."""
        total, out = sum(self._made.values()), []
        for track_id, size in list(self._made.items()):
            if total <= limit:
                break
            if track_id not in kept and track_id not in self._liked:
                out.append(track_id)
                total -= size
        return out
