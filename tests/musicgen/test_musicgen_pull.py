"""The way of a user with a network, from nothing to a track: `pull` and `generate`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import soundfile

from lofi_musicgen.manifest import HUB_VARIANTS
from tests.models.server import ModelServer
from tests.musicgen.conftest import CHECKPOINT, DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

# Its weights' digest nobody has stated: the server's small model may stand for it.
VARIANT = "stereo-small"


@pytest.fixture
def hub() -> Iterator[ModelServer]:
    """A hub that has one model."""
    server = ModelServer()
    folder = f"facebook/musicgen-{VARIANT}/resolve/{HUB_VARIANTS[VARIANT].revision}"
    for file in CHECKPOINT:
        server.put(f"{folder}/{file}", (DATA / "stereo" / file).read_bytes())
    yield server
    server.stop()


@pytest.fixture
def run(home: Path, hub: ModelServer) -> Iterator[Run]:
    """Run `lofi-core` on a machine whose only network is that hub."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOFI_", "XDG_"))}
    nowhere = "http://127.0.0.1:9"
    environ = {
        **kept,
        "HOME": str(home),
        "LOFI_SOCKET": str(home / "s"),
        "LOFI_DATA_DIR": str(home / "data"),
        "LOFI_BACKENDS_MUSICGEN_VARIANT": VARIANT,
        "HF_ENDPOINT": hub.address,
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1",
    }

    def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lofi_core", *arguments]
        return subprocess.run(
            command, env=environ, cwd=home, capture_output=True, text=True, timeout=120, check=False
        )

    yield run_command
    run_command("shutdown")


def test_pull_and_generate_make_a_track_and_then_need_no_network(
    run: Run, home: Path, hub: ModelServer
) -> None:
    pull = run("pull", "musicgen")
    assert pull.returncode == 0, pull.stderr
    assert "licence of these files: CC-BY-NC-4.0" in pull.stderr
    assert len(hub.gets()) == len(CHECKPOINT)
    hub.stop()
    made = run("generate", "lofi hip hop, jazzy piano", "-b", "musicgen", "-d", "3", "-o", "piano.flac")
    assert made.returncode == 0, made.stderr
    info = soundfile.info(home / "piano.flac")
    assert (info.channels, info.frames) == (2, 3 * 32_000)


def test_an_option_of_the_command_line_reaches_the_model(run: Run) -> None:
    run("pull", "musicgen")
    asked = ("generate", "rain", "-b", "musicgen", "-d", "2", "-O")
    assert run(*asked, "precision=fast", "-o", "fast.flac").returncode == 0
    assert '"weights":"fast"' in run("status", "--json").stdout.replace(" ", "")
    refused = run(*asked, "precision=best", "-o", "best.flac")
    assert refused.returncode != 0
    assert "precision" in refused.stderr
