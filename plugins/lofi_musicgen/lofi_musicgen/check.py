"""Does an installed model still compute what it did, and how far are its quantised forms from float32?

The fingerprint, a few of the numbers that the first check saw, lies beside the model: what it saw then is
trusted from then on. Of a checkpoint every built form is also compared with float32 graphs that are built for
that from the same files.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lofi_core import ModelLoadFailed
from lofi_musicgen.build import FORMS, build
from lofi_musicgen.codec import StreamingCodec
from lofi_musicgen.config import read_config
from lofi_musicgen.decoders.step import StepDecoder
from lofi_musicgen.fingerprint import Fingerprints
from lofi_musicgen.layouts import find_layout
from lofi_musicgen.loader import load
from lofi_musicgen.measure import PROMPT, Form, errors, measure, told
from lofi_musicgen.tokens import Tokenizer
from lofi_musicgen.weights import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lofi_core import Runtime
    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.measure import Outputs

# Relative rms error that only damage makes; of the logits several times what random weights give. What is
# unlike in every way gives 1.4.
DAMAGED = {"exact": 5e-2, "half": 0.2, "quality": 0.5, "fast": 0.9}
DAMAGED_TEXT = {"fp32": 5e-2, "int8": 0.7}
DAMAGED_CODEC = 5e-2
# Forms that are loaded on each kind of device, the default first.
RUN_ON = {"cpu": ("quality", "fast", "exact"), "cuda": ("half", "exact")}
COMPARE = ".lofi-check-"


def check(model_dir: Path, runtime: Runtime) -> Iterator[str]:
    """Yield a line for each thing that is right.

    The work is the same for every model: 24 columns and 50 frames of each form, and one build.

    Raises:
        ModelNotFound: files are missing.
        ModelLoadFailed: a file is not what it should be, or computes something else than at the first check.
    """
    layout = find_layout(model_dir)
    config = read_config(model_dir)
    tokens = Tokenizer(model_dir, config.text).encode(PROMPT, runtime)
    yield f"layout {layout.kind}; config.json and tokenizer.json are a MusicGen's"
    known = Fingerprints(model_dir)
    if layout.kind != "safetensors":
        model = load(model_dir, runtime, "exported")
        yield "the files fit together and config.json"
        encoder = model.text_encoder
        form = Form(lambda: encoder.encode(tokens), model.decoder, model.codec)
        outputs = measure(config, form, _told(runtime, "exported"))
        yield known.see("exported", tokens, outputs)
        return
    checkpoint = Checkpoint(model_dir)
    made: dict[str, Outputs] = {}
    for precision in _precisions(model_dir, runtime):
        form = _opened(checkpoint, config, tokens, precision, runtime, model_dir)
        made[precision] = measure(config, form, _told(runtime, precision))
        yield f"{precision}: the graphs are there and run"
    yield from _compared(checkpoint, config, tokens, runtime, made)
    for precision, outputs in made.items():
        yield known.see(precision, tokens, outputs)


def _precisions(model_dir: Path, runtime: Runtime) -> list[str]:
    """The forms that are built, of those that this device runs; the default one where none is."""
    usable = RUN_ON["cuda" if runtime.device == "cuda" else "cpu"]
    built = {part.name.removeprefix("decoder-") for part in model_dir.glob("built-*/decoder-*/")}
    return [precision for precision in usable if precision in built] or [usable[0]]


def _opened(
    checkpoint: Checkpoint,
    config: MusicGenConfig,
    tokens: list[int],
    precision: str,
    runtime: Runtime,
    home: Path,
) -> Form:
    parts, encoder = build(checkpoint, config, precision, runtime, home)
    decoder = StepDecoder(parts.decoder, config, runtime)
    codec = StreamingCodec(parts.codec, config.codec, runtime)
    return Form(lambda: encoder.encode(tokens), decoder, codec)


def _told(runtime: Runtime, precision: str) -> Callable[[float], None]:
    return lambda share: runtime.report(share, f"run {precision}")


def _compared(
    checkpoint: Checkpoint,
    config: MusicGenConfig,
    tokens: list[int],
    runtime: Runtime,
    made: dict[str, Outputs],
) -> Iterator[str]:
    """Compare each form with float32 graphs that were just built from the same files."""
    where = checkpoint.model_dir
    for left in where.glob(f"{COMPARE}*/"):  # by a check that was killed
        shutil.rmtree(left, ignore_errors=True)
    # Float32 graphs of all, and a little.
    needed = int(4.2 * sum(math.prod(checkpoint.shape(name)) for name in checkpoint.names()))
    if (free := shutil.disk_usage(where).free) < needed:
        yield f"not compared with fp32: {where} has {free / 1e9:.1f} of {needed / 1e9:.1f} GB for that"
        return
    on_cpu = replace(runtime, device="cpu", providers=("CPUExecutionProvider",))
    with _temporary(where) as home:
        reference = _opened(checkpoint, config, tokens, "exact", on_cpu, home)
        for precision, outputs in made.items():
            # Each hears what its own text encoder says, so that the decoder's error is its own.
            wanted = measure(config, reference, _told(runtime, "fp32"), outputs.hidden)
            _see_damage(precision, errors(outputs, wanted), where)
            for component, difference in told(outputs, wanted).items():
                yield f"{precision}, {component}: {difference} against fp32"


def _see_damage(precision: str, error: dict[str, float], where: Path) -> None:
    most = {
        "hidden": DAMAGED_TEXT[FORMS[precision].text],
        "logits": DAMAGED[precision],
        "samples": DAMAGED_CODEC,
    }
    for part, limit in most.items():
        if error[part] > limit:
            raise ModelLoadFailed(
                f"{precision}: the {part} of the built graphs are {error[part]:.1e} (relative rms) from those"
                f" of fp32 graphs of the same checkpoint; {limit:.0e} is the most that quantising explains",
                f"delete the built-… directory in {where}; the graphs are built again when they are needed",
            )


@contextlib.contextmanager
def _temporary(where: Path) -> Iterator[Path]:
    try:
        directory = Path(tempfile.mkdtemp(prefix=COMPARE, dir=where))
    except OSError as error:
        raise ModelLoadFailed(
            f"{where} cannot be written: {error.strerror or error}", "make it writable"
        ) from error
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
