"""What does a job that has all its samples know of its track?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lofi_core.jobs.system import system_facts
from lofi_core.tracks.track import TrackDraft

if TYPE_CHECKING:
    from lofi_core.jobs.job import Job
    from lofi_core.runtime import Runtime


def draft_of(job: Job, runtime: Runtime, now: float) -> TrackDraft:
    """The recipe but for what the samples say; `now` in monotonic seconds."""
    prepared = job.prepared
    return TrackDraft(
        track_id=prepared.track_id,
        job_id=job.job_id,
        prompt=prepared.request.prompt,
        title=prepared.title,
        requested_duration_sec=prepared.request.duration_sec,
        seed=prepared.request.seed,
        backend=prepared.spec.name,
        model_version=prepared.spec.model_version,
        options=dict(prepared.options),
        licence=prepared.spec.licence,
        loudness=prepared.spec.loudness,
        package=prepared.record.package or "unknown",
        package_version=prepared.record.package_version or "unknown",
        generation_time_sec=round(job.progress.active_sec(now), 3),
        extra=_extra(job, runtime),
        kept={} if prepared.loose else dict(runtime.kept),
        loose=prepared.loose,
    )


def _extra(job: Job, runtime: Runtime) -> dict[str, Any]:
    """What it ran on, and what else is known of it."""
    facts = runtime.facts()
    return {
        "precision": runtime.precision,
        **runtime.notes,
        **facts,
        **_music(job, runtime),
        **_told(job),
        "system": system_facts(with_onnxruntime="provider" in facts),
    }


def _music(job: Job, runtime: Runtime) -> dict[str, Any]:
    """What the schedule knew, and the key where that was only chosen since."""
    music = job.prepared.schedule.music
    if music is None:
        return {}
    noted = runtime.notes.get("key")
    key = noted if music.key is None and isinstance(noted, str) else music.key
    return {"music": {**asdict(music), "key": key}}


def _told(job: Job) -> dict[str, Any]:
    """What was understood of the prompt and where the track repeats, where the backend tells it."""
    schedule = job.prepared.schedule
    told = {"explanation": schedule.explanation, "loop": schedule.loop}
    return {name: asdict(noun) for name, noun in told.items() if noun is not None}
