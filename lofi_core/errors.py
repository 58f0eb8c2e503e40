r"""What can go wrong, one class per situation, each with the code a client sees.

`str(error)` is what happened, with the value; `error.hint` is what to do about it. On the wire an error is
`[type, "CODE: message\nhint: …"]`, Neovim's own form: type 1 when the request was at fault, 0 otherwise.
"""

from typing import ClassVar

REQUEST_FAULT = 1
DAEMON_FAULT = 0

# Room for two long paths; a plugin's error may hold a whole array, and goes to every client.
MAX_TEXT_CHARACTERS = 4_000


class LofiError(Exception):
    """Something a user or client is told about, never with a traceback.

    Attributes:
        code: what clients go by.
        message: what happened, with the value. Always text that can be sent, see `printable`.
        hint: what to do about it.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: object, hint: object = None) -> None:
        self.message = printable(message)
        self.hint = None if hint is None else printable(hint)
        super().__init__(self.message)

    def text(self) -> str:
        """`CODE: message`, and the hint on a second line where there is one."""
        line = f"{self.code}: {self.message}"
        return f"{line}\nhint: {self.hint}" if self.hint else line

    def wire(self) -> list[int | str]:
        """The error member of a msgpack-RPC response: one line, and the hint on a second."""
        message, hint = one_line(self.message), one_line(self.hint or "")
        line = f"{self.code}: {message}"
        return [wire_type(self.code), f"{line}\nhint: {hint}" if hint else line]


def printable(value: object) -> str:
    """`str(value)` as text that can be sent, whatever a plugin or a path holds.

    What UTF-8 cannot hold is written as escapes, and the middle of a text that has no end is left out.
    """
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - a plugin's class, of which we only wanted to tell
        text = f"(a {type(value).__name__} that cannot be shown)"
    if len(text) > MAX_TEXT_CHARACTERS:
        half = MAX_TEXT_CHARACTERS // 2 - 1
        text = f"{text[:half]}…{text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """Text without line breaks: what stands on the lines, with a space between."""
    lines = text.splitlines()
    return " ".join(filter(None, map(str.strip, lines))) if len(lines) > 1 else text.rstrip("\r\n")


def wire_type(code: str) -> int:
    """1 when the request was at fault (`INVALID_*`, `METHOD_NOT_FOUND`, `PARSE_ERROR`), else 0."""
    fault = code.startswith("INVALID_") or code in {"METHOD_NOT_FOUND", "PARSE_ERROR"}
    return REQUEST_FAULT if fault else DAEMON_FAULT


class ParseError(LofiError):
    """Bytes that are no msgpack-RPC, or a message over the size limit."""

    code = "PARSE_ERROR"


class MethodNotFound(LofiError):
    """A request for a method this version does not have."""

    code = "METHOD_NOT_FOUND"


class InvalidParams(LofiError):
    """A parameter is missing, unknown, of the wrong type or out of range."""

    code = "INVALID_PARAMS"


class InvalidPrompt(LofiError):
    """The prompt is empty or too long."""

    code = "INVALID_PROMPT"


class InvalidDuration(LofiError):
    """The duration is no number or outside what the backend can make."""

    code = "INVALID_DURATION"


class InvalidBackend(LofiError):
    """There is no backend of that name."""

    code = "INVALID_BACKEND"


class InvalidInferenceSteps(LofiError):
    """`inference_steps` is out of range for the backend."""

    code = "INVALID_INFERENCE_STEPS"


class InvalidScheduler(LofiError):
    """`scheduler` is not one the backend has."""

    code = "INVALID_SCHEDULER"


class InvalidGuidanceScale(LofiError):
    """`guidance_scale` is out of range for the backend."""

    code = "INVALID_GUIDANCE_SCALE"


class InvalidOption(LofiError):
    """An option the backend does not have, or a value it does not take."""

    code = "INVALID_OPTION"


class BackendNotInstalled(LofiError):
    """The backend is known, but its model files are missing."""

    code = "BACKEND_NOT_INSTALLED"


class BackendNotReady(LofiError):
    """The backend is there but cannot work: disabled, or broken at import."""

    code = "BACKEND_NOT_READY"


class QueueFull(LofiError):
    """The queue holds as many jobs as it may."""

    code = "QUEUE_FULL"


class UnknownTrack(LofiError):
    """No track or job has that track id."""

    code = "UNKNOWN_TRACK"


class UnknownJob(LofiError):
    """No job has that job id."""

    code = "UNKNOWN_JOB"


class ModelNotFound(LofiError):
    """A model file that should be there is not."""

    code = "MODEL_NOT_FOUND"


class ModelDownloadFailed(LofiError):
    """A download ended without the file."""

    code = "MODEL_DOWNLOAD_FAILED"


class ModelLoadFailed(LofiError):
    """The backend's loader raised."""

    code = "MODEL_LOAD_FAILED"


class InferenceFailed(LofiError):
    """The backend raised while generating, or what it yielded is not audio."""

    code = "MODEL_INFERENCE_FAILED"


class TrackWriteFailed(LofiError):
    """A track could not be written, read or exported."""

    code = "TRACK_WRITE_FAILED"


class AudioDeviceError(LofiError):
    """The audio device refused."""

    code = "AUDIO_DEVICE_ERROR"


class NotPermitted(LofiError):
    """The caller may not do that: a foreign user, or a path that is off limits."""

    code = "NOT_PERMITTED"


class ShuttingDown(LofiError):
    """The daemon is on its way out and takes no new work."""

    code = "SHUTTING_DOWN"


class InternalError(LofiError):
    """A bug of ours. The log has the traceback."""


ERRORS: dict[str, type[LofiError]] = {
    error.code: error
    for error in (
        ParseError,
        MethodNotFound,
        InvalidParams,
        InvalidPrompt,
        InvalidDuration,
        InvalidBackend,
        InvalidInferenceSteps,
        InvalidScheduler,
        InvalidGuidanceScale,
        InvalidOption,
        BackendNotInstalled,
        BackendNotReady,
        QueueFull,
        UnknownTrack,
        UnknownJob,
        ModelNotFound,
        ModelDownloadFailed,
        ModelLoadFailed,
        InferenceFailed,
        TrackWriteFailed,
        AudioDeviceError,
        NotPermitted,
        ShuttingDown,
        InternalError,
    )
}


def as_ours(error: LofiError, kind: type[LofiError]) -> LofiError:
    """One of the errors above for what a plugin raised; its own subclasses may be anything inside.

    Args:
        error: what was raised.
        kind: what to make of one without a code, or whose code nobody knows.
    """
    known = ERRORS.get(error.code, InternalError)
    if type(error) is known and known is not InternalError:
        return error
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    ours = kind if known is InternalError else known
    return ours(message, getattr(error, "hint", None))


def brief(error: BaseException) -> str:
    """An exception in one line that can be sent: its type, and what it says."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - as in `printable`
        said = ""
    return printable(one_line(f"{name}: {said}") if said else name)


def from_text(text: str) -> LofiError:
    """Rebuild an error from its wire text, for clients written in Python."""
    head, _, hint = text.partition("\nhint: ")
    code, _, message = head.partition(": ")
    return ERRORS.get(code, InternalError)(message or head, hint or None)
