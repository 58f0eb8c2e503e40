"""What do the changing properties of the player say right now?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from lofi_core.mpris.metadata import metadata

if TYPE_CHECKING:
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


def current_entry(playback: Playback) -> Entry | None:
    """What plays, or would."""
    return playback.deck.playing or playback.playlist.current


def shown(playback: Playback) -> Shown:
    """What is so, from memory.

    A skip while nothing plays goes nowhere, so there is a next and a previous only while something does.
    """
    deck, playlist = playback.deck, playback.playlist
    entry = current_entry(playback)
    plays, has_tracks = deck.state != "stopped", bool(playlist.entries)
    return Shown(
        playback_status="Stopped" if not plays else "Paused" if deck.state == "paused" else "Playing",
        loop_status=LOOP_OF_REPEAT[playlist.repeat],
        shuffle=playlist.shuffle,
        volume=playback.sound.volume,
        metadata=metadata(entry),
        can_go_next=plays and playlist.next(skipping=True) is not None,
        can_go_previous=plays and entry is not None,
        can_play=has_tracks,
        can_pause=has_tracks,
        can_seek=entry is not None,
    )
