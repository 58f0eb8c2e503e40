"""Which station is meant? By words, by a preset's name, by the time of day, or the last one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.errors import InvalidParams, InvalidPrompt, LofiError
from lofi_core.radio.presets import find_preset, load_presets
from lofi_core.radio.station import Station, check, usual_duration_sec
from lofi_core.radio.timetable import slot_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_core.config import Config
    from lofi_core.plugins import PluginHost
    from lofi_core.radio.memory import Remembered
    from lofi_core.radio.presets import Preset

log = logging.getLogger("lofi.radio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a client asked for, as it came; None and nothing: whatever is usual."""

    prompts: tuple[str, ...] | None = None
    preset: str | None = None
    backend: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    duration_sec: float | None = None


class Dial:
    """Finds stations.

    Args:
        plugins: who could make their music.
        config: asked anew each time.
        presets_dir: the user's own presets.
        remembered: knows the last station.
        now: the time of day.
    """

    def __init__(
        self,
        plugins: PluginHost,
        config: Callable[[], Config],
        presets_dir: Path,
        remembered: Remembered,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.plugins = plugins
        self.config = config
        self._presets_dir = presets_dir
        self.remembered = remembered
        self._now = now

    def presets(self) -> dict[str, Preset]:
        """Every preset there is now: files may have changed."""
        return load_presets(self._presets_dir)

    def find(self, wanted: Wanted) -> tuple[Station, bool]:
        """The station, checked; and whether it follows the schedule from now on.

        Raises:
            LofiError: none of its pieces could ever be made, and why.
        """
        if wanted.prompts is not None and wanted.preset is not None:
            raise InvalidParams("prompts and preset are both given", "give one of them")
        if wanted.prompts is not None:
            if not wanted.prompts:
                raise InvalidPrompt(
                    "there are no prompts", "say what the music should be like, in a sentence"
                )
            return self._checked(wanted), False
        if wanted.preset is not None:
            return self._checked(wanted, self._preset(wanted.preset)), False
        if (station := self.station_of_the_hour(wanted)) is not None:
            return station, True
        last = self._last()
        if last is not None:
            try:
                preset = self._preset(last.preset) if last.preset else None
                return self._checked(_over(wanted, last), preset), False
            except LofiError as error:
                log.warning("the last station cannot be had any more: %s", error.code)
                log.debug("%s", error.text())  # it may quote a prompt
        return self._checked(wanted, self._preset(self.config().radio.preset)), False

    def slot_now(self) -> str | None:
        """The part of the schedule that it is."""
        slot = slot_at(self.config().radio.schedule, self._now())
        return None if slot is None else slot.title

    def station_of_the_hour(self, wanted: Wanted | None = None) -> Station | None:
        """The one of the schedule for now; None where it has none, or one that cannot be had."""
        slot = slot_at(self.config().radio.schedule, self._now())
        if slot is None:
            return None
        try:
            named = replace(wanted or Wanted(), prompts=tuple(slot.prompts) if slot.prompts else None)
            station = self._checked(named, self._preset(slot.preset) if slot.preset else None)
        except LofiError as error:
            log.warning("the schedule's %s to %s cannot be had: %s", slot.from_, slot.to, error.code)
            log.debug("%s", error.text())  # it may quote a prompt
            return None
        return replace(station, slot=slot.title)

    def keep(self, station: Station, wanted: Wanted) -> None:
        """Remember what was asked for: a radio without a station named plays it again."""
        if station.slot is None:
            prompts = None if station.preset else station.prompts
            named = replace(wanted, prompts=prompts, preset=station.preset)
            self.remembered.tuned(msgspec.to_builtins(named))

    def _last(self) -> Wanted | None:
        try:
            return msgspec.convert(self.remembered.station, Wanted | None)
        except msgspec.ValidationError:
            return None

    def _preset(self, name: str) -> Preset:
        return find_preset(name, self._presets_dir)

    def _checked(self, wanted: Wanted, preset: Preset | None = None) -> Station:
        config = self.config()
        usual = (preset.backend if preset else None) or config.radio.backend or config.default_backend
        backend = wanted.backend or usual
        record, spec = self.plugins.usable(backend)
        # Options of a preset are for its own backend.
        is_presets = preset is not None and (preset.backend in {None, backend} or wanted.backend is None)
        options = (preset.options if preset and is_presets else None) or {}
        usual_sec = (preset.duration_sec if preset else None) or config.radio.duration_sec
        duration_sec = wanted.duration_sec
        station = Station(
            prompts=wanted.prompts or tuple(preset.prompts if preset else ()),
            preset=preset.name if preset else None,
            backend=record.name,
            options={**options, **wanted.options},
            duration_sec=usual_duration_sec(spec, usual_sec) if duration_sec is None else duration_sec,
        )
        check(station, self.plugins, config)
        return station


def _over(wanted: Wanted, last: Wanted) -> Wanted:
    """The last station, with what is asked for now."""
    return replace(
        last,
        backend=wanted.backend or last.backend,
        options={**last.options, **wanted.options},
        duration_sec=wanted.duration_sec if wanted.duration_sec is not None else last.duration_sec,
    )
