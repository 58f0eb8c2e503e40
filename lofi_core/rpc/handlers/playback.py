"""Methods about playing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.rpc import playback_results as r

if TYPE_CHECKING:
    from lofi_core.playback.control import Playback
    from lofi_core.radio.radio import Radio
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection


@dataclass(slots=True)
class PlaybackMethods:
    """From `play` to `audio_device_set`."""

    playback: Playback
    radio: Radio

    async def play(self, _connection: Connection, params: p.PlayParams) -> r.PlayState:
        await self.playback.play(params.track_id)
        return self._state()

    async def pause(self, _connection: Connection, _params: p.NoParams) -> r.PlayState:
        await self.playback.pause()
        return self._state()

    async def resume(self, _connection: Connection, _params: p.NoParams) -> r.PlayState:
        await self.playback.play()
        return self._state()

    async def toggle(self, _connection: Connection, _params: p.NoParams) -> r.PlayState:
        await self.playback.toggle()
        return self._state()

    async def stop(self, _connection: Connection, _params: p.NoParams) -> r.PlayState:
        await self.radio.was_silenced()
        await self.playback.stop()
        return self._state()

    async def skip(self, _connection: Connection, _params: p.NoParams) -> r.PlayState:
        await self.radio.skip()
        return self._state()

    async def seek(self, _connection: Connection, params: p.SeekParams) -> r.Sought:
        return r.Sought(await self.playback.seek(params.position_sec))

    def volume_get(self, _connection: Connection, _params: p.NoParams) -> r.Volume:
        return r.Volume(self.playback.sound.volume)

    async def volume_set(self, _connection: Connection, params: p.VolumeSetParams) -> r.Volume:
        await self.playback.sound.set_volume(params.level)
        return r.Volume(self.playback.sound.volume)

    def playlist_get(self, _connection: Connection, _params: p.NoParams) -> r.Playlist:
        return self._playlist()

    async def playlist_add(self, _connection: Connection, params: p.PlaylistAddParams) -> r.Playlist:
        await self.playback.add(params.track_id, params.position)
        return self._playlist()

    async def playlist_remove(self, _connection: Connection, params: p.TrackParams) -> r.Playlist:
        await self.playback.remove(params.track_id)
        return self._playlist()

    async def playlist_move(self, _connection: Connection, params: p.PlaylistMoveParams) -> r.Playlist:
        await self.playback.move(params.source, params.target)
        return self._playlist()

    async def playlist_clear(self, _connection: Connection, _params: p.NoParams) -> r.Playlist:
        await self.radio.was_silenced()
        await self.playback.clear()
        return self._playlist()

    async def playlist_mode(self, _connection: Connection, params: p.PlaylistModeParams) -> r.Playlist:
        await self.playback.set_mode(
            shuffle=params.shuffle, repeat=params.repeat, crossfade_sec=params.crossfade_sec
        )
        return self._playlist()

    async def audio_devices(self, _connection: Connection, _params: p.NoParams) -> r.AudioDevices:
        current, available = await self.playback.sound.devices()
        return r.AudioDevices(current, [r.AudioDevice(device.id, device.name) for device in available])

    async def audio_device_set(
        self, _connection: Connection, params: p.AudioDeviceSetParams
    ) -> r.AudioDeviceInUse:
        return r.AudioDeviceInUse(await self.playback.sound.use_device(params.device))

    def _state(self) -> r.PlayState:
        current = self.playback.playlist.current
        return r.PlayState(self.playback.deck.state, current.track_id if current else None)

    def _playlist(self) -> r.Playlist:
        playlist = self.playback.playlist
        tracks = [
            r.PlaylistTrack(entry.track_id, entry.prompt, entry.duration_sec, entry.title, entry.path)
            for entry in playlist.entries
        ]
        position = playlist.position if playlist.current else None
        return r.Playlist(
            tracks, position, playlist.shuffle, playlist.repeat, self.playback.sound.crossfade_sec
        )


def playback_status(playback: Playback) -> r.Playback:
    """What `status` says of it."""
    deck, playlist = playback.deck, playback.playlist
    current = playlist.current
    return r.Playback(
        state=deck.state,
        track_id=current.track_id if current else None,
        position_sec=round(deck.position_sec, 3),
        duration_sec=current.duration_sec if current else None,
        position=playlist.position if current else None,
        playlist_length=len(playlist.entries),
        shuffle=playlist.shuffle,
        repeat=playlist.repeat,
        volume=playback.sound.volume,
        crossfade_sec=playback.sound.crossfade_sec,
        device=playback.sound.device,
        player_pid=deck.player.pid,
    )
