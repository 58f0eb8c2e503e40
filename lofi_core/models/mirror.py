"""Where is a file really asked for? `HF_ENDPOINT` stands in for the hub, as in the hub's own tools."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lofi_core.errors import ModelDownloadFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

HUB = "https://huggingface.co"
VARIABLE = "HF_ENDPOINT"


def address_of(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """The manifest's address, on the mirror where there is one for it.

    What the file is, its pinned revision included, is the manifest's business still: only the server differs.

    Raises:
        ModelDownloadFailed: the variable holds no address.
    """
    mirror = environ.get(VARIABLE, "").strip().rstrip("/")
    if not mirror or not url.startswith(f"{HUB}/"):
        return url
    if not mirror.startswith(("https://", "http://")):
        hint = "set it to the address of a mirror, or unset it, in the daemon's environment"
        raise ModelDownloadFailed(f"{VARIABLE} is {mirror!r:.200}; must be https:// or http://", hint)
    return mirror + url.removeprefix(HUB)
