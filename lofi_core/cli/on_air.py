"""What does the radio play, in one line of the terminal, and what do its keys say?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lofi_core.cli.now_playing import NowPlaying
from lofi_core.cli.output import clean
from lofi_core.errors import LofiError

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification

TUNING_IN = "tuning in …"


class OnAir(NowPlaying):
    """The line of the radio, which is not over when it is silent, but when the radio is off.

    Args:
        client: subscribed to `radio_` too.
    """

    KEYS = "space n l d m + - q"
    _ASKS: ClassVar = {"l": "radio_like", "d": "radio_dislike", "m": "radio_more"}
    _SAID: ClassVar = {"l": "liked", "d": "not again", "m": "more like it comes"}

    def __init__(self, client: Client) -> None:
        self._is_on = True
        self._said = ""
        super().__init__(client)

    def is_over(self) -> bool:
        """Somebody turned the radio off, or it went to sleep."""
        return not self._is_on and super().is_over()

    def happened(self, event: Notification) -> str | None:
        """Follow an event. What is to be told of it in a line of its own, if anything."""
        trouble = super().happened(event)
        if event.name == "playback_started":
            self._said = ""
        if event.name != "radio_changed":
            return trouble
        self._is_on = event.fields["state"] != "off"
        note = event.fields.get("note")
        return clean(note) if note else trouble

    def pressed(self, key: str) -> bool:
        """Do what a key says. False when it is to leave."""
        if key not in self._ASKS:
            return super().pressed(key)
        try:
            self._client.call(self._ASKS[key])
        except LofiError as error:  # nothing plays yet, say
            self._said = clean(error.message)
        else:
            self._said = self._SAID[key]
        return True

    def text(self, width: int) -> str:
        """The line, with what the last key did until the next piece begins."""
        if self.is_silent:  # until the first sound
            return TUNING_IN[:width]
        said = f"{self._said}  " if self._said else ""
        return said + super().text(max(width - len(said), 0))
