"""What did one generation yield, and how do two of them differ?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lofi_core.backend import Step
from lofi_core.calls import guarded, step_index
from lofi_core.errors import LofiError
from lofi_core.jobs.slices import max_frames
from lofi_core.testing.conformance import Unfit

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    from numpy.typing import NDArray

    from lofi_core.backend import BackendSpec
    from lofi_core.jobs.request import Prepared

FORM_REMEDY = "yield finished samples as a float32 array of shape [channels, N] in [-1, 1]"
MAX_STRAY_STEPS = 1_000  # beyond those declared: then it is taken to have no end


@dataclass
class Take:
    """One generation, as far as it came.

    Attributes:
        prepared: what was asked for.
        steps: (stage, index) of each step that was yielded.
        chunks: what each step had as `audio`, as it came, None included.
        seconds: how long each stage took.
        ended: whether the generator came to its end.
    """

    prepared: Prepared
    generator: Generator[object, None, None]
    steps: list[tuple[str, int]] = field(default_factory=list)
    chunks: list[Any] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    ended: bool = False

    @property
    def spec(self) -> BackendSpec:
        """Of the backend that makes it."""
        return self.prepared.spec

    @property
    def declared_steps(self) -> int:
        """How many the schedule says."""
        return sum(stage.steps for stage in self.prepared.schedule.stages)

    def step(self) -> bool:
        """Go one step on. False when the generator has ended.

        Raises:
            Unfit: what came is no step, there is no end of them, or the backend raised.
        """
        begun = time.perf_counter()
        try:
            step = guarded(self.spec.name, "generate", self._next)
            if step is None:
                self.ended = True
                return False
            if not isinstance(step, Step):
                raise Unfit(
                    f"generate yielded {type(step).__name__} {step!r:.60}, not a Step",
                    "yield Step(stage, index), or Step(stage, index, audio) where samples are finished",
                )
            self.steps.append((step.stage, step_index(self.spec.name, step)))
        except LofiError as error:
            raise failed(error) from error
        self.chunks.append(step.audio)
        self.seconds[step.stage] = self.seconds.get(step.stage, 0.0) + time.perf_counter() - begun
        self._must_have_an_end()
        return True

    def play(self, steps: int | None = None) -> Take:
        """Go so many steps on; to the end without a number."""
        while (steps is None or len(self.steps) < steps) and self.step():
            pass
        return self

    def close(self) -> None:
        """Cancel it where it stands.

        Raises:
            Unfit: it does not let go.
        """
        try:
            self.generator.close()
        except Exception as error:
            raise Unfit(
                f"a cancel raised {type(error).__name__}: {error}",
                "a cancelled job gets GeneratorExit at its last `yield`: let it pass, put clean-up into"
                " `finally`, and yield nothing there",
            ) from error

    @cached_property
    def samples(self) -> NDArray[np.float32]:
        """The track, [C, N].

        Raises:
            Unfit: what was yielded is not audio, or none was.
        """
        import numpy as np

        from lofi_core.tracks.audio import check_audio

        try:
            parts = [check_audio(chunk, self.spec.channels) for chunk in self.chunks if chunk is not None]
        except LofiError as error:
            raise Unfit(error.message, error.hint or FORM_REMEDY) from None
        if not sum(part.shape[1] for part in parts):
            raise Unfit("generate ended without yielding any audio", FORM_REMEDY)
        return np.concatenate(parts, axis=1)

    def _next(self) -> object:
        return next(self.generator, None)

    def _must_have_an_end(self) -> None:
        if len(self.steps) > self.declared_steps * 2 + MAX_STRAY_STEPS:
            raise Unfit(
                f"{len(self.steps)} steps were yielded, and more come; declared are {self.declared_steps}",
                "yield exactly the steps that make_schedule declares, then return",
            )
        frames = sum(chunk.shape[-1] for chunk in self.chunks if getattr(chunk, "shape", ()))
        if frames > max_frames(self.spec, self.prepared.request.duration_sec):
            raise Unfit(
                f"generate yielded {frames / self.spec.sample_rate:g} s of audio for a request of"
                f" {self.prepared.request.duration_sec:g} s, and goes on",
                "end when request.duration_sec is reached",
            )


def failed(error: LofiError) -> Unfit:
    """What a backend raised, with its own hint; the log shows the traceback of what is no error of ours."""
    if isinstance(error.__cause__, LofiError) or error.__cause__ is None:
        remedy = error.hint or "see what it says; this request is an ordinary one"
        return Unfit(f"{error.code}: {error.message}", remedy)
    remedy = 'raise InferenceFailed("what, with the value", "what to do") for what you can explain'
    return Unfit(f"{error.code}: {error.message}", f"mend what the log shows; {remedy}")


def difference(one: NDArray[Any], other: NDArray[Any], sample_rate: int) -> str | None:
    """Where two tracks [C, N] differ, in words; None when they do not."""
    import numpy as np

    if one.shape != other.shape:
        lengths = f"{one.shape[1] / sample_rate:g} s and {other.shape[1] / sample_rate:g} s"
        return f"they are {lengths} long"
    apart = np.abs(one.astype(np.float64) - other)
    wrong = int(np.count_nonzero(apart))
    if not wrong:
        return None
    first = int(np.nonzero(apart.max(axis=0))[0][0])
    share = 100 * wrong / apart.size
    begin, most = first / sample_rate, apart.max()
    return f"{share:.3g} % of the samples differ, from {begin:.3f} s on, by up to {most:.3g}"
