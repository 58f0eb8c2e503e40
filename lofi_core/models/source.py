"""What does a server's answer say about the file behind it?"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import httpx

_SHA256 = re.compile(r'"?([0-9a-fA-F]{64})"?')
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class Upstream(Struct, frozen=True):
    """A file as its server describes it. What the server does not say is None.

    Attributes:
        size_bytes: of the whole file.
        etag: a strong one; weak ones do not tell bytes apart.
        last_modified: as it came.
        sha256: hex digest, from a header that is one: `X-Linked-Etag` of a model hub, `Repr-Digest`, or an
            `ETag` of the address itself that has the form of one.
    """

    size_bytes: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None

    @property
    def validator(self) -> str | None:
        """What `If-Range` can ask for."""
        return self.etag or self.last_modified

    def may_be(self, other: Upstream) -> bool:
        """Whether nothing tells the two apart."""
        pairs = [(getattr(self, name), getattr(other, name)) for name in ("size_bytes", "sha256")]
        # The same content may lie at several addresses, each with a tag of its own.
        if not (self.sha256 and other.sha256):
            pairs.append((self.etag, other.etag))
            if not (self.etag and other.etag):
                pairs.append((self.last_modified, other.last_modified))
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)


def upstream_of(response: httpx.Response) -> Upstream:
    """Read the headers of an answer and of the redirects that led to it."""
    headers = response.headers
    etag = headers.get("etag", "")
    return Upstream(
        size_bytes=_size(response),
        etag=etag if etag and not etag.startswith("W/") else None,
        last_modified=headers.get("last-modified"),
        sha256=_sha256(response),
    )


def range_start(response: httpx.Response) -> int | None:
    """Where the body of a 206 begins in the file; None when the answer does not say."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    return int(match[1]) if match and match[1] else None


def _size(response: httpx.Response) -> int | None:
    linked = [hop.headers["x-linked-size"] for hop in _hops(response) if "x-linked-size" in hop.headers]
    if linked and linked[0].isdecimal():
        return int(linked[0])
    if response.status_code in {206, 416}:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        return int(match[2]) if match and match[2].isdecimal() else None
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _sha256(response: httpx.Response) -> str | None:
    said = [hop.headers["x-linked-etag"] for hop in _hops(response) if "x-linked-etag" in hop.headers]
    # Where a redirect leads, the tag may be any hash of the storage's own.
    if not response.history:
        said.append(response.headers.get("etag", ""))
    for text in said:
        if match := _SHA256.fullmatch(text):
            return match[1].lower()
    match = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", response.headers.get("repr-digest", ""))
    if match is None:
        return None
    try:
        digest = base64.b64decode(match[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == 32 else None


def _hops(response: httpx.Response) -> list[httpx.Response]:
    return [*response.history, response]
