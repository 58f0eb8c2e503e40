"""Was a backend that the daemon does not know installed after it had started?"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from lofi_core.errors import InvalidBackend
from lofi_core.hookspecs import ENTRY_POINT_GROUP
from lofi_core.names import canonical_name

if TYPE_CHECKING:
    from lofi_core.errors import LofiError

_UNKNOWN = re.compile(r"no backend '(.+?)' is installed")


def with_what_is_here(error: LofiError) -> LofiError:
    """The error, or one that says how the daemon gets to know what is installed here."""
    unknown = _UNKNOWN.search(error.message)
    if unknown is None:
        return error
    here = {canonical_name(point.name) for point in entry_points(group=ENTRY_POINT_GROUP)}
    if canonical_name(unknown[1]) not in here:
        return error
    problem = f"the daemon knows no backend {unknown[1]!r}: it was installed later"
    return InvalidBackend(problem, "`lofi-core shutdown`; the next command starts a daemon that knows it")
