"""Which processor and libraries computed a track? The last bits of its samples hang on them."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def system_facts(*, with_onnxruntime: bool) -> dict[str, str]:
    """`machine`, `numpy`, `simd` (the widest instructions that numpy uses here), and `onnxruntime`."""
    return {**_numpy_facts(), **(_onnxruntime_facts() if with_onnxruntime else {})}


@cache
def _numpy_facts() -> dict[str, str]:
    import numpy as np  # a job that has samples has imported it

    config: Any = np.show_config(mode="dicts")
    extensions = config.get("SIMD Extensions", {})
    used = [*extensions.get("baseline", ()), *extensions.get("found", ())]
    return {
        "machine": platform.machine(),
        "numpy": np.__version__,
        **({"simd": str(used[-1])} if used else {}),
    }


@cache
def _onnxruntime_facts() -> dict[str, str]:
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            return {"onnxruntime": version(name)}
        except PackageNotFoundError:
            continue
    return {}
