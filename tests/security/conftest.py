"""One daemon that is attacked by all tests here, and has to end as if nothing had been."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DaemonProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

# A record begins with its time; what follows in it is marked, or is the hint of an error.
RECORD = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S+ (DEBUG|INFO|WARNING|ERROR) +(lofi[.\w]*|asyncio): |  \| |hint: "
)
FORGED = "2026-01-01 00:00:00,000 ERROR   lofi: forged"


@pytest.fixture(scope="session")
def victim() -> Iterator[DaemonProcess]:
    """A daemon that says all that it can say."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {"LOFI_DAEMON_LOG_LEVEL": "debug"})
    yield daemon
    status = daemon.stop()
    shutil.rmtree(home, ignore_errors=True)
    assert status == 0
    assert "Traceback" not in "".join(daemon.log)
    # Whatever was said to it, nobody can write a line of its log but itself.
    assert [line for line in daemon.log if not RECORD.match(line) or line.startswith(FORGED)] == []
    assert [line for line in daemon.log if not line.rstrip("\n").isprintable()] == []


@pytest.fixture(scope="module")
def at_rest(victim: DaemonProcess) -> DaemonProcess:
    """The same one, with nothing left to do of what others were up to."""
    with victim.client() as client:
        client.call("radio_stop")
        client.call("queue_clear")
        while (queue := client.call("queue_status"))["running"] or queue["paused"]:
            for job in (*queue["running"], *queue["paused"]):
                client.call("cancel", job_id=job["job_id"], force=True)
    return victim
