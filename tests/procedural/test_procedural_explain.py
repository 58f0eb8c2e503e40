"""Is what is told of a prompt what is played?"""

from __future__ import annotations

import pytest

from lofi_procedural.explain import LEFT, explain
from tests.procedural.composed import compose

PROMPTS = (
    "boom bap waltz with piano",
    "half time in 6/8, brushed",
    "bossa",
    "drumless jazz",
    "ambient drums",
    "solo guitar",
    "solo drums, 3/4",
    "jazz hop",
    "trip hop in 6/8",
    "only rain",
    "lofi",
)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_groove_that_is_told_is_played(prompt: str) -> None:
    for seed in range(6):
        plan, piece = compose(prompt, 20.0, seed)
        told = str(explain(plan).choices["groove"])
        assert told == LEFT or (piece.ensemble.groove or "none") in told.split(" or ")


def test_only_what_no_word_decides_is_left_to_the_seed() -> None:
    told = {prompt: explain(compose(prompt, 20.0)[0]).choices for prompt in PROMPTS}
    assert [prompt for prompt in PROMPTS if told[prompt]["groove"] == LEFT] == ["lofi"]
    assert told["only rain"]["instruments"] == "none"
    assert told["bossa"]["instruments"] == LEFT


def test_a_word_that_is_said_often_is_told_once() -> None:
    plan, _ = compose("sheep, sheep, rain, sheep", 20.0)
    assert plan.brief.unknown == ("sheep",) * 3
    assert explain(plan).unknown == ["sheep"]
