"""The benchmark of ACE-Step for graphics cards, with tiny networks on the processor."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks import acestep_cost, acestep_gpu
from benchmarks.acestep_gpu import Measured
from lofi_acestep.loader import load
from lofi_core import Runtime

ROOT = Path(__file__).parents[2]
NETWORKS = ROOT / "tests" / "data" / "acestep" / "networks"
THIRTY = Measured(30.0, 0.010, 0.016, 0.2, 0.1, 0.3, 1.5, 9_000_000_000)


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the benchmark finds its model: tiny networks, whose other forms are made once."""
    place = tmp_path_factory.mktemp("ace_step")
    shutil.copytree(NETWORKS, place / "onnx")
    return place


def test_every_part_of_a_track_is_timed(top: Path) -> None:
    model = load(top / "onnx", Runtime(threads=1), "fp16", "resident")
    measured = acestep_gpu.measure(model, 5.0, 2, Runtime(threads=1))
    parts = (measured.single, measured.pair, measured.dcae, measured.vocoder, measured.samples)
    assert all(0 < each < 10 for each in parts)


def test_steps_take_what_the_plan_counts() -> None:
    assert THIRTY.steps_sec(27) == pytest.approx(13 * 0.010 + 14 * 0.016)
    assert THIRTY.steps_sec(60) == pytest.approx(30 * 0.010 + 30 * 0.016)


def test_a_share_of_one_is_what_a_known_card_could_do_at_best() -> None:
    single, pair = (acestep_cost.evaluation_bound_sec(322, rows, acestep_cost.H200) for rows in (1, 2))
    assert THIRTY.share(1, acestep_cost.H200) == pytest.approx(single / 0.010)
    assert THIRTY.share(2, acestep_cost.H200) == pytest.approx(pair / 0.016)


def test_a_table_has_a_row_for_each_length_and_shares_for_known_cards_only() -> None:
    head, _, row = acestep_gpu.table([THIRTY], None).splitlines()
    assert "share" not in head
    assert row == (
        "| 30 s | 10.0 ms | 16.0 ms | 0.35 s | 0.78 s | 0.200 s | 0.100 s | 0.300 s | 1.5 s | 9.0 GB |"
    )
    head, _, row = acestep_gpu.table([THIRTY], acestep_cost.H200).splitlines()
    assert head.endswith("| share, single | share, pair |")
    assert row.endswith("| 18% | 22% |")
    assert head.count("|") == row.count("|")


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("NVIDIA H200, 1024\n", ("NVIDIA H200", 1 << 30)),
        ("NVIDIA H200, 1024\nNVIDIA H200, 0\n", ("NVIDIA H200", 1 << 30)),
        ("Orin, [N/A]\n", ("Orin", None)),
    ],
)
def test_the_first_card_tells_its_name_and_the_memory_in_use(
    monkeypatch: pytest.MonkeyPatch, told: str, found: tuple[str, int | None]
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, told))
    assert acestep_gpu.card_in_use() == found


def test_without_nvidia_smi_nothing_is_said_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert acestep_gpu.card_in_use() is None


def test_without_what_the_export_needs_the_benchmark_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(acestep_gpu, "NEEDED", {"no_such_module": "PyTorch"})
    acestep_gpu.measure_true_size(tmp_path, Runtime(), 1)
    assert capsys.readouterr().out == "No ACE-Step to measure: its export needs PyTorch.\n"


@pytest.mark.long
def test_what_is_measured_on_another_device_than_asked_for_is_not_printed(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked_for_cuda = Runtime("cuda", ("CPUExecutionProvider",), threads=1)
    acestep_gpu.measure_true_size(top, asked_for_cuda, 1)
    assert capsys.readouterr().out.endswith("It does not run on cuda; see the warnings.\n")


@pytest.mark.long
def test_a_model_that_is_there_is_measured_at_every_length(
    monkeypatch: pytest.MonkeyPatch, top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(acestep_gpu, "DURATIONS", (2.0, 3.0))
    acestep_gpu.measure_true_size(top, Runtime(threads=1), 1)
    told = capsys.readouterr().out
    assert "a guided pair is one run" in told
    *_, first, second = told.splitlines()
    assert (first[:7], second[:7]) == ("| 2 s |", "| 3 s |")
