"""What does each command do, in a line? For `--help`, which would have to import them all to ask them.

A test compares this with the commands' own words.
"""

SUMMARIES = {
    "generate": "Make a track from PROMPT and keep it in the library.",
    "play": "Play TRACK: its id, or words of its prompt or title.",
    "pause": "Hold the sound where it is; `lofi-core play` goes on.",
    "stop": "Go silent.",
    "skip": "Go to the next track of the playlist.",
    "seek": "Go to POSITION in the track: seconds, or minutes as in 1:30.",
    "volume": "Show the volume, or set it to LEVEL: 0 to 1, or 0% to 100%.",
    "playlist": "Show the playlist, or change it with a command.",
    "radio": 'Music that goes on and on: `lofi-core radio "rainy night, jazzy rhodes"`.',
    "devices": "List what there is to play on.",
    "status": "Show what the daemon is doing.",
    "queue": "List the jobs that run, wait or are held.",
    "cancel": "Cancel a job.",
    "tracks": "List, show, export, delete and mark the tracks that were made.",
    "reproduce": "Make the track of FILE again, and say whether it is the same.",
    "backends": "List the installed backends, broken ones too; or begin your own.",
    "pull": "Download a backend's model files; mend those that are damaged.",
    "rm": "Remove a backend's model files, those that `pull` put there.",
    "load": "Load the model of a backend, and wait until it is in memory.",
    "unload": "Drop the model of a backend from memory.",
    "models": "Check model files, or make them from others.",
    "config": "Show and change the configuration, without asking the daemon.",
    "logs": "Show what the daemon has logged, also while none runs.",
    "doctor": "Check every moving part and say what to do.",
    "serve": "Run the daemon, in the foreground unless told otherwise.",
    "shutdown": "End the daemon, and wait until it is gone.",
    "completion": "Print a completion script for SHELL.",
}
