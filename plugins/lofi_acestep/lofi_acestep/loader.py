"""Load an ACE-Step: prepare its graphs, try each network, then keep all open or one at a time."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from lofi_acestep import probe
from lofi_acestep.choice import choose_precision
from lofi_acestep.files import find_files
from lofi_acestep.forms import LAST_SHARE, prepare, stored_precision
from lofi_acestep.memory import fits
from lofi_acestep.networks import Weakening
from lofi_acestep.networks.context import OnnxContextEncoder
from lofi_acestep.networks.denoiser import OnnxDenoiser
from lofi_acestep.networks.latent_decoder import OnnxLatentDecoder
from lofi_acestep.networks.session import Session
from lofi_acestep.networks.text import OnnxTextEncoder
from lofi_acestep.networks.vocoder import OnnxVocoder
from lofi_acestep.tokens import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lofi_acestep.choice import Precision, Weights
    from lofi_acestep.files import Files
    from lofi_acestep.surgery.affine import Affine
    from lofi_core import Runtime

Residency = Literal["auto", "staged", "resident"]
_S = TypeVar("_S", bound=Session)


class Model:
    """The networks of one ACE-Step; see the protocol `Networks`.

    Attributes:
        weakening: which networks can weaken their queries.
        precision: of the denoiser.
        residency: `staged`: a network is open only within its block, and the memory needed is the largest
            one's. `resident`: once opened, it stays.
    """

    def __init__(
        self, files: Files, original: Files, precision: Precision, residency: str, runtime: Runtime
    ) -> None:
        self.precision, self.residency = precision, residency
        self._files, self._runtime = files, runtime
        self._sessions: dict[str, Session] = {}
        self._users: Counter[str] = Counter()
        self._before: Affine | None = None
        self._after: Affine | None = None
        self._tokenizer = Tokenizer(files.tokenizer, probe.vocabulary(original.text_encoder))
        self.weakening = self._probe()

    def tokens(self, prompt: str) -> list[int]:
        """The prompt's ids, `</s>` included, all of them."""
        return self._tokenizer.encode(prompt)

    def text_encoder(self) -> AbstractContextManager[OnnxTextEncoder]:
        """UMT5."""
        return self._open("text", lambda: OnnxTextEncoder(self._files.text_encoder, self._runtime))

    def context_encoder(self) -> AbstractContextManager[OnnxContextEncoder]:
        """The transformer's first part."""
        return self._open("context", lambda: OnnxContextEncoder(self._files.context_encoder, self._runtime))

    def denoiser(self) -> AbstractContextManager[OnnxDenoiser]:
        """The transformer's second part, nine tenths of the weights."""
        # Packed copies are worth their time where they stay; 8-bit products are only fast with them.
        packed = self.precision == "int8" or self.residency == "resident" or self._runtime.device != "cpu"
        return self._open(
            "denoiser", lambda: OnnxDenoiser(self._files.denoiser, self._runtime, packed=packed)
        )

    def latent_decoder(self) -> AbstractContextManager[OnnxLatentDecoder]:
        """The DCAE's decoder."""

        def opened() -> OnnxLatentDecoder:
            return OnnxLatentDecoder(self._files.latent_decoder, self._runtime, self._before, self._after)

        return self._open("latents", opened)

    def vocoder(self) -> AbstractContextManager[OnnxVocoder]:
        """One channel at a time."""
        return self._open("vocoder", lambda: OnnxVocoder(self._files.vocoder, self._runtime))

    def close(self) -> None:
        """Let all sessions go."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    @contextlib.contextmanager
    def _open(self, name: str, opened: Callable[[], _S]) -> Iterator[_S]:
        """One session for all: a track that is paused in its block shares it with whoever comes between."""
        session: Any = self._sessions.get(name) or opened()
        self._sessions[name] = session
        self._users[name] += 1
        try:
            yield session
        finally:
            self._users[name] -= 1
            if self.residency != "resident" and not self._users[name]:
                self._sessions.pop(name, session).close()

    def _probe(self) -> Weakening:
        """Run each once, and see that they fit together."""
        files, report = self._files, self._runtime.report
        report(LAST_SHARE, "try the text encoder")
        with self.text_encoder() as text:
            states, of_text = probe.probe_text_encoder(text), text.weakens
        with self.context_encoder() as encoder:
            context, of_lyrics = (
                probe.probe_context_encoder(encoder, states, files.text_encoder),
                encoder.weakens,
            )
        report(LAST_SHARE + 0.02, "try the denoiser")
        with self.denoiser() as denoiser:
            probe.probe_denoiser(denoiser, context, files.context_encoder)
            of_denoiser = denoiser.weakens
        report(LAST_SHARE + 0.08, "try DCAE and vocoder")
        with self.latent_decoder() as decoder:
            probe.probe_latent_decoder(decoder)
            self._before, self._after = decoder.before, decoder.after
        with self.vocoder() as vocoder:
            probe.probe_vocoder(vocoder)
        return Weakening(of_text, of_lyrics, of_denoiser)


def load(
    model_dir: Path, runtime: Runtime, weights: Weights = "auto", residency: Residency = "auto"
) -> Model:
    """Prepare the files, open and try each network.

    Args:
        model_dir: holds the files.
        runtime: what it runs on.
        weights: `auto` is what `[runtime] precision` says; where that is `auto` too, fp16 on CUDA and fp32
            elsewhere. Files that hold other weights than fp32 are used as they are.
        residency: `auto` is `staged` on the CPU, where opening costs a second; on CUDA `resident` where the
            device has twice the memory that everything takes.

    Raises:
        ModelNotFound: files are missing.
        ModelLoadFailed: a file is not what it should be, or there is no memory.
    """
    files = find_files(model_dir)
    precision = choose_precision(weights, runtime)
    stored = stored_precision(files.denoiser)
    if stored not in ("fp32", precision):
        runtime.log.warning("%s holds %s weights; they are used as they are", files.denoiser, stored)
        precision = stored
    prepared = prepare(files, precision, runtime)
    model = Model(prepared, files, precision, _residency(residency, prepared, runtime), runtime)
    runtime.note("precision", precision)
    runtime.note("residency", model.residency)
    able = model.weakening
    names = {"text": able.text, "lyrics": able.lyrics, "denoiser": able.denoiser}
    runtime.note("erg", ", ".join(name for name, can in names.items() if can) or "none")
    return model


def _residency(wanted: Residency, files: Files, runtime: Runtime) -> str:
    if wanted != "auto":
        return wanted
    networks = [
        files.text_encoder,
        files.context_encoder,
        files.denoiser,
        files.latent_decoder,
        files.vocoder,
    ]
    return "resident" if runtime.device == "cuda" and fits(networks, runtime.device) else "staged"
