"""Make other programs' files from a checkpoint (`split`), or our own graphs for another machine (`step`)."""

from __future__ import annotations

import contextlib
import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from lofi_core import InvalidOption, ModelLoadFailed
from lofi_musicgen.build import FORMS, build
from lofi_musicgen.codec import ForeignCodec, StreamingCodec
from lofi_musicgen.config import read_config
from lofi_musicgen.decoders.split import SplitDecoder
from lofi_musicgen.decoders.step import StepDecoder
from lofi_musicgen.graph.split import build_split
from lofi_musicgen.graph.whole import build_whole_codec, build_whole_text
from lofi_musicgen.layouts import find_layout
from lofi_musicgen.measure import PROMPT, Form, errors, measure, told
from lofi_musicgen.shapes import check_shapes
from lofi_musicgen.text import ForeignTextEncoder
from lofi_musicgen.tokens import Tokenizer
from lofi_musicgen.weights import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.decoders import FloatArray
    from lofi_musicgen.measure import Outputs

# Two float32 graphs of one model, of different operators.
SAME = 1e-3
# Beyond it an ONNX file needs its weights beside it; the format ends at 2 GB.
EMBED_BELOW_BYTES = 1 << 30
BYTES = {"fp32": 4.0, "fp16": 2.0, "int8": 1.1, "int4": 0.6}


def export(
    source: Path, target: Path, layout: str | None, precision: str | None, runtime: Runtime
) -> list[str]:
    """Write into `target`, an empty directory; it is empty again when that fails.

    Returns:
        For each component how far it is from the model in another form of graph.

    Raises:
        InvalidOption: the layout has not this precision, or the model not this layout.
        ModelNotFound: there is no MusicGen in `source`.
        ModelLoadFailed: it is not whole, or an export itself; or there is no room.
    """
    layout = layout or "split"
    precision = _precision(layout, precision)
    kind = find_layout(source).kind
    if kind != "safetensors":
        raise ModelLoadFailed(
            f"{source} holds an ONNX export already ({kind}); its weights cannot be taken back out of it",
            "let --from name a directory with model.safetensors: lofi-core pull musicgen",
        )
    exporter = _Exporter(source, runtime)
    if layout == "split" and exporter.config.channels != 1:
        raise InvalidOption(
            "layout is 'split', but the model is a stereo one: no program is known that reads such a split",
            "use --layout step, or the model as it is",
        )
    exporter.see_room(target, layout, precision)
    draft = target / ".unfinished"
    try:
        draft.mkdir()
        lines = exporter.split(draft) if layout == "split" else exporter.step(draft, precision)
        for made in draft.iterdir():
            made.rename(target / made.name)
    except OSError as error:
        raise ModelLoadFailed(
            f"the export could not be written to {target}: {error.strerror or error}",
            "make room there, or let --to name another disk",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return lines


def _precision(layout: str, precision: str | None) -> str:
    known = {"split": ("fp32",), "step": tuple(FORMS)}
    if layout not in known:
        raise InvalidOption(f"layout is {layout!r}; known: {', '.join(known)}", "leave it out for split")
    chosen = precision or known[layout][0]
    if chosen not in known[layout]:
        why = " (float16 files run no faster on a CPU, and are not made)" if layout == "split" else ""
        raise InvalidOption(
            f"precision is {precision!r}; layout {layout} has: {', '.join(known[layout])}{why}",
            "choose one of these, or leave it out",
        )
    return chosen


class _Exporter:
    """One checkpoint that is read, never written to."""

    def __init__(self, source: Path, runtime: Runtime) -> None:
        self.source = source
        self.config = read_config(source)
        self.tokenizer = Tokenizer(source, self.config.text)
        self.checkpoint = Checkpoint(source)
        check_shapes(self.checkpoint, self.config)
        # What a GPU computes would hide small errors behind its own rounding.
        self.runtime = replace(runtime, device="cpu", providers=("CPUExecutionProvider",))

    def see_room(self, target: Path, layout: str, precision: str) -> None:
        """Compare with what will be written, float32 graphs to compare with included.

        Raises:
            ModelLoadFailed: that is more.
        """
        decoder = self._parameters("decoder.")
        rest = self._parameters("text_encoder.") + self._parameters("audio_encoder.")
        needed = 4 * (3 * decoder + 2 * rest)
        if layout == "step":
            needed += int(BYTES[FORMS[precision].step] * decoder)
        free = shutil.disk_usage(target).free
        if free < needed:
            raise ModelLoadFailed(
                f"the export needs {needed / 1e9:.1f} GB for a while; {target} has {free / 1e9:.1f} GB left",
                "make room there, or let --to name another disk",
            )

    def split(self, draft: Path) -> list[str]:
        """The six files of a split export, and how they compare with our own float32 graphs."""
        self._write_split(draft, self._part(0.0, 0.5))
        for name in ("config.json", "tokenizer.json"):
            shutil.copyfile(self.source / name, draft / name)
        with self._temporary(draft) as beside:
            wanted = self._outputs_of_step(beside, "exact", self._part(0.5, 0.95))
        found = self._outputs_of_split(draft, self._part(0.95, 1.0))
        return self._compared(found, wanted, SAME)

    def step(self, draft: Path, precision: str) -> list[str]:
        """`built-…` with the graphs of one precision, and how they compare with float32 graphs."""
        found = self._outputs_of_step(draft, precision, self._part(0.0, 0.5))
        with self._temporary(draft) as beside:
            if precision == "exact":  # what it is compared with has other operators
                self._write_split(beside, self._part(0.5, 0.95))
                wanted = self._outputs_of_split(beside, self._part(0.95, 1.0))
            else:
                wanted = self._outputs_of_step(beside, "exact", self._part(0.5, 1.0), found.hidden)
        return self._compared(found, wanted, SAME if precision == "exact" else math.inf)

    def _write_split(self, directory: Path, runtime: Runtime) -> None:
        config, checkpoint = self.config, self.checkpoint
        runtime.report(0.0, "text encoder")
        build_whole_text(directory / "text_encoder.onnx", checkpoint, config.text)
        runtime.report(0.1, "codec")
        codebooks = config.num_codebooks // config.channels
        build_whole_codec(directory / "encodec_decode.onnx", checkpoint, config.codec, codebooks)
        embedded = 4 * self._parameters("decoder.") < EMBED_BELOW_BYTES
        build_split(
            directory,
            checkpoint,
            config,
            lambda share: runtime.report(0.2 + 0.8 * share, "decoder"),
            embedded=embedded,
        )

    def _outputs_of_split(self, directory: Path, runtime: Runtime) -> Outputs:
        encoder = ForeignTextEncoder(directory / "text_encoder.onnx", runtime)
        files = (directory / "decoder_model.onnx", directory / "decoder_with_past_model.onnx")
        decoder = SplitDecoder(*files, self.config, runtime)
        codec = ForeignCodec(directory / "encodec_decode.onnx", self.config.codec, runtime)
        form = Form(lambda: encoder.encode(self._tokens()), decoder, codec)
        return measure(self.config, form, lambda share: runtime.report(share, "verify"))

    def _outputs_of_step(
        self, home: Path, precision: str, runtime: Runtime, heard: FloatArray | None = None
    ) -> Outputs:
        parts, encoder = build(self.checkpoint, self.config, precision, runtime, home)
        decoder = StepDecoder(parts.decoder, self.config, runtime)
        codec = StreamingCodec(parts.codec, self.config.codec, runtime)
        form = Form(lambda: encoder.encode(self._tokens()), decoder, codec)
        return measure(self.config, form, lambda _share: None, heard)

    def _compared(self, found: Outputs, wanted: Outputs, most: float) -> list[str]:
        lines = [f"{component}: {difference}" for component, difference in told(found, wanted).items()]
        if (error := max(errors(found, wanted).values())) > most:
            raise ModelLoadFailed(
                f"the exported graphs do not compute what the checkpoint does ({'; '.join(lines)}):"
                f" {error:.1e} is more than {most:.0e}",
                "report this, with the model's name",
            )
        return lines

    def _tokens(self) -> list[int]:
        return self.tokenizer.encode(PROMPT, self.runtime)

    def _parameters(self, prefix: str) -> int:
        names = (name for name in self.checkpoint.names() if name.startswith(prefix))
        return sum(math.prod(self.checkpoint.shape(name)) for name in names)

    def _part(self, start: float, stop: float) -> Runtime:
        """The runtime, whose reports are a part of the whole."""
        report: Callable[[float, str], None] = self.runtime.report
        return replace(self.runtime, report=lambda share, what: report(start + (stop - start) * share, what))

    @contextlib.contextmanager
    def _temporary(self, draft: Path) -> Iterator[Path]:
        directory = draft / "compare"
        directory.mkdir()
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)
