"""What happens to the radio's jobs and to what plays? Takes note, and does nothing about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.errors import ERRORS, AudioDeviceError
from lofi_core.radio.maker import makings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.playback.control import Playback
    from lofi_core.radio.maker import Maker
    from lofi_core.radio.making import Making
    from lofi_core.radio.program import Piece
    from lofi_core.radio.session import Session

JobsEnd = ev.GenerationComplete | ev.GenerationCancelled | ev.GenerationError


class Listening:
    """Follows events, in the turn of the loop in which the clients get them.

    Args:
        playback: whose state they tell of.
        maker: whose jobs they are.
        begun: told of what plays: the radio's piece, None for somebody else's track.
        due: called when there is something to do.
        clock: seconds.

    Attributes:
        session: the radio that is on.
        over: jobs that ended, not looked at yet; those of an earlier radio without a `Making`.
        was_stopped: somebody made it silent.
    """

    def __init__(
        self,
        playback: Playback,
        maker: Maker,
        begun: Callable[[Session, Piece | None], None],
        due: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.session: Session | None = None
        self.over: list[tuple[Making | None, JobsEnd]] = []
        self.was_stopped = False
        self._playback = playback
        self._maker = maker
        self._begun = begun
        self._due = due
        self._clock = clock

    def job_happened(self, event: ev.Event) -> None:
        """Follow an event of a job, anybody's."""
        job_id = getattr(event, "job_id", None)
        if job_id not in self._maker.jobs:
            return
        makings = makings_of(self.session) if self.session else []
        making = next((making for making in makings if making.job.job_id == job_id), None)
        if making is not None:
            making.happened(event, self._clock())
        if isinstance(event, JobsEnd):
            self._maker.jobs.discard(str(job_id))
            if isinstance(event, ev.GenerationComplete) and making is not None:
                self._whole(making, event)
            self.over.append((making, event))
        elif not isinstance(event, ev.GenerationAudio) or not self._is_awaited(making):
            return
        self._due()

    def playback_happened(self, event: ev.Event) -> None:
        """Follow an event of the playback."""
        session = self.session
        if session is None:
            return
        now, state = self._clock(), self._playback.deck.state
        self.note_silence(session)
        match event:
            case ev.PlaybackPosition():
                session.sound_retry.went_well()
                return
            case ev.PlaybackStarted():
                self._started(session)
            case ev.PlaybackEnded(reason="stopped") if state == "stopped" and not session.goes_over:
                self.was_stopped = True  # what was before the radio's first sound is not it
            case ev.PlaybackEnded(reason="error"):
                self._failed(session, event)
            case _:
                pass
        if state != "paused":
            session.paused_since, session.let_go = None, False
        elif session.paused_since is None:
            session.paused_since = now
        self._due()

    def note_silence(self, session: Session) -> None:
        """Whether it sounds, as of now."""
        deck = self._playback.deck
        sounds = deck.state == "playing" and deck.playing is not None
        expected = deck.state != "paused" and not session.fades
        session.silence.note(self._clock(), sounds=sounds, expected=expected)

    def _started(self, session: Session) -> None:
        current = self._playback.horizon().current
        if current is None or current.key == session.current_key:  # another player process goes on with it
            return
        session.current_key = current.key
        self._begun(session, session.program.of(current))

    def _failed(self, session: Session, event: ev.PlaybackEnded) -> None:
        error = ERRORS.get(str(event.code), AudioDeviceError)(event.message)
        session.sound_retry.failed(error, self._clock())
        if not isinstance(error, AudioDeviceError):
            session.unplayable.add(event.track_id)

    def _is_awaited(self, making: Making | None) -> bool:
        """Whether more of a piece may be what there is to do something about."""
        if making is None or making.entry is not None or self.session is None:
            return False
        silent = self._playback.deck.state in {"stopped", "buffering"}
        return silent or self.session.goes_over or self.session.skip_wanted

    def _whole(self, making: Making, event: ev.GenerationComplete) -> None:
        """A piece whose place in the list is on its way there is no growing one any more."""
        entry = making.entry
        if entry is not None and entry not in self._playback.playlist.entries:
            entry.path, entry.duration_sec = event.path, event.duration_sec
