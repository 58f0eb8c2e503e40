"""The METHODS table: every method, what it takes, what it answers, in one place.

`describe`, `docs/rpc.md` and the dispatcher are all made from it.
"""

from dataclasses import dataclass

from msgspec import Struct

from lofi_core.radio import status as w
from lofi_core.rpc import params as p
from lofi_core.rpc import playback_results as b
from lofi_core.rpc import results as r
from lofi_core.tracks.track import Exported, Track

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the wire."""

    name: str
    params: type[p.Params]
    result: type[Struct]
    doc: str


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("hello", p.HelloParams, r.Hello, "Who is there, and what does it speak?"),
        Method("describe", p.NoParams, r.Description, "Every method and event with its JSON Schema."),
        Method("ping", p.NoParams, r.Pong, "Is anybody there?"),
        Method("status", p.NoParams, r.Status, "The daemon at a glance."),
        Method("metrics", p.NoParams, r.Metrics, "The daemon in numbers, for a monitoring system."),
        Method(
            "generate",
            p.GenerateParams,
            r.Accepted,
            "Make a track. Answers once the job is on record; events tell the rest.",
        ),
        Method(
            "cancel",
            p.CancelParams,
            r.Cancelled,
            "Withdraw the caller's interest in a track. Its job ends with the last; with `force`, at once.",
        ),
        Method("job_get", p.JobGetParams, r.JobStatus, "How a job stands, or ended."),
        Method("job_pause", p.JobParams, r.StateResult, "Hold a job, at its next step boundary if it runs."),
        Method("job_resume", p.JobParams, r.StateResult, "Let a held job go on."),
        Method("queue_status", p.NoParams, r.QueueStatus, "What runs, what waits, what is paused."),
        Method("queue_clear", p.NoParams, r.QueueCleared, "Cancel all waiting jobs; running ones go on."),
        Method(
            "get_backends", p.NoParams, r.Backends, "Every installed backend, broken and disabled ones too."
        ),
        Method(
            "download_backend",
            p.DownloadBackendParams,
            r.DownloadAnswer,
            "Download what is missing or wrong of a variant. Answers at once; events tell the rest.",
        ),
        Method(
            "download_cancel",
            p.DownloadCancelParams,
            r.DownloadCancelled,
            "Withdraw the caller's interest in a download. It ends with the last; with `force`, at once.",
        ),
        Method(
            "remove_model", p.RemoveModelParams, r.ModelRemoved, "Remove the files that a download put there."
        ),
        Method(
            "default_backend_set",
            p.DefaultBackendSetParams,
            r.DefaultBackend,
            "Use another backend where none is named, until the daemon ends.",
        ),
        Method(
            "load_backend",
            p.BackendParams,
            r.BackendStatusResult,
            "Begin to load a backend's model. Answers at once; `backend_status` tells the rest.",
        ),
        Method(
            "unload_backend", p.BackendParams, r.BackendStatusResult, "Drop a backend's model from memory."
        ),
        Method("tracks_list", p.TracksListParams, r.Tracks, "A page of the library, newest first."),
        Method("tracks_get", p.TrackParams, Track, "One track."),
        Method("tracks_update", p.TracksUpdateParams, Track, "Set a track's title or favourite mark."),
        Method("tracks_delete", p.TrackParams, r.Deleted, "Delete a track, file and all."),
        Method("tracks_export", p.TracksExportParams, Exported, "Write a copy in another place or format."),
        Method("tracks_waveform", p.TracksWaveformParams, r.Waveform, "A track's outline, one peak per bin."),
        Method(
            *("play", p.PlayParams, b.PlayState),
            "Play a track; one that is being made, as soon as it can be heard to its end. Without one,"
            " go on, or begin the playlist.",
        ),
        Method("pause", p.NoParams, b.PlayState, "Hold the sound where it is."),
        Method("resume", p.NoParams, b.PlayState, "Go on where it was: `play` without a track."),
        Method("toggle", p.NoParams, b.PlayState, "Pause what plays; go on with what does not."),
        Method("stop", p.NoParams, b.PlayState, "Go silent; the current track begins anew the next time."),
        Method(
            "skip", p.NoParams, b.PlayState, "Go to the next track; at the end of the playlist, go silent."
        ),
        Method("seek", p.SeekParams, b.Sought, "Go to a place in the current track; past its end, it ends."),
        Method("volume_get", p.NoParams, b.Volume, "How loud."),
        Method(
            "volume_set", p.VolumeSetParams, b.Volume, "Set the volume. It is kept, for the next daemon too."
        ),
        Method("playlist_get", p.NoParams, b.Playlist, "The playlist, and where in it one is."),
        Method(
            "playlist_add",
            p.PlaylistAddParams,
            b.Playlist,
            "Put a track into the playlist; one that is there moves. Begins nothing.",
        ),
        Method(
            "playlist_remove",
            p.TrackParams,
            b.Playlist,
            "Take a track out of the playlist; when it plays, the next one does.",
        ),
        Method(
            "playlist_move", p.PlaylistMoveParams, b.Playlist, "Put the track of one position to another."
        ),
        Method("playlist_clear", p.NoParams, b.Playlist, "Go silent and empty the playlist."),
        Method(
            "playlist_mode",
            p.PlaylistModeParams,
            b.Playlist,
            "Play the list in order or by chance, once or again, its tracks overlapping or not.",
        ),
        Method("audio_devices", p.NoParams, b.AudioDevices, "What there is to play on."),
        Method(
            "audio_device_set",
            p.AudioDeviceSetParams,
            b.AudioDeviceInUse,
            "Play on another device. It is kept, for the next daemon too.",
        ),
        Method(
            "radio_start",
            p.RadioStartParams,
            w.RadioStatus,
            "Make and play music without end; while it is on, go to another station.",
        ),
        Method(
            "radio_stop",
            p.NoParams,
            w.RadioStatus,
            "Fade out and make no more. What others put into the playlist stays.",
        ),
        Method("radio_status", p.NoParams, w.RadioStatus, "What the radio plays, makes and waits for."),
        Method(
            "radio_like", p.NoParams, w.RadioStatus, "Mark what plays as a favourite; it will come again."
        ),
        Method(
            "radio_dislike", p.NoParams, w.RadioStatus, "Leave what plays; the radio never plays it again."
        ),
        Method("radio_more", p.NoParams, w.RadioStatus, "Make the next three pieces like what plays."),
        Method(
            "radio_sleep",
            p.RadioSleepParams,
            w.RadioStatus,
            "Fade out and end in so many minutes; without a number, do not.",
        ),
        Method("radio_presets", p.NoParams, w.RadioPresets, "The stations that have a name."),
        Method(
            "subscribe",
            p.SubscribeParams,
            r.Subscriptions,
            "Get events of other clients' jobs too (`own`: only of the caller's).",
        ),
        Method("unsubscribe", p.SubscribeParams, r.Subscriptions, "Stop getting them."),
        Method("shutdown", p.NoParams, r.Stopping, "End the daemon. The next one makes what it did not."),
    )
}
