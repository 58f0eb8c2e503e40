"""A real process on miniaudio's null device, which takes samples in real time."""

from __future__ import annotations

import numpy as np
import pytest

from lofi_core.player.protocol import Ended, Started
from tests.player.conftest import Files, Listen, sine

pytestmark = pytest.mark.anyio


async def test_what_the_device_took_is_what_is_in_the_file(listen: Listen, files: Files) -> None:
    listener = listen()
    track = sine(0.8)
    await listener.player.load([files.item("a", track)])
    await listener.next(Started, item_id="a")
    ended = await listener.next(Ended)
    assert (ended.item_id, ended.reason, ended.position_sec) == ("a", "finished", 0.8)
    await listener.player.close()
    heard = listener.heard()
    begin = int(np.flatnonzero(heard[:, 1])[0])
    assert np.array_equal(heard[begin : begin + len(track)], track)
