"""The fresh process: describes, plans and plays one backend, and writes down what that did to the process.

Before the backend is described it must import nothing heavy itself: numpy and the rest come in functions.
"""

from __future__ import annotations

import gc
import hashlib
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.errors import LofiError
from lofi_core.testing.conformance import Conformance, NotAsked, Unfit
from lofi_core.testing.fresh import Findings, Order
from lofi_core.testing.kit import Kit

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.testing.take import Take

PLANS = 5
OPEN_FILES = Path("/dev/fd")
# What libraries write into the temporary directory when imported: ONNX Runtime its session's number.
NOT_THE_BACKENDS = {".ses"}


def main() -> None:
    """Do what standard input says."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    kit = Kit(Conformance(order.backend, order.duration_sec, order.model_dir, tuple(order.options)))
    findings = Findings()
    try:
        _look(kit, order, findings)
    except (LofiError, Unfit, NotAsked) as error:
        findings.error = str(error)
    Path(order.report).write_bytes(msgspec.json.encode(findings))
    kit.close()


def _look(kit: Kit, order: Order, findings: Findings) -> None:
    _ = kit.settings
    findings.modules_described = _new_modules(lambda: kit.record)
    findings.modules_planned = _new_modules(kit.prepare)
    findings.planning_sec = min(_processor_sec(kit.prepare) for _ in range(PLANS))
    states = _random_states()
    findings.digests.append(_digest(kit.make()))
    findings.states_touched = [name for name, state in _random_states().items() if state != states[name]]
    threads, descriptors = _threads(), _descriptors()
    again = kit.make()
    findings.digests.append(_digest(again))
    cancelled = kit.begin()
    cancelled.play(max(1, len(again.steps) // 2))
    cancelled.close()
    del again, cancelled
    gc.collect()
    findings.threads = sorted(_threads() - threads)
    findings.descriptors = sorted(_descriptors() - descriptors)
    findings.files = [
        str(path)
        for directory in order.directories
        for path in sorted(Path(directory).rglob("*"))
        if path.name not in NOT_THE_BACKENDS
    ]


def _new_modules(call: Callable[[], object]) -> list[str]:
    before = {name.partition(".")[0] for name in sys.modules}
    call()
    return sorted({name.partition(".")[0] for name in sys.modules} - before)


def _processor_sec(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def _random_states() -> dict[str, Any]:
    import numpy as np

    state = np.random.get_state(legacy=False)  # noqa: NPY002 - whether somebody used it
    inner = state["state"]
    return {"random": random.getstate(), "numpy.random": (inner["key"].tobytes(), inner["pos"])}


def _digest(take: Take) -> str:
    return hashlib.sha256(take.samples.tobytes()).hexdigest()


def _threads() -> set[str]:
    return {f"{thread.name} ({thread.ident})" for thread in threading.enumerate()}


def _descriptors() -> set[str]:
    """`number → what it is`, of everything that is open; what lists them is not."""
    found = set()
    for name in os.listdir(OPEN_FILES):  # noqa: PTH208 - names only, and at once
        try:
            found.add(f"{name} → {os.readlink(OPEN_FILES / name)}")  # noqa: PTH115 - a pipe is no path
        except OSError:  # closed by now, or a system whose entries are no links
            if _is_open(int(name)):
                found.add(name)
    return found


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
