"""The backend keeps what lofi-core relies on, and does what it is there for."""

from lofi_core import GenerateRequest
from lofi_core.testing import Conformance

from lofi_example import Options, make_schedule

# Thirty tests, each of which says what to change when it fails.
conformance = Conformance("example")


def test_each_second_is_a_step() -> None:
    schedule = make_schedule(GenerateRequest("rain", 5.0, seed=1, options=Options()))
    assert schedule.stages[0].steps == 5
