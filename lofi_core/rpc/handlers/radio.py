"""Methods about the radio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.errors import InvalidParams
from lofi_core.radio import status as r
from lofi_core.radio.dial import Wanted
from lofi_core.rpc.decode import normalise

if TYPE_CHECKING:
    from lofi_core.radio.radio import Radio
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection


@dataclass(slots=True)
class RadioMethods:
    """From `radio_start` to `radio_presets`."""

    radio: Radio

    async def radio_start(self, _connection: Connection, params: p.RadioStartParams) -> r.RadioStatus:
        try:
            options = normalise(params.options)
        except (UnicodeDecodeError, RecursionError) as error:
            raise InvalidParams("options: nested too deep, or text that is no UTF-8") from error
        wanted = Wanted(
            prompts=None if params.prompts is None else tuple(params.prompts),
            preset=params.preset,
            backend=params.backend,
            options=options,
            duration_sec=params.duration_sec,
        )
        return await self.radio.start(wanted, crossfade_sec=params.crossfade_sec, sleep_min=params.sleep_min)

    async def radio_stop(self, _connection: Connection, _params: p.NoParams) -> r.RadioStatus:
        return await self.radio.stop()

    def radio_status(self, _connection: Connection, _params: p.NoParams) -> r.RadioStatus:
        return self.radio.status()

    async def radio_like(self, _connection: Connection, _params: p.NoParams) -> r.RadioStatus:
        return await self.radio.like()

    async def radio_dislike(self, _connection: Connection, _params: p.NoParams) -> r.RadioStatus:
        return await self.radio.dislike()

    async def radio_more(self, _connection: Connection, _params: p.NoParams) -> r.RadioStatus:
        return await self.radio.more()

    async def radio_sleep(self, _connection: Connection, params: p.RadioSleepParams) -> r.RadioStatus:
        return await self.radio.sleep(params.sleep_min)

    def radio_presets(self, _connection: Connection, _params: p.NoParams) -> r.RadioPresets:
        presets = [
            r.RadioPreset(
                preset.name,
                preset.title,
                list(preset.prompts),
                preset.backend,
                dict(preset.options),
                preset.duration_sec,
            )
            for preset in self.radio.dial.presets().values()
        ]
        return r.RadioPresets(presets)
