"""What a throw-away server is, and how its programs are run when we are root: as somebody else."""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

_NAMES: Final = ("postgres", "mysql", "nobody")
"""Who programs run as when we are root; the first who is known here."""


class Unavailable(Exception):
    """This machine can not run the server; the text says why, and what would help."""


class Server(ABC):
    """A kind of server. One that runs has a folder of its own: its data, its socket, its log.

    Attributes:
        name: of the kind, as a URL's scheme has it.
    """

    name: ClassVar[str]

    @abstractmethod
    def start(self, folder: Path) -> str:
        """Make and start a server in an empty folder; return the URL of a database of it.

        Raises:
            Unavailable: this machine can not.
        """

    @abstractmethod
    def stop(self, folder: Path) -> None:
        """Stop it at once; what it kept may be lost. One that does not run is no fault."""

    @abstractmethod
    def make_database(self, url: str, name: str, *, like: str = "") -> str:
        """Make a database beside that of a URL, empty or a copy of one that nobody is in; return its URL."""

    @abstractmethod
    def drop_database(self, url: str, name: str) -> None:
        """Drop a database beside that of a URL, whoever is in it."""


def run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of a server in its folder, as its user; its output is text.

    Raises:
        Unavailable: it can not be run, or it failed; with the end of what it said.
    """
    try:
        done = subprocess.run(  # noqa: S603  # a server's own program
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **user()
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} can not be run: {error}.") from error
    if done.returncode:
        told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise Unavailable(f"{Path(command[0]).name} ended with {done.returncode}: {told}")
    return done


def user() -> Mapping[str, Any]:
    """Return, for ``subprocess``, who runs a server: servers refuse root. Nothing where we are not root."""
    if os.geteuid():
        return {}
    user_id, group_id = _somebody()
    return {"user": user_id, "group": group_id, "extra_groups": []}


def _somebody() -> tuple[int, int]:
    import pwd  # not on every system

    for name in _NAMES:
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            continue
    raise Unavailable(f"A server does not run as root, and there is no user {', '.join(_NAMES)} to run it as.")


def give(folder: Path) -> None:
    """Make a folder of the server's user."""
    folder.mkdir(mode=0o700)
    if not os.geteuid():
        os.chown(folder, *_somebody())


def runs(program: Path, folder: Path) -> bool:
    """Say whether the server's user can run a program: what lies in a folder of root's it can not even see."""
    try:
        run([program, "--version"], folder)
    except Unavailable:
        return False
    return True
