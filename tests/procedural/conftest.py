"""Renders tracks for the tests, each one once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

import lofi_procedural as backend
from lofi_core import GenerateRequest, Runtime, Step
from lofi_procedural.options import ProceduralOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class Render(Protocol):
    def __call__(
        self, prompt: str, duration_sec: float = 20.0, seed: int = 1, options: ProceduralOptions | None = None
    ) -> NDArray[np.float32]: ...


def steps(request: GenerateRequest) -> Iterator[Step]:
    return backend.generate(request, backend.make_schedule(request), Runtime())


@pytest.fixture
def open_track() -> Any:
    """A function that starts a track and returns its generator of steps."""

    def start(prompt: str, duration_sec: float = 8.0, seed: int = 1) -> Iterator[Step]:
        return steps(GenerateRequest(prompt, duration_sec, seed, ProceduralOptions()))

    return start


@pytest.fixture(scope="session")
def render() -> Render:
    """A function that renders a whole track [2, N]; the same request is rendered once in a session."""

    @cache
    def whole(
        prompt: str, duration_sec: float = 20.0, seed: int = 1, options: ProceduralOptions | None = None
    ) -> NDArray[np.float32]:
        request = GenerateRequest(prompt, duration_sec, seed, options or ProceduralOptions())
        return np.concatenate([step.audio for step in steps(request) if step.audio is not None], axis=1)

    return whole
