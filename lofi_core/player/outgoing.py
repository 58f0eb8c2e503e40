"""What is still heard of tracks that do not play any more?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.errors import LofiError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lofi_core.player.voice import Voice

    Samples = NDArray[np.float32]


class Outgoing:
    """Voices that fade out, and tails that were rendered before a seek."""

    def __init__(self) -> None:
        self._voices: list[Voice] = []
        self._tails: list[Samples] = []

    def __bool__(self) -> bool:
        return bool(self._voices or self._tails)

    def add(self, voice: Voice) -> None:
        """Let a voice that is going out be heard to its end; its file is closed then."""
        self._voices.append(voice)

    def add_tail(self, samples: Samples) -> None:
        """Let [N, 2] be heard."""
        self._tails.append(samples)

    def mix(self, out: Samples) -> None:
        """Add the next samples to `out`, [N, 2]."""
        for voice in list(self._voices):
            try:
                block = voice.read(len(out))
            except LofiError:
                block = out[:0]  # the track is over anyway, and its end has been told
            out[: len(block)] += block
            if len(block) < len(out) or voice.silent:
                self._voices.remove(voice)
                voice.track.close()
        for tail in self._tails:
            heard = min(len(tail), len(out))
            out[:heard] += tail[:heard]
        self._tails = [tail[len(out) :] for tail in self._tails if len(tail) > len(out)]

    def hasten(self, frames: int) -> None:
        """Be silent in so many frames, whatever the fades were to take."""
        if not frames:
            self.close()
        for voice in self._voices:
            voice.fade(frames, rising=False)

    def close(self) -> None:
        """Forget all of it."""
        for voice in self._voices:
            voice.track.close()
        self._voices.clear()
        self._tails.clear()
