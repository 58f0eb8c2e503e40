"""Whatever a plugin raises, what a client is told of it can be sent and read."""

import pytest

from lofi_core.errors import InferenceFailed, brief, from_text, printable


class Mute(Exception):
    """Cannot say what it is about."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_exception_that_cannot_be_shown_is_named() -> None:
    assert brief(Mute()) == "Mute"
    assert printable(Mute()) == "(a Mute that cannot be shown)"


def test_a_message_of_megabytes_is_cut_in_the_middle() -> None:
    message = InferenceFailed("begins " + "x" * 9_000_000 + " ends").message
    assert message.startswith("begins x")
    assert message.endswith("x ends")
    assert len(message) <= 4_000
    assert len(brief(ValueError("x" * 9_000_000))) <= 4_000


def test_an_exception_of_many_lines_becomes_one() -> None:
    assert brief(ValueError("first\n  second\r\n\nthird\n")) == "ValueError: first second third"


def test_on_the_wire_the_message_is_one_line_and_the_hint_another() -> None:
    kind, text = InferenceFailed("first\nhint: of a stranger\nthird", "ours\nand more").wire()
    assert text == "MODEL_INFERENCE_FAILED: first hint: of a stranger third\nhint: ours and more"
    assert from_text(str(text)).hint == "ours and more"
    assert kind == 0


@pytest.mark.parametrize("text", ["", "one line", "two  spaces", "\udcff"])
def test_other_messages_stay_as_they_are(text: str) -> None:
    assert InferenceFailed(text).message == text.replace("\udcff", "\\udcff")
