"""A client that minds its own business: it pings all the time, and says how long each took.

`python -m tests.security.bystander SOCKET`, until its standard input ends; then one line of JSON. It is a
process of its own, so that what it measures is the daemon and not whoever attacks it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import TYPE_CHECKING

from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAUSE_SEC = 0.002


@dataclass
class Served:
    """How the bystander fared.

    Attributes:
        pings: answered, all of them.
        median_ms: of the time one took.
        p99_ms: as above.
        most_ms: as above.
        errors: what went wrong, if anything.
    """

    pings: int = 0
    median_ms: float = 0.0
    p99_ms: float = 0.0
    most_ms: float = 0.0
    errors: str = "never ended"


@contextmanager
def bystander(socket: Path) -> Iterator[Served]:
    """Have one; what is yielded is filled in at the end."""
    served = Served()
    command = [sys.executable, "-m", "tests.security.bystander", str(socket)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        process.stdout.readline()  # it is being served
        yield served
    finally:
        told, _ = process.communicate()
        if told:
            served.__dict__.update(json.loads(told))


def main() -> None:
    """Ping until nobody listens any more."""
    took_ms: list[float] = []
    errors = ""
    with Client(Path(sys.argv[1]), timeout_sec=60) as client:
        client.call("ping")
        print(flush=True)  # noqa: T201 - whoever started it waits for this
        try:
            while not select([sys.stdin], [], [], PAUSE_SEC)[0]:
                began = time.perf_counter()
                client.call("ping")
                took_ms.append((time.perf_counter() - began) * 1000)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            errors = repr(error)
    took_ms.sort()
    at = [took_ms[int(share * (len(took_ms) - 1))] for share in (0.5, 0.99, 1)] if took_ms else [0, 0, 0]
    told = dict(zip(Served.__annotations__, [len(took_ms), *at, errors], strict=True))
    print(json.dumps(told))  # noqa: T201 - as above


if __name__ == "__main__":
    main()
