"""Small random MusicGens in each layout, opened by the plugin itself on real ONNX Runtime sessions."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_core import GenerateRequest, Runtime
from lofi_musicgen import load_model, make_schedule
from lofi_musicgen.loader import Model
from lofi_musicgen.loop import columns
from lofi_musicgen.options import MusicGenOptions
from lofi_musicgen.sampling import Sampler
from lofi_musicgen.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_musicgen.decoders import TextStates

DATA = Path(__file__).parents[1] / "data" / "musicgen"
PROMPT = "lofi jazz, rain"  # as in make_reference.py
CHECKPOINT = ("config.json", "tokenizer.json", "model.safetensors")
EXPORT = ("config.json", "tokenizer.json", "text_encoder.onnx", "encodec_decode.onnx")
LAYOUTS = {
    "mono": ("mono", CHECKPOINT),
    "stereo": ("stereo", CHECKPOINT),
    "split": ("exported", (*EXPORT, "decoder_model.onnx", "decoder_with_past_model.onnx")),
    "merged": ("exported", (*EXPORT, "decoder_model_merged.onnx")),
}


def put_layout(name: str, directory: Path) -> Path:
    """Lay the files of one layout into `directory`."""
    source, files = LAYOUTS[name]
    directory.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(DATA / source / file, directory / file)
    return directory


@cache
def reference(name: str) -> dict[str, NDArray[Any]]:
    """What transformers computed; make_reference.py says what the arrays are."""
    with np.load(DATA / ("stereo" if name == "stereo" else "mono") / "reference.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return Runtime(threads=2)


OpenModel = Callable[..., Model]


@pytest.fixture(scope="session")
def open_model(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> OpenModel:
    """Open a layout in a precision; each is built once a session."""
    places: dict[str, Path] = {}

    @cache
    def opened(layout: str, precision: str | None = None) -> Model:
        if layout not in places:
            places[layout] = put_layout(layout, tmp_path_factory.mktemp("musicgen") / layout)
        schedule = make_schedule(request(precision=precision), places[layout])
        model: Model = load_model(places[layout], runtime, schedule.weights)
        return model

    return opened


def request(duration_sec: float = 2.0, seed: int = 7, **options: Any) -> GenerateRequest:
    return GenerateRequest(PROMPT, duration_sec, seed, MusicGenOptions(**options))


def text_of(model: Model, runtime: Runtime) -> TextStates:
    return model.text_encoder.encode(model.tokenizer.encode(PROMPT, runtime))


def draw_codes(
    model: Model, text: TextStates, frames: int, seed: int = 0, **options: Any
) -> NDArray[np.int64]:
    """Codes [K, frames] of one window."""
    codes = np.full((model.config.num_codebooks, frames), model.config.special_token, np.int64)
    for _ in columns(model, text, Sampler(MusicGenOptions(**options), seed), Window(0, 0, frames), codes):
        pass
    return codes
