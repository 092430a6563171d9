"""A provider for tests: a real HTTP server on this machine's loopback, which answers as it is told, or fails as it is told."""

from __future__ import annotations

import json as json_
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, cast

import attrs

Failure = Literal["closes", "resets", "cuts_off", "garbage", "nothing", "another_shape"]
"""After it has read a request: it hangs up; it resets the connection; it stops in the middle of its answer; it answers what
no program can read, or nothing, or JSON that says something else."""
FAILURES: Final[tuple[Failure, ...]] = ("closes", "resets", "cuts_off", "garbage", "nothing", "another_shape")
Silence = Literal["says_nothing", "stops_halfway"]
"""After it has read a request it waits, before its answer or in the middle of it, until the other side hangs up."""
SILENCES: Final[tuple[Silence, ...]] = ("says_nothing", "stops_halfway")
_BODIES: Final[Mapping[str, bytes]] = {
    "cuts_off": b'{"id": "m-', "garbage": b"\xff\xfe<html>", "nothing": b"", "another_shape": b'[{"no": "id"}]',
    "stops_halfway": b'{"id": "m-',
}  # fmt: skip
_LONGER: Final = 100
"""How much more is announced than comes, in bytes."""
_CERTIFICATE: Final = Path(__file__).with_name("provider.pem")


@attrs.frozen(kw_only=True)
class Asked:
    """A request that the provider got.

    Attributes:
        query: what stands behind the ``?`` of its target.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen(kw_only=True)
class Answer:
    """What the provider answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.define
class Route:
    """One method and path of the provider."""

    _keep: Callable[[Answer], None]

    def answer(
        self, status: int = 200, *, json: Any = None, text: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer so from now on."""
        body = text.encode() if json is None else json_.dumps(json).encode()
        kind = {"Content-Type": "text/plain" if json is None else "application/json"}
        self._keep(Answer(status=status, body=body, headers={**kind, **(headers or {})}))


class Provider:
    """The server. ``url`` is where it is; ``asked`` has every request, in order; use it in a ``with`` block.

    Args:
        tls: whether it speaks HTTPS, with a certificate that nobody trusts.
        patience_s: how long it keeps silent at most, in seconds, where it is told to.

    Attributes:
        was_left: set when the other side has hung up while it kept silent.
    """

    def __init__(self, *, tls: bool = False, patience_s: float = 30) -> None:
        self.asked: list[Asked] = []
        self.was_left = threading.Event()
        self.patience_s = patience_s
        self._scheme = "https" if tls else "http"
        self._routes: dict[tuple[str, str], Answer] = {}
        self._always: Answer | None = None
        self._failure: Failure | Silence | None = None
        self._ids = 0
        self._server = _Server(("127.0.0.1", 0), self)
        if tls:
            self._server.speak_tls()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the provider is, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def new_id(self) -> str:
        """Return a name that this provider has given to no message yet."""
        self._ids += 1
        return f"m-{self._ids}"

    # --- how it answers ---
    def on(self, method: str, path: str) -> Route:
        """Say how requests of a method to a path are answered: ``provider.on("POST", "/messages").answer(201, json={...})``."""

        def keep(answer: Answer) -> None:
            self._routes[method.upper(), path] = answer

        return Route(keep)

    def always(self, status: int, *, headers: Mapping[str, str] | None = None, text: str = "") -> None:
        """Answer every request so, whatever it is."""
        self._always = Answer(status=status, body=text.encode(), headers=headers or {})

    def fail(self, failure: Failure | Silence) -> None:
        """Take every request, and then fail so, with the status that it would have answered with."""
        self._failure = failure

    def stop(self) -> None:
        """Be unreachable from now on: connections are refused."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    # --- for the server ---
    def took(self, asked: Asked) -> tuple[Answer, Failure | Silence | None]:
        """Note a request, and return what it is answered with, and how that fails."""
        self.asked.append(asked)
        route = self._always or self._routes.get((asked.method, asked.path))
        if self._failure is not None:
            answer = Answer(status=route.status if route else 200, body=_BODIES.get(self._failure, b""))
            return answer, self._failure
        missing = Answer(
            status=404, body=b'{"error": {"code": "not_found"}}', headers={"Content-Type": "application/json"}
        )
        return route or missing, None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], provider: Provider) -> None:
        super().__init__(address, _Handler)
        self.provider = provider

    def speak_tls(self) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_CERTIFICATE)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever hung up did so on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        """Read one request, whatever its method, and answer it."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        asked = Asked(method=self.command, path=path, query=query, headers=dict(self.headers), body=body)
        provider = cast("_Server", self.server).provider
        answer, failure = provider.took(asked)
        if failure is None:
            self._write(answer)
        else:
            self._fail(answer, failure, provider)

    def _fail(self, answer: Answer, failure: Failure | Silence, provider: Provider) -> None:
        self.close_connection = True
        if failure == "closes":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif failure == "resets":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif failure == "says_nothing":
            self._wait(provider)
        elif failure == "stops_halfway":
            self._write(answer, longer=_LONGER)
            self._wait(provider)
        else:
            self._write(answer, longer=_LONGER if failure == "cuts_off" else 0)

    def _wait(self, provider: Provider) -> None:
        """Wait until the other side hangs up."""
        self.wfile.flush()
        self.connection.settimeout(provider.patience_s)
        with suppress(OSError):
            if not self.connection.recv(1):
                provider.was_left.set()

    def _write(self, answer: Answer, longer: int = 0) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + longer))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
