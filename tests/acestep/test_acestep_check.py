"""Does `models check` tell a model that runs from one that does not, and notice one that changed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import pytest

from lofi_acestep import check_model, generate, load_model, make_schedule
from lofi_acestep.check import FILE
from lofi_acestep.options import ACEStepOptions
from lofi_core import GenerateRequest, InvalidOption, ModelLoadFailed, Runtime
from tests.acestep import graphs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return graphs.write_model(tmp_path / "ace_step")


def lines(place: Path) -> list[str]:
    told: Iterator[str] = check_model(place, Runtime(threads=1))
    return list(told)


def test_how_far_a_check_is_only_rises(place: Path) -> None:
    told: list[tuple[float, str]] = []
    list(check_model(place, Runtime(threads=1, report=lambda share, what: told.append((share, what)))))
    shares = [share for share, _what in told]
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert {what for _share, what in told} >= {"try the denoiser", "denoise", "vocode"}


def test_a_model_is_the_same_at_the_second_check_as_at_the_first(place: Path) -> None:
    assert lines(place) == [
        "fp32: the five networks open, run and fit together",
        "the negative branch can be the reference's (erg)",
        "4.9 s come out, in stereo; decoded: whole",
        f"fp32: first check; its numbers are remembered in {FILE}",
    ]
    assert lines(place)[-1].startswith("fp32: as at the first check (latents within 0e+00)")


def test_other_weights_are_noticed(place: Path) -> None:
    lines(place)
    network = onnx.load(place / "text_encoder.onnx")
    (table,) = (tensor for tensor in network.graph.initializer if tensor.name == "shared.weight")
    table.raw_data = onnx.numpy_helper.to_array(table)[::-1].tobytes()
    onnx.save(network, str(place / "text_encoder.onnx"))
    with pytest.raises(ModelLoadFailed, match="not those of the first check") as caught:
        lines(place)
    assert FILE in str(caught.value.hint)


def test_a_decoder_that_takes_one_length_only_is_checked_in_windows(place: Path) -> None:
    onnx.save(graphs.latent_decoder(frames=128), str(place / "dcae_decoder.onnx"))
    assert "decoded: windows of 128" in lines(place)[2]


def test_notes_that_cannot_be_read_are_no_riddle(place: Path) -> None:
    (place / FILE).write_text("no json")
    with pytest.raises(ModelLoadFailed, match="cannot be read"):
        lines(place)


def test_files_whose_attention_cannot_be_weakened_are_told_and_refused_erg(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lofi_acestep.forms.write_graph", refuse)
    assert lines(place)[1] == "the negative branch is zero: not all networks can weaken their attention"
    runtime = Runtime(threads=1)
    model = load_model(place, runtime, "auto")
    options = ACEStepOptions(inference_steps=2, negative="erg")
    request = GenerateRequest("w5", 5.0, 1, options)
    with pytest.raises(InvalidOption, match="weaken the attention of: text, lyrics, denoiser"):
        next(generate(request, model, make_schedule(request), runtime))
