"""Does a real daemon make the same track with it, and stay in command of it?"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from lofi_core.testing.conformance import Unfit
from lofi_core.testing.daemon import Pings, has_ended
from lofi_core.testing.kit import OTHER_SEED
from lofi_core.testing.take import difference

if TYPE_CHECKING:
    from lofi_core.rpc.client import Notification
    from lofi_core.testing.kit import Kit
    from lofi_core.testing.take import Take

SERVED, NOT_THE_SAME = "served", "the daemon did not make the same track"
CANCELLED_SEC = 60.0  # asked for, so that there is something to cancel


def a_daemon_makes_the_same_track(kit: Kit) -> None:
    """Its file holds the samples that were made here, after the store's one gain; percent never fell."""
    _ = kit.base
    kit.once(SERVED, partial(_make_the_same, kit))


def _make_the_same(kit: Kit) -> None:
    base, daemon = kit.base, kit.daemon
    with Pings(daemon.connect()) as pings:
        events = daemon.events_of(daemon.ask())
    percents = [event.fields["percent"] for event in events if event.name == "generation_progress"]
    if percents != sorted(percents) or max(percents, default=0) > 99:
        raise Unfit(
            f"the daemon told these percents: {percents}", "report this to lofi-core, with the backend"
        )
    _must_hold(_track(kit, events), base, "the daemon made another track than this process")
    if pings.seconds:
        kit.note(
            f"{len(pings.seconds)} pings while the daemon worked: half within"
            f" {median(pings.seconds) * 1000:.1f} ms, the longest {max(pings.seconds) * 1000:.0f} ms"
        )


def a_daemon_may_let_another_job_in_between(kit: Kit) -> None:
    """A job of high priority comes; it and the one it holds up are as they would be alone."""
    kit.unless_failed(SERVED, NOT_THE_SAME)
    base, other, daemon = kit.base, kit.kept("other", seed=OTHER_SEED), kit.daemon
    held = daemon.ask()
    events = daemon.until_begun(held)
    live = [] if has_ended(events) else [held]
    high = daemon.ask(seed=OTHER_SEED, priority="high")
    events += daemon.events_of(*live, high)
    if not any(event.name == "generation_paused" for event in events):
        kit.note("a track was done before the daemon could hold it; a longer --lofi-duration would show more")
    for job, expected, problem in (
        (held, base, "a track that the daemon held for another is not the same"),
        (high, other, "a track that the daemon made while another was held is not the same"),
    ):
        own = [event for event in events if event.fields["job_id"] == job]
        _must_hold(_track(kit, own), expected, problem)


def a_daemon_may_cancel_it(kit: Kit) -> None:
    """A cancel takes effect at the next step, and the next track is what it would have been."""
    kit.unless_failed(SERVED, NOT_THE_SAME)
    base, daemon = kit.base, kit.daemon
    job = daemon.ask(duration_sec=min(max(kit.duration_sec, CANCELLED_SEC), kit.spec.max_duration_sec))
    if not has_ended(daemon.until_begun(job)):
        daemon.client.call("cancel", job_id=job)
        end = daemon.events_of(job)[-1]
        if end.name == "generation_error":
            raise Unfit(
                f"a cancelled job ended in {end.fields['code']}: {end.fields['message']}",
                "let GeneratorExit pass; raise nothing else on the way out",
            )
    else:
        kit.note("a track was done before the daemon could cancel it")
    track = _track(kit, daemon.events_of(daemon.ask()))
    _must_hold(track, base, "after a cancelled job the daemon made another track")


def _track(kit: Kit, events: list[Notification]) -> dict[str, Any]:
    """The track of a job that must succeed."""
    end = events[-1]
    if end.name != "generation_complete":
        told = end.fields
        raise Unfit(
            f"in the daemon the job ended in {told.get('code', end.name)}: {told.get('message', '')}"
            f"{kit.daemon.log_tail()}",
            told.get("hint")
            or "it runs in a worker thread there, not in the main one, and in another directory",
        )
    track: dict[str, Any] = kit.daemon.client.call("tracks_get", track_id=end.fields["track_id"])
    return track


def _must_hold(track: dict[str, Any], expected: Take, problem: str) -> None:
    """The file of a track holds what was made here, after the store's gain, to the last bit of its 24."""
    import soundfile

    from lofi_core.tracks.encode import quantise

    found = soundfile.read(track["path"], dtype="int32", always_2d=True)[0]  # [N, C]
    made_here = quantise(expected.samples, track["recipe"]["gain_db"])
    if told := difference(made_here.T, found.T, expected.spec.sample_rate):
        raise Unfit(
            f"{problem}: {told}",
            "nothing may depend on the thread, the directory, the environment or what the process did before",
        )
