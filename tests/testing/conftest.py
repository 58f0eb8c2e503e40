"""A backend that keeps every promise, and how to break one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from lofi_core.testing import Conformance
from lofi_core.testing.kit import Kit
from tests.conftest import install_backend_in

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = "lofi_core.testing.plugin"
# Half a second a step, of noise whose level is an option.
FIT = textwrap.dedent(
    """
    from typing import Annotated
    from msgspec import Meta, Struct
    from lofi_core import BackendSpec, InferenceFailed, InvalidOption, Schedule, Stage, Step, hookimpl

    class Options(Struct, forbid_unknown_fields=True):
        level: Annotated[float, Meta(ge=0.1, le=0.9, description="Of the highest peak.")] = 0.5

    @hookimpl
    def describe_backend():
        return BackendSpec("fit", "Fit", 8000, 1, 1, 60, model_version="1", options=Options, streaming=True)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=max(1, round(request.duration_sec * 2)))])

    @hookimpl
    def generate(request, schedule):
        import numpy as np

        noise = np.random.default_rng([request.seed, *request.prompt.encode()])
        frames = np.array_split(np.arange(round(request.duration_sec * 8000)), schedule.stages[0].steps)
        for index, part in enumerate(frames):
            samples = noise.uniform(-1, 1, (1, len(part))) * request.options.level
            yield Step("walk", index, samples.astype("float32"))
    """
)
Replacement = tuple[str, str]
OpenKit = Callable[..., Kit]
RunPytest = Callable[..., subprocess.CompletedProcess[str]]

WALK = 'yield Step("walk", index, samples.astype("float32"))'
# How many tracks are being made: nobody may hear that.
COUNTED: tuple[Replacement, ...] = (
    ("class Options", "LIVE = [0]\n\nclass Options"),
    ("    noise = np", "    LIVE[0] += 1\n    noise = np"),
    ("* request.options.level", "* request.options.level / LIVE[0]"),
    (WALK, f"{WALK}\n    LIVE[0] -= 1"),
)


def broken(*replacements: Replacement) -> str:
    """The backend with something else in it; each text to replace occurs."""
    source = FIT
    for old, new in replacements:
        assert old in source, old
        source = source.replace(old, new)
    return source


@pytest.fixture
def open_kit(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenKit]:
    """A kit for an installed backend `fit`, whose source is given."""
    kits: list[Kit] = []
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    def opened(source: str = FIT, backend: str = "fit") -> Kit:
        monkeypatch.syspath_prepend(str(install_backend_in(home, "fit", source)))
        kits.append(Kit(Conformance(backend, duration_sec=2)))
        return kits[-1]

    yield opened
    for kit in kits:
        kit.close()
    sys.modules.pop("lofi_fit_module", None)


@pytest.fixture
def run_pytest(home: Path) -> RunPytest:
    """Run pytest in an empty directory, with whatever is installed in `site` there."""
    here = home / "here"
    here.mkdir()

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        site = os.pathsep.join(filter(None, [str(home / "site"), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", *arguments]
        return subprocess.run(
            command,
            cwd=here,
            env={**os.environ, "HOME": str(home), "PYTHONPATH": site, **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
