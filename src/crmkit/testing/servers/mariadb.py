"""A throw-away MariaDB."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from crmkit.testing.servers.server import Server, Unavailable, give, run, user

_PLACES: Final = ("usr/sbin", "usr/libexec", "usr/local/bin", "opt/homebrew/opt/mariadb/bin")
_WAIT_S: Final = 60
_COLUMNS: Final = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '{like}' AND is_generated = 'NEVER'"
_WITHIN: Final = "SELECT id FROM information_schema.processlist WHERE db = '{name}'"
_SETTINGS: Final = (
    "--skip-networking",  # the socket in its own folder, and nothing else
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=128M",
    "--max-connections=200",
    "--skip-log-bin",
)


class MariaDBServer(Server):
    """MariaDB, from the machine's own programs.

    Args:
        wanted: the folder of ``mariadbd``; by default what is found first.
    """

    name: ClassVar[str] = "mariadb"

    def __init__(self, wanted: str = "") -> None:
        self._wanted = wanted

    def start(self, folder: Path) -> str:
        """Make and start a server. See ``Server.start``."""
        server, data = self._server(), folder / "data"
        give(data)
        install = shutil.which("mariadb-install-db") or server.parent.parent / "bin" / "mariadb-install-db"
        run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            folder,
        )
        own = (f"--datadir={data}", f"--socket={data}/sql", f"--pid-file={data}/pid", f"--log-error={data}/log")
        process = subprocess.Popen(  # noqa: S603  # a server's own program
            [server, "--no-defaults", *own, *_SETTINGS], cwd=data, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **user(),
        )  # fmt: skip
        url = f"mariadb://root@/mysql?unix_socket={data}/sql"
        _wait(url, process, data / "log")
        return url

    def stop(self, folder: Path) -> None:
        """Stop it at once. See ``Server.stop``."""
        told = folder / "data" / "pid"
        with suppress(FileNotFoundError, ProcessLookupError, ValueError):
            process = int(told.read_text(encoding="ascii"))
            os.kill(process, signal.SIGKILL)
            with suppress(ChildProcessError):  # it is another's child where another process stops it
                os.waitpid(process, 0)

    def make_database(self, url: str, name: str, *, like: str = "") -> str:
        """Make a database. See ``Server.make_database``."""
        _tell(url, f"CREATE DATABASE `{name}`", *(_copying(url, like, name) if like else ()))
        return urlsplit(url)._replace(path=f"/{name}").geturl()

    def drop_database(self, url: str, name: str) -> None:
        """Drop a database; its connections are ended, for it would wait for a transaction in it. See ``Server.drop_database``."""
        pymysql: Any = importlib.import_module("pymysql")  # a driver that only these tests need
        for (connection,) in _tell(url, _WITHIN.format(name=name)):
            with suppress(pymysql.OperationalError):  # it has ended by itself
                _tell(url, f"KILL {connection}")
        _tell(url, f"DROP DATABASE IF EXISTS `{name}`")

    def _server(self) -> Path:
        places = [self._wanted] if self._wanted else [*(f"/{place}" for place in _PLACES)]
        found = shutil.which("mariadbd", path=os.pathsep.join([*places, "" if self._wanted else os.environ["PATH"]]))
        if found is None:
            raise Unavailable(
                "There is no MariaDB here: install mariadb-server, or name a server by CRMKIT_TEST_MARIADB."
            )
        return Path(found)


def _wait(url: str, process: subprocess.Popen[Any], log: Path) -> None:
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        try:
            _tell(url, "SELECT 1")
        except Exception as error:  # it is not up yet, or never will be: the process tells
            if process.poll() is not None:
                said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
                raise Unavailable(f"mariadbd ended with {process.returncode}: {said[-500:]}") from error
            time.sleep(0.1)
        else:
            return
    process.kill()
    raise Unavailable(f"mariadbd did not answer in {_WAIT_S} s.")


def _copying(url: str, like: str, name: str) -> Iterator[str]:
    """Yield what makes the tables of another database in an empty one, with their rows; what is worked out of a row is not copied."""
    columns: dict[str, list[str]] = {}
    for table, column in _tell(url, _COLUMNS.format(like=like)):
        columns.setdefault(table, []).append(f"`{column}`")
    for table, names in columns.items():
        listed = ", ".join(names)
        yield f"CREATE TABLE `{name}`.`{table}` LIKE `{like}`.`{table}`"
        yield f"INSERT INTO `{name}`.`{table}` ({listed}) SELECT {listed} FROM `{like}`.`{table}`"  # noqa: S608  # names that the server told


def _tell(url: str, *statements: str) -> Sequence[tuple[Any, ...]]:
    """Send statements; return the rows of the last one."""
    pymysql: Any = importlib.import_module("pymysql")  # a driver that only these tests need
    parts = urlsplit(url)
    (socket,) = parse_qs(parts.query).get("unix_socket", [None])
    place = {"unix_socket": socket} if socket else {"host": parts.hostname, "port": parts.port or 3306}
    with (
        pymysql.connect(user=parts.username, password=parts.password or "", autocommit=True, **place) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found
