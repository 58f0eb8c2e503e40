"""Benchmarks that need what is not there say so, and are no failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("only", [(), ("--only", "musicgen"), ("--only", "acestep")], ids=" ".join)
def test_without_a_gpu_its_benchmark_says_so_and_is_no_failure(only: tuple[str, ...]) -> None:
    environ = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "benchmarks.gpu", *only]
    told = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert told.stdout == "No CUDA to measure on: CUDA_VISIBLE_DEVICES hides all devices.\n"
