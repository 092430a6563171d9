"""Fixtures for tests on a real server, found by pytest where crmkit is installed.

``postgresql_url`` and ``mariadb_url`` are URLs of an empty database of this test module alone. Where there is no server and none can be
started, its tests are skipped with the reason. One server serves a whole test run, all workers of pytest-xdist too; it
listens to a socket in a folder of its own, and is stopped and removed at the end.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from crmkit.testing.servers.kinds import server_of
from crmkit.testing.servers.ready import Ready, ReadyDatabases, ReadyFiles
from crmkit.testing.servers.server import Unavailable
from crmkit.testing.servers.shared import Servers, place_for_data

_SERVERS: Final = pytest.StashKey[Servers]()
_DRIVERS: Final = {"postgresql": "psycopg", "mariadb": "pymysql"}


def pytest_configure(config: pytest.Config) -> None:
    """Agree where the servers of this run would be, and with which process they end."""
    given: Any = getattr(config, "workerinput", None)
    if given is None:
        folder = place_for_data() / f"crmkit-{secrets.token_hex(6)}"
        config.stash[_SERVERS] = Servers(folder, os.getpid())
    else:
        config.stash[_SERVERS] = Servers(Path(given["crmkit_servers"]), given["crmkit_owner"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist."""
    servers = node.config.stash[_SERVERS]
    node.workerinput.update(crmkit_servers=str(servers.folder), crmkit_owner=servers.owner)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of this run."""
    if _SERVERS in config.stash and not hasattr(config, "workerinput"):
        config.stash[_SERVERS].stop()


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> str:
    """The URL of a PostgreSQL server, of a database in which tests make nothing."""
    return _url_of("postgresql", pytestconfig)


@pytest.fixture(scope="module")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this module alone."""
    yield from _database("postgresql", postgresql_server)


@pytest.fixture(scope="session")
def postgresql_ready(postgresql_server: str) -> Iterator[Ready]:
    """PostgreSQL databases that have their tables already."""
    with closing(ReadyDatabases(server_of("postgresql"), postgresql_server)) as ready:
        yield ready


@pytest.fixture(scope="session")
def sqlite_ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """SQLite files that have their tables already."""
    with closing(ReadyFiles(tmp_path_factory.mktemp("ready"))) as ready:
        yield ready


@pytest.fixture(scope="session")
def mariadb_server(pytestconfig: pytest.Config) -> str:
    """The URL of a MariaDB server, of a database in which tests make nothing."""
    return _url_of("mariadb", pytestconfig)


@pytest.fixture(scope="session")
def mariadb_ready(mariadb_server: str) -> Iterator[Ready]:
    """MariaDB databases that have their tables already."""
    with closing(ReadyDatabases(server_of("mariadb"), mariadb_server)) as ready:
        yield ready


@pytest.fixture(scope="module")
def mariadb_url(mariadb_server: str) -> Iterator[str]:
    """The URL of an empty MariaDB database of this module alone."""
    yield from _database("mariadb", mariadb_server)


def _url_of(kind: str, config: pytest.Config) -> str:
    why_not = f"{kind}: its driver is not here: pip install 'crmkit[{kind}]'"
    pytest.importorskip(_DRIVERS[kind], reason=why_not, exc_type=ImportError)
    try:
        return config.stash[_SERVERS].url(kind)
    except Unavailable as error:
        pytest.skip(f"{kind}: {error}")


def _database(kind: str, url: str) -> Iterator[str]:
    server, name = server_of(kind), f"crmkit_{secrets.token_hex(6)}"
    yield server.make_database(url, name)
    server.drop_database(url, name)
