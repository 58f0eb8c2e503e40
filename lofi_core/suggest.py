"""Which known name did somebody most likely mean?"""

from collections.abc import Iterable


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?`, or None when nothing known is close. Case makes no difference."""
    import difflib  # only ever needed on the way to an error

    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[close[0]]!r}?" if close else None
