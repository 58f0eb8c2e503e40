"""Start a player and say which device it opens, in a process whose standard error nobody sees."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from lofi_core.errors import LofiError
from lofi_core.player.handle import Player


def main() -> None:
    """Answer the task on standard input with one document on standard output."""
    task = json.load(sys.stdin)
    try:
        answer = asyncio.run(_look(task["device"]))
    except LofiError as error:
        answer = {"error": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(answer) + "\n")


async def _look(wanted: str) -> dict[str, Any]:
    """The device in use, None where there is none, and the names of all."""
    async with Player(lambda _event: None, device=wanted) as player:
        devices = [device.name for device in await player.devices()]
        status = await player.status()
        return {"current": status.device if status else None, "available": devices}


if __name__ == "__main__":
    main()
