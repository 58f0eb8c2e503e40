"""One network's ONNX Runtime session: what goes in, what comes out, in which types, whatever the export."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_acestep.files import REMEDY
from lofi_acestep.surgery.erg import ERG_INPUT
from lofi_core import InferenceFailed, LofiError, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray
    from lofi_core import Runtime

TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
# How ONNX Runtime and CUDA say that there is no memory left; they have no exception for it.
NO_MEMORY = re.compile(
    r"bad.?alloc|failed to allocate|available memory|out of memory|ALLOC_FAILED|cannot allocate memory",
    re.IGNORECASE,
)
LESS_MEMORY = "try residency staged, a shorter piece, decode=windows, or precision=int8"
# ONNX Runtime packs copies of float32 weights for its products, which are 8 % faster then on the CPU. Without
# it works on the file itself, mapped into memory that the system can take back at any time: 10 GB less, and
# the denoiser opens at once, not in half a minute.
UNPACKED = {"session.disable_prepacking": "1"}


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output.

    Attributes:
        name: of the value.
        dtype: of the arrays.
        shape: a number where the size is fixed, anything else where it is not.
    """

    name: str
    dtype: type[np.generic]
    shape: tuple[int | str | None, ...]

    def fixed(self, axis: int) -> int | None:
        """The only size of an axis; None where any will do."""
        size = self.shape[axis] if -len(self.shape) <= axis < len(self.shape) else None
        return size if isinstance(size, int) else None


class Session:
    """A network that is open.

    Args:
        file: the ONNX file.
        what: the network in words, for messages.
        runtime: what it runs on.
        packed: whether ONNX Runtime may keep its own copies of the weights, see `UNPACKED`.

    Raises:
        ModelLoadFailed: the file cannot be opened, or there is no memory for it.
    """

    def __init__(self, file: Path, what: str, runtime: Runtime, *, packed: bool = True) -> None:
        self.file, self.what, self.runtime = file, what, runtime
        try:
            # Patterns would take half as much again, for no time that can be measured.
            self._session: Any = runtime.session(file, None if packed else UNPACKED, memory_pattern=False)
        except ModelLoadFailed as error:
            if NO_MEMORY.search(str(error)):
                raise ModelLoadFailed(f"no memory for the {what} ({file.name})", LESS_MEMORY) from error
            raise
        given = [*self._session.get_inputs(), *self._session.get_overridable_initializers()]
        self.inputs = {value.name: self._port(value) for value in given}
        self.outputs = [self._port(value) for value in self._session.get_outputs()]

    def _port(self, value: Any) -> Port:
        dtype = TYPES.get(value.type)
        if dtype is None:
            raise self.foreign(f"{value.name} is a {value.type}")
        return Port(value.name, dtype, tuple(value.shape))

    def close(self) -> None:
        """Let the session go, and the memory with it, whoever still holds this object."""
        self._session = None

    def foreign(self, why: str) -> ModelLoadFailed:
        """The error for a file that is not this network."""
        return ModelLoadFailed(f"{self.file} is not ACE-Step's {self.what}: {why}", REMEDY)

    def need(self, ranks: Mapping[str, Sequence[int]]) -> None:
        """See that inputs are there, with the number of axes they should have.

        Raises:
            ModelLoadFailed: one is not.
        """
        missing = [name for name in ranks if name not in self.inputs]
        if missing:
            raise self.foreign(f"it takes {', '.join(self.inputs) or 'nothing'}, and no {', '.join(missing)}")
        for name, allowed in ranks.items():
            rank = len(self.inputs[name].shape)
            if rank not in allowed:
                raise self.foreign(f"{name} has {rank} axes, not {' or '.join(map(str, allowed))}")

    def need_size(self, name: str, axis: int, size: int) -> None:
        """See that an axis of an input can have that size.

        Raises:
            ModelLoadFailed: it is another one.
        """
        fixed = self.inputs[name].fixed(axis)
        if fixed is not None and fixed != size:
            raise self.foreign(f"axis {axis} of {name} is {fixed}, not {size}")

    @property
    def weakens(self) -> bool:
        """Whether the queries can be weakened (ERG)."""
        return ERG_INPUT in self.inputs

    @property
    def weakens_by_row(self) -> bool:
        """Whether that can differ between the rows of a batch."""
        return (
            self.weakens
            and self.inputs[ERG_INPUT].fixed(0) is None
            and len(self.inputs[ERG_INPUT].shape) == 3
        )

    def run(
        self, feeds: Mapping[str, Any], weaken: Sequence[float] = (1.0,), output: str | None = None
    ) -> FloatArray:
        """Run it.

        Args:
            feeds: arrays by input, in any type; what the network does not take is left out.
            weaken: the factor on the queries of the ERG layers, of each row or of all.
            output: which to give; the first one where it is None or missing.

        Returns:
            float32.

        Raises:
            InferenceFailed: no memory, or what comes out is not finite.
        """
        given = {**feeds, **self._weakening(weaken)}
        arrays = {
            name: np.ascontiguousarray(np.asarray(array), dtype=self.inputs[name].dtype).reshape(
                np.shape(array)
            )
            for name, array in given.items()
            if name in self.inputs
        }
        names = [port.name for port in self.outputs]
        wanted = output if output in names else names[0]
        result: FloatArray = self._attempt(arrays, [wanted])[0].astype(np.float32, copy=False)
        if not np.isfinite(result).all():
            raise InferenceFailed(
                f"the {self.what} ({self.file.name}) gives numbers that are not finite",
                "try another seed, a lower guidance_scale, or precision=fp32",
            )
        return result

    def _attempt(self, arrays: Mapping[str, Any], names: list[str]) -> list[Any]:
        try:
            return self.runtime.run(self._session, arrays, names)
        except LofiError:
            raise
        except Exception as error:  # ONNX Runtime's have no common base
            if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
                raise InferenceFailed(f"no memory left in the {self.what}", LESS_MEMORY) from error
            raise

    def _weakening(self, factors: Sequence[float]) -> dict[str, Any]:
        if not self.weakens:
            return {}
        rank = len(self.inputs[ERG_INPUT].shape)
        return {
            ERG_INPUT: np.array(factors if rank else factors[0], np.float32).reshape(
                (-1,) + (1,) * (rank - 1) if rank else ()
            )
        }
