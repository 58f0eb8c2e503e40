"""Which known name did somebody most likely mean?"""

from collections.abc import Iterable

# Nothing known is as long, and the time that a comparison takes grows with it: a client may send a megabyte.
MAX_CHARACTERS = 200


def suggestion(word: str, known: Iterable[str], prefix: str = "") -> str | None:
    """`did you mean 'x'?`, or None when nothing known is close. Case makes no difference.

    Args:
        word: what somebody wrote.
        known: what they may have meant.
        prefix: what all of them begin with, and what makes none of them likelier.
    """
    if len(word) > MAX_CHARACTERS:
        return None
    import difflib  # only ever needed on the way to an error

    names = {name.removeprefix(prefix).lower(): name for name in known}
    close = difflib.get_close_matches(word.removeprefix(prefix).lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[close[0]]!r}?" if close else None
