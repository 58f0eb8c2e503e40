"""What plays, in one line of the terminal, and with a few keys?"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.outline import outline
from lofi_core.cli.output import clean, clock
from lofi_core.cli.progress import can_redraw
from lofi_core.cli.terminal import columns, drawn_lines, single_keys
from lofi_core.errors import LofiError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lofi_core.rpc.client import Client, Notification

POLL_SEC = 0.1  # how soon a key is noticed
VOLUME_STEP = 0.05
SILENT_SEC = 1.0  # between two tracks it may be silent for a moment
NAME_WIDTH = 16  # of a name something is shown, before there is room for an outline
PEAKS = 60


def can_show() -> bool:
    """Whether there is a terminal to show a line on, and to take keys from."""
    return sys.stdin.isatty() and can_redraw()


def show_what_plays(client: Client, follow: Callable[[Client], NowPlaying] | None = None) -> None:
    """Show what plays until it is silent, or somebody leaves. The music goes on.

    Args:
        client: subscribed to `playback_` and `volume_`.
        follow: makes what follows the events and has the keys.
    """
    with single_keys() as next_key, drawn_lines() as lines:
        now = (follow or NowPlaying)(client)
        while not now.is_over():
            lines.draw([now.text(columns())])
            event = client.next_event(POLL_SEC)
            if event is not None and (trouble := now.happened(event)):
                lines.clear()
                click.echo(trouble, err=True)
            if (key := next_key()) is not None and not now.pressed(key):
                return


class NowPlaying:
    """Follows the events, so that the line is right between them too.

    Args:
        client: asked for what the events do not say, and told what a key says.
    """

    KEYS = "space n + - q"

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tracks: dict[str, dict[str, Any]] = {}
        self._peaks: dict[str, Sequence[float]] = {}
        playback = client.call("status")["playback"]
        self.volume: float = playback["volume"]
        self._track_id: str = playback["track_id"] or ""
        self._state: str = playback["state"]
        self._silent_since = time.monotonic() if self.is_silent else None
        self._place(playback["position_sec"])
        self._look_up()

    @property
    def is_silent(self) -> bool:
        """Nothing plays, or is held."""
        return self._state == "stopped"

    def is_over(self) -> bool:
        """Nothing has played for a moment, and nothing will."""
        silent = self._silent_since
        return silent is not None and time.monotonic() - silent > SILENT_SEC

    def happened(self, event: Notification) -> str | None:
        """Follow an event. What is to be told of it in a line of its own, if anything."""
        fields = event.fields
        match event.name:
            case "playback_started" | "playback_resumed" | "playback_position":
                self._goes_on(fields, "playing")
            case "playback_paused":
                self._goes_on(fields, "paused")
            case "playback_buffering" if fields["track_id"] == self._track_id and fields["position_sec"] > 0:
                self._goes_on(fields, "waiting")
            case "playback_ended" if fields["track_id"] == self._track_id:
                self._silent_since = time.monotonic()
            case "generation_complete" if fields["track_id"] == self._track_id:
                self._look_up()
            case "volume_changed":
                self.volume = fields["level"]
            case _:
                pass
        if event.name == "playback_ended" and "message" in fields:
            return f"{clean(fields['code'])}: {clean(fields['message'])}"
        return None

    def pressed(self, key: str) -> bool:
        """Do what a key says. False when it is to leave."""
        match key:
            case " ":
                self._client.call("toggle")
            case "n":
                self._client.call("skip")
            case "+" | "=" | "-":
                step = -VOLUME_STEP if key == "-" else VOLUME_STEP
                level = min(max(self.volume + step, 0.0), 1.0)
                self.volume = self._client.call("volume_set", level=round(level, 2))["level"]
            case "q" | "":  # or its end
                return False
            case _:
                pass
        return True

    def text(self, width: int) -> str:
        """The line, at most so many characters wide: without the outline, then shorter, where that is few."""
        from rich.cells import cell_len, set_cell_size

        track = self._tracks.get(self._track_id, {})
        moved = time.monotonic() - self._since if self._state == "playing" else 0.0
        length = track.get("duration_sec", 0.0)
        at = min(self._position_sec + moved, length) if length else self._position_sec + moved
        name = clean(track.get("title") or track.get("prompt") or self._track_id)
        head = f"{self._state}  {clock(at)} / {clock(length)}  {self.volume:.0%}  "
        keys = f"[{self.KEYS}]  "
        room = width - len(head) - len(keys)
        picture_width = min(room - 2 - min(cell_len(name), NAME_WIDTH), room // 2, PEAKS)
        peaks = self._peaks.get(self._track_id, ())
        picture = outline(peaks, at / length if length else 0.0, picture_width)
        if not picture:
            return set_cell_size(head + keys + name, width).rstrip()
        return f"{head}{picture}  {keys}{set_cell_size(name, room - 2 - picture_width).rstrip()}"

    def _goes_on(self, fields: dict[str, Any], state: str) -> None:
        known = self._track_id == fields["track_id"] and self._track_id in self._tracks
        self._track_id, self._state, self._silent_since = fields["track_id"], state, None
        self._place(fields["position_sec"])
        if not known:
            self._look_up()

    def _place(self, position_sec: float) -> None:
        self._position_sec = position_sec
        self._since = time.monotonic()

    def _look_up(self) -> None:
        """What is the track called, how long is it, and what does it look like once it is made?"""
        if not self._track_id:
            return
        listed = self._client.call("playlist_get")["tracks"]
        self._tracks = {track["track_id"]: track for track in listed}
        track = self._tracks.get(self._track_id)
        if track is None or "path" not in track or self._track_id in self._peaks:
            return
        try:
            answer = self._client.call("tracks_waveform", track_id=self._track_id, bins=PEAKS)
        except LofiError:
            answer = {"peaks": ()}  # it can be heard all the same
        self._peaks[self._track_id] = answer["peaks"]
