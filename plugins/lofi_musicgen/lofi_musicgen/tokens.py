"""Turn a prompt into the text encoder's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.config import TextConfig

END = 1  # T5's </s>
MAX_TOKENS = 512  # T5's longest input; the reference's tokenizer truncates there


class Tokenizer:
    """The `tokenizer.json` of a model directory.

    Raises:
        ModelLoadFailed: it is missing, unreadable, or of another model.
    """

    def __init__(self, model_dir: Path, config: TextConfig) -> None:
        import tokenizers

        file = model_dir / "tokenizer.json"
        mend = "put the tokenizer.json there that came with the model, or: lofi-core pull musicgen"
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises bare Exception
            raise ModelLoadFailed(f"{file} cannot be read: {error}", mend) from error
        self.file = file
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        size = self._tokenizer.get_vocab_size()
        if size > config.vocab_size or self._tokenizer.token_to_id("</s>") != END:
            raise ModelLoadFailed(
                f"{file} is of another model: it has {size} tokens, config.json allows {config.vocab_size}",
                mend,
            )

    def encode(self, prompt: str, runtime: Runtime) -> list[int]:
        """Token ids, `</s>` at the end; a prompt that is too long is cut there: log and recipe say so."""
        ids: list[int] = self._tokenizer.encode(prompt).ids
        if not ids or ids[-1] != END:
            ids = [*ids, END]
        if len(ids) > MAX_TOKENS:
            cut = len(ids) - MAX_TOKENS
            runtime.log.warning("the prompt has %d tokens; the last %d are cut", len(ids), cut)
            runtime.note("prompt_tokens_cut", cut)
            ids = [*ids[: MAX_TOKENS - 1], END]
        return ids
