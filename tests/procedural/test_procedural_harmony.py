"""Which chords sound, and how they are laid out."""

from __future__ import annotations

import pytest

from lofi_procedural.score.chords import (
    BRIDGES,
    CADENCES,
    FINALS,
    PROGRESSIONS,
    SCALES,
    read_chord,
    read_progression,
)
from tests.procedural.composed import compose


def test_every_progression_stands_on_its_scale() -> None:
    for mode, progressions in PROGRESSIONS.items():
        for text in progressions:
            roots = {chord.root for bar in read_progression(text, 0) for _, chord in bar}
            # A borrowed root is a colour; a second one would be another key.
            assert len(roots - set(SCALES[mode])) <= 1, text


def test_every_chord_on_the_tonic_belongs_to_its_mode() -> None:
    for mode, progressions in PROGRESSIONS.items():
        for text in (*progressions, *CADENCES[mode], FINALS[mode]):
            chords = [chord for bar in read_progression(text, 0) for _, chord in bar]
            for chord, following in zip(chords, [*chords[1:], chords[0]], strict=True):
                # A dominant of the fourth degree passes through home, and does not rest there.
                if chord.root == 0 and not (chord.is_dominant and following.root == 5 and mode == "major"):
                    assert set(chord.tones) <= set(SCALES[mode]), f"{mode}: {text}"


@pytest.mark.parametrize("mode", BRIDGES)
def test_a_bridge_leaves_the_key_and_leads_back(mode: str) -> None:
    for text in BRIDGES[mode]:
        bars = read_progression(text, 0)
        assert len(bars) == 8
        tones = {tone for bar in bars for _, chord in bar for tone in chord.tones}
        assert tones - set(SCALES[mode]), text
        leads = bars[-1][-1][1]
        assert leads.root != 0, text
        assert leads.is_dominant or mode == "phrygian", text


@pytest.mark.parametrize("mode", PROGRESSIONS)
def test_a_begins_at_home(mode: str) -> None:
    for seed in range(8):
        _, piece = compose(f"lofi in D {mode}", 60.0, seed)
        starts = [section.start for section in piece.sections if section.name == "A"]
        assert {piece.chords[start][0][1].root for start in starts} == {2}


@pytest.mark.parametrize(
    "prompt", ["piano and strings, no bass", "solo harp", "dreamy pads, no bass, no melody"]
)
def test_where_there_is_no_bass_the_chords_have_their_roots(prompt: str) -> None:
    plan, piece = compose(prompt)
    for index in range(plan.bars):
        notes = piece.bar(index).notes
        lowest = min(notes, key=lambda note: (note.beat, note.pitch))
        assert lowest.pitch % 12 == piece.chords[index][0][1].root


def test_minor_chords_of_home_have_their_root() -> None:
    assert [read_chord(f"{degree}:m9", 9).tones[0] for degree in (0, 5)] == [9, 5]


def test_the_piece_is_in_the_key_asked_for() -> None:
    _, piece = compose("rhodes in Bb lydian")
    assert str(piece.key) == "Bb lydian"


def test_the_bass_has_the_root_wherever_the_chord_changes() -> None:
    missed = []
    for seed in range(12):
        plan, piece = compose("calm rhodes", 120.0, seed)
        for index in range(plan.bars):
            bass = [note for note in piece.bar(index).notes if note.part == "bass"]
            for beat, chord in piece.chords[index] if bass else []:
                heard = [note.pitch % 12 for note in bass if note.beat <= beat < note.beat + note.beats]
                if heard != [chord.root]:
                    missed.append((seed, index, beat, heard))
    assert not missed


def test_happy_is_major_more_often_than_sad() -> None:
    def majors(prompt: str) -> int:
        return sum(compose(prompt, 8.0, seed)[1].key.mode == "major" for seed in range(20))

    assert majors("happy") > majors("sad") + 8
