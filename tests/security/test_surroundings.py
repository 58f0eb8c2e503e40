"""A directory that somebody else filled is no danger to whoever runs `lofi-core` in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAP = "from pathlib import Path; Path({marker!r}).touch(); raise SystemExit('this must not be imported')\n"
# What a command, the daemon, a backend's process or the player might import from a wrong place.
TRAPS = [
    "lofi_core",
    "lofi_procedural",
    "numpy",
    "msgpack",
    "soundfile",
    "miniaudio",
    "sitecustomize",
    "click",
]


@pytest.fixture
def hostile_directory(home: Path) -> Path:
    """Modules, a configuration and variables, all of which would show if they were used."""
    directory = home / "hostile"
    directory.mkdir()
    for name in TRAPS:
        (directory / f"{name}.py").write_text(TRAP.format(marker=str(home / "sprung")))
    for name in ("config.toml", "lofi.toml", "lofi/config.toml", "presets/jazz.toml", ".lofi.toml"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text("nonsense = [")
    (directory / ".env").write_text("LOFI_QUEUE_CAPACITY=nonsense\n")
    return directory


def test_nothing_in_the_working_directory_is_imported_or_read(home: Path, hostile_directory: Path) -> None:
    command = Path(sys.executable).with_name("lofi-core")
    if not command.exists():
        pytest.skip("lofi-core is not installed as a command")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LOFI_", "XDG_"))},
        "HOME": str(home),
        "LOFI_AUDIO_DEVICE": "null",
    }

    def lofi(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments],
            env=environ,
            cwd=hostile_directory,
            capture_output=True,
            text=True,
            check=False,
        )

    # In the foreground, so that the player is started from this directory too.
    with subprocess.Popen(
        [command, "serve"], env=environ, cwd=hostile_directory, stderr=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stderr is not None
        log = [daemon.stderr.readline()]
        made = lofi("generate", "slow piano", "--duration", "5", "--json")
        played = lofi("play", json.loads(made.stdout)["track_id"], "--json")
        status = lofi("status", "--json")
        ended = lofi("shutdown")
        log += daemon.stderr.readlines()
    for done in (made, played, status, ended):
        assert done.returncode == 0, (done.stderr, log)
    assert '"capacity": 10' in status.stdout
    assert '"player_pid": null' not in status.stdout
    assert not (home / "sprung").exists()
