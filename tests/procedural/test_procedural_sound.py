"""How it sounds, measured by tools nobody here wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import librosa
import numpy as np
import pyloudnorm
import pytest
from scipy.signal import butter, resample_poly, sosfilt

from lofi_core import GenerateRequest
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, make_plan
from lofi_procedural.score import Bar, Dice, Piece
from lofi_procedural.sound.mixer import Mixer
from lofi_procedural.sound.tape import Room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.procedural.conftest import Render

    Samples = NDArray[np.float32]

TIMED = [
    ("rainy night, jazzy rhodes, 72 bpm", 72),
    ("happy guitar in G major, 88 bpm", 88),
    ("solo piano, 104 bpm, no drums", 104),
    ("dreamy pad and kalimba, 66 bpm, without drums", 66),
    ("upbeat boom bap with vibraphone, 96 bpm", 96),
    ("bossa nova nylon guitar, 120 bpm", 120),
    ("dark half time, synth bass, 140 bpm", 140),
    ("felt piano waltz, 90 bpm", 90),
    ("ambient harp, rain and tape, 60 bpm", 60),
]
VARIED = [(prompt, 20.0) for prompt, _ in TIMED[::2]] + [
    ("lofi", 5.0),
    ("solo flute", 8.0),
    ("sad strings", 45.0),
    ("drums only", 12.0),
    ("only vinyl", 9.0),
    ("lofi house, bright organ, 140 bpm", 12.0),
]


def lufs(samples: Samples) -> float:
    return float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.T.astype(np.float64)))


def centroid_hz(samples: Samples) -> float:
    return float(librosa.feature.spectral_centroid(y=samples.mean(axis=0), sr=SAMPLE_RATE).mean())


def flatness(samples: Samples) -> float:
    # The median: near-silent frames at both ends count as perfectly flat, whatever is in them.
    return float(np.median(librosa.feature.spectral_flatness(y=samples.mean(axis=0))))


def colour(samples: Samples) -> NDArray[np.float64]:
    """The mean cepstrum [18], level and slope left out."""
    mono = librosa.resample(samples.mean(axis=0), orig_sr=SAMPLE_RATE, target_sr=22_050)
    cepstrum: NDArray[np.float64] = librosa.feature.mfcc(y=mono, sr=22_050)[2:].mean(axis=1)
    return cepstrum


def test_the_tempo_asked_for_is_the_tempo_heard(render: Render) -> None:
    missed = []
    for prompt, bpm in TIMED:
        mono = librosa.resample(render(prompt).mean(axis=0), orig_sr=SAMPLE_RATE, target_sr=22_050)
        tempo, _ = librosa.beat.beat_track(y=mono, sr=22_050, hop_length=256)
        heard = float(np.atleast_1d(tempo)[0])
        if not any(abs(heard / (bpm * octave) - 1) <= 0.03 for octave in (0.5, 1, 2)):
            missed.append((prompt, heard))
    assert not missed


@pytest.mark.parametrize(("prompt", "duration_sec"), VARIED)
def test_loudness_is_minus_14_lufs(render: Render, prompt: str, duration_sec: float) -> None:
    assert lufs(render(prompt, duration_sec)) == pytest.approx(-14.0, abs=0.7)


@pytest.mark.parametrize(
    ("prompt", "bpm", "seed"),
    [
        ("sunny ukulele, 95 bpm", 95, 1),
        ("sunny ukulele, 95 bpm", 95, 2),
        ("jazzy rhodes, 80 bpm", 80, 1),
        ("bossa nova guitar, 120 bpm", 120, 1),
        ("kalimba, 72 bpm, no drums", 72, 1),
        ("solo flute, 72 bpm", 72, 2),
    ],
)
def test_neither_the_first_beat_nor_the_final_chord_towers_over_the_piece(
    render: Render, prompt: str, bpm: int, seed: int
) -> None:
    samples = render(prompt, 25.0, seed)
    bars = [
        lufs(part)
        for part in np.split(samples, range(0, samples.shape[1], 240 * SAMPLE_RATE // bpm)[1:], axis=1)
        if part.shape[1] >= SAMPLE_RATE
    ]
    assert max(bars) < -12.0


@pytest.mark.parametrize(("prompt", "duration_sec"), VARIED)
def test_true_peak_stays_under_minus_1_dbtp(render: Render, prompt: str, duration_sec: float) -> None:
    peak = np.abs(resample_poly(render(prompt, duration_sec), 4, 1, axis=1)).max()
    assert 20 * np.log10(peak) <= -1.0


@pytest.mark.parametrize(("prompt", "duration_sec"), VARIED)
def test_stereo_is_wide_and_survives_mono(render: Render, prompt: str, duration_sec: float) -> None:
    samples = render(prompt, duration_sec)
    assert 0.2 < np.asarray(np.corrcoef(samples))[0, 1] < 0.95
    mono, stereo = np.mean(samples.mean(axis=0) ** 2), np.mean(samples**2)
    assert 10 * np.log10(mono / stereo) > -3.0


@pytest.mark.parametrize("prompt", ["rainy night, jazzy rhodes, 72 bpm", "synth bass, 84 bpm"])
def test_the_bass_stands_in_the_middle(render: Render, prompt: str) -> None:
    lows = sosfilt(butter(4, 110.0, fs=SAMPLE_RATE, output="sos"), render(prompt), axis=1)
    left, right = np.mean(lows**2, axis=1)
    assert abs(10 * np.log10(left / right)) < 0.6


@pytest.mark.parametrize(
    "lead",
    [
        *("vibraphone", "electric guitar", "kalimba", "piano", "flute", "saxophone", "trumpet"),
        *("marimba", "music box", "ukulele", "clarinet", "synth lead"),
    ],
)
def test_a_melody_stands_beside_the_chords(lead: str) -> None:
    request = GenerateRequest(f"rhodes and {lead}", 30.0, 1, ProceduralOptions(vinyl=0.0))
    plan = make_plan(request)
    piece = Piece(plan, Dice(1, plan.variety))

    def level(part: str) -> float:
        """Loudness of one part over the bars in which the melody sings."""
        mixer, heard = Mixer(plan, piece, Dice(1, plan.variety)), []
        for index in range(plan.bars):
            notes = piece.bar(index).notes
            count = plan.bar_start(index + 1) - plan.bar_start(index)
            dry, _ = mixer.bar(Bar(index, [note for note in notes if note.part == part]), count)
            if any(note.part == "melody" for note in notes):
                heard.append(dry)
        return lufs(np.concatenate(heard, axis=1))

    assert -4.0 < level("melody") - level("chords") < 1.0


def test_the_room_moves_nobody_to_a_side() -> None:
    click = np.zeros((2, 65_536), np.float32)
    click[:, 0] = 1.0
    hz = np.fft.rfftfreq(65_536, 1.0 / SAMPLE_RATE)
    leans = []
    for seed in range(6):
        tail = Room(0.5, np.zeros(91), np.random.default_rng(seed)).process(np.zeros_like(click), click)
        power = np.abs(np.fft.rfft(tail)) ** 2
        for centre in (250, 315, 400, 630, 1_000, 2_000, 4_000):
            left, right = power[:, (hz > centre / 1.12) & (hz < centre * 1.12)].sum(axis=1)
            leans.append(10 * np.log10(left / right))
    assert np.sqrt(np.mean(np.square(leans))) < 0.8


@pytest.mark.parametrize(("prompt", "duration_sec"), VARIED)
def test_there_is_no_dc(render: Render, prompt: str, duration_sec: float) -> None:
    assert np.abs(render(prompt, duration_sec).mean(axis=1)).max() < 1e-3


def test_bar_joins_do_not_click(render: Render) -> None:
    options = ProceduralOptions(vinyl=0.0, tempo=96.0)
    samples = render("rhodes and strings, no drums", 20.0, 1, options).astype(np.float64)
    bend = np.abs(np.diff(samples, 2, axis=1)).max(axis=0)
    joins = [round(bar * 2.5 * SAMPLE_RATE) for bar in range(1, 7)]
    # Notes begin 50 ms after a join, so the 30 ms around it hold only what rings on.
    for join in joins:
        around = bend[join - 700 : join + 700]
        assert around.max() < 12 * np.median(around), f"at {join / SAMPLE_RATE:.2f} s"


@pytest.mark.parametrize("duration_sec", [5.0, 20.0, 45.0])
def test_the_end_is_a_chord_that_fades_to_silence(render: Render, duration_sec: float) -> None:
    samples = render("sad strings", duration_sec)
    level = [float(np.sqrt(np.mean(part**2))) for part in np.array_split(samples[:, -72_000:], 3, axis=1)]
    assert level[0] > level[1] > level[2]
    assert np.abs(samples[:, -4_800:]).max() < 1e-3


def test_rain_and_vinyl_make_the_spectrum_flatter(render: Render) -> None:
    clean = flatness(render("rhodes, 80 bpm", options=ProceduralOptions(vinyl=0.0)))
    assert flatness(render("rhodes, 80 bpm", options=ProceduralOptions(vinyl=0.8))) > clean
    assert flatness(render("rhodes, 80 bpm", options=ProceduralOptions(vinyl=0.0, rain=0.8))) > clean


def test_brightness_moves_the_centroid(render: Render) -> None:
    dark = render("rhodes, 80 bpm", options=ProceduralOptions(brightness=0.1))
    assert centroid_hz(render("rhodes, 80 bpm", options=ProceduralOptions(brightness=0.9))) > centroid_hz(
        dark
    )


def test_winds_are_told_apart(render: Render) -> None:
    played = {
        name: render(f"solo {name}, 80 bpm in C major", 12.0, 3, ProceduralOptions(vinyl=0.0))
        for name in ("flute", "muted trumpet", "saxophone")
    }
    breath = {name: flatness(samples) for name, samples in played.items()}
    assert breath["flute"] > 1.5 * max(breath["muted trumpet"], breath["saxophone"])
    other = render("solo saxophone, 80 bpm in C major", 12.0, 4, ProceduralOptions(vinyl=0.0))
    apart = np.linalg.norm(colour(played["muted trumpet"]) - colour(played["saxophone"]))
    assert apart > 1.5 * np.linalg.norm(colour(other) - colour(played["saxophone"]))


def test_no_drums_takes_the_percussion_out(render: Render) -> None:
    def percussive(drums: bool) -> float:
        options = ProceduralOptions(vinyl=0.0, drums=drums, tempo=84.0)
        mono = librosa.resample(
            render("rhodes", options=options).mean(axis=0), orig_sr=SAMPLE_RATE, target_sr=22_050
        )
        return float(np.mean(librosa.effects.percussive(mono) ** 2))

    assert 10 * np.log10(percussive(drums=True) / percussive(drums=False)) >= 6.0
