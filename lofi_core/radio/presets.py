"""Stations that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lofi_core.errors import InvalidParams

if TYPE_CHECKING:
    from pathlib import Path


class Preset(Struct, frozen=True):
    """One of them."""

    name: str
    title: str
    prompts: list[str]
    backend: str | None = None
    options: dict[str, Any] = {}
    duration_sec: float | None = None


def load_presets(_directory: Path) -> dict[str, Preset]:
    """All of them."""
    return {"lofi": Preset("lofi", "Lofi", ["lofi hip hop, warm rhodes, vinyl"])}


def find_preset(name: str, presets: dict[str, Preset]) -> Preset:
    """The one of that name."""
    if name not in presets:
        raise InvalidParams(f"no preset {name!r}")
    return presets[name]
