"""An HTTP server for model files that can be told to misbehave."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """What is wrong with one answer to a GET.

    Attributes:
        status: answer this instead of the file.
        headers: over those that are right; None leaves one out.
        ignore_range: send the whole file whatever was asked.
        cut_after: close the connection after so many bytes of the body.
        stall_after: send nothing more after so many bytes, until the server is stopped or released.
        body: in place of what is right, with the headers as they were.
        chunked: send no length.
    """

    status: int | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    ignore_range: bool = False
    cut_after: int | None = None
    stall_after: int | None = None
    body: bytes | None = None
    chunked: bool = False


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]


class ModelServer:
    """Serves `files` on 127.0.0.1.

    Attributes:
        files: path → content.
        etags: path → ETag; a strong one made of the content where none is set, none where it is empty.
        faults: path → what is wrong with its next answers, in order; after that all is well.
        always: path → what is wrong with every answer.
        redirects: path → address and headers of a 302.
        requests: all that came.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.always: dict[str, Fault] = {}
        self.redirects: dict[str, tuple[str, dict[str, str]]] = {}
        self.requests: list[Request] = []
        self.stalling = threading.Semaphore(0)
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"

    def put(self, path: str, content: bytes, *faults: Fault) -> str:
        """Serve a file; its URL."""
        self.files[f"/{path}"] = content
        self.faults[f"/{path}"] = list(faults)
        return self.url(path)

    @property
    def stalls(self) -> bool:
        """Whether an answer to come will stop in the middle and wait."""
        to_come = [*self.always.values(), *(fault for faults in self.faults.values() for fault in faults)]
        return any(fault.stall_after is not None for fault in to_come)

    def gets(self, path: str | None = None) -> list[Request]:
        """The GET requests so far, for one path or all."""
        return [r for r in self.requests if r.method == "GET" and path in {None, r.path[1:]}]

    def ranges(self, path: str) -> list[str | None]:
        """What the GET requests for a path asked for."""
        return [request.headers.get("range") for request in self.gets(path)]

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: ModelServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass

    def do_HEAD(self) -> None:
        self._serve(Fault(), with_body=False)

    def do_GET(self) -> None:
        waiting = self.owner.faults.get(self.path) or []
        fault = waiting.pop(0) if waiting else self.owner.always.get(self.path, Fault())
        self._serve(fault, with_body=True)

    def _serve(self, fault: Fault, *, with_body: bool) -> None:
        owner = self.owner
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.requests.append(Request(self.command, self.path, headers))
        if self.path in owner.redirects:
            address, more = owner.redirects[self.path]
            self._answer(302, {"Location": address, "Content-Length": "0", **more})
            return
        content = owner.files.get(self.path)
        status = fault.status or (404 if content is None else 200)
        if content is None or status >= 400:
            self._answer(status, {"Content-Length": "0", **fault.headers})
            return
        etag = owner.etags.get(self.path, f'"v-{sha256(content).hexdigest()[:8]}"')
        known: dict[str, str | None] = {"ETag": etag or None}
        start = 0 if fault.ignore_range else self._start(headers, etag)
        if start >= len(content) > 0:
            self._answer(416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0", **known})
            return
        body = content[start:]
        if start:
            status = fault.status or 206
            known["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        known["Content-Length"] = None if fault.chunked else str(len(body))
        known["Transfer-Encoding"] = "chunked" if fault.chunked else None
        self._answer(status, known | fault.headers)
        if with_body:
            self._send(body if fault.body is None else fault.body, fault)

    def _start(self, headers: dict[str, str], etag: str) -> int:
        asked = headers.get("range", "")
        if not asked.startswith("bytes=") or headers.get("if-range", etag) != etag:
            return 0
        return int(asked[len("bytes=") :].rstrip("-"))

    def _answer(self, status: int, headers: dict[str, str | None] | dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    def _send(self, body: bytes, fault: Fault) -> None:
        stop = fault.cut_after if fault.stall_after is None else fault.stall_after
        sent = body if stop is None else body[:stop]
        if fault.chunked:
            sent = b"%x\r\n%s\r\n" % (len(sent), sent) + (b"0\r\n\r\n" if stop is None else b"")
        try:
            self.wfile.write(sent)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            return
        if fault.stall_after is not None:
            self.owner.stalling.release()
            self.owner.released.wait()
        if stop is not None:
            self.close_connection = True
