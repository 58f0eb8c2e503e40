"""Which track is meant by an id, or by a few words?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.errors import UnknownTrack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_core.rpc.client import Client

_ID_DIGITS = 32


def find_track(client: Client, words: Sequence[str]) -> str:
    """The id that is given, or that of the newest track with all words in its prompt or title.

    Raises:
        UnknownTrack: no track has them.
    """
    text = " ".join(words)
    if len(text) == _ID_DIGITS and not set(text) - set("0123456789abcdef"):
        return text
    found = client.call("tracks_list", query=text, limit=1)["tracks"]
    if not found or not text.strip():
        hint = "`lofi-core tracks list` shows what is there"
        raise UnknownTrack(f"no track has {text!r:.80} in its prompt or title", hint)
    return str(found[0]["track_id"])
