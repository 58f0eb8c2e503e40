"""What the tests ask of a daemon whose backend `hub` has its files on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conftest import DaemonProcess, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.client import Client, Notification

MEBIBYTE = 1024 * 1024


def small_dir(daemon: DaemonProcess) -> Path:
    return daemon.data / "models" / "hub" / "small"


def until_end(client: Client, variant: str = "small") -> list[Notification]:
    """Events up to the one that ends a download."""
    seen: list[Notification] = []
    while not seen or seen[-1].name not in {"download_complete", "download_error"}:
        event = client.next_event(30)
        assert event is not None, [e.name for e in seen]
        if event.fields.get("variant", variant) == variant:
            seen.append(event)
    return seen


def wait_until_stuck(client: Client) -> None:
    """Until a part of the weights is on the disk. The server sends no more by then."""
    while wait_for(client, "download_progress").fields["component_bytes"] < MEBIBYTE:
        continue


def hub(client: Client) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.call("get_backends")["backends"]
    return next(backend for backend in found if backend["type"] == "hub")
