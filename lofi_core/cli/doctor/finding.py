"""What did a check find?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from lofi_core.errors import LofiError, brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        area: what it is about.
        status: a `warning` is worth knowing, a `problem` keeps something from working.
        text: what was found, with the value.
        remedy: what to do about it.
    """

    area: str
    status: Literal["ok", "warning", "problem"]
    text: str
    remedy: str | None = None


class Area:
    """Makes the findings of one area."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ok(self, text: str, remedy: str | None = None) -> Finding:
        """It works."""
        return Finding(self.name, "ok", text, remedy)

    def warning(self, text: str, remedy: str | None = None) -> Finding:
        """It works, and yet."""
        return Finding(self.name, "warning", text, remedy)

    def problem(self, text: str, remedy: str | None = None) -> Finding:
        """It does not work."""
        return Finding(self.name, "problem", text, remedy)

    def refused(self, error: LofiError) -> Finding:
        """What an error of ours says."""
        return self.problem(error.message, error.hint)

    def guarded(self, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
        """The findings of a check. Whatever it raises is one more: the others go on."""
        try:
            yield from check()
        except LofiError as error:
            yield self.refused(error)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            yield self.problem(f"{place}{error.strerror or error}", "check the disk and its rights")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - what is broken may break the check
            yield self.problem(
                f"it cannot be checked: {brief(error)}", "install lofi-core again, or report it"
            )
