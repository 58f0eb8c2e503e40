"""What do the changing properties of the player say right now?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from lofi_core.mpris.metadata import metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbus_fast.signature import Variant

    from lofi_core.playback.control import Playback
    from lofi_core.playback.playlist import Entry, Repeat

LOOP_OF_REPEAT: dict[Repeat, str] = {"off": "None", "one": "Track", "all": "Playlist"}


class Shown(Struct, frozen=True, kw_only=True, rename="pascal"):
    """Properties of `org.mpris.MediaPlayer2.Player`, called as the fields are: `CanGoNext` and so on.

    `Position` is not among them: the specification wants no signals of it.
    """

    playback_status: Literal["Playing", "Paused", "Stopped"]
    loop_status: str
    shuffle: bool
    volume: float
    metadata: dict[str, Variant]
    can_go_next: bool
    can_go_previous: bool
    can_play: bool
    can_pause: bool
    can_seek: bool

    def changes(self, before: Shown) -> dict[str, Any]:
        """By D-Bus name, what is another than before."""
        return {
            name: value
            for field, name in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
            if (value := getattr(self, field)) != getattr(before, field)
        }


class View:
    """What is so right now, from memory.

    Args:
        playback: has it all.
        is_endless: whether something always comes next, as with a radio.
    """

    def __init__(self, playback: Playback, is_endless: Callable[[], bool]) -> None:
        self._playback = playback
        self._is_endless = is_endless

    @property
    def playing(self) -> Entry | None:
        """What plays, or is held."""
        return self._playback.deck.playing

    @property
    def entry(self) -> Entry | None:
        """What plays, or would."""
        return self.playing or self._playback.playlist.current

    @property
    def position_sec(self) -> float:
        """Where in it the sound is, or goes on."""
        return self._playback.deck.position_sec

    def shown(self) -> Shown:
        """The properties. A skip while nothing plays goes nowhere: then there is no next, and no previous."""
        deck, playlist = self._playback.deck, self._playback.playlist
        plays, has_tracks = deck.state != "stopped", bool(playlist.entries)
        return Shown(
            playback_status="Stopped" if not plays else "Paused" if deck.state == "paused" else "Playing",
            loop_status=LOOP_OF_REPEAT[playlist.repeat],
            shuffle=playlist.shuffle,
            volume=self._playback.sound.volume,
            metadata=metadata(self.entry),
            can_go_next=plays and (self._is_endless() or playlist.next(skipping=True) is not None),
            can_go_previous=plays and self.entry is not None,
            can_play=has_tracks,
            can_pause=has_tracks,
            can_seek=self.entry is not None,
        )
