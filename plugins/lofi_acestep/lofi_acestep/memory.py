"""How much memory is there, and do all five networks fit at once?"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from lofi_acestep.surgery.skim import read_graph

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
# A piece of four minutes, decoded whole.
WORKING_BYTES = 8 * GIB


def weight_bytes(file: Path) -> int:
    """What a network's weights take."""
    from onnx import helper

    total = 0
    for tensor in read_graph(file).graph.initializer:
        size = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        for extent in tensor.dims:
            size *= extent
        total += size
    return total


def fits(files: list[Path], device: str) -> bool:
    """Whether all of them and a long piece take no more than half of the device's memory.

    Half, for the system, other programs and what ONNX Runtime keeps aside have their share too.
    """
    there = _gpu_bytes() if device == "cuda" else _host_bytes()
    return 2 * (sum(map(weight_bytes, files)) + WORKING_BYTES) <= there


def _host_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return 0


def _gpu_bytes() -> int:
    """Of the first GPU; 0 where the driver does not say."""
    total, device = ctypes.c_size_t(), ctypes.c_int()
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        failed = driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0)
        failed = failed or driver.cuDeviceTotalMem_v2(ctypes.byref(total), device)
    except (OSError, AttributeError):
        return 0
    return 0 if failed else total.value
