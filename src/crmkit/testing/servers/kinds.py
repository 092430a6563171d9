"""The kinds of server that tests can start, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from crmkit.testing.servers.mariadb import MariaDBServer
from crmkit.testing.servers.postgresql import PostgreSQLServer
from crmkit.testing.servers.server import Server

KINDS: Final[Mapping[str, Callable[[str], Server]]] = {
    "postgresql": PostgreSQLServer,
    "mariadb": MariaDBServer,
}


def server_of(kind: str, wanted: str = "") -> Server:
    """Return a server of a kind; ``wanted`` says whose programs, see there."""
    return KINDS[kind](wanted)
