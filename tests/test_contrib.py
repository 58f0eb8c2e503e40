"""The unit files under `contrib/` start this daemon, on the socket that clients know."""

from __future__ import annotations

import plistlib
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from lofi_core.cli.main import cli
from lofi_core.paths import socket_place
from lofi_core.settings.variables import variable_values

ROOT = Path(__file__).parents[1]
UNITS, AGENT = ROOT / "contrib" / "systemd", ROOT / "contrib" / "launchd" / "local.lofi-core.plist"
INSTALLED = "%h/.local/bin/lofi-core"


def unit(name: str) -> dict[str, list[str]]:
    """`Section.Key` of a unit, and its values."""
    values, section = defaultdict(list), ""
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values[f"{section}.{key}"].append(value)
    return values


def test_systemd_listens_where_clients_look_and_for_its_user_only() -> None:
    values = unit("lofi.socket")
    assert values["Socket.ListenStream"] == ["%t/lofi/lofi.sock"]
    here = socket_place({"XDG_RUNTIME_DIR": "/run/user/1000"}, Path("/home/x")).path
    assert str(here) == values["Socket.ListenStream"][0].replace("%t", "/run/user/1000")
    assert (values["Socket.SocketMode"], values["Socket.DirectoryMode"]) == (["0600"], ["0700"])


def test_systemd_starts_the_daemon_with_variables_that_it_knows() -> None:
    values = unit("lofi.service")
    program, command = shlex.split(values["Service.ExecStart"][0])
    assert (program, command in cli.list_commands(None)) == (INSTALLED, True)  # type: ignore[arg-type]
    environ = dict(assignment.split("=", 1) for assignment in values["Service.Environment"])
    assert [key for key, _, _ in variable_values(environ)] == ["daemon.idle_exit_sec"]
    assert values["Unit.Requires"] == values["Unit.After"] == ["lofi.socket"]
    # A backend's process that the system ends for memory is the end of its job, and not of the daemon.
    assert values["Service.OOMPolicy"] == ["continue"]
    assert values["Service.KillMode"] == ["mixed"]  # all at once would take the player from the fade


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for name in ("lofi.socket", "lofi.service"):
        text = (UNITS / name).read_text().replace(INSTALLED, sys.executable)
        (tmp_path / name).write_text(text)
    command = ["systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=no"]
    done = subprocess.run(
        [*command, *sorted(map(str, tmp_path.glob("lofi.*")))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_launchd_starts_the_daemon_and_lets_it_end() -> None:
    agent = plistlib.loads(AGENT.read_bytes())
    assert agent["Label"] == AGENT.stem
    shell, dash_c, line = agent["ProgramArguments"]
    assert (shell, dash_c) == ("/bin/sh", "-c")
    word, program, command = shlex.split(line)
    assert (word, program) == ("exec", INSTALLED.replace("%h", "$HOME"))
    assert command in cli.list_commands(None)  # type: ignore[arg-type]
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


def test_the_page_names_every_file_and_where_it_goes() -> None:
    page = (ROOT / "docs" / "running.md").read_text()
    for file in (*UNITS.iterdir(), AGENT):
        assert str(file.relative_to(ROOT)) in page
