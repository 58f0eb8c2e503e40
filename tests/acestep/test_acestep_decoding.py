"""Latents are decoded at once or in windows, as memory and files allow."""

from __future__ import annotations

import numpy as np
import pytest

from lofi_acestep import room
from lofi_acestep.decoding import choose_window
from lofi_core import Runtime
from tests.acestep.sketch import Decode, Sketch, asked, play


@pytest.mark.parametrize(
    ("frames_only", "seconds", "decode", "windows"),
    [
        (None, 5, "auto", ["mel of 53"]),
        (None, 5, "windows", ["mel of 53"]),  # shorter than a window
        (None, 60, "whole", ["mel of 645"]),
        (None, 60, "windows", ["mel of 384"] * 3),
        (128, 5, "auto", ["mel of 128"]),
        (128, 30, "whole", ["mel of 128"] * 5),
    ],
)
def test_latents_are_decoded_at_once_or_in_windows(
    frames_only: int | None, seconds: float, decode: str, windows: list[str]
) -> None:
    networks = Sketch(frames=frames_only)
    _, audio, runtime = play(networks, seconds=seconds, decode=decode, inference_steps=1)
    assert asked(networks, "mel of") == windows
    size = windows[0].split()[-1]
    in_one = frames_only is None and len(windows) == 1
    assert runtime.notes["decode"] == ("whole" if in_one else f"windows of {size}")
    frames = int(seconds * 44_100 / 4096)
    assert audio.shape == (2, -(-frames * 4096 * 160 // 147))


def test_auto_decodes_in_windows_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = Sketch()
    monkeypatch.setattr(room, "available_bytes", lambda: 2_000_000_000)
    _, in_windows, runtime = play(networks, seconds=70, inference_steps=1)
    assert runtime.notes["decode"] == "windows of 384"
    assert max(int(line.split()[-1]) for line in asked(networks, "wave of")) <= 512 + 160
    monkeypatch.setattr(room, "available_bytes", lambda: 5_000_000_000)
    _, whole, runtime = play(Sketch(), seconds=70, inference_steps=1)
    assert runtime.notes["decode"] == "whole"
    # These networks see no further than a frame, so windows and blocks change nothing.
    np.testing.assert_allclose(in_windows, whole, atol=1e-6)


def test_the_machine_says_how_much_memory_there_is() -> None:
    available = room.available_bytes()
    assert available is None or available > 0
    assert room.fits(1)
    assert not room.fits(2583, available=13_000_000_000)
    assert room.fits(2583, available=14_000_000_000)


def test_a_graphics_card_is_taken_to_have_room_until_windows_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "available_bytes", lambda: 1_000_000_000)
    card, decoder = Runtime("cuda", threads=1), Decode([], None)
    assert choose_window(2583, decoder, "auto", card) is None
    assert choose_window(2583, decoder, "windows", card) == 384
    assert choose_window(2583, decoder, "auto", Runtime(threads=1)) == 384
