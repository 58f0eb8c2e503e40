"""Is what the backend yields a track: steps as declared, samples that can be kept and heard?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lofi_core.testing.conformance import NotAsked, Unfit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_core.backend import Stage
    from lofi_core.testing.kit import Kit
    from lofi_core.testing.take import Take

MODEL_TOLERANCE_SEC, MODEL_TOLERANCE = 0.25, 0.01  # networks count in frames of their own
SILENT_DB = -60.0
MOST_OFFSET = 0.1
STREAM_SEC = 30.0
LATEST_FIRST_AUDIO = 0.5
TARGET_LUFS, TOLERANCE_LU, MOST_PEAK_DBTP = -14.0, 1.0, -0.9
UNEVEN = 0.3
IN_ORDER = "yield the stages of the schedule, each at least once, in its order"


def it_makes_a_track(kit: Kit) -> None:
    """An ordinary request comes to its end, and all of its audio has the right form."""
    _ = kit.plan
    _ = kit.kept("base").samples


def its_steps_are_those_of_its_schedule(kit: Kit) -> None:
    """Stages come in order, their indices rise to the last one that is declared: percent and ETA are true."""
    take = kit.base
    stages = take.prepared.schedule.stages
    names = [stage.name for stage in stages]
    at, before = 0, -1
    for stage, index in take.steps:
        if stage not in names:
            raise Unfit(f"it yielded stage {stage!r}; its schedule has: {', '.join(names)}", IN_ORDER)
        if stage != names[at]:
            _must_be_done(stages[at], before)
            if names.index(stage) != at + 1:
                raise Unfit(
                    f"stage {stage!r} came after {names[at]!r}; declared are: {', '.join(names)}", IN_ORDER
                )
            at, before = at + 1, -1
        if not before < index < stages[at].steps:
            raise Unfit(
                f"Step({stage!r}, {index}) came after {before}, of {stages[at].steps} steps (0 to"
                f" {stages[at].steps - 1})",
                "the index of a step is how many steps of its stage are done, less one: it rises",
            )
        before = index
    _must_be_done(stages[at], before)
    if at + 1 != len(stages):
        raise Unfit(f"nothing of stage {names[at + 1]!r} came", IN_ORDER)
    _note_weights(kit, take)


def _must_be_done(stage: Stage, last: int) -> None:
    if last != stage.steps - 1:
        raise Unfit(
            f"stage {stage.name!r} ended with step {last}, and has {stage.steps} (0 to {stage.steps - 1})",
            "declare as many steps as generate takes, and yield the last one when all is done",
        )


def _note_weights(kit: Kit, take: Take) -> None:
    """Times are the machine's matter: told, not asked for."""
    stages = take.prepared.schedule.stages
    weights, spent = sum(stage.weight for stage in stages), sum(take.seconds.values())
    for stage in stages:
        said = stage.weight / weights if weights else 1 / len(stages)
        took = take.seconds.get(stage.name, 0.0) / spent
        if abs(said - took) > UNEVEN:
            kit.note(
                f"stage {stage.name!r} took {took:.0%} of {spent:.3g} s, its weight says {said:.0%}:"
                " percent and ETA follow the weights"
            )


def it_is_as_long_as_asked(kit: Kit) -> None:
    """To the sample where nothing but code decides; to a frame or two where a model has its own."""
    _check_length(kit, kit.base)


def its_shortest_track_is_whole(kit: Kit) -> None:
    """A track of `min_duration_sec` is made, and is as long."""
    _ = kit.base
    if kit.duration_sec == kit.spec.min_duration_sec:
        raise NotAsked("the other tracks are of that length already")
    _check_length(kit, kit.make(duration_sec=kit.spec.min_duration_sec))


def _check_length(kit: Kit, take: Take) -> None:
    asked, rate = take.prepared.request.duration_sec, kit.spec.sample_rate
    made = take.samples.shape[1] / rate
    allowed = max(MODEL_TOLERANCE_SEC, asked * MODEL_TOLERANCE) if kit.spec.models else 0.001
    if abs(made - asked) > allowed:
        raise Unfit(
            f"{asked:g} s were asked for, and {made:g} s made; {allowed:g} s more or less are allowed",
            "yield round(request.duration_sec * sample_rate) samples a channel in all",
        )


def it_can_be_heard(kit: Kit) -> None:
    """It is no silence, and swings around zero."""
    import numpy as np

    samples = kit.base.samples.astype(np.float64)
    level = math.sqrt(float(np.mean(samples**2)))
    if 20 * math.log10(level or 1e-20) < SILENT_DB:
        raise Unfit(
            f"the track is silent: its level is {20 * math.log10(level or 1e-20):.0f} dBFS",
            "look at what happens to the samples on the way to Step.audio: a gain, a fade, an integer type",
        )
    for channel, offset in enumerate(samples.mean(axis=1)):
        if abs(offset) > MOST_OFFSET:
            raise Unfit(
                f"channel {channel} swings around {offset:.3f}, not around 0",
                "take the mean away, or a filter below 20 Hz: a constant part is unheard and costs headroom",
            )


def it_streams_if_it_says_so(kit: Kit) -> None:
    """With `streaming` the first samples come in the first half of a longer track."""
    _ = kit.base
    if not kit.spec.streaming:
        raise NotAsked("it does not say streaming=True")
    seconds = min(max(kit.duration_sec, STREAM_SEC), kit.spec.max_duration_sec)
    take = kit.begin(duration_sec=seconds)
    while not _has_audio(take.chunks) and take.step():
        pass
    come = _share_done(take)
    take.close()
    if come > LATEST_FIRST_AUDIO:
        raise Unfit(
            f"it says streaming=True, and of {seconds:g} s the first samples came at {come:.0%} of the work",
            "yield samples as they are finished, or say streaming=False: players would wait for nothing",
        )


def _has_audio(chunks: Sequence[object]) -> bool:
    return bool(chunks) and bool(getattr(chunks[-1], "size", 0))


def _share_done(take: Take) -> float:
    """How far the last step is, by the weights of the schedule."""
    stages = take.prepared.schedule.stages
    whole = sum(stage.weight for stage in stages) or 1.0
    taken = {name for name, _index in take.steps}
    last, index = take.steps[-1]
    done = sum(stage.weight for stage in stages if stage.name in taken and stage.name != last)
    return (done + sum(s.weight * (index + 1) / s.steps for s in stages if s.name == last)) / whole


def it_is_as_loud_as_it_says(kit: Kit) -> None:
    """With `loudness="by_construction"` it is at -14 LUFS, with true peaks under -1 dBTP."""
    from lofi_core.tracks.loudness import LoudnessMeter
    from lofi_core.tracks.true_peak import TruePeakMeter

    take = kit.base
    if kit.spec.loudness != "by_construction":
        raise NotAsked("the store measures it, and brings it to -14 LUFS")
    meter, peaks = LoudnessMeter(kit.spec.sample_rate, kit.spec.channels), TruePeakMeter(kit.spec.channels)
    meter.add(take.samples)
    peaks.add(take.samples)
    lufs, peak = meter.finish(), peaks.finish()
    if abs(lufs - TARGET_LUFS) > TOLERANCE_LU or peak > MOST_PEAK_DBTP:
        raise Unfit(
            f'it says loudness="by_construction", and a track has {lufs:.1f} LUFS and {peak:.1f} dBTP',
            'bring it to -14 LUFS under -1 dBTP, or say loudness="measured": the store does it then',
        )
