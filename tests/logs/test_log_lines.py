"""Can text from elsewhere pass for a record of the log, or steer the terminal that shows it?"""

import logging

import pytest

from lofi_core.logs.lines import MAX_CHARACTERS, Entry, Formatter, entries

FORGED = "2026-01-01 00:00:00.000+00:00 ERROR   lofi: all is lost"


def formatted(message: str, *arguments: object, error: BaseException | None = None) -> str:
    raised = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("lofi.rpc", logging.WARNING, "", 0, message, arguments, raised)
    return Formatter().format(record)


def read(text: str) -> list[Entry]:
    return list(entries(text.split("\n")))


def test_a_record_is_read_as_it_was_logged() -> None:
    (entry,) = read(formatted("%s left", "client 7"))
    assert (entry.level, entry.logger, entry.text) == ("warning", "lofi.rpc", "client 7 left")


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_line_break_begins_another_record(newline: str) -> None:
    text = formatted("%s", f"harmless{newline}{FORGED}")
    assert len(read(text)) == 1
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())


@pytest.mark.parametrize("steering", ["\x1b[2J", "\x9b2J", "\x07", "\x00", "\b", "\u202e", "\u200b"])
def test_what_steers_a_terminal_is_escaped(steering: str) -> None:
    assert formatted("a %s b", steering).isprintable()


def test_an_exception_that_quotes_a_forged_record_stays_one_entry() -> None:
    try:
        raise ValueError(f"what came was\n{FORGED}")
    except ValueError as error:
        text = formatted("it failed", error=error)
    (entry,) = read(text)
    assert entry.text.startswith("it failed\nTraceback")
    assert entry.text.endswith(FORGED)


def test_a_logger_with_a_strange_name_begins_no_record_either() -> None:
    record = logging.LogRecord(f"a\n{FORGED}", logging.INFO, "", 0, "text", (), None)
    assert not [entry for entry in read(Formatter().format(record)) if entry.level == "error"]


def test_a_mark_that_nobody_wrote_joins_no_record() -> None:
    """What native code prints is not ours; it is shown, and belongs to no level."""
    printed, logged = read("  | out of memory\n" + formatted("it goes on"))
    assert printed == Entry(None, None, None, "  | out of memory")
    assert printed.is_of("error")
    assert not logged.is_of("error")


def test_a_record_has_an_end() -> None:
    assert len(formatted("%s", "x" * 10 * MAX_CHARACTERS)) < MAX_CHARACTERS + 100
