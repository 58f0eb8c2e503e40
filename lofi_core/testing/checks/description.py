"""Does the backend say what it is, truly and without effort?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

from lofi_core.backend import ModelFiles
from lofi_core.errors import LofiError
from lofi_core.testing.conformance import NotAsked, Unfit

if TYPE_CHECKING:
    from lofi_core.backend import BackendSpec
    from lofi_core.testing.kit import Kit

# Each takes a tenth of a second or more, and every start of the daemon would wait for it.
HEAVY = frozenset(
    {
        *("numpy", "scipy", "pandas", "sklearn", "matplotlib", "numba", "soundfile", "librosa", "soxr"),
        *("onnx", "onnxruntime", "torch", "torchaudio", "tensorflow", "jax", "transformers", "diffusers"),
        *("tokenizers", "huggingface_hub", "datasets", "accelerate", "mlx", "cv2", "PIL"),
    }
)
LATER = "import it inside load_model or generate, and the modules of yours that import it too"


def it_says_what_it_is(kit: Kit) -> None:
    """It is installed and ready, has a name, a version and, for weights, a licence."""
    try:
        record, spec = kit.described()
    except LofiError as error:
        raise Unfit(error.message, error.hint or "see docs/writing-a-backend.md") from error
    said = kit.plugins.describe(record)
    if said.name != record.name:
        raise Unfit(
            f"it calls itself {said.name!r}, and its entry point {record.name!r}",
            f'say BackendSpec(name="{record.name}", …), or rename the entry point',
        )
    if asdict(kit.plugins.describe(record)) != asdict(said):
        raise Unfit(
            "describe_backend answers differently when it is asked twice",
            "answer from the arguments alone: model_dir, variant and runtime",
        )
    for name in ("title", "model_version"):
        if not getattr(spec, name).strip():
            raise Unfit(f"{name} is empty", f"give BackendSpec a {name}")
    _check_licence(spec)


def _check_licence(spec: BackendSpec) -> None:
    bare = [model.variant for model in spec.models if isinstance(model, ModelFiles) and not model.licence]
    if bare and not spec.licence:
        raise Unfit(
            f"nobody knows the licence of the weights {', '.join(bare)}",
            "say BackendSpec(licence=…), or ModelFiles(…, licence=…) for each variant: it goes into every"
            " track's recipe, and listeners are told before they download",
        )


def describing_it_imports_nothing_heavy(kit: Kit) -> None:
    """In a fresh interpreter, loading its module and describing it brings none of the large libraries."""
    _ = kit.record
    new = kit.look().modules_described
    if heavy := sorted(HEAVY.intersection(new)):
        raise Unfit(
            f"importing and describing it imports {', '.join(heavy)} (new in all: {', '.join(new)})",
            f"every start of the daemon waits for that: {LATER}",
        )


def its_options_have_defaults_that_they_allow(kit: Kit) -> None:
    """Each default keeps the constraints of its own option; an option without a description is noted."""
    declared = kit.spec.options
    if declared is None:
        raise NotAsked("it has no options")
    for field in msgspec.structs.fields(declared):
        value = msgspec.to_builtins(getattr(declared(), field.name))
        try:
            msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            raise Unfit(
                f"the default of {field.encode_name} is {value!r}, which the option does not take: {error}",
                "correct the default, or its Meta(ge=…, le=…)",
            ) from error
    properties = (kit.record.options_schema or {}).get("properties", {})
    if bare := [name for name, schema in properties.items() if not _description(schema)]:
        kit.note(f"options without a description for people: {', '.join(bare)} (Meta(description=…))")


def _description(schema: dict[str, object]) -> object:
    choices = schema.get("anyOf")
    inner = [choice.get("description") for choice in choices] if isinstance(choices, list) else []
    return schema.get("description") or next(filter(None, inner), None)
