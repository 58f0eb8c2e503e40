"""What did a model compute when it was first checked? A sample of its numbers, kept beside it.

In `.lofi-logits.json`: for each form of the weights the prompt's tokens, and some values of the text states,
the logits and the samples. Another thread count, processor or version of ONNX Runtime moves them a little;
other weights, another tokenizer or a damaged file move them much.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core import ModelLoadFailed
from lofi_musicgen.measure import relative_rms

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_musicgen.measure import Outputs

FILE = ".lofi-logits.json"
VALUES = 600  # kept of each component
# Relative rms: int8 activations round differently on other processors; the same files otherwise give 1e-6.
TOLERANCE = 5e-2
COMPONENTS = {"hidden": "text states", "logits": "logits", "samples": "samples"}


class Fingerprints:
    """Those of one model directory.

    Raises:
        ModelLoadFailed: the file of them cannot be read.
    """

    def __init__(self, model_dir: Path) -> None:
        self._file = model_dir / FILE
        self._known: dict[str, dict[str, list[float]]] = {}
        try:
            known = json.loads(self._file.read_text())
            self._known = {
                str(form): {name: list(map(float, one[name])) for name in ("tokens", *COMPONENTS)}
                for form, one in known.items()
            }
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelLoadFailed(
                f"{self._file} cannot be read: {error}", "delete it; the next check writes it anew"
            ) from error

    def see(self, form: str, tokens: list[int], outputs: Outputs) -> str:
        """Compare with what is known of a form; what was never seen is trusted, and noted.

        Returns:
            What came of it, in words.

        Raises:
            ModelLoadFailed: it differs.
        """
        known = self._known.get(form)
        found = {"tokens": list(map(float, tokens))}
        found |= {name: _sample(getattr(outputs, name)) for name in COMPONENTS}
        if known is None:
            return self._note(form, found)
        if found["tokens"] != known["tokens"]:
            raise self._changed(form, "tokens of a prompt", "tokenizer.json is another one")
        errors = {}
        for name, component in COMPONENTS.items():
            one, other = np.array(found[name]), np.array(known[name])
            errors[name] = relative_rms(one, other) if one.shape == other.shape else np.inf
            if errors[name] > TOLERANCE:
                raise self._changed(form, component, f"relative rms difference {errors[name]:.1e}")
        return f"{form}: as at the first check (logits within {errors['logits']:.0e})"

    def _note(self, form: str, found: dict[str, list[float]]) -> str:
        self._known[form] = found
        draft = self._file.with_name(f"{FILE}.{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(self._known))
            draft.replace(self._file)
        except OSError as error:
            return f"{form}: first check, which cannot be remembered: {error.strerror or error}"
        return f"{form}: first check; its numbers are remembered in {FILE}"

    def _changed(self, form: str, component: str, how: str) -> ModelLoadFailed:
        return ModelLoadFailed(
            f"{form}: the {component} are not those of the first check: {how}",
            "fetch the files again: lofi-core pull musicgen; or, if you changed the model on purpose,"
            f" delete {self._file}",
        )


def _sample(array: NDArray[Any]) -> list[float]:
    """Values at equal distances over all of it, six digits each."""
    flat = array.reshape(-1)
    chosen = flat[np.linspace(0, flat.size - 1, min(VALUES, flat.size)).astype(np.int64)]
    return [float(f"{value:.6g}") for value in chosen]
