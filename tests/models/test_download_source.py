"""What the headers of an answer say of the file, in the dialects of hubs, stores and plain servers."""

import base64
from hashlib import sha256

import httpx
import pytest

from lofi_core.models.source import Upstream, range_start, upstream_of

DIGEST = sha256(b"x").hexdigest()
ETAG = f'"{DIGEST}"'


def answer(status: int = 200, behind: httpx.Response | None = None, /, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, history=[behind] if behind else [])


def test_a_hub_says_size_and_digest_in_the_redirect() -> None:
    hop = answer(302, x_linked_etag=ETAG, x_linked_size="7")
    assert upstream_of(answer(200, hop, etag='"blob"')) == Upstream(7, '"blob"', None, DIGEST)


def test_the_tag_of_a_store_behind_a_redirect_is_no_digest() -> None:
    assert upstream_of(answer(200, answer(302), etag=ETAG)).sha256 is None


def test_a_tag_of_that_form_at_the_address_itself_is_one() -> None:
    assert upstream_of(answer(etag=ETAG)).sha256 == DIGEST


@pytest.mark.parametrize("tag", ['"abc"', f'W/"{DIGEST}"', f'"{DIGEST[:40]}"', ""])
def test_other_tags_are_none(tag: str) -> None:
    assert upstream_of(answer(etag=tag)).sha256 is None


def test_a_standard_digest_header_is_read() -> None:
    value = base64.b64encode(bytes.fromhex(DIGEST)).decode()
    assert upstream_of(answer(repr_digest=f"md5=:AAAA:, sha-256=:{value}:")).sha256 == DIGEST


@pytest.mark.parametrize("value", ["sha-256=:AAAA:", "sha-256=:!:", "sha-256=:A:", "nonsense"])
def test_a_digest_header_that_makes_no_sense_is_none(value: str) -> None:
    assert upstream_of(answer(repr_digest=value)).sha256 is None


@pytest.mark.parametrize(
    ("status", "headers", "size", "start"),
    [
        (200, {"content_length": "9"}, 9, None),
        (200, {"content_length": "nine"}, None, None),
        (206, {"content_length": "4", "content_range": "bytes 5-8/9"}, 9, 5),
        (206, {"content_length": "4", "content_range": "bytes 5-8/*"}, None, 5),
        (206, {"content_length": "4"}, None, None),
        (206, {"content_range": "lines 1-2/3"}, None, None),
        (416, {"content_range": "bytes */9"}, 9, None),
    ],
)
def test_size_and_start_are_read_from_where_they_stand(
    status: int, headers: dict[str, str], size: int | None, start: int | None
) -> None:
    response = answer(status, **headers)
    assert (upstream_of(response).size_bytes, range_start(response)) == (size, start)


def test_weak_tags_validate_nothing() -> None:
    upstream = upstream_of(answer(etag='W/"a"', last_modified="Tue, 01 Jan 2030 00:00:00 GMT"))
    assert upstream.validator == "Tue, 01 Jan 2030 00:00:00 GMT"
    assert upstream_of(answer(etag='W/"a"')).validator is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Upstream(), Upstream(5, '"a"'), True),
        (Upstream(5), Upstream(6), False),
        (Upstream(5, '"a"'), Upstream(5, '"b"'), False),
        (Upstream(5, '"a"', sha256="x"), Upstream(5, '"b"', sha256="x"), True),
        (Upstream(5, '"a"', sha256="x"), Upstream(5, '"a"', sha256="y"), False),
        (Upstream(last_modified="then"), Upstream(last_modified="now"), False),
        (Upstream(etag='"a"', last_modified="then"), Upstream(etag='"a"', last_modified="now"), True),
    ],
)
def test_two_descriptions_are_of_one_file_unless_something_tells_them_apart(
    one: Upstream, other: Upstream, same: bool
) -> None:
    assert one.may_be(other) is other.may_be(one) is same
