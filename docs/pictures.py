# ruff: noqa: INP001 - a script, run as `python docs/pictures.py`
"""Draw what the pieces in `pieces.py` sound and read like: a spectrogram above a score, on one axis of time.

It needs the extra `docs` (matplotlib and Pillow) and some twenty seconds, and then has `docs/generate.py`
write what stands beside the pictures. Pieces that are named are the only ones that are drawn.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from pieces import FOLDER, PIECES, Shown, composed, section_names
from PIL import Image

from lofi_procedural.plan import LEAD_IN_SEC, SAMPLE_RATE
from lofi_procedural.render import render
from lofi_procedural.words.keys import NOTE_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Piece

DOCS = Path(__file__).parent
LOWEST_HZ, HIGHEST_HZ, ROWS, COLUMNS = 40.0, 16_000.0, 150, 560
WINDOW = 8_192
RANGE_DB, SHADES = 72, 18  # few shades: the files stay small, and a step is 4 dB
# Okabe and Ito's colours, which the colour-blind tell apart.
PART_COLOURS = {"melody": "#D55E00", "chords": "#0072B2", "pad": "#CC79A7", "bass": "#009E73"}
PAD_ALPHA = 0.5
SECTION_COLOURS = {"A": "#F0E442", "B": "#E69F00", "break": "#CCCCCC", "intro": "#E8E8E8", "outro": "#E8E8E8"}
DRUM_ROWS = ("kick", "snare", "rim", "brush", "shaker", "hat", "open_hat")
PAPER, INK = "#FCFCFA", "#222222"
WIDTH_IN, DPI = 11.0, 112


def main(names: list[str]) -> int:
    """Draw them. Returns the exit status."""
    (DOCS / FOLDER).mkdir(parents=True, exist_ok=True)
    for shown in PIECES:
        if not names or shown.name in names:
            path = DOCS / FOLDER / f"{shown.name}.png"
            save(draw(shown), path)
            sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")
    return subprocess.run([sys.executable, DOCS / "generate.py"], check=False).returncode  # noqa: S603


def save(figure: Figure, path: Path) -> None:
    """Write a picture with few colours, which takes a quarter of the room."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI, facecolor=PAPER)
    plt.close(figure)
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def draw(shown: Shown) -> Figure:
    """The picture of one piece."""
    mpl.rcParams.update({"font.size": 8.5, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK})
    plan, piece = composed(shown)
    chunks = [step.audio for step in render(shown.request, plan, piece) if step.audio is not None]
    voices = [voice for voice in DRUM_ROWS if voice in struck(plan, piece)]
    heights = [3.0, 0.34, 3.2, *([0.16 * len(voices) + 0.1] if voices else [])]
    figure, axes = plt.subplots(
        len(heights),
        sharex=True,
        figsize=(WIDTH_IN, sum(heights) + 1.0),
        height_ratios=heights,
        layout="constrained",
    )
    figure.get_layout_engine().set(hspace=0.0, h_pad=0.03)
    figure.suptitle(f"“{shown.prompt}”", fontsize=10)
    draw_spectrogram(axes[0], np.concatenate(chunks, axis=1).mean(axis=0))
    draw_form(axes[1], plan, piece)
    draw_notes(axes[2], plan, piece)
    if voices:
        draw_drums(axes[3], plan, piece, voices)
    axes[-1].set_xlabel("time (s)")
    axes[-1].set_xlim(0.0, plan.total_samples / SAMPLE_RATE)
    for section in piece.sections:
        for axis in axes:
            axis.axvline(second_of(plan, section.start), color="#888888", linewidth=0.6, linestyle=":")
    return figure


def spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Power in equal parts of an octave [ROWS, COLUMNS], in dB below the strongest."""
    window = np.hanning(WINDOW)
    padded = np.pad(samples, WINDOW // 2)
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1) * WINDOW / SAMPLE_RATE
    power = np.zeros((ROWS, COLUMNS))
    # Each column is the mean of several windows: a stroke between two of them is not lost.
    each = max(1, round(len(samples) / COLUMNS / (WINDOW / 4)))
    for column in range(COLUMNS):
        starts = (np.arange(each) + 0.5 + column * each) * len(samples) / (COLUMNS * each)
        frames = np.stack([padded[int(start) : int(start) + WINDOW] * window for start in starts])
        spectrum = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)
        below = np.concatenate(([0.0], np.cumsum(spectrum)))
        power[:, column] = np.diff(np.interp(edges + 0.5, np.arange(len(below)), below))
    levels: NDArray[np.float64] = 10.0 * np.log10(power / power.max() + 1e-12)
    return levels


def draw_spectrogram(axis: Axes, samples: NDArray[np.float32]) -> None:
    """What sounds, from 40 Hz to 16 kHz."""
    shades = ListedColormap(mpl.colormaps["magma"](np.linspace(0.0, 1.0, SHADES)))
    rows = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1)
    columns = np.linspace(0.0, len(samples) / SAMPLE_RATE, COLUMNS + 1)
    image = axis.pcolormesh(columns, rows, spectrogram(samples), cmap=shades, vmin=-RANGE_DB, vmax=0.0)
    axis.set_yscale("log")
    axis.set_ylabel("frequency (Hz)")
    ticks = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
    axis.set_yticks(ticks, [f"{hz / 1000:g}k" if hz >= 1_000 else f"{hz}" for hz in ticks])
    axis.minorticks_off()
    bar = axis.inset_axes((1.008, 0.0, 0.01, 1.0))
    axis.figure.colorbar(image, cax=bar, ticks=[0, -24, -48, -72]).set_label(
        "dB below the strongest", size=7.5
    )


def draw_form(axis: Axes, plan: Plan, piece: Piece) -> None:
    """Sections, and the chords in them."""
    for section, name in zip(piece.sections, section_names(piece), strict=True):
        start, end = (second_of(plan, bar) for bar in (section.start, section.start + section.bars))
        axis.axvspan(start, end, ymin=0.62, color=SECTION_COLOURS.get(section.name, PAPER), linewidth=0)
        axis.text((start + end) / 2, 0.79, name, ha="center", va="center", fontsize=8)
    told = ""
    number = 0
    for index in range(plan.steps):
        for beat, chord in piece.chords[index]:
            name = f"{NOTE_NAMES[chord.root]}{chord.quality}"
            if name != told:
                at = second_of(plan, index, beat)
                axis.text(at, (0.42, 0.12)[number % 2], name, fontsize=6.4, va="center")
                number += 1
            told = name
    axis.set(ylim=(0, 1), yticks=[])
    axis.set_ylabel("form", rotation=0, ha="right", va="center")


def draw_notes(axis: Axes, plan: Plan, piece: Piece) -> None:
    """All notes, darker where they are struck harder."""
    pitches = []
    for index in range(plan.steps):
        for note in piece.bar(index).notes:
            start = second_of(plan, index, note.beat) + note.delay_sec
            axis.barh(
                *(note.pitch, max(0.12, note.beats * plan.beat_sec)),
                left=start,
                height=0.9,
                color=PART_COLOURS[note.part],
                alpha=PAD_ALPHA if note.part == "pad" else min(1.0, 0.35 + note.velocity),
                zorder=1 if note.part == "pad" else 2,
            )
            pitches.append(note.pitch)
    low, high = min(pitches) - 8, max(pitches) + 2  # room for the legend below
    octaves = range(-(-low // 12) * 12, high + 1, 12)
    axis.set_yticks([*octaves], [f"C{octave // 12 - 1}" for octave in octaves])
    axis.set(ylim=(low, high))
    axis.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_ylabel("pitch")
    seats = {part: getattr(piece.ensemble, part) for part in PART_COLOURS}
    played = {note.part for index in range(plan.steps) for note in piece.bar(index).notes}
    handles = [
        Patch(
            color=PART_COLOURS[part],
            alpha=PAD_ALPHA if part == "pad" else 1.0,
            label=f"{part}: {player.replace('_', ' ')}",
        )
        for part, player in seats.items()
        if player and part in played
    ]
    axis.legend(handles=handles, loc="lower right", ncols=4, fontsize=7.5, framealpha=0.85)


def draw_drums(axis: Axes, plan: Plan, piece: Piece, voices: list[str]) -> None:
    """A row for each drum, and a mark for each stroke, higher where it is harder."""
    for index in range(plan.steps):
        for hit in piece.bar(index).hits:
            at, row = second_of(plan, index, hit.beat) + hit.delay_sec, voices.index(hit.voice)
            axis.vlines(at, row - 0.42, row - 0.42 + 0.84 * hit.velocity, color=INK, linewidth=1.1)
    axis.set_yticks(range(len(voices)), [voice.replace("_", " ") for voice in voices], fontsize=7.5)
    axis.set(ylim=(-0.6, len(voices) - 0.4))
    axis.set_ylabel("drums")


def struck(plan: Plan, piece: Piece) -> set[str]:
    """Which drums are."""
    return {hit.voice for index in range(plan.steps) for hit in piece.bar(index).hits}


def second_of(plan: Plan, bar: int, beat: float = 0.0) -> float:
    """When a beat comes; swing left out."""
    return plan.bar_start(bar) / SAMPLE_RATE + beat * plan.beat_sec + (0.0 if plan.loops else LEAD_IN_SEC)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
