"""A provider for tests: a real HTTP server on this machine's loopback, which answers as it is told, or fails as it is told."""

from __future__ import annotations

import json as json_
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, Self, cast

import attrs

Failure = Literal["closes", "cuts_off", "garbage"]
"""After it has read a request: it hangs up; it stops in the middle of its answer; it answers what no program can read."""
FAILURES: Final[tuple[Failure, ...]] = ("closes", "cuts_off", "garbage")


@attrs.frozen(kw_only=True)
class Asked:
    """A request that the provider got."""

    method: str
    path: str
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
    """The server. ``url`` is where it is; ``asked`` has every request, in order; use it in a ``with`` block."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._routes: dict[tuple[str, str], Answer] = {}
        self._always: Answer | None = None
        self._failure: Failure | None = None
        self._ids = 0
        self._server = _Server(("127.0.0.1", 0), self)
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
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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

    def fail(self, failure: Failure) -> None:
        """Take every request, and then fail so."""
        self._failure = failure

    def stop(self) -> None:
        """Be unreachable from now on: connections are refused."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    # --- for the server ---
    def took(self, asked: Asked) -> Answer | Failure:
        """Note a request, and return what follows."""
        self.asked.append(asked)
        if self._failure is not None:
            return self._failure
        missing = Answer(
            status=404, body=b'{"error": {"code": "not_found"}}', headers={"Content-Type": "application/json"}
        )
        return self._always or self._routes.get((asked.method, asked.path), missing)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], provider: Provider) -> None:
        super().__init__(address, _Handler)
        self.provider = provider

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
        asked = Asked(method=self.command, path=self.path.partition("?")[0], headers=dict(self.headers), body=body)
        self._answered(cast("_Server", self.server).provider.took(asked))

    def _answered(self, answer: Answer | Failure) -> None:
        if answer == "closes":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif answer == "cuts_off":
            self._write(Answer(body=b'{"id": "m-'), length=100)
            self.close_connection = True
        elif answer == "garbage":
            self._write(Answer(body=b"\xff\xfe<html>"))
        elif isinstance(answer, Answer):
            self._write(answer)

    def _write(self, answer: Answer, length: int | None = None) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if length is None else length))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
