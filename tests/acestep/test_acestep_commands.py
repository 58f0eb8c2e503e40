"""ACE-Step from the command line, without any daemon."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
import soundfile

from tests.acestep.graphs import write_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(home: Path) -> Path:
    """Where the model belongs; it lies there."""
    directory = home / "data" / "models" / "ace_step"
    directory.parent.mkdir(parents=True)
    return write_model(directory)


def lofi_core(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in this home, without any daemon."""
    environ = {"HOME": str(home), "LOFI_SOCKET": str(home / "lofi.sock"), "LOFI_DATA_DIR": str(home / "data")}
    command = [sys.executable, "-m", "lofi_core", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_the_command_line_makes_a_track_without_a_daemon(home: Path, place: Path) -> None:
    assert place.exists()
    made = lofi_core(
        home,
        *("generate", "lofi beats", "--backend", "ace_step", "--duration", "30", "--no-daemon"),
        *("--steps", "4", "--scheduler", "euler", "--guidance", "15", "--output", str(home / "beats.flac")),
    )
    assert made.returncode == 0, made.stderr
    info = soundfile.info(home / "beats.flac")
    assert (info.channels, info.samplerate) == (2, 48_000)
    assert info.duration == pytest.approx(322 * 4096 / 44_100, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--steps", "201"), "INVALID_INFERENCE_STEPS", "inference_steps is 201"),
        (("--scheduler", "ddim"), "INVALID_SCHEDULER", "scheduler is 'ddim'"),
        (("--guidance", "0.5"), "INVALID_GUIDANCE_SCALE", "guidance_scale is 0.5"),
        (("-O", "inference_steps=0"), "INVALID_INFERENCE_STEPS", "inference_steps is 0"),
    ],
)
def test_the_command_line_refuses_what_is_out_of_range(
    home: Path, place: Path, arguments: tuple[str, ...], code: str, told: str
) -> None:
    assert place.exists()
    refused = lofi_core(home, "generate", "x", "-b", "ace_step", "-d", "30", "--no-daemon", *arguments)
    assert refused.returncode != 0
    assert code in refused.stderr
    assert told in refused.stderr


def test_the_model_can_be_checked(home: Path, place: Path) -> None:
    assert place.exists()
    for last in ("first check", "as at the first check"):
        checked = lofi_core(home, "models", "check", "ace_step")
        assert checked.returncode == 0, checked.stderr
        assert last in checked.stdout.splitlines()[-1]


def test_there_is_one_layout_only_to_export(home: Path) -> None:
    (home / "checkpoint").mkdir()
    refused = lofi_core(
        home,
        *("models", "export", "ace_step", "--checkpoint", str(home / "checkpoint")),
        *("--to", str(home / "made"), "--layout", "split"),
    )
    assert refused.returncode != 0
    assert "INVALID_OPTION" in refused.stderr


@pytest.mark.parametrize(("choice", "value"), [("--opset", "99"), ("--component", "drums")])
def test_what_the_exporter_has_not_is_refused(home: Path, choice: str, value: str) -> None:
    (home / "checkpoint").mkdir()
    refused = lofi_core(
        home,
        *("models", "export", "ace_step", "--checkpoint", str(home / "checkpoint")),
        *("--to", str(home / "made"), choice, value),
    )
    assert refused.returncode != 0
    assert value in refused.stderr


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is here")
def test_an_export_without_pytorch_says_what_to_install(home: Path) -> None:
    (home / "checkpoint").mkdir()
    refused = lofi_core(
        home,
        *(
            "models",
            "export",
            "ace_step",
            "--checkpoint",
            str(home / "checkpoint"),
            "--to",
            str(home / "made"),
        ),
    )
    assert refused.returncode != 0
    assert "lofi_acestep[export]" in refused.stderr
