--- Written by docs/generate.py from the daemon's own tables: do not edit.
---@meta

---@class (exact) lofi.Accepted Result of `generate`. A cached track has a `path` and no `job_id`.
---@field track_id string
---@field status "cached"|"generating"|"queued"
---@field position integer
---@field seed integer
---@field backend string
---@field job_id? string
---@field path? string

---@class (exact) lofi.AudioDevice Something to play on. Names may repeat, ids do not; `audio_device_set` takes either.
---@field id string
---@field name string

---@class (exact) lofi.AudioDeviceChanged `audio_device_changed`: the sound comes from `device` now; null: from none, and `message` says why.
---@field device? string
---@field wanted string
---@field message string

---@class (exact) lofi.AudioDeviceInUse Result of `audio_device_set`.
---@field current string

---@class (exact) lofi.AudioDeviceSetParams Params of `audio_device_set`: `default`, or a name or id from `audio_devices`.
---@field device string

---@class (exact) lofi.AudioDevices Result of `audio_devices`: `current` is the name of the one in use, null when there is none.
---@field current? string
---@field available lofi.AudioDevice[]

---@class (exact) lofi.Backend One entry of `get_backends`. What a broken plugin could not say is null.
---@field type string
---@field name? string
---@field status "disabled"|"downloading"|"error"|"loaded"|"loading"|"not_installed"|"ready"
---@field error? string
---@field min_duration_sec? number
---@field max_duration_sec? number
---@field sample_rate? integer
---@field channels? integer
---@field model_version? string
---@field streaming? boolean
---@field options? table<string, any>
---@field licence? string
---@field package? string
---@field package_version? string
---@field variant? string
---@field variants lofi.Variant[]
---@field bytes_on_disk integer
---@field loaded lofi.LoadedModel[]
---@field eta? lofi.EtaAccuracy

---@class (exact) lofi.BackendBrief A backend in one line.
---@field name string
---@field status "disabled"|"downloading"|"error"|"loaded"|"loading"|"not_installed"|"ready"

---@class (exact) lofi.BackendParams Params of `load_backend` and `unload_backend`.
---@field backend string

---@class (exact) lofi.BackendStatus `backend_status`: a backend's status changed, its loader is at `percent`, or it did not load.
---@field backend string
---@field status string
---@field error? string
---@field code? string
---@field hint? string
---@field stage? string
---@field percent? integer

---@class (exact) lofi.BackendStatusResult Result of `load_backend` and `unload_backend`. `loading`: events tell when it is loaded.
---@field status "disabled"|"downloading"|"error"|"loaded"|"loading"|"not_installed"|"ready"

---@class (exact) lofi.Backends Result of `get_backends`.
---@field backends lofi.Backend[]
---@field default_backend string

---@class (exact) lofi.CancelParams Params of `cancel`: one of the two ids.
---@field track_id? string
---@field job_id? string
---@field force? boolean

---@class (exact) lofi.Cancelled Result of `cancel`. Not cancelled when others still want the track, or it was already over.
---@field cancelled boolean
---@field was_generating boolean
---@field track_id string

---@class (exact) lofi.ClientInfo Who is calling; for the log only. Further fields are ignored.
---@field name? string (default "unknown")
---@field version? string

---@class (exact) lofi.DefaultBackend Result of `default_backend_set`.
---@field default_backend string
---@field variant? string

---@class (exact) lofi.DefaultBackendSetParams Params of `default_backend_set`.
---@field backend string
---@field variant? string

---@class (exact) lofi.Deleted Result of `tracks_delete`.
---@field deleted boolean

---@class (exact) lofi.Description Result of `describe`.
---@field protocol integer
---@field methods lofi.MethodDescription[]
---@field events lofi.EventDescription[]
---@field errors table<string, any>

---@class (exact) lofi.DownloadAnswer Result of `download_backend`. Both true: all files are there, and are being checked.
---@field started boolean
---@field already_installed boolean
---@field variant? string
---@field licence? string

---@class (exact) lofi.DownloadBackendParams Params of `download_backend`. With `verify` files that are there are read and checked too.
---@field backend string
---@field variant? string
---@field verify? boolean

---@class (exact) lofi.DownloadCancelParams Params of `download_cancel`; all downloads of the backend when no variant is named.
---@field backend string
---@field variant? string
---@field force? boolean

---@class (exact) lofi.DownloadCancelled Result of `download_cancel`. Not cancelled when others still want it, or there was none.
---@field cancelled boolean

---@class (exact) lofi.DownloadComplete `download_complete`: every file of the variant is there and is what it should be.
---@field backend string
---@field variant string
---@field directory string

---@class (exact) lofi.DownloadError `download_error`: the download failed or was cancelled; what has come is kept.
---@field backend string
---@field code string
---@field message string
---@field variant string
---@field hint? string

---@class (exact) lofi.DownloadProgress `download_progress`: how far one file and the whole download are; at most 99 before they are done.
---@field backend string
---@field component string
---@field component_percent integer
---@field overall_percent integer
---@field bytes_downloaded integer
---@field bytes_total? integer
---@field eta_sec? number
---@field variant string
---@field stage string
---@field component_bytes integer
---@field component_total? integer
---@field bytes_per_sec? integer

---@class (exact) lofi.EtaAccuracy How good the first ETAs of the last `jobs` were: 20 at most, of those that took a second and more.
---@field jobs integer
---@field median_error number

---@class (exact) lofi.EventDescription One event, as JSON Schema.
---@field name string
---@field doc string
---@field fields table<string, any>

---@class (exact) lofi.Exported What `tracks_export` wrote.
---@field path string
---@field size_bytes integer

---@class (exact) lofi.GenerateParams Params of `generate`. The last three are aliases, merged into `options`.
---@field prompt string
---@field duration_sec? number (default 30.0)
---@field backend? string
---@field seed? integer 0 … 2^32-1; drawn and reported when absent
---@field priority? "high"|"normal" (default "normal")
---@field title? string
---@field play? boolean
---@field cache? boolean (default true)
---@field keep? boolean false: made whatever the library has, and not put there; it has an id of its own, and its file goes a minute after `generation_complete` (default true)
---@field options? table<string, any>
---@field inference_steps? integer
---@field scheduler? string
---@field guidance_scale? number

---@class (exact) lofi.GenerationAudio `generation_audio`: the growing float32 WAV at `path` can be played up to `available_sec`.
---@field track_id string
---@field job_id string
---@field path string
---@field available_sec number
---@field gain_db number
---@field final? boolean

---@class (exact) lofi.GenerationCancelled `generation_cancelled`: the job was given up, after `at_step` of `total_steps`.
---@field track_id string
---@field job_id string
---@field at_step integer
---@field total_steps integer

---@class (exact) lofi.GenerationComplete `generation_complete`: the track is on disk. `job_id` lacks when it came from the cache.
---@field track_id string
---@field path string
---@field duration_sec number
---@field sample_rate integer
---@field channels integer
---@field prompt string
---@field seed integer
---@field backend string
---@field model_version string
---@field generation_time_sec number
---@field cached boolean
---@field job_id? string

---@class (exact) lofi.GenerationError `generation_error`: the job failed; nothing was written.
---@field track_id string
---@field job_id string
---@field code string
---@field message string
---@field hint? string

---@class (exact) lofi.GenerationPaused `generation_paused`: the job gave up the worker, because someone asked or outranked it.
---@field track_id string
---@field job_id string

---@class (exact) lofi.GenerationProgress `generation_progress`: how far the job is over all its stages; `percent` never falls and ends at 99.
---@field track_id string
---@field job_id string
---@field percent integer
---@field stage string
---@field current_step integer
---@field total_steps integer
---@field eta_sec? number

---@class (exact) lofi.GenerationQueued `generation_queued`: the job is accepted; `position` 0 means it runs next or already does.
---@field track_id string
---@field job_id string
---@field position integer
---@field note? string

---@class (exact) lofi.GenerationResumed `generation_resumed`: the job goes on: it has the worker again, or its place in the queue.
---@field track_id string
---@field job_id string

---@class (exact) lofi.GenerationStart `generation_start`: the job has the worker for the first time.
---@field track_id string
---@field job_id string
---@field prompt string
---@field duration_sec number
---@field seed integer
---@field backend string

---@class (exact) lofi.Hello Result of `hello`.
---@field name string
---@field version string
---@field protocol integer
---@field pid integer
---@field started_at string
---@field methods string[]
---@field events string[]

---@class (exact) lofi.HelloParams Params of `hello`.
---@field client? lofi.ClientInfo

---@class (exact) lofi.JobError Why a job failed.
---@field code string
---@field message string
---@field hint? string

---@class (exact) lofi.JobGetParams Params of `job_get`: one of the two ids.
---@field job_id? string
---@field track_id? string

---@class (exact) lofi.JobParams Params of `job_pause` and `job_resume`.
---@field job_id string

---@class (exact) lofi.JobStatus Result of `job_get`.
---@field job_id string
---@field track_id string
---@field state "cancelled"|"complete"|"error"|"paused"|"queued"|"running"
---@field percent integer
---@field eta_sec? number
---@field error? lofi.JobError
---@field path? string
---@field note? string

---@class (exact) lofi.LoadedModel A model in memory, and what it really runs on.
---@field backend string
---@field weights string
---@field resident_bytes integer
---@field in_use boolean
---@field device string
---@field provider? string
---@field pid? integer

---@class (exact) lofi.MethodDescription One method, as JSON Schema.
---@field name string
---@field doc string
---@field params table<string, any>
---@field result table<string, any>

---@class (exact) lofi.Metrics Result of `metrics`: the text format that Prometheus reads, version 0.0.4.
---@field text string

---@class (exact) lofi.ModelRemoved Result of `remove_model`: what is gone, and what stays because no download put it there.
---@field variant string
---@field removed string[]
---@field kept string[]
---@field freed_bytes integer

---@class (exact) lofi.NoParams The method takes nothing.

---@class (exact) lofi.PendingJob A job that waits for its turn; with a `note` for memory that a paused job keeps.
---@field track_id string
---@field job_id string
---@field prompt string
---@field position integer
---@field priority string
---@field note? string

---@class (exact) lofi.PlayParams Params of `play`.
---@field track_id? string

---@class (exact) lofi.PlayState Result of `play`, `pause`, `resume`, `toggle`, `stop` and `skip`: what is so now.
---@field state "buffering"|"paused"|"playing"|"stopped"
---@field track_id? string

---@class (exact) lofi.Playback What plays: from memory, nobody is asked.
---@field state "buffering"|"paused"|"playing"|"stopped"
---@field track_id? string
---@field position_sec number
---@field duration_sec? number
---@field position? integer
---@field playlist_length integer
---@field shuffle boolean
---@field repeat "all"|"off"|"one"
---@field volume number
---@field crossfade_sec number
---@field device string
---@field player_pid? integer

---@class (exact) lofi.PlaybackBuffering `playback_buffering`: a track that is being made has too few samples to be heard without a gap.
---@field track_id string
---@field position_sec number
---@field starts_in_sec? number

---@class (exact) lofi.PlaybackEnded `playback_ended`: the track is over: `finished`, `skipped`, `stopped`, or `error`.
---@field track_id string
---@field position_sec number
---@field reason string
---@field code? string
---@field message? string
---@field hint? string

---@class (exact) lofi.PlaybackPaused `playback_paused`: the sound is held.
---@field track_id string
---@field position_sec number

---@class (exact) lofi.PlaybackPosition `playback_position`: where what is heard is, once for every second of sound.
---@field track_id string
---@field position_sec number
---@field duration_sec number

---@class (exact) lofi.PlaybackResumed `playback_resumed`: the sound goes on, after a pause or after `playback_buffering`.
---@field track_id string
---@field position_sec number

---@class (exact) lofi.PlaybackStarted `playback_started`: the track plays, from `position_sec` on.
---@field track_id string
---@field position_sec number

---@class (exact) lofi.Playlist Result of `playlist_*`. `position` is the current track's, null when the last one is over.
---@field tracks lofi.PlaylistTrack[]
---@field position? integer
---@field shuffle boolean
---@field repeat "all"|"off"|"one"
---@field crossfade_sec number

---@class (exact) lofi.PlaylistAddParams Params of `playlist_add`. Without a position, at the end.
---@field track_id string
---@field position? integer at least 0

---@class (exact) lofi.PlaylistChanged `playlist_changed`: the playlist or its mode is another; `playlist_get` has it.
---@field length integer

---@class (exact) lofi.PlaylistModeParams Params of `playlist_mode`; what is absent stays as it is.
---@field shuffle? boolean
---@field repeat? "all"|"off"|"one"
---@field crossfade_sec? number 0 … 12

---@class (exact) lofi.PlaylistMoveParams Params of `playlist_move`: two positions, from 0.
---@field from integer at least 0
---@field to integer at least 0

---@class (exact) lofi.PlaylistTrack A track of the playlist: the fields that a list shows. `path` lacks while it is being made.
---@field track_id string
---@field prompt string
---@field duration_sec number
---@field title? string
---@field path? string

---@class (exact) lofi.Pong Result of `ping`.
---@field version string
---@field status "ok" (default "ok")

---@class (exact) lofi.QueueChanged `queue_changed`: so many jobs wait now.
---@field length integer

---@class (exact) lofi.QueueCleared Result of `queue_clear`: how many waiting jobs were cancelled.
---@field cancelled integer

---@class (exact) lofi.QueueCount How full the queue is.
---@field length integer
---@field capacity integer
---@field paused integer

---@class (exact) lofi.QueueStatus Result of `queue_status`.
---@field running lofi.RunningJob[]
---@field pending lofi.PendingJob[]
---@field paused lofi.RunningJob[]

---@class (exact) lofi.RadioBrief The radio in `status`. `title` is the preset's, or the first prompt.
---@field state "off"|"paused"|"playing"
---@field title? string
---@field source? "again"|"bridge"|"library"|"made"
---@field held? string

---@class (exact) lofi.RadioChanged `radio_changed`: the radio is on, off or paused now, plays something else, or has something to tell.
---@field state string
---@field track_id? string
---@field source? string
---@field held? string
---@field note? string

---@class (exact) lofi.RadioMaking What the radio has made.
---@field track_id string
---@field prompt string
---@field backend string
---@field percent integer
---@field eta_sec? number

---@class (exact) lofi.RadioNow What the radio plays.
---@field track_id string
---@field prompt string
---@field source "again"|"bridge"|"library"|"made"
---@field liked boolean

---@class (exact) lofi.RadioPreset A station that has a name; what it does not say is null or empty.
---@field name string
---@field title string
---@field prompts string[]
---@field backend? string
---@field options table<string, any>
---@field duration_sec? number

---@class (exact) lofi.RadioPresets Result of `radio_presets`.
---@field presets lofi.RadioPreset[]

---@class (exact) lofi.RadioSleepParams Params of `radio_sleep`: in how many minutes it ends; null or absent: not by itself.
---@field sleep_min? number 0.1 … 1440

---@class (exact) lofi.RadioStartParams Params of `radio_start`. Neither prompts nor preset: what the schedule says for now, else the last.
---@field prompts? string[]
---@field preset? string
---@field backend? string
---@field options? table<string, any>
---@field crossfade_sec? number 0 … 12
---@field sleep_min? number 0.1 … 1440
---@field duration_sec? number

---@class (exact) lofi.RadioStation What a radio was asked to play.
---@field prompts string[]
---@field preset? string
---@field backend string
---@field options table<string, any>
---@field crossfade_sec number
---@field duration_sec number

---@class (exact) lofi.RadioStatus Result of `radio_*`, but for `radio_presets`.
---@field state "off"|"paused"|"playing"
---@field station? lofi.RadioStation
---@field now? lofi.RadioNow
---@field ahead integer
---@field ahead_sec number
---@field making? lofi.RadioMaking
---@field held? string
---@field speed? number
---@field keeps_up? boolean
---@field played integer
---@field made integer
---@field bridges integer
---@field again integer
---@field failures integer
---@field silence_sec number
---@field sleep_in_sec? number
---@field slot? string

---@class (exact) lofi.Recipe All it takes to make a track again. It lies as JSON in the tag `LOFI_RECIPE` of the file.
---@field prompt string
---@field seed integer
---@field backend string
---@field model_version string
---@field duration_sec number
---@field options table<string, any>
---@field licence? string
---@field software string
---@field software_version string
---@field package string
---@field package_version string
---@field sample_rate integer
---@field channels integer
---@field loudness_lufs? number
---@field true_peak_dbtp? number
---@field gain_db number
---@field generation_time_sec number
---@field job_id string
---@field created_at string
---@field samples_sha256? string
---@field extra table<string, any>

---@class (exact) lofi.RemoveModelParams Params of `remove_model`. With `force` also files that no download put there.
---@field backend string
---@field variant? string
---@field force? boolean

---@class (exact) lofi.RunningJob A job that has the worker, or had it and is paused.
---@field track_id string
---@field job_id string
---@field prompt string
---@field percent integer
---@field eta_sec? number
---@field silent_sec? number

---@class (exact) lofi.SeekParams Params of `seek`.
---@field position_sec number

---@class (exact) lofi.ShuttingDown `shutting_down`: the daemon ends; connections close right after.
---@field reason string
---@field kept_jobs? integer

---@class (exact) lofi.Sought Result of `seek`: the place, the track's end at most.
---@field position_sec number

---@class (exact) lofi.StateResult Result of `job_pause` and `job_resume`.
---@field state "cancelled"|"complete"|"error"|"paused"|"queued"|"running"

---@class (exact) lofi.Status Result of `status`. `eta` is null while no job has had one.
---@field version string
---@field pid integer
---@field uptime_sec number
---@field socket string
---@field clients integer
---@field running lofi.RunningJob[]
---@field queue lofi.QueueCount
---@field playback lofi.Playback
---@field radio lofi.RadioBrief
---@field backends lofi.BackendBrief[]
---@field models_loaded string[]
---@field models lofi.LoadedModel[]
---@field device string
---@field event_loop "asyncio"|"uvloop"
---@field tasks integer
---@field tracks lofi.TrackCount
---@field rss_bytes integer
---@field eta? lofi.EtaAccuracy

---@class (exact) lofi.Stopping Result of `shutdown`. So many jobs are kept for the next daemon, where there are any.
---@field status "shutting_down" (default "shutting_down")
---@field kept_jobs? integer

---@class (exact) lofi.SubscribeParams Params of `subscribe` and `unsubscribe`: event names or prefixes; all when absent.
---@field events? string[]
---@field scope? "all"|"own" (default "all")

---@class (exact) lofi.Subscriptions Result of `subscribe` and `unsubscribe`: the events this connection gets of all jobs now.
---@field events string[]

---@class (exact) lofi.Track A track as every client sees it. `title` lacks when there is none.
---@field track_id string
---@field path string
---@field prompt string
---@field title? string
---@field duration_sec number
---@field sample_rate integer
---@field channels integer
---@field format string
---@field size_bytes integer
---@field seed integer
---@field backend string
---@field model_version string
---@field options table<string, any>
---@field loudness_lufs? number
---@field true_peak_dbtp? number
---@field generation_time_sec number
---@field created_at string
---@field favourite boolean
---@field recipe lofi.Recipe

---@class (exact) lofi.TrackCount How much is stored.
---@field count integer
---@field bytes integer
---@field check lofi.TracksCheck

---@class (exact) lofi.TrackParams Params of `tracks_get` and `tracks_delete`.
---@field track_id string

---@class (exact) lofi.TrackRemoved `track_removed`: the track is gone.
---@field track_id string
---@field reason string

---@class (exact) lofi.Tracks Result of `tracks_list`: one page, newest first, and how many there are in all.
---@field tracks lofi.Track[]
---@field total integer

---@class (exact) lofi.TracksCheck How far index and files are compared, which happens at each start, and what did not agree so far.
---@field state "done"|"failed"|"running"|"waiting"
---@field percent integer
---@field rebuilding boolean
---@field taken_back integer
---@field dropped integer
---@field set_aside integer
---@field leftovers integer

---@class (exact) lofi.TracksExportParams Params of `tracks_export`. Without `format`, the path's suffix decides.
---@field track_id string
---@field path string
---@field format? string
---@field overwrite? boolean

---@class (exact) lofi.TracksListParams Params of `tracks_list`.
---@field limit? integer 1 … 100 (default 50)
---@field offset? integer 0 … 9.22337e+18
---@field query? string
---@field favourite? boolean

---@class (exact) lofi.TracksUpdateParams Params of `tracks_update`; what is absent stays as it is.
---@field track_id string
---@field favourite? boolean
---@field title? string

---@class (exact) lofi.TracksWaveformParams Params of `tracks_waveform`.
---@field track_id string
---@field bins? integer 1 … 4096 (default 80)

---@class (exact) lofi.Variant One variant of a backend's model files. `size_bytes` is null while nobody has said it.
---@field name string
---@field title? string
---@field licence? string
---@field status "downloading"|"installed"|"not_installed"|"partial"
---@field size_bytes? integer
---@field bytes_on_disk integer
---@field directory string
---@field fetchable boolean

---@class (exact) lofi.Volume Result of `volume_get` and `volume_set`.
---@field level number

---@class (exact) lofi.VolumeChanged `volume_changed`: somebody set the volume.
---@field level number

---@class (exact) lofi.VolumeSetParams Params of `volume_set`.
---@field level number 0 … 1, on a perceptual scale

---@class (exact) lofi.Waveform Result of `tracks_waveform`: one peak per bin, 0 … 1.
---@field peaks number[]
