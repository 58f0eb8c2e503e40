"""Other forms of the weights, made tensor by tensor: no more than one of them is in memory.

Inputs and outputs stay as they were. In the source's directory, the graph that is made points into the
source's files for every tensor it leaves as it was; in another one it has all of its own.
"""

from __future__ import annotations

from lofi_acestep.precision.fp16 import to_fp16
from lofi_acestep.precision.int8 import to_int8

__all__ = ["to_fp16", "to_int8"]
