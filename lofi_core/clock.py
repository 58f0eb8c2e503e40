"""Was the clock set back? Nothing here depends on it, but dates do, and people wonder."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta

log = logging.getLogger("lofi")

EVERY_SEC = 2.0
# What NTP puts right without a jump is no matter for anybody.
TOLD_FROM_SEC = 60.0


async def watch_clock() -> None:
    """Tell in the log when the wall clock goes back, until cancelled."""
    ahead = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(EVERY_SEC)
        now = time.time() - time.monotonic()
        if ahead - now > TOLD_FROM_SEC:
            log.warning(
                "the clock went back by %s: tracks keep the order in which they were made and used, and "
                "those made from now on have the date that it says",
                timedelta(seconds=round(ahead - now)),
            )
        ahead = now
