"""Do media keys and desktop widgets reach the daemon?"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.errors import brief
from lofi_core.mpris.address import session_bus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.doctor.patient import Patient

ANSWER_SEC = 2.0
_AREA = Area("media keys")


def check_desktop(patient: Patient) -> Iterator[Finding]:
    """The session bus, and our name on it while a daemon runs."""
    address = session_bus(os.environ)
    if not patient.settings.config.audio.mpris:
        yield _AREA.ok("audio.mpris is off")
    elif sys.platform != "linux":
        yield _AREA.ok("only on Linux")
    elif address is None:
        yield _AREA.ok("there is no session bus here; everything else works")
    else:
        try:
            names = asyncio.run(asyncio.wait_for(_names(address), ANSWER_SEC))
        except TimeoutError:
            yield _AREA.warning(f"the session bus {address} does not answer", "log in again")
        except Exception as error:  # noqa: BLE001 - whatever dbus-fast makes of it
            remedy = "unset DBUS_SESSION_BUS_ADDRESS where it is wrong; lofi-core works without"
            yield _AREA.warning(f"the session bus {address} lets nobody in: {brief(error)}", remedy)
        else:
            yield _told(names, has_daemon=patient.serves is not None)


def _told(names: list[str], *, has_daemon: bool) -> Finding:
    from lofi_core.mpris.bus import NAME

    ours = [name for name in names if name.startswith(NAME)]
    if ours:
        return _AREA.ok(f"{', '.join(ours)} on the session bus")
    if has_daemon:
        remedy = "`lofi-core logs` says why; it tries again within a minute"
        return _AREA.warning("the daemon is not on the session bus", remedy)
    return _AREA.ok("the session bus answers; a daemon puts itself there")


async def _names(address: str) -> list[str]:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(address).connect()
    try:
        place = "org.freedesktop.DBus"
        asked = Message(place, "/org/freedesktop/DBus", place, "ListNames")
        reply = await bus.call(asked)
        return list(reply.body[0])
    finally:
        bus.disconnect()
