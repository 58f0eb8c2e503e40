"""Turn a prompt into UMT5's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_acestep.files import REMEDY
from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime

END = 1  # UMT5's </s>
MAX_TOKENS = 256  # where the reference cuts


class Tokenizer:
    """The `tokenizer.json` of a model directory.

    Args:
        file: the tokenizer's.
        vocabulary: how many tokens the text encoder knows; None where that cannot be seen.
        runtime: whose log tells of prompts that are cut.

    Raises:
        ModelLoadFailed: it is unreadable, or of another model.
    """

    def __init__(self, file: Path, vocabulary: int | None, runtime: Runtime) -> None:
        import tokenizers

        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises bare Exception
            raise ModelLoadFailed(f"{file} cannot be read: {error}", REMEDY) from error
        self._runtime = runtime
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        size, end = self._tokenizer.get_vocab_size(), self._tokenizer.token_to_id("</s>")
        if end != END:
            raise ModelLoadFailed(f"{file} is not UMT5's: its </s> is {end}, not {END}", REMEDY)
        if vocabulary is not None and size > vocabulary:
            raise ModelLoadFailed(
                f"{file} is of another model: it has {size} tokens, the text encoder {vocabulary}", REMEDY
            )

    def encode(self, prompt: str) -> list[int]:
        """Token ids, `</s>` at the end; a prompt that is too long is cut there, and the log says so."""
        ids: list[int] = self._tokenizer.encode(prompt).ids
        if not ids or ids[-1] != END:
            ids = [*ids, END]
        if len(ids) > MAX_TOKENS:
            cut = len(ids) - MAX_TOKENS
            self._runtime.log.warning("the prompt has %d tokens; the last %d are cut", len(ids), cut)
            ids = [*ids[: MAX_TOKENS - 1], END]
        return ids
