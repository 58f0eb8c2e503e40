"""How are numbers written for Prometheus? Its text format, version 0.0.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Family(NamedTuple):
    """One metric, with a value for each set of labels.

    Attributes:
        name: of a counter it ends in `_total`; its unit comes before that.
        kind: a counter only grows, and begins anew with the daemon.
        help: in one sentence.
        samples: labels and value, in order.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def exposition(families: Iterable[Family]) -> str:
    """The whole text. A metric that has no value now is named all the same."""
    return "".join(map(_written, families))


def _written(family: Family) -> str:
    head = f"# HELP {family.name} {family.help.translate(_IN_HELP)}\n# TYPE {family.name} {family.kind}\n"
    lines = (f"{family.name}{_labels(labels)} {_number(value)}\n" for labels, value in family.samples)
    return head + "".join(lines)


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value.translate(_IN_LABEL)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _number(value: float) -> str:
    return repr(value) if isinstance(value, float) else str(int(value))
