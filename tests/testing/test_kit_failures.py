"""Each check finds the backend that breaks its promise, and says what to change.

Those about the process and the daemon are in `test_kit_traces.py`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from lofi_core.testing.checks import CHECKS
from lofi_core.testing.conformance import NotAsked, Unfit
from tests.testing.conftest import COUNTED, FIT, WALK, OpenKit, Replacement, broken

BY_NAME = {check.__name__: check for check in CHECKS}
SCHEDULE = 'return Schedule([Stage("walk", steps=max(1, round(request.duration_sec * 2)))])'
META = 'Meta(ge=0.1, le=0.9, description="Of the highest peak.")'
SEEDED = "np.random.default_rng([request.seed, *request.prompt.encode()])"


def flaw(check: str, problem: str, remedy: str, *replacements: Replacement) -> tuple[str, ...]:
    """A check, a backend that fails it, and what it must be told."""
    return check, broken(*replacements), problem, remedy


def yielding(what: str) -> Replacement:
    return 'samples.astype("float32"))', f"{what})"


def refusing(how: str) -> Replacement:
    return SCHEDULE, f"level = request.options.level\n    if level == 0.9: {how}\n    {SCHEDULE}"


FLAWS = [
    flaw(
        "it_says_what_it_is",
        "is broken: ImportError: no libfoo",
        "mend or",
        (FIT, "raise ImportError('no libfoo')"),
    ),
    flaw("it_says_what_it_is", "calls itself 'other'", 'name="fit"', ('"fit"', '"other"')),
    flaw("it_says_what_it_is", "title is empty", "a title", ('"Fit"', '" "')),
    flaw(
        "it_says_what_it_is",
        "answers differently",
        "from the arguments alone",
        ("class Options", "ASKED = []\n\nclass Options"),
        ("return BackendSpec", "ASKED.append(0)\n    return BackendSpec"),
        ('="1"', "=str(len(ASKED))"),
    ),
    flaw(
        "its_options_have_defaults_that_they_allow",
        "the default of level is 1.5",
        "correct the default",
        ("= 0.5", "= 1.5"),
    ),
    flaw(
        "planning_is_cheap",
        "stage 'walk' has 0 steps; must be 1 to ",
        "mend what the log shows",
        ("steps=max(1, round(request.duration_sec * 2))", "steps=0"),
    ),
    flaw(
        "planning_is_cheap",
        "make_schedule answered list, not a Schedule",
        "return Schedule([Stage(name, steps), …])",
        (SCHEDULE, SCHEDULE.replace("Schedule([", "([")),
    ),
    flaw(
        "planning_twice_gives_the_same_plan",
        "[Stage(name='walk1', steps=4, weight=1.0)], and then [Stage(name='walk3'",
        "from the request alone",
        ("class Options", "PLANS = []\n\nclass Options"),
        ('[Stage("walk"', '[PLANS.append(0) or Stage(f"walk{len(PLANS)}"'),
    ),
    flaw(
        "it_takes_its_shortest_and_its_longest_duration",
        "max_duration_sec is 60, and a request of that length is refused: INVALID_OPTION: too long",
        "make max_duration_sec what it takes",
        (SCHEDULE, f'if request.duration_sec > 50: raise InvalidOption("too long")\n    {SCHEDULE}'),
    ),
    flaw(
        "it_takes_or_refuses_what_its_options_allow",
        "level=0.9 made make_schedule fail with MODEL_INFERENCE_FAILED: fit raised KeyError",
        'InvalidOption(f"level is {value!r}',
        refusing("raise KeyError(level)"),
    ),
    flaw(
        "it_takes_or_refuses_what_its_options_allow",
        "'no such level', which names not both",
        'InvalidOption(f"level is',
        refusing('raise InvalidOption("no such level", "take 0.5")'),
    ),
    flaw(
        "it_takes_or_refuses_what_its_options_allow",
        "no word about what to do",
        "the hint",
        refusing('raise InvalidOption("level is 0.9; must be less")'),
    ),
    flaw(
        "it_refuses_a_bad_option_in_words_that_help",
        "level=-999999.9 is taken",
        "Meta(ge=…, le=…)",
        (META, 'Meta(extra_json_schema={"minimum": 0.1, "maximum": 0.9})'),
    ),
    flaw("it_makes_a_track", "fit raised ZeroDivisionError", "InferenceFailed", (WALK, "yield 1 / 0")),
    flaw("it_makes_a_track", "yielded int 3, not a Step", "yield Step(stage, index)", (WALK, "yield 3")),
    flaw(
        "it_makes_a_track",
        "yielded Step('walk', None); the index must be a whole number",
        "count the steps",
        (WALK, 'yield Step("walk", None)'),
    ),
    flaw("it_makes_a_track", "returned list, not a generator", "use `yield`", (WALK, "pass\n    return []")),
    flaw("it_makes_a_track", "without yielding any audio", "float32 array", yielding("None")),
    flaw("it_makes_a_track", "dtype int16", "float32", yielding('samples.astype("int16")')),
    flaw("it_makes_a_track", "shape [4000, 1]", "shape [1, N]", yielding("samples.T")),
    flaw("it_makes_a_track", "NaN or infinite", "division by zero", yielding("samples * np.nan")),
    flaw("it_makes_a_track", "full scale is 1", "scale or clip", yielding("samples * 9")),
    flaw(
        "it_makes_a_track",
        "and more come; declared are 4",
        "exactly the steps",
        (WALK, f'while index >= 0: yield Step("walk", 0)\n        {WALK}'),
    ),
    flaw(
        "it_makes_a_track",
        "s of audio for a request of 2 s",
        "end when",
        (WALK, f"samples = np.zeros((1, 999999))\n        {WALK}"),
    ),
    flaw(
        "its_steps_are_those_of_its_schedule",
        "stage 'walk' ended with step 3, and has 5 (0 to 4)",
        "declare as many steps",
        ("steps=max(1, round(request.duration_sec * 2))", "steps=5"),
        ("schedule.stages[0].steps", "4"),
    ),
    flaw(
        "its_steps_are_those_of_its_schedule",
        "Step('walk', 0) came after 0, of 4 steps",
        "it rises",
        ('"walk", index, samples', '"walk", 0, samples'),
    ),
    flaw(
        "its_steps_are_those_of_its_schedule",
        "it yielded stage 'run'; its schedule has: walk",
        "stages of the schedule",
        ('Step("walk"', 'Step("run"'),
    ),
    flaw(
        "its_steps_are_those_of_its_schedule",
        "nothing of stage 'rest' came",
        "each at least once",
        ("2)))])", '2))), Stage("rest", 1)])'),
    ),
    flaw(
        "it_is_as_long_as_asked",
        "2 s were asked for, and 1.5 s made",
        "round(request.duration_sec",
        ("request.duration_sec * 8000", "request.duration_sec * 6000"),
    ),
    flaw(
        "its_shortest_track_is_whole",
        "1 s were asked for, and 2 s made",
        "round(request.duration_sec",
        ("round(request.duration_sec * 8000)", "max(16000, round(request.duration_sec * 8000))"),
    ),
    flaw(
        "it_can_be_heard",
        "is silent: its level is -1",
        "on the way to Step.audio",
        yielding("samples * 1e-6"),
    ),
    flaw("it_can_be_heard", "channel 0 swings around 0.3", "headroom", yielding("samples / 9 + 0.3")),
    flaw(
        "it_streams_if_it_says_so",
        "of 30 s the first samples came at 100%",
        "say streaming=False",
        (WALK, 'yield Step("walk", index, samples if part is frames[-1] else None)'),
    ),
    flaw(
        "it_is_as_loud_as_it_says",
        "a track has -",
        'say loudness="measured"',
        ("streaming=True", 'loudness="by_construction"'),
    ),
    flaw(
        "the_same_seed_gives_the_same_samples",
        "another track the second time: 100 % of the samples differ, from 0.000 s on",
        "Philox(request.seed)",
        (SEEDED, "np.random.default_rng()"),
    ),
    flaw("another_seed_gives_other_samples", "gave the same track", "request.seed", ("request.seed", "3")),
    flaw(
        "any_prompt_is_taken_or_refused",
        "fit raised UnicodeEncodeError",
        "take any text",
        ("prompt.encode()", 'prompt.encode("latin-1")'),
    ),
    flaw("a_cancel_spoils_nothing", "the next one is not the same: ", "in `finally`", *COUNTED),
    flaw(
        "a_cancel_spoils_nothing",
        "a cancel raised RuntimeError: generator ignored GeneratorExit",
        "yield nothing there",
        (WALK, f'try: {WALK}\n        except GeneratorExit: yield Step("walk", 0)'),
    ),
    flaw(
        "a_pause_changes_nothing",
        "held halfway is not the same: 50 %",
        "a generator of your own",
        (SEEDED, "np.random\n    np.random.seed(request.seed)"),
    ),
    flaw("a_job_in_between_changes_nothing", "while another stood halfway", "local variables", *COUNTED),
    flaw(
        "a_job_in_between_changes_nothing",
        "held while another was made is not the same: 50 %",
        "local variables",
        ("    import numpy as np\n\n    noise", "    global noise\n    import numpy as np\n\n    noise"),
    ),
]


@pytest.mark.parametrize(("check", "source", "problem", "remedy"), FLAWS)
def test_a_broken_promise_is_found_and_the_remedy_named(
    open_kit: OpenKit, check: str, source: str, problem: str, remedy: str
) -> None:
    with pytest.raises(Unfit) as found:
        BY_NAME[check](open_kit(source))
    assert problem in found.value.problem
    assert remedy in found.value.remedy
    assert str(found.value) == f"{found.value.problem}\n\nWhat to change: {found.value.remedy}"


def test_a_backend_that_is_not_installed_is_named_with_those_that_are(open_kit: OpenKit) -> None:
    with pytest.raises(Unfit, match="no backend 'fitt' is installed") as found:
        BY_NAME["it_says_what_it_is"](open_kit(backend="fitt"))
    assert found.value.remedy == "did you mean 'fit'?"


def test_missing_model_files_and_a_missing_licence_are_named(open_kit: OpenKit) -> None:
    files = ('="1"', '="1", models=[ModelFiles("small", ["a.onnx"])]')
    kit = open_kit(broken(files, ("import BackendSpec", "import ModelFiles, BackendSpec")))
    check = BY_NAME["it_says_what_it_is"]
    with pytest.raises(Unfit, match=r"model files are missing: a\.onnx") as found:
        check(kit)
    place = kit.plugins.find("fit").model_dir
    assert str(place) in found.value.remedy
    place.mkdir(parents=True)
    place.joinpath("a.onnx").touch()
    with pytest.raises(Unfit, match="nobody knows the licence of the weights small"):
        check(kit)


def test_what_follows_from_a_broken_backend_is_skipped_and_says_so(open_kit: OpenKit) -> None:
    kit = open_kit("raise ImportError('no libfoo')")
    with pytest.raises(NotAsked, match="the backend cannot be used"):
        BY_NAME["planning_is_cheap"](kit)
    with pytest.raises(NotAsked, match="the backend cannot be used"):
        BY_NAME["it_can_be_heard"](kit)


def test_a_track_that_cannot_be_made_fails_one_check_only(open_kit: OpenKit) -> None:
    kit = open_kit(broken((WALK, "yield 3")))
    follows = CHECKS[CHECKS.index(BY_NAME["it_makes_a_track"]) + 1 :]
    for check in follows:
        if not check.__name__.startswith(("another_process", "it_prints", "it_leaves")):  # in a fresh process
            with pytest.raises(NotAsked, match="no track to look at: generate yielded int 3"):
                check(kit)


def test_a_plan_that_cannot_be_made_fails_one_check_only(open_kit: OpenKit) -> None:
    kit = open_kit(broken((SCHEDULE, "raise KeyError(request.seed)")))
    with pytest.raises(Unfit, match="fit raised KeyError: 7 in make_schedule"):
        BY_NAME["planning_is_cheap"](kit)
    follows = CHECKS[CHECKS.index(BY_NAME["planning_is_cheap"]) + 1 :]
    for check in follows:
        if not check.__name__.startswith(("it_prints", "it_leaves")):  # in a fresh process
            with pytest.raises(NotAsked, match=r"there is no (plan|track to look at): .* KeyError"):
                check(kit)


def test_a_backend_that_does_not_listen_to_the_prompt_is_told_of(open_kit: OpenKit) -> None:
    kit = open_kit(broken(("*request.prompt.encode()", "1")))
    BY_NAME["another_prompt_gives_other_samples"](kit)
    assert kit.notes == ["the prompt makes no difference: say so in the title, so that nobody wonders"]


def test_weights_that_the_time_belies_are_told_of(open_kit: OpenKit) -> None:
    stage = "2)))])", '2)), weight=0.1), Stage("rest", 1, weight=0.9)])'
    kit = open_kit(broken(stage, (WALK, f'{WALK}\n    yield Step("rest", 0)')))
    BY_NAME["its_steps_are_those_of_its_schedule"](kit)
    assert [note.partition(" took ")[0] for note in kit.notes] == ["stage 'walk'", "stage 'rest'"]
    assert kit.notes[1].endswith("its weight says 90%: percent and ETA follow the weights")


def test_a_backend_that_refuses_a_prompt_with_a_hint_is_fit(open_kit: OpenKit) -> None:
    refusal = 'raise InferenceFailed("😀 is no music", "say less")'
    kit = open_kit(
        broken(("    noise = np", f"    if len(request.prompt) > 1000: {refusal}\n    noise = np"))
    )
    BY_NAME["any_prompt_is_taken_or_refused"](kit)


def test_every_check_that_needs_no_other_process_is_broken_here_once() -> None:
    there = {name for name in BY_NAME if BY_NAME[name].__module__.endswith((".served", ".traces"))}
    there |= {
        "describing_it_imports_nothing_heavy",
        "another_process_gives_the_same_samples",
    }
    noted = {"another_prompt_gives_other_samples"}
    assert set(Counter(check for check, *_ in FLAWS)) == set(BY_NAME) - there - noted
