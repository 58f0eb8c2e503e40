"""Is what the device got what a mixer alone renders? And what happens when the daemon is gone?"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lofi_core.player import protocol
from lofi_core.player.growing import Openers
from lofi_core.player.link import Link
from lofi_core.player.mixer import Mixer
from lofi_core.player.outlet import Outlet
from lofi_core.player.protocol import AnyCommand, AnyEvent, Ended
from lofi_core.player.ring import Ring
from tests.player.conftest import RATE, Files, Samples, eventually, sine

if TYPE_CHECKING:
    from pathlib import Path


class Script:
    """Sends commands to a process, and notes at which frame each took effect."""

    def __init__(self, tap: Path) -> None:
        self.tap = tap
        self.done: list[tuple[int, AnyCommand]] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.link = Link(self._take, print)

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, Ended):
            self.ended.put_nowait(event.item_id)

    async def start(self, **fields: float) -> None:
        await self.link.spawn()
        await self.link.ask(protocol.Setup(device="null", tap=str(self.tap), **fields), 20)  # type: ignore[arg-type]

    async def ask(self, command: AnyCommand) -> None:
        reply = await self.link.ask(command, 20)
        assert reply.error is None
        if not isinstance(command, protocol.UseDevice):  # which changes no sample
            self.done.append((reply.at_frame, command))

    def offline(self, crossfade_sec: float, frames: int) -> Samples:
        """The same commands at the same frames, rendered at once in blocks of another size."""
        mixer = Mixer(RATE, Openers(RATE).open, print)
        mixer.crossfade_sec = crossfade_sec
        out = []
        for at_frame, command in self.done:
            if isinstance(command, protocol.Pause | protocol.Play | protocol.Volume):
                continue
            out.append(mixer.render(at_frame - mixer.frame))
            match command:
                case protocol.Load(items=items):
                    mixer.load(items)
                case protocol.Seek(position_sec=position_sec):
                    mixer.seek(round(position_sec * RATE))
                case protocol.Skip():
                    mixer.skip()
                case protocol.Stop(fade_sec=fade_sec):
                    mixer.stop(fade_sec or 0.0)
        out.append(mixer.render(frames))
        mixer.close()
        return np.concatenate(out)

    def through_the_outlet(self, rendered: Samples, begin: int) -> Samples:
        """What the device takes from its frame `begin` on, with which the rendered stream begins."""
        ring = Ring(len(rendered))
        outlet = Outlet(ring, RATE)
        out = []

        def pull_until(frame: int) -> None:
            if frame >= begin and not ring._written:
                outlet.pull(begin - outlet.frame)
                ring.write(rendered)
            block, _ = outlet.pull(frame - outlet.frame)
            if frame > begin:
                out.append(block)

        for at_frame, command in self.done:
            match command:
                case protocol.Pause() | protocol.Play():
                    pull_until(at_frame)
                    outlet.hold(held=isinstance(command, protocol.Pause))
                case protocol.Volume(volume=volume):
                    pull_until(at_frame)
                    outlet.set_volume(volume)
        pull_until(max(outlet.frame, begin))
        pull_until(outlet.frame + ring.filled)
        return np.concatenate(out)


@pytest.mark.anyio
async def test_the_stream_equals_an_offline_render_sample_for_sample(files: Files, tmp_path: Path) -> None:
    script = Script(tmp_path / "tap")
    await script.start(crossfade_sec=0.3)
    rates = {"a": 48_000, "b": 44_100, "c": 32_000}
    items = [files.item(n, sine(1.5, 200.0, rate=r, level=0.8), r, gain_db=1.0) for n, r in rates.items()]
    await script.ask(protocol.Load(items=items))
    await script.ask(protocol.Volume(volume=0.8))
    await script.ask(protocol.Pause())
    await asyncio.sleep(0.2)
    await script.ask(protocol.Play())
    await script.ask(protocol.Seek(position_sec=1.0))
    assert await script.ended.get() == "a"
    await script.ask(protocol.Volume(volume=1.0))
    await asyncio.sleep(0.2)
    await script.ask(protocol.Seek(position_sec=0.9))
    await script.ask(protocol.Skip())
    await script.ask(protocol.Seek(position_sec=1.2))
    while await script.ended.get() != "c":
        pass
    await script.link.close()
    assert_equal(script, 0.3, at_least_sec=0.5)


def assert_equal(script: Script, crossfade_sec: float, *, at_least_sec: float) -> None:
    """What the device took is what a mixer alone renders, to the last sample that is not 0."""
    heard = np.fromfile(script.tap, np.float32).reshape(-1, 2)
    rendered = script.offline(crossfade_sec, RATE * 3)
    begin = int(np.flatnonzero(heard[:, 1])[0] - np.flatnonzero(rendered[:, 1])[0])
    wanted = script.through_the_outlet(rendered, begin)
    wanted = wanted[: np.flatnonzero(wanted.any(axis=1))[-1] + 1]
    assert len(wanted) > at_least_sec * RATE
    assert np.array_equal(heard[begin : begin + len(wanted)], wanted)


@pytest.mark.anyio
async def test_the_stream_is_the_same_whatever_device_it_goes_to(files: Files, tmp_path: Path) -> None:
    script = Script(tmp_path / "tap")
    await script.start(crossfade_sec=0.3)
    await script.ask(
        protocol.Load(items=[files.item(n, sine(2.0, hz)) for n, hz in (("a", 220), ("b", 330))])
    )
    while script.ended.empty():
        await script.ask(protocol.UseDevice(device="null"))
    await script.ask(protocol.Pause())
    await script.ask(protocol.UseDevice(device="null"))
    await script.ask(protocol.Play())
    await script.ask(protocol.UseDevice(device="null"))
    while await script.ended.get() != "b":
        pass
    await script.link.close()
    assert_equal(script, 0.3, at_least_sec=3.0)


@pytest.mark.anyio
async def test_the_stream_is_the_same_across_a_bar_and_a_long_fade(files: Files, tmp_path: Path) -> None:
    script = Script(tmp_path / "tap")
    await script.start(crossfade_sec=0.3)
    first = files.item("a", sine(2.0, rate=44_100), 44_100, cross_at_sec=1.1)
    await script.ask(protocol.Load(items=[first, files.item("b", sine(3.0, 330.0), first_bar_sec=0.05)]))
    assert await script.ended.get() == "a"
    await script.ask(protocol.UseDevice(device="null"))
    await script.ask(protocol.Stop(fade_sec=0.7))
    assert await script.ended.get() == "b"
    await script.link.close()
    assert_equal(script, 0.3, at_least_sec=1.7)


@pytest.mark.anyio
async def test_a_player_whose_daemon_died_fades_out_and_ends(files: Files, tmp_path: Path) -> None:
    """The daemon is a process here that plays and is killed."""
    item = files.item("a", sine(30.0))
    code = f"""
import asyncio, os
from lofi_core.player.handle import Player
from lofi_core.player.protocol import Item
async def main():
    started = asyncio.Event()
    player = Player(lambda event: started.set(), device="null", tap={str(tmp_path / "tap")!r})
    await player.load([Item(id="a", path={item.path!r})])
    await started.wait()
    print(player.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    pid = run_until_it_prints_a_number_and_kill(code)
    await eventually(lambda: has_ended(pid))
    heard = np.fromfile(tmp_path / "tap", np.float32).reshape(-1, 2)
    assert heard.any()
    assert not heard[-1_000:].any()


def run_until_it_prints_a_number_and_kill(code: str) -> int:
    daemon = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    with daemon.stdout:
        number = int(daemon.stdout.readline())
    daemon.kill()
    daemon.wait()
    return number


def has_ended(pid: int) -> bool:
    """It is gone, or waits as a zombie for a parent that may never ask."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return not found or found.startswith("Z")


def test_started_by_hand_it_says_who_starts_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lofi_core.player"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the daemon starts it" in done.stderr


@pytest.mark.anyio
async def test_what_no_player_understands_does_not_end_it(tmp_path: Path) -> None:
    script = Script(tmp_path / "tap")
    await script.start()
    assert script.link._transport is not None
    script.link._transport.write(b"\x03\x00\x00\x00abc")
    await script.ask(protocol.GetStatus())
    await script.link.close()
