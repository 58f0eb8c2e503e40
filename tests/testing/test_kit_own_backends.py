"""Our own backends keep what they promise; those with models do on small random ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acestep.graphs import write_model
from tests.musicgen.conftest import put_layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.testing.conftest import RunPytest

PLACED: dict[str, Callable[[Path], Path]] = {
    "musicgen": lambda place: put_layout("mono", place),
    "ace_step": write_model,
}


@pytest.mark.parametrize(
    ("backend", "options"),
    [
        ("procedural", ["--lofi-duration", "5"]),
        pytest.param("sine", [], marks=pytest.mark.long),  # as `fit` in test_kit_plugin.py, in short
        ("musicgen", ["--lofi-duration", "1.5"]),
        ("ace_step", ["--lofi-option", "inference_steps=2"]),
    ],
)
def test_our_own_backend_keeps_its_promises(
    run_pytest: RunPytest, home: Path, backend: str, options: list[str]
) -> None:
    if backend in PLACED:
        home.joinpath("models").mkdir()
        PLACED[backend](home / "models" / backend)
    # Networks that are opened anew for each track would take most of the time.
    variables = {"LOFI_MODELS_DIR": str(home / "models"), "LOFI_BACKENDS_ACE_STEP_RESIDENCY": "resident"}
    done = run_pytest("--lofi-backend", backend, *options, "-q", **variables)
    assert done.returncode == 0, done.stdout
