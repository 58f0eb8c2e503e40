"""Does a track that plays while it grows give way on its bar, once that is known?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.player.protocol import Ended, Item, Started
from lofi_core.tracks.spool import Spool
from tests.player.conftest import RATE, Files, Listen, sine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_a_finished_track_tells_its_place_to_the_file_that_grew(
    listen: Listen, files: Files, tmp_path: Path
) -> None:
    listener, samples = listen(crossfade_sec=0.2), sine(2.5)
    spool = Spool(tmp_path / "spool.wav", RATE, 2)
    spool.append(samples[:RATE].T)
    growing = Item("a", str(spool.path), growing=True, available_sec=spool.available_sec)
    await listener.player.load([growing, files.item("b", sine(3.0, 330.0))])
    await listener.next(Started, item_id="a")
    spool.append(samples[RATE:].T)
    spool.close()
    assert await listener.player.finished("a", spool.available_sec, files.item("a", samples))
    track = files.item("a", samples, cross_at_sec=1.5)
    assert await listener.player.finished("a", spool.available_sec, track)
    assert (await listener.next(Ended)).position_sec == 1.5
    await listener.next(Started, item_id="b")
