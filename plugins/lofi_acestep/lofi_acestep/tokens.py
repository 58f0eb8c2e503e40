"""Turn a prompt into UMT5's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_acestep.files import REMEDY
from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from pathlib import Path

END = 1  # UMT5's </s>
MAX_TOKENS = 256  # where the reference cuts


class Tokenizer:
    """The `tokenizer.json` of a model directory.

    Args:
        file: the tokenizer's.
        vocabulary: how many tokens the text encoder knows; None where that cannot be seen.

    Raises:
        ModelLoadFailed: it is unreadable, or of another model.
    """

    def __init__(self, file: Path, vocabulary: int | None) -> None:
        import tokenizers

        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises bare Exception
            raise ModelLoadFailed(f"{file} cannot be read: {error}", REMEDY) from error
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
        """Token ids, `</s>` at the end, however many."""
        ids: list[int] = self._tokenizer.encode(prompt).ids
        return ids if ids and ids[-1] == END else [*ids, END]


def cut_tokens(ids: list[int]) -> list[int]:
    """What the reference hears of a prompt: 256 tokens at most, `</s>` at the end."""
    return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], END]
