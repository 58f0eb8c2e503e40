"""How loud, on what, and with how much overlap? What somebody chose outlives the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from lofi_core import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.playback.saved import Saved
    from lofi_core.player.handle import Player
    from lofi_core.player.protocol import Device


class Sound:
    """The player's settings.

    Args:
        player: has them, and may refuse a value.
        saved: what they are.
        publish: gets every event for clients.
        changed: called when `saved` is to be written.
    """

    def __init__(
        self, player: Player, saved: Saved, publish: Callable[[ev.Event], None], changed: Callable[[], None]
    ) -> None:
        self.saved = saved
        self._player = player
        self._publish = publish
        self._changed = changed

    @property
    def volume(self) -> float:
        """0 to 1."""
        return self.saved.volume

    @property
    def crossfade_sec(self) -> float:
        """How long tracks overlap."""
        return self.saved.crossfade_sec

    @property
    def device(self) -> str:
        """What was asked for to play on."""
        return self.saved.device

    async def set_volume(self, level: float) -> None:
        """0 to 1. Raises InvalidParams for anything else."""
        await self._player.set_volume(level)
        self.saved = replace(self.saved, volume=level)
        self._publish(ev.VolumeChanged(level))
        self._changed()

    async def set_crossfade(self, seconds: float) -> None:
        """0 to 12. Raises InvalidParams for anything else."""
        await self._player.set_crossfade(seconds)
        self.saved = replace(self.saved, crossfade_sec=seconds)
        self._changed()

    async def devices(self) -> tuple[str | None, list[Device]]:
        """The name of the one in use, and what there is. Starts the player."""
        available = await self._player.devices()
        status = await self._player.status()
        return status.device if status else None, available

    async def use_device(self, device: str) -> str:
        """Play on another device; its name. Raises AudioDeviceError when there is none such."""
        name = await self._player.use_device(device)
        self.saved = replace(self.saved, device=device)
        self._publish(ev.AudioDeviceChanged(name, device, "somebody chose it"))
        self._changed()
        return name
