"""Which open files still grow? News about them reaches the decoder that has the file open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lofi_core.player.decoders import FileDecoder, GrowingDecoder
from lofi_core.player.source import Source
from lofi_core.player.wire import at_least_zero

if TYPE_CHECKING:
    from lofi_core.player.mixer import Mixer
    from lofi_core.player.protocol import Grow, Item


class Openers:
    """Opens items for a device of one rate, and knows which of them grow.

    Args:
        rate: of the output, Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._growing: dict[str, GrowingDecoder] = {}

    def open(self, item: Item) -> Source:
        """Open an item's file.

        Raises:
            TrackUnreadable: it is missing, is no audio, or may not be read.
        """
        if not item.growing:
            return Source(FileDecoder(item.path), self._rate)
        decoder = GrowingDecoder(item.path)
        decoder.grow(item.available_sec, final=item.final)
        self._growing[item.id] = decoder
        return Source(decoder, self._rate)

    def grow(self, mixer: Mixer, news: Grow) -> bool:
        """Take news of a file. False when no item has that id, or its file does not grow.

        Raises:
            InvalidParams: the seconds are no number.
        """
        at_least_zero("available_sec", news.available_sec)
        opened = {voice.item.id for voice in (mixer.current, mixer.playlist.opened) if voice}
        self._growing = {item_id: decoder for item_id, decoder in self._growing.items() if item_id in opened}
        if decoder := self._growing.get(news.item_id):
            decoder.grow(news.available_sec, final=news.final)
        for voice in (mixer.current, mixer.playlist.opened):
            if voice is not None and voice.item.id == news.item_id and decoder:
                voice.item = _grown(voice.item, news)
        waiting = mixer.playlist.find(news.item_id)
        if waiting is None or not waiting.growing:
            return decoder is not None
        mixer.playlist.change(_grown(waiting, news))
        return True


def _grown(item: Item, news: Grow) -> Item:
    return msgspec.structs.replace(
        item, available_sec=news.available_sec, final=news.final, cross_at_sec=news.cross_at_sec
    )
