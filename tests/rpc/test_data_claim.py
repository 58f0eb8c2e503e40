"""Who has a data directory is known, also to a daemon that finds neither socket nor lock file.

What becomes of those that somebody removed: `tests/disasters/test_around.py`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lofi_core.rpc.data_claim import DataClaim
from lofi_core.rpc.listener import AlreadyRunning

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_claim_for_the_same_socket_is_refused_and_for_another_is_told_of(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with DataClaim(home / "data", home / "a.sock"):
        with pytest.raises(AlreadyRunning, match=r"already serves .*a\.sock"):
            DataClaim(home / "data", home / "a.sock")
        with DataClaim(home / "data", home / "b.sock"):
            assert f"another lofi-core daemon (pid {os.getpid()}, socket" in caplog.text
    with DataClaim(home / "data", home / "b.sock"):
        pass
