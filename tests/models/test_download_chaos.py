"""Whatever a server does, in whatever order: a file with its name is the right one."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from lofi_core.backend import ModelFile
from lofi_core.errors import ModelDownloadFailed
from tests.models.server import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Pull
    from tests.models.server import ModelServer

CONTENT = random.Random(1).randbytes(500_000)


def some_fault(dice: random.Random) -> Fault:
    """One of everything a server can do wrong, somewhere in the file."""
    where = dice.randrange(len(CONTENT))
    return dice.choice(
        [
            Fault(cut_after=where),
            Fault(stall_after=where),
            Fault(cut_after=where, chunked=True),
            Fault(cut_after=where, ignore_range=True),
            Fault(ignore_range=True),
            Fault(status=dice.choice([429, 500, 502, 503, 504])),
            Fault(status=206, ignore_range=True),
            Fault(headers={"Content-Range": f"bytes {where}-{len(CONTENT) - 1}/{len(CONTENT)}"}),
            Fault(headers={"ETag": f'"{where}"'}),
            Fault(headers={"Content-Length": str(where)}),
            Fault(headers={"Content-Length": str(len(CONTENT) + where)}, cut_after=len(CONTENT)),
            Fault(body=bytes(len(CONTENT)), cut_after=where),
            Fault(body=CONTENT[where:] + CONTENT[:where]),
            Fault(chunked=True, body=CONTENT + CONTENT[:where]),
        ]
    )


@pytest.mark.parametrize("seed", range(25))
def test_a_file_is_right_or_not_there(server: ModelServer, target: Path, pull: Pull, seed: int) -> None:
    dice = random.Random(seed)
    faults = [some_fault(dice) for _ in range(dice.randrange(1, 8))]
    knows = dice.random() < 0.7
    url = server.put("m.bin", CONTENT, *faults)
    digest = sha256(CONTENT).hexdigest()
    file = (
        ModelFile("m.bin", len(CONTENT), digest, url) if knows else ModelFile("m.bin", len(CONTENT), url=url)
    )
    server.etags["/m.bin"] = dice.choice(["", '"v1"', 'W/"v1"', f'"{digest}"'])
    failures = 0
    while not (target / "m.bin").exists():
        try:
            pull(file)
        except ModelDownloadFailed:
            failures += 1
            assert failures <= len(faults) + 1, "the server is well by now"
    if knows or digest in server.etags["/m.bin"]:
        assert (target / "m.bin").read_bytes() == CONTENT
    assert (target / "m.bin").stat().st_size == len(CONTENT)
