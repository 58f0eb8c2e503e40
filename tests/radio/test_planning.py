"""Is the next piece begun in time, and something else found where it is not? Without a clock or a file."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lofi_core.errors import InferenceFailed
from lofi_core.jobs.progress import LOAD, WRITE
from lofi_core.playback.playlist import Entry
from lofi_core.radio.flow import Feel, key_near, neighbour, parsed_key
from lofi_core.radio.pace import Pace
from lofi_core.radio.plan import (
    LAST_CALL_SEC,
    MARGIN,
    MOST_READY,
    Situation,
    comes_in_time,
    is_last_call,
    make_in_sec,
    wants_fresh_bridge,
    wants_spare,
)
from lofi_core.radio.program import HEARD_SHOWN, Piece, Program
from lofi_core.radio.session import LAST_RETRY_SEC, Retry
from lofi_core.radio.silence import Silence

PIECE_SEC = 120.0
seconds = st.floats(0, 1_000)
situations = st.builds(
    Situation,
    remaining_sec=seconds,
    ready=st.lists(st.just(PIECE_SEC), max_size=4).map(tuple),
    others=st.booleans(),
    crossfade_sec=st.floats(0, 12),
    expected_sec=st.none() | seconds,
    in_sec=st.none() | seconds,
    is_making=st.booleans(),
    may_make=st.booleans(),
    is_paused=st.booleans(),
    bridge_sec=st.just(math.inf) | seconds,
)


# -- when the next piece is begun --------------------------------------------------------------------------


@given(situations)
def test_with_nothing_ready_the_next_piece_is_begun_now_unless_something_forbids_it(now: Situation) -> None:
    idle = replace(now, ready=(), is_making=False, may_make=True)
    assert make_in_sec(idle) == 0.0
    assert make_in_sec(replace(idle, may_make=False)) == math.inf
    assert make_in_sec(replace(idle, is_making=True)) == math.inf


@given(situations)
def test_there_are_never_more_pieces_ahead_than_the_bound(now: Situation) -> None:
    assume(len(now.ready) >= MOST_READY)
    assert make_in_sec(now) == math.inf


@given(situations)
def test_a_radio_on_hold_fills_its_one_ahead_and_stops(now: Situation) -> None:
    idle = replace(now, is_paused=True, is_making=False, may_make=True)
    assert make_in_sec(replace(idle, ready=())) == 0.0
    assert make_in_sec(replace(idle, ready=(PIECE_SEC,))) == math.inf


@given(situations, seconds)
def test_what_takes_longer_is_begun_no_later(now: Situation, more_sec: float) -> None:
    assume(now.expected_sec is not None)
    longer = replace(now, expected_sec=(now.expected_sec or 0.0) + more_sec)
    assert make_in_sec(longer) <= make_in_sec(now)


@given(st.floats(0.01, 0.75), st.floats(0, 12))
def test_a_skip_always_finds_a_piece_with_a_backend_that_is_fast_enough(
    work_per_sec: float, crossfade_sec: float
) -> None:
    # When this piece begins, one is ready. By its end there is one more, so that one stays behind the next.
    work_sec = work_per_sec * PIECE_SEC
    now = Situation(PIECE_SEC, (PIECE_SEC,), crossfade_sec=crossfade_sec, expected_sec=work_sec)
    begun_in_sec = make_in_sec(now)
    assert begun_in_sec + work_sec <= PIECE_SEC - crossfade_sec


def test_of_an_unknown_backend_it_is_thought_that_it_takes_as_long_as_its_music() -> None:
    now = Situation(500.0, (PIECE_SEC,))
    assert make_in_sec(now) == make_in_sec(replace(now, expected_sec=PIECE_SEC))


def test_what_plays_again_and_again_needs_one_piece_behind_it_and_no_more() -> None:
    assert make_in_sec(Situation(math.inf, (PIECE_SEC,), expected_sec=10.0)) == math.inf


# -- when something else is needed -------------------------------------------------------------------------


@given(situations)
def test_nothing_else_is_looked_for_while_something_waits(now: Situation) -> None:
    assume(now.ready or now.others)
    assert not wants_spare(now)
    assert not wants_fresh_bridge(now)
    assert not is_last_call(now)


@given(seconds, seconds, st.floats(0, 12))
def test_what_comes_in_time_has_its_margin(remaining: float, in_sec: float, crossfade: float) -> None:
    now = Situation(remaining, crossfade_sec=crossfade, is_making=True, in_sec=in_sec)
    enough = in_sec * MARGIN + LAST_CALL_SEC + crossfade <= remaining
    assert comes_in_time(now) is enough
    assert not comes_in_time(replace(now, in_sec=None))


@given(situations)
def test_a_piece_that_comes_late_is_always_bridged_somehow(now: Situation) -> None:
    silent = replace(now, ready=(), others=False, is_paused=False, remaining_sec=0.0)
    assert wants_spare(silent)
    assert is_last_call(silent)
    assert wants_fresh_bridge(silent) is math.isfinite(silent.bridge_sec)


@given(situations)
def test_a_pause_needs_no_bridge(now: Situation) -> None:
    held = replace(now, is_paused=True)
    assert not any(wants(held) for wants in (wants_spare, wants_fresh_bridge, is_last_call))


def test_a_fresh_bridge_is_made_as_soon_as_it_is_known_that_it_will_be_needed() -> None:
    now = Situation(200.0, is_making=True, in_sec=400.0, bridge_sec=5.0)
    assert wants_fresh_bridge(now)
    unknown = replace(now, in_sec=None)
    assert not wants_fresh_bridge(unknown)
    assert wants_fresh_bridge(replace(unknown, remaining_sec=15.0))


def test_who_is_patient_for_a_moment_needs_no_spare() -> None:
    assert not wants_spare(Situation(100.0, expected_sec=5.0))
    assert wants_spare(Situation(100.0, expected_sec=60.0))


# -- how fast a backend is ---------------------------------------------------------------------------------


def test_the_newest_piece_counts_most_and_the_load_does_not() -> None:
    pace = Pace()
    assert (pace.speed, pace.keeps_up) == (None, None)
    pace.load_sec = 30.0
    pace.made(60.0, 120.0)
    assert pace.speed == pytest.approx(2.0)
    assert pace.work_sec(120.0, loads=True) == pytest.approx(90.0)
    pace.made(180.0, 120.0)
    assert pace.work_per_sec == pytest.approx(0.9)
    assert pace.keeps_up is True


@given(st.floats(0.01, 0.8), st.floats(10, 600))
def test_a_stream_is_heard_before_it_is_finished_and_never_runs_dry(work: float, music: float) -> None:
    pace = Pace(work)
    heard_in = pace.heard_in_sec(music, loads=False, streams=True)
    assert heard_in is not None
    assert heard_in <= work * music
    assert heard_in + music >= work * music


def test_a_backend_that_made_nothing_yet_is_as_fast_as_before_the_restart() -> None:
    pace = Pace()
    pace.learn(None, 120.0)
    assert pace == Pace()
    pace.learn({LOAD: 9.0, "sample": 58.0, WRITE: 2.0}, 120.0)
    assert (pace.speed, pace.load_sec) == (2.0, 9.0)
    pace.learn({"sample": 600.0, WRITE: 0.0}, 120.0)
    assert pace.speed == 2.0  # by now it knows better


def test_what_fails_is_tried_again_at_once_and_then_less_and_less_often() -> None:
    retry, now, waits = Retry(), 0.0, []
    for _ in range(9):
        retry.failed(InferenceFailed("bad luck"), now)
        waits.append(retry.at - now)
        now = retry.at
    assert waits == [0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, LAST_RETRY_SEC, LAST_RETRY_SEC]
    assert retry.why == "MODEL_INFERENCE_FAILED: bad luck"
    retry.went_well()
    assert retry == Retry()


# -- what follows what -------------------------------------------------------------------------------------


@given(st.floats(50, 150), st.integers())
def test_neighbours_are_near_in_tempo_and_an_evening_stays_near_its_first_piece(
    tempo: float, seed: int
) -> None:
    chance, feel, first = random.Random(seed), Feel(tempo, "D minor"), Feel(tempo, "D minor")
    for _ in range(50):
        after = neighbour(feel, first, chance)
        assert after.tempo_bpm is not None
        assert feel.tempo_bpm is not None
        assert after.tempo_bpm == pytest.approx(feel.tempo_bpm, rel=0.031)
        assert after.tempo_bpm == pytest.approx(tempo, rel=0.125)
        feel = after


@given(st.sampled_from(["C major", "d minor", "F# dorian", "Bb mixolydian"]), st.integers())
def test_the_next_key_shares_all_notes_but_one(key: str, seed: int) -> None:
    steps = {"major": 0, "dorian": -2, "mixolydian": -1, "minor": -3}

    def signature(name: str) -> int:
        parsed = parsed_key(name)
        assert parsed is not None
        return (parsed[0] * 7 + steps[parsed[1]]) % 12

    apart = (signature(key_near(key, random.Random(seed))) - signature(key)) % 12
    assert apart in {0, 1, 11}


def test_what_nobody_knows_is_left_to_the_backend() -> None:
    assert neighbour(Feel(), Feel(), random.Random(1)) == Feel()
    assert key_near("twelve tones", random.Random(1)) == "twelve tones"


# -- the order in the list ---------------------------------------------------------------------------------


def entry(name: str) -> Entry:
    return Entry(name, name, None, PIECE_SEC, f"/{name}")


def test_a_new_piece_comes_behind_the_ready_ones_and_before_bridges_and_what_was_there_before() -> None:
    old, bridge, ready, visitor = (entry(name) for name in ("old", "bridge", "ready", "visitor"))
    program = Program(before={old.key})
    program.add(Piece(bridge, "library", 1, Feel()))
    program.add(Piece(ready, "made", 1, Feel()))
    assert program.behind_which([ready, visitor, bridge, old], 1) is visitor
    assert program.behind_which([bridge, old], 1) is None
    assert program.last_of([ready, visitor, bridge, old]) is bridge
    assert program.ready([ready, bridge, old], 1) == [ready]
    assert program.others([ready, visitor, bridge, old], 1) == [visitor, bridge]
    assert program.ready([ready], 2) == []
    assert program.spares([ready], 2) == [ready]


def test_of_what_was_heard_the_newest_stay_in_the_list() -> None:
    program, entries = Program(), [entry(str(number)) for number in range(HEARD_SHOWN + 5)]
    for one in entries:
        program.add(Piece(one, "made", 1, Feel()))
    for one in reversed(entries):
        piece = program.of(one)
        assert piece is not None
        program.begun(piece)
    current = entries[0]
    assert program.too_old(entries, current) == list(reversed(entries))[:4]
    assert program.not_heard(entries, current) == []


# -- silence -----------------------------------------------------------------------------------------------


def test_silence_counts_from_the_first_sound_on_and_not_while_somebody_wants_it() -> None:
    silence = Silence()
    silence.note(0.0, sounds=False, expected=True)
    silence.note(5.0, sounds=True, expected=True)
    silence.note(10.0, sounds=False, expected=True)
    silence.note(11.0, sounds=False, expected=True)
    silence.note(12.5, sounds=True, expected=True)
    silence.note(20.0, sounds=False, expected=False)
    assert silence.upto(90.0) == 2.5


def test_two_events_of_one_block_are_no_silence() -> None:
    silence = Silence()
    silence.note(0.0, sounds=True, expected=True)
    silence.note(1.0, sounds=False, expected=True)
    silence.note(1.002, sounds=True, expected=True)
    assert silence.upto(2.0) == 0.0
