"""What is played."""

from __future__ import annotations

import pytest

from lofi_procedural.score import Dice
from lofi_procedural.score.chords import PROGRESSIONS
from lofi_procedural.score.ensemble import USUAL_LEADS
from lofi_procedural.score.form import make_form
from lofi_procedural.words import read_prompt
from tests.procedural.composed import compose


def test_sections_fill_every_bar_of_any_length() -> None:
    for bars in range(1, 400):
        sections = make_form(bars, Dice(bars, 0).roll("form"))
        assert sum(section.bars for section in sections) == bars


def test_a_longer_piece_begins_ends_and_comes_back() -> None:
    _, piece = compose("lofi", 180.0)
    names = [section.name for section in piece.sections]
    assert names[0] == "intro"
    assert names[-1] == "outro"
    assert names.count("A") >= 2
    assert "B" in names


def test_no_section_between_intro_and_outro_breaks_a_phrase() -> None:
    for bars in range(6, 200):
        for section in make_form(bars, Dice(bars, 0).roll("form"))[1:-1]:
            assert section.bars % 2 == 0, f"{section} of {bars} bars"


@pytest.mark.parametrize("mode", PROGRESSIONS)
def test_the_theme_starts_from_the_chord_of_home(mode: str) -> None:
    homes = set()
    for seed in range(6):
        _, piece = compose(f"lofi in D {mode}, 6/8", 40.0, seed)
        start = next(section.start for section in piece.sections if section.name == "A")
        first = [note for note in piece.bar(start).notes if note.part == "melody" and note.beat == 0]
        assert {note.pitch % 12 for note in first} <= {*piece.chords[start][0][1].tones}
        homes |= {note.pitch % 12 for note in first}
    # The tonic, its third or its fifth.
    assert homes
    assert homes <= {2, *(2 + step for step in (3, 4, 7))}


def test_a_long_note_of_the_melody_fits_the_chords_it_lasts_through() -> None:
    off, whole = 0.0, 0.0
    for seed in range(12):
        plan, piece = compose("lofi", 180.0, seed)
        chords = [(4 * index + at, chord) for index, bar in enumerate(piece.chords) for at, chord in bar]
        for index in range(plan.bars):
            for note in piece.bar(index).notes:
                if note.part != "melody" or note.beats < 1:
                    continue
                for at in range(round(4 * note.beats)):
                    now = 4 * index + note.beat + at / 4
                    sounding = [chord for beat, chord in chords if beat <= now][-1]
                    whole += 1
                    off += note.pitch % 12 not in {*sounding.tones, sounding.root}
    # What is left is half a beat of anticipation, or a bar of two chords with no tone in common nearby.
    assert off / whole < 0.015


def test_no_drums_means_no_hits() -> None:
    plan, piece = compose("boom bap without drums")
    assert not [hit for index in range(plan.steps) for hit in piece.bar(index).hits]


@pytest.mark.parametrize(
    "prompt",
    [
        "no chords, no pad, no bass, no drums",
        "no chords, no pad, no melody, no drums",
        "no chords, no pad, no melody, no bass",
        "no chords, no pad",
    ],
)
def test_no_section_is_silent_however_few_play(prompt: str) -> None:
    for seed in range(4):
        plan, piece = compose(prompt, 240.0, seed)
        for section in piece.sections:
            bars = [piece.bar(index) for index in range(section.start, section.start + 2)]
            assert any(bar.notes or bar.hits for bar in bars), f"{section} of seed {seed}"
        assert piece.bar(plan.bars).notes or piece.bar(plan.bars).hits


def test_a_solo_instrument_plays_alone() -> None:
    _, piece = compose("solo piano")
    seats = piece.ensemble
    assert {seats.chords, seats.melody, seats.bass} == {"piano"}
    assert seats.pad is None
    assert seats.groove is None


@pytest.mark.parametrize("prompt", ["solo upright bass", "bass only"])
def test_a_bass_plays_alone_too(prompt: str) -> None:
    plan, piece = compose(prompt)
    bars = [piece.bar(index) for index in range(plan.bars + 1)]
    assert {note.part for bar in bars for note in bar.notes} == {"bass"}
    assert not any(bar.hits for bar in bars)


@pytest.mark.parametrize("prompt", ["drums only", "solo drums, 80 bpm", "just drums in 3/4"])
def test_drums_alone_are_alone(prompt: str) -> None:
    plan, piece = compose(prompt)
    bars = [piece.bar(index) for index in range(plan.steps)]
    assert not [note for bar in bars for note in bar.notes]
    assert {hit.voice for bar in bars for hit in bar.hits} > {"kick"}


def test_chill_beats_are_a_band() -> None:
    assert compose("just chill beats")[1].ensemble.parts > {"drums", "bass", "chords"}


@pytest.mark.parametrize(
    ("word", "player"), [("sax", "saxophone"), ("tenor saxophone", "saxophone"), ("muted trumpet", "trumpet")]
)
def test_a_wind_instrument_takes_the_melody(word: str, player: str) -> None:
    _, piece = compose(f"{word} and piano")
    assert (piece.ensemble.melody, piece.ensemble.chords) == (player, "piano")


@pytest.mark.parametrize("prompt", ["drumless jazz", "drum-free rhodes", "beat-free rhodes"])
def test_drumless_means_no_hits(prompt: str) -> None:
    assert compose(prompt)[1].ensemble.groove is None


@pytest.mark.parametrize(
    ("style", "bass", "groove"),
    [
        ("synthwave", {"synth_bass"}, {"synthwave"}),
        ("trip hop", {"synth_bass", "electric_bass"}, {"trip_hop"}),
        ("jazz hop", {"upright_bass"}, {"jazz_hop", "boom_bap"}),
        ("chillhop", {"electric_bass", "upright_bass"}, {"boom_bap"}),
        ("lullaby", {"upright_bass"}, {None}),
    ],
)
def test_a_style_chooses_its_players(style: str, bass: set[str], groove: set[str | None]) -> None:
    bands = [compose(f"{style}, xyzzy", 20.0, seed)[1].ensemble for seed in range(12)]
    assert {band.bass for band in bands} <= bass
    assert {band.groove for band in bands} <= groove
    told = read_prompt(style).style
    assert told is not None
    assert {band.melody for band in bands} <= {*(told.leads or USUAL_LEADS)}


def test_a_word_wins_over_the_style() -> None:
    ensemble = compose("synthwave with flute and upright bass")[1].ensemble
    assert (ensemble.melody, ensemble.bass) == ("flute", "upright_bass")


def test_named_instruments_take_their_seats() -> None:
    _, piece = compose("guitar, flute, strings and synth bass")
    seats = piece.ensemble
    assert (seats.chords, seats.melody, seats.pad, seats.bass) == ("guitar", "flute", "strings", "synth_bass")


def test_who_plays_chords_takes_the_melody_where_there_are_none() -> None:
    ensemble = compose("piano, no chords")[1].ensemble
    assert (ensemble.chords, ensemble.melody) == (None, "piano")


def test_the_melody_rests_and_returns() -> None:
    plan, piece = compose("lofi", 180.0)
    rhythms = [
        tuple(note.beat for note in piece.bar(index).notes if note.part == "melody")
        for index in range(plan.bars)
        if "melody" in piece.section(index).layers
    ]
    silent = rhythms.count(())
    assert 0.15 < silent / len(rhythms) < 0.8
    sung = [rhythm for rhythm in rhythms if rhythm]
    # A motif is something heard again: fewer rhythms than bars that sing.
    assert len(set(sung)) <= len(sung) / 2


@pytest.mark.parametrize("mode", PROGRESSIONS)
def test_a_long_piece_has_movements_that_share_a_theme(mode: str) -> None:
    _, piece = compose(f"lofi in D {mode}, 75 bpm", 600.0)

    def roots(name: str) -> list[tuple[int, ...]]:
        """The first four bars of each section of a name."""
        starts = [section.start for section in piece.sections if section.name == name]
        return [tuple(bar[0][1].root for bar in piece.chords[start : start + 4]) for start in starts]

    assert len(set(roots("A"))) == 1
    assert len(set(roots("B"))) >= 2
    assert len({section.movement for section in piece.sections}) >= 3


def test_a_piece_of_three_minutes_keeps_its_b_section() -> None:
    _, piece = compose("lofi in D minor, 75 bpm", 160.0)
    assert {section.movement for section in piece.sections} == {0}


@pytest.mark.parametrize(
    "prompt", ["waltz", "brushed waltz, sad", "busy waltz", "3/4, no drums", "harp waltz"]
)
def test_a_waltz_has_three_beats_in_a_bar(prompt: str) -> None:
    plan, piece = compose(f"{prompt}, 90 bpm", 120.0)
    assert plan.bar_start(1) == 96_000
    bars = [piece.bar(index) for index in range(plan.bars)]
    beats = {note.beat for bar in bars for note in bar.notes} | {hit.beat for bar in bars for hit in bar.hits}
    assert {0.0, 1.0, 2.0} <= beats
    assert max(beats) < 3.0
    kicks = [hit.beat for bar in bars for hit in bar.hits if hit.voice == "kick" and hit.velocity > 0.5]
    assert kicks.count(0.0) >= len(kicks) / 2


@pytest.mark.parametrize(
    "prompt", ["rhodes", "brushed guitar, sad", "busy piano", "harp, no drums", "calm pads"]
)
def test_six_eight_is_two_dotted_beats(prompt: str) -> None:
    plan, piece = compose(f"{prompt}, 6/8, 60 bpm", 120.0)
    assert plan.bar_start(1) == 96_000
    assert plan.swing == 0.5
    bars = [piece.bar(index) for index in range(plan.bars)]
    weight = [0.0] * 6
    for bar in bars:
        strokes = [(note.beat, note.velocity) for note in bar.notes]
        for beat, velocity in [*strokes, *((hit.beat, hit.velocity) for hit in bar.hits)]:
            assert 0 <= beat < 6
            weight[int(beat)] += velocity
    # The eighths that begin a dotted beat carry most.
    assert min(weight[0], weight[3]) > 1.5 * max(weight[1], weight[2], weight[4], weight[5])


def test_bars_may_be_played_in_any_order() -> None:
    plan, piece = compose("lofi")
    forwards = [piece.bar(index) for index in range(plan.steps)]
    backwards = [piece.bar(index) for index in reversed(range(plan.steps))]
    assert forwards == backwards[::-1]


def test_unknown_words_vary_the_piece() -> None:
    _, one = compose("xyzzy")
    _, other = compose("plugh")
    assert one.bar(5) != other.bar(5)


def test_known_words_change_what_they_say_and_leave_the_piece_as_it_is() -> None:
    _, one = compose("rhodes, 80 bpm")
    _, other = compose("heavy vinyl, please, and rhodes, 80 bpm")
    assert one.bar(5) == other.bar(5)


def test_a_dark_piece_lies_lower_than_a_bright_one() -> None:
    def middle(prompt: str) -> float:
        plan, piece = compose(f"{prompt} rhodes in C minor", 60.0)
        pitches = [
            note.pitch for bar in range(plan.bars) for note in piece.bar(bar).notes if note.part == "chords"
        ]
        return sum(pitches) / len(pitches)

    assert middle("bright") > middle("") + 0.5 > middle("dark") + 1.0


def test_a_busy_timekeeper_strikes_more_than_a_sparse_one() -> None:
    def strokes(prompt: str) -> int:
        pieces = [compose(f"{prompt} boom bap", 60.0, seed) for seed in range(6)]
        bars = [piece.bar(index) for plan, piece in pieces for index in range(plan.bars)]
        return sum(hit.voice in {"hat", "open_hat"} for bar in bars for hit in bar.hits)

    assert strokes("busy") > 1.2 * strokes("") > 1.2 * 1.2 * strokes("sparse")
