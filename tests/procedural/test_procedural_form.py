"""Is a long piece one piece? Read from the score of many kinds; `benchmarks.procedural_form` listens."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.procedural_score import Score, compose, kinship, recurrence
from lofi_procedural.score import Dice
from lofi_procedural.score.form import make_form

PROMPTS = (
    "lofi in C major",
    "jazz hop in D minor",
    "busy boom bap",
    "sparse piano",
    "waltz",
    "felt piano in 6/8",
    "bossa in A dorian",
    "tense organ, E phrygian",
    "vibraphone, F lydian",
    "trip hop, G mixolydian",
    "solo guitar",
    "ambient pads",
)
SEEDS = range(2)


@cache
def scores(prompt: str) -> list[Score]:
    """Pieces of five minutes, and of ten; composed once."""
    return [compose(prompt, 300.0 * (1 + seed), seed) for seed in SEEDS]


every_kind = pytest.mark.parametrize("prompt", PROMPTS)


@every_kind
def test_most_of_what_is_sung_comes_from_the_theme_and_not_all(prompt: str) -> None:
    kinds = set()
    for score in scores(prompt):
        shares = recurrence(score)
        assert 0.4 < sum(shares.values()) < 0.95, shares
        assert shares["repeated"] > 0.15
        kinds |= {*shares}
    assert len(kinds) >= 3


def test_a_theme_is_not_found_where_it_is_not() -> None:
    # Another seed is another theme; the same one may have the same whatever the words are.
    others = [compose(prompt, 60.0, 50 + at) for at, prompt in enumerate(PROMPTS[:4])]
    found = [
        sum(recurrence(scores(prompt)[0], other.theme).values())
        for prompt, other in zip(PROMPTS, others, strict=False)
    ]
    assert np.mean(found) < 0.25


@every_kind
def test_returns_and_the_outro_begin_with_the_theme_or_its_ornament(prompt: str) -> None:
    for score in scores(prompt):
        beats = score.plan.beats_per_bar
        for section in score.piece.sections:
            if not (section.name == "outro" or (section.name == "A" and section.returns)):
                continue
            bars = score.bars[section.start : section.start + 2]
            sung = [
                (note.beat + beats * at, note.pitch)
                for at, bar in enumerate(bars)
                for note in bar.notes
                if note.part == "melody"
            ]
            assert kinship(sorted(sung), score.theme) is not None, section


@every_kind
def test_harmony_stays_for_eight_bars_at_most(prompt: str) -> None:
    assert max(score.longest_static for score in scores(prompt)) <= 8


@every_kind
def test_voices_move_by_step_within_their_range(prompt: str) -> None:
    for score in scores(prompt):
        moves = np.abs(score.voice_moves)
        assert moves.mean() < 1.6
        assert moves.max() <= 9
        pitches = [pitch for bar in score.piece.voicings for voicing in bar for pitch in voicing]
        assert min(pitches) >= 50
        assert max(pitches) <= 76


@pytest.mark.parametrize("prompt", [*PROMPTS, "bossa nova nylon guitar 120 bpm in A major"])
def test_voices_never_leap_together(prompt: str) -> None:
    # Only what is laid out is looked at, so ten minutes cost as much as a bar.
    for seed in range(4):
        for moves in compose(prompt, 600.0, seed).voice_moves:
            leaps = all(move > 4 for move in moves) or all(move < -4 for move in moves)
            assert not leaps, moves


@every_kind
def test_the_last_bar_is_home_and_rings_to_the_end(prompt: str) -> None:
    assert all(score.rings_on_tonic() for score in scores(prompt))


@every_kind
def test_no_two_bars_are_played_alike(prompt: str) -> None:
    for score in scores(prompt):
        played = {(tuple(bar.notes), tuple(bar.hits)) for bar in score.bars}
        assert len(played) == len(score.bars)


def test_the_players_enter_one_by_one_and_leave() -> None:
    for prompt in ("lofi in C major", "jazz hop in D minor"):
        for score in scores(prompt):
            first, *_, last = score.piece.sections
            assert len(first.playing(first.start)) < len(first.playing(first.start + first.bars - 1))
            assert len(last.playing(last.start)) > len(last.playing(last.start + last.bars - 1))


def test_the_kit_falls_silent_now_and_then_before_something_returns() -> None:
    silent = 0
    for score in (score for prompt in PROMPTS[:3] for score in scores(prompt)):
        ends = {section.start + section.bars - 1 for section in score.piece.sections}
        full = [
            bar for bar in score.bars[:-1] if "drums" in score.piece.section(bar.index).playing(bar.index)
        ]
        bare = [bar.index for bar in full if not [hit for hit in bar.hits if 1 <= hit.beat < 3]]
        assert ends.issuperset(bare)
        silent += len(bare)
    assert silent >= 3


@pytest.mark.parametrize("prompt", ["bossa", "brushed waltz", "brushed lofi"])
def test_what_has_no_snare_turns_without_one(prompt: str) -> None:
    voices = {hit.voice for bar in compose(prompt, 200.0, 1).bars for hit in bar.hits}
    assert "rim" in voices
    assert "snare" not in voices


def test_chords_come_early_and_are_tied_over() -> None:
    score = scores("busy boom bap")[0]
    beats = score.plan.beats_per_bar
    pushed = 0
    for bar, following in pairwise(score.bars[:-1]):
        chords = [note for note in bar.notes if note.part == "chords" and note.beat > beats - 1]
        early = {note.pitch for note in chords if note.beat + note.beats > beats + 0.2}
        if len(early) < 4:  # a single note is the end of an answer
            continue
        pushed += 1
        assert early >= {*score.piece.voicings[following.index][0]}
        struck = {note.pitch for note in following.notes if note.part == "chords" and note.beat == 0}
        assert len(struck) < 4
    assert pushed > 5


def test_a_busy_piece_has_more_of_everything_than_a_sparse_one() -> None:
    def played(prompt: str) -> dict[str, float]:
        counts: dict[str, float] = {}
        for seed in range(8):
            score = compose(f"{prompt} boom bap", 60.0, seed)
            for bar in score.bars:
                for part in (*(note.part for note in bar.notes), *("drums" for _ in bar.hits)):
                    counts[part] = counts.get(part, 0.0) + 1 / len(score.bars)
        return counts

    busy, sparse = played("busy"), played("sparse")
    for part in ("chords", "bass", "melody", "drums"):
        assert busy[part] > 1.25 * sparse[part], part


def test_a_piece_with_room_for_three_sections_has_another_beside_the_theme() -> None:
    for seed in range(20):
        for bars in (24, 28, 32, 48):
            names = [section.name for section in make_form(bars, Dice(bars, seed).roll("form"), loops=True)]
            assert {"A", "B"} <= {*names}
