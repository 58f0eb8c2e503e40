"""What is checked, in the order in which a failure explains those that follow.

A check is a function of a `Kit`; its name is the name of the test. It returns, or raises `Unfit` with what to
change, or `NotAsked` where the question does not arise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from lofi_core.testing.checks import description, interruption, planning, repetition, served, sound, traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.testing.kit import Kit

    Check: TypeAlias = Callable[[Kit], None]

CHECKS: tuple[Check, ...] = (
    description.it_says_what_it_is,
    description.describing_it_imports_nothing_heavy,
    description.its_options_have_defaults_that_they_allow,
    planning.planning_is_cheap,
    planning.planning_twice_gives_the_same_plan,
    planning.it_takes_its_shortest_and_its_longest_duration,
    planning.it_takes_or_refuses_what_its_options_allow,
    planning.it_refuses_a_bad_option_in_words_that_help,
    sound.it_makes_a_track,
    sound.its_steps_are_those_of_its_schedule,
    sound.it_is_as_long_as_asked,
    sound.its_shortest_track_is_whole,
    sound.it_can_be_heard,
    sound.it_streams_if_it_says_so,
    sound.it_is_as_loud_as_it_says,
    repetition.the_same_seed_gives_the_same_samples,
    repetition.another_process_gives_the_same_samples,
    repetition.another_seed_gives_other_samples,
    repetition.another_prompt_gives_other_samples,
    repetition.any_prompt_is_taken_or_refused,
    interruption.a_cancel_spoils_nothing,
    interruption.a_pause_changes_nothing,
    interruption.a_job_in_between_changes_nothing,
    traces.it_prints_nothing,
    traces.it_leaves_no_files,
    traces.it_leaves_the_global_random_state_alone,
    traces.it_leaves_no_threads_and_open_files,
    served.a_daemon_makes_the_same_track,
    served.a_daemon_may_let_another_job_in_between,
    served.a_daemon_may_cancel_it,
)
