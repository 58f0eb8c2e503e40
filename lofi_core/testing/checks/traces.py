"""What does the backend leave behind in the process and on the disk? Looked at in a fresh process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.testing.conformance import NotAsked, Unfit

if TYPE_CHECKING:
    from lofi_core.testing.fresh import Findings
    from lofi_core.testing.kit import Kit

SHOWN = 5


def it_prints_nothing(kit: Kit) -> None:
    """Standard output belongs to whoever called the command."""
    if printed := _findings(kit).printed.strip():
        raise Unfit(
            f"it printed to standard output: {printed[:200]!r}",
            "use runtime.log, or the logging module: with --json, what is printed breaks the document",
        )


def it_leaves_no_files(kit: Kit) -> None:
    """Neither in the current directory nor in the temporary one."""
    if files := _findings(kit).files:
        raise Unfit(
            f"it left files behind: {_some(files)}",
            "remove them in `finally`, or use tempfile.TemporaryDirectory; what is built for the next time"
            " belongs into the model directory, under built-… or NAME.lofi-…",
        )


def it_leaves_the_global_random_state_alone(kit: Kit) -> None:
    """Others in the process draw from it, and would get other numbers."""
    if touched := _findings(kit).states_touched:
        raise Unfit(
            f"it seeds or draws from the global generator of {' and '.join(touched)}",
            "draw from a generator of your own, made in generate of request.seed",
        )


def it_leaves_no_threads_and_open_files(kit: Kit) -> None:
    """After a second track and a cancelled third there are no more than after the first."""
    findings = _findings(kit)
    if findings.threads:
        raise Unfit(
            f"each track leaves a thread behind: {_some(findings.threads)}",
            "join it in `finally`, which a cancel runs too; or keep one pool with the model",
        )
    if findings.descriptors:
        raise Unfit(
            f"each track leaves something open: {_some(findings.descriptors)}",
            "close it in `finally`, which a cancel runs too, or use `with`",
        )


def _findings(kit: Kit) -> Findings:
    _ = kit.record
    if kit.fresh.error:
        raise NotAsked(f"in a fresh process it failed: {kit.fresh.error}")
    return kit.fresh


def _some(things: list[str]) -> str:
    more = f" and {len(things) - SHOWN} more" if len(things) > SHOWN else ""
    return ", ".join(things[:SHOWN]) + more
