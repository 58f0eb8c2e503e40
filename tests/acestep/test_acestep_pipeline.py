"""What the pipeline does with its networks, from the prompt to the samples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from lofi_acestep.networks import Weakening
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model
from lofi_acestep.plan import make_plan, make_stages
from lofi_core import InferenceFailed, InvalidOption, Runtime
from lofi_core.jobs.progress import Progress
from tests.acestep.sketch import FRAMES, SECONDS, STEPS, Sketch, asked, begin, play, samples

NOTHING_WEAKENS = Weakening(text=False, lyrics=False, denoiser=False)


def test_the_same_request_makes_the_same_samples_and_another_seed_makes_others() -> None:
    first, again, other = (play(Sketch(), seed=seed)[1] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_left_is_not_right() -> None:
    left, right = play(Sketch())[1]
    assert np.abs(left - right).max() > 0.01


def test_a_track_is_as_long_as_its_latent_frames_at_48_khz() -> None:
    _, audio, runtime = play(Sketch())
    assert audio.dtype == np.float32
    assert audio.shape == (2, -(-FRAMES * 4096 * 160 // 147))
    assert SECONDS - 0.1 < audio.shape[1] / 48_000 <= SECONDS
    assert runtime.kept["latents"].shape == (1, 8, 16, FRAMES)
    assert runtime.kept["latents"].dtype == np.float16


def test_what_overshoots_is_clipped() -> None:
    assert np.abs(play(Sketch(loudness=5))[1]).max() == 1.0


def test_the_negative_branch_is_the_prompt_half_heard_where_the_networks_can() -> None:
    networks = Sketch()
    _, _, runtime = play(networks)
    ids, lyrics = networks.tokens("ab"), "[[261, 259, 6688, 2]] [[1, 1, 1, 1]]"
    assert asked(networks, "text ") == [f"text [{ids}] [[1, 1, 1]] x1", f"text [{ids}] [[1, 1, 1]] x0.01"]
    assert asked(networks, "context of") == [
        f"context of text, lyrics {lyrics} x1",
        f"context of text, lyrics {lyrics} x0.01",
    ]
    assert asked(networks, "velocities") == ["velocities x1 x0.01"] * 4
    assert runtime.notes["negative"] == "erg"


@pytest.mark.parametrize("networks", [Sketch(), Sketch(weakening=NOTHING_WEAKENS)])
def test_a_zero_negative_branch_hears_no_prompt_and_no_lyrics_and_weakens_nothing(networks: Sketch) -> None:
    wanted = "zero" if networks.weakening.text else "auto"
    _, _, runtime = play(networks, negative=wanted)
    assert len(asked(networks, "text ")) == 1
    assert asked(networks, "context of")[1] == "context of no text, lyrics [[0, 0, 0, 0]] [[1, 1, 1, 1]] x1"
    assert asked(networks, "velocities") == ["velocities x1 x1"] * 4
    assert runtime.notes["negative"] == "zero"


@pytest.mark.parametrize("lacking", ["text", "lyrics", "denoiser"])
def test_erg_is_refused_where_one_network_cannot(lacking: str) -> None:
    weakening = Weakening(**{**dict.fromkeys(("text", "lyrics", "denoiser"), True), lacking: False})
    networks = Sketch(weakening=weakening)
    with pytest.raises(InvalidOption, match=f"cannot weaken the attention of: {lacking}$"):
        play(networks, negative="erg")
    assert networks.log == []
    assert play(networks)[2].notes["negative"] == "zero"


def test_what_is_not_guided_makes_no_negative_branch() -> None:
    networks = Sketch()
    _, _, runtime = play(networks, guidance_scale=1)
    assert len(asked(networks, "context of")) == 1
    assert len(asked(networks, "velocity ")) == STEPS
    assert asked(networks, "velocities") == []
    assert (runtime.notes["negative"], runtime.notes["guidance_scale"]) == ("none", 1.0)


@pytest.mark.parametrize(
    ("lyrics", "tokens"),
    [
        ("", "[[0]] [[0]]"),
        ("[instrumental]", "[[261, 259, 1, 718, 1951, 763, 56, 1, 2]] [[1, 1, 1, 1, 1, 1, 1, 1, 1]]"),
    ],
)
def test_lyrics_of_an_instrumental_are_the_references_tokens(lyrics: str, tokens: str) -> None:
    networks = Sketch()
    play(networks, lyrics=lyrics)
    assert asked(networks, "context of")[0] == f"context of text, lyrics {tokens} x1"


def test_a_prompt_is_encoded_once_and_another_again() -> None:
    model = Model(networks := Sketch())
    for prompt, encoded in [("ab", 2), ("ab", 2), ("cd", 4), ("ab", 4)]:
        list(begin(model, Runtime(), prompt))
        assert len(asked(networks, "text ")) == encoded
    first, second = (samples(list(begin(model, Runtime(), "ab"))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_prompt_that_is_too_long_is_cut_and_still_ends_and_every_recipe_says_so() -> None:
    model = Model(networks := Sketch())
    for prompt, cut in [("a" * 255, None), ("a" * 300, 45), ("a" * 300, 45), ("a" * 5000, 4745)]:
        runtime = Runtime().for_job()
        list(begin(model, runtime, prompt))
        assert runtime.notes.get("prompt_tokens_cut") == cut
        heard = asked(networks, "text ")[-1].split("] [")[0]
        assert heard.count(", ") == 255
        assert heard.endswith(", 1]")


def test_the_last_eight_prompts_are_remembered() -> None:
    model = Model(networks := Sketch())
    for prompt in "abcdefghi":
        list(begin(model, Runtime(), prompt, inference_steps=1))
    before = len(asked(networks, "open text"))
    list(begin(model, Runtime(), "b", inference_steps=1))
    assert len(asked(networks, "open text")) == before
    list(begin(model, Runtime(), "a", inference_steps=1))
    assert len(asked(networks, "open text")) == before + 1


def test_only_one_network_is_open_at_a_time() -> None:
    networks = Sketch()
    play(networks)
    openings = [line for line in networks.log if line.split()[0] in {"open", "close"}]
    names = ("text encoder", "context encoder", "denoiser", "latent decoder", "vocoder")
    assert openings == [f"{verb} {name}" for name in names for verb in ("open", "close")]


@pytest.mark.parametrize("scheduler", ["euler", "heun", "pingpong"])
@pytest.mark.parametrize("options", [{}, {"guidance_scale": 1}, {"decode": "windows", "seconds": 60}])
def test_progress_never_falls_and_every_stage_is_gone_through_to_its_end(
    scheduler: str, options: dict[str, Any]
) -> None:
    steps, _, _ = play(Sketch(), scheduler=scheduler, **options)
    seconds = options.pop("seconds", SECONDS)
    chosen = ACEStepOptions(inference_steps=STEPS, scheduler=scheduler, **options)  # type: ignore[arg-type]
    stages = make_stages(make_plan(chosen, seconds)).stages
    assert [*dict.fromkeys(step.stage for step in steps)] == [stage.name for stage in stages]
    for stage in stages:
        indices = [step.index for step in steps if step.stage == stage.name]
        assert indices == sorted(set(indices))
        assert indices[-1] == stage.steps - 1, stage.name
    progress = Progress(make_stages(make_plan(chosen, seconds)), loads=False)
    percents = []
    for step in steps:
        progress.advance(step.stage, step.index + 1)
        percents.append(progress.percent)
    assert all(earlier <= later for earlier, later in pairwise(percents))
    assert percents[-1] >= 96  # the rest is the writing


def test_a_guided_evaluation_counts_twice() -> None:
    steps, _, _ = play(Sketch())
    indices = [step.index for step in steps if step.stage == "denoise"]
    assert indices == [0, 1, 3, 5, 7, 9, 10, 11]


def test_two_tracks_that_take_turns_do_not_hear_of_each_other() -> None:
    alone = [play(Sketch(), seed=seed, scheduler="pingpong")[1] for seed in (1, 2)]
    model = Model(Sketch())
    turns = [begin(model, Runtime(), seed=seed, scheduler="pingpong") for seed in (1, 2)]
    taken = list(zip(*turns, strict=True))
    for number in range(2):
        np.testing.assert_array_equal(samples([step[number] for step in taken]), alone[number])


def test_a_track_that_is_left_closes_its_network() -> None:
    networks = Sketch()
    track = begin(Model(networks), Runtime())
    while next(track).stage != "denoise":
        pass
    assert networks.log[-1].startswith("velocit")
    track.close()  # type: ignore[attr-defined]
    assert networks.log[-1] == "close denoiser"


def test_a_number_that_is_none_ends_the_track_at_once_and_says_where() -> None:
    networks = Sketch(broken_at=4)  # evaluations 1, 2, and the positive of 3
    with pytest.raises(InferenceFailed, match="evaluation 3 of 8") as caught:
        play(networks)
    for remedy in ("seed", "guidance", "fp32"):
        assert remedy in str(caught.value.hint)
    assert asked(networks, "open latent") == []


def test_a_network_that_gives_up_is_told_with_the_evaluation_and_its_own_remedy() -> None:
    with pytest.raises(InferenceFailed, match="no memory left, in evaluation 3 of 8") as caught:
        play(Sketch(broken_at=-4))
    assert caught.value.hint == "take a smaller one"
