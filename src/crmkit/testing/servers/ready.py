"""Databases that have their tables already: making tables is dear, so they are made once in a test run, and copied for each test."""

from __future__ import annotations

import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from crmkit.testing.servers.server import Server

_MOST: Final = 8
"""How many are kept to be copied: where each test asks for another one, they would fill the disk."""


class Ready(ABC):
    """Databases of one kind."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[str, Any]] = {}

    @contextmanager
    def copy(
        self, key: Hashable, make: Callable[[str], object], *, at: str | Path = "", held: Any = None
    ) -> Generator[str]:
        """Yield the URL of a database as ``make`` has left it, which is gone afterwards.

        Args:
            key: what its content follows from; where it was asked for before, nothing is made.
            make: makes it, in the empty database of a URL; nobody is connected to it afterwards.
            at: the copy's name, or the path of its file; its own by default.
            held: what the key tells of by its ``id()`` alone: kept, so that nothing else gets that id.
        """
        made = self._made.pop(key, None) or (self._filled(make), held)
        self._made[key] = made  # the last one used is the last to go
        while len(self._made) > _MOST:
            self._drop(self._made.pop(next(iter(self._made)))[0])
        url = self._new(at, made[0])
        try:
            yield url
        finally:
            self._drop(url)

    def _filled(self, make: Callable[[str], object]) -> str:
        url = self._new("", "")
        try:
            make(url)
        except BaseException:  # whoever asks again is told the reason again, and copies nothing half-made
            self._drop(url)
            raise
        return url

    def close(self) -> None:
        """Drop what was copied."""
        while self._made:
            self._drop(self._made.popitem()[1][0])

    @abstractmethod
    def _new(self, at: str | Path, like: str) -> str:
        """Make a database, empty or a copy of that of a URL; return its URL."""

    @abstractmethod
    def _drop(self, url: str) -> None:
        """Drop one of them, whoever is in it."""


class ReadyFiles(Ready):
    """SQLite files in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def _new(self, at: str | Path, like: str) -> str:
        path = self._folder / (at or f"{secrets.token_hex(6)}.db")
        if like:
            shutil.copyfile(_file(like), path)
        return f"sqlite:///{path}"

    def _drop(self, url: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{_file(url)}{end}").unlink(missing_ok=True)


class ReadyDatabases(Ready):
    """Databases of a server."""

    def __init__(self, server: Server, url: str) -> None:
        super().__init__()
        self._server, self._url = server, url

    def _new(self, at: str | Path, like: str) -> str:
        name = str(at) or f"crmkit_{secrets.token_hex(6)}"
        return self._server.make_database(self._url, name, like=_name(like))

    def _drop(self, url: str) -> None:
        self._server.drop_database(self._url, _name(url))


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
