"""How good and how fast the procedural backend is, as tools nobody here wrote measure it.

`OPENBLAS_NUM_THREADS=1 python benchmarks/procedural.py [--quick]` prints one line per track and a summary. It
needs the `test` extra (librosa, pyloudnorm, scipy).
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, NamedTuple

import librosa
import numpy as np
import pyloudnorm
from scipy.signal import resample_poly

import lofi_procedural as backend
from lofi_core import GenerateRequest, Runtime
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATED = (
    "rainy night, jazzy rhodes, {bpm} bpm",
    "happy guitar in G major, {bpm} bpm",
    "solo piano, {bpm} bpm, no drums",
    "melancholic felt piano and strings at {bpm} bpm",
    "sleepy kalimba lullaby {bpm} bpm",
    "dreamy pad and flute, {bpm} bpm, without drums",
    "upbeat boom bap with vibraphone, {bpm} bpm",
    "bossa nova nylon guitar {bpm} bpm",
    "dark half time, synth bass, {bpm} bpm",
    "late night study beats, heavy vinyl, {bpm} bpm",
    "ambient harp, rain and tape, {bpm} bpm",
    "lofi house, bright organ, {bpm} bpm",
    "brushed jazz in D dorian, {bpm} bpm",
    "minimal sad electric guitar, {bpm} bpm",
)
TEMPI = (60, 66, 72, 75, 80, 84, 88, 92, 97, 104, 112, 120, 130, 140)
OPEN = (
    "a walk in the snow",
    "lofi beats to study to",
    "heavy rain, solo guitar",
    "cheerful morning",
    "xyzzy",
)
DURATIONS = (5.0, 8.0, 20.0, 60.0, 180.0)
LONG = 600.0


class Track(NamedTuple):
    """A finished track and how long it took: first audio and whole, in seconds."""

    samples: NDArray[np.float32]
    first_sec: float
    wall_sec: float


def render(prompt: str, duration_sec: float, seed: int) -> Track:
    """Render one track through the hooks."""
    request = GenerateRequest(prompt, duration_sec, seed, ProceduralOptions())
    started = time.perf_counter()
    chunks, first = [], 0.0
    for step in backend.generate(request, backend.make_schedule(request), Runtime()):
        if step.audio is not None:
            first = first or time.perf_counter() - started
            chunks.append(step.audio)
    return Track(np.concatenate(chunks, axis=1), first, time.perf_counter() - started)


def heard_tempo(samples: NDArray[np.float32]) -> float:
    """The tempo librosa hears, in beats per minute."""
    mono = librosa.resample(samples.mean(axis=0), orig_sr=SAMPLE_RATE, target_sr=22_050)
    tempo, _ = librosa.beat.beat_track(y=mono, sr=22_050, hop_length=256)
    return float(np.atleast_1d(tempo)[0])


def tempo_agrees(heard: float, stated: float) -> bool:
    """Within 3 %, an octave allowed."""
    return any(abs(heard / (stated * octave) - 1) <= 0.03 for octave in (0.5, 1.0, 2.0))


def true_peak_db(samples: NDArray[np.float32]) -> float:
    """Four times oversampled, a minute at a time, in dBTP."""
    span = 60 * SAMPLE_RATE
    peaks = [
        float(np.abs(resample_poly(samples[:, at : at + span], 4, 1, axis=1)).max())
        for at in range(0, samples.shape[1], span)
    ]
    return 20 * float(np.log10(max(peaks)))


def report(
    prompt: str, duration_sec: float, seed: int, stated: float | None
) -> tuple[float, float, float, bool | None]:
    """Render, measure and print one track.

    Returns:
        LUFS, dBTP, times real time, and whether the stated tempo was heard.
    """
    track = render(prompt, duration_sec, seed)
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    lufs = float(meter.integrated_loudness(track.samples.T.astype(np.float64)))
    peak = true_peak_db(track.samples)
    correlation = float(np.asarray(np.corrcoef(track.samples))[0, 1])
    heard = heard_tempo(track.samples) if stated else None
    hit = tempo_agrees(heard, stated) if heard and stated else None
    speed = duration_sec / track.wall_sec
    tempo = f"{heard:6.1f} {'ok  ' if hit else 'MISS'}" if heard else " " * 11
    print(
        f"{duration_sec:5.0f} s {seed:3d} {lufs:7.2f} LUFS {peak:6.2f} dBTP r {correlation:5.2f} "
        f"{speed:5.1f} x {1000 * track.first_sec:4.0f} ms {tempo} {prompt}",
        flush=True,
    )
    return lufs, peak, speed, hit


def main() -> None:
    """Run the sweep and sum it up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, no long tracks")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    seeds = 1 if arguments.quick else arguments.seeds
    results = []
    for seed in range(seeds):
        for at, prompt in enumerate(STATED):
            bpm = TEMPI[(at * 5 + seed * 3) % len(TEMPI)]
            results.append(report(prompt.format(bpm=bpm), 40.0, seed, float(bpm)))
    durations = DURATIONS[:3] if arguments.quick else (*DURATIONS, LONG)
    for duration in durations:
        for at, prompt in enumerate(OPEN if duration <= 60 else OPEN[:2]):
            results.append(report(prompt, duration, at, None))
    lufs, peaks, speeds, hits = zip(*results, strict=True)
    judged = [hit for hit in hits if hit is not None]
    print(f"tempo heard: {sum(judged)} of {len(judged)}")
    print(f"loudness: {min(lufs):.2f} to {max(lufs):.2f} LUFS; true peak at most {max(peaks):.2f} dBTP")
    print(f"speed: median {np.median(speeds):.0f} x real time, slowest {min(speeds):.0f} x")


if __name__ == "__main__":
    main()
