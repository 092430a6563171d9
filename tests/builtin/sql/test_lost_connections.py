"""A server that drops connections: a unit is run again whole, or nobody knows and its key says how to ask."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import make_url

from crmkit import CRM, CRMError, Customer, TryAgain
from crmkit.errors import OutcomeUnknown
from crmkit.query import each
from crmkit.records import Unit

pytestmark = pytest.mark.postgresql
KILLS = 1000 if os.environ.get("CRMKIT_TEST_PROOF") == "1" else 50
WRITERS = 3
c = each(Customer)


def opened(url: Any, schema: str) -> CRM:
    return CRM.open(url, schema=schema, discover=False, environ={})


@pytest.fixture
def schema() -> str:
    return f"t{secrets.token_hex(6)}"


def was_kept(crm: CRM, error: OutcomeUnknown) -> bool:
    """Ask with the key that the error carries."""
    return bool(crm.find(Unit, each(Unit).operation == UUID(error.params["operation"])))


class Writer(threading.Thread):
    """Adds customers, each with a name of its own, until it is told to stop; keeps what it was told of each."""

    def __init__(self, crm: CRM, stop: threading.Event, done: threading.Semaphore) -> None:
        super().__init__()
        self.crm, self.stop, self.done = crm, stop, done
        self.added, self.refused = set[str](), set[str]()
        self.unknown: dict[str, OutcomeUnknown] = {}
        self.odd: list[CRMError] = []

    def run(self) -> None:
        while not self.stop.is_set():
            name = secrets.token_hex(8)
            try:
                self.crm.customers.add(name=name)
                self.added.add(name)
            except OutcomeUnknown as error:
                self.unknown[name] = error
            except TryAgain:
                self.refused.add(name)
            except CRMError as error:
                self.odd.append(error)
            self.done.release()


@pytest.mark.proof
def test_connections_killed_under_writers_lose_and_double_nothing(postgresql_url: str, schema: str) -> None:
    """What was acknowledged is there once, what was refused is not, and what nobody knows can be asked for."""
    psycopg: Any = pytest.importorskip("psycopg", exc_type=ImportError)
    stop, done = threading.Event(), threading.Semaphore(0)
    with opened(postgresql_url, schema) as crm:
        writers = [Writer(crm, stop, done) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        with psycopg.connect(postgresql_url, autocommit=True) as killer:
            killed = 0
            while killed < KILLS:
                done.acquire(timeout=60)  # somebody else is in the midst of it
                killed += killer.execute(KILL).rowcount
        stop.set()
        for writer in writers:
            writer.join()
        there = Counter(one.name for one in crm.find(Customer, limit=None))
        added, refused = (set[str]().union(*(getattr(w, what) for w in writers)) for what in ("added", "refused"))
        unknown = {name: error for writer in writers for name, error in writer.unknown.items()}
        kept = {name for name, error in unknown.items() if was_kept(crm, error)}
    print(
        f"{killed} killed: {len(added)} added, {len(refused)} refused, {len(unknown)} unknown, of which {len(kept)} kept"
    )
    assert [error for writer in writers for error in writer.odd] == []
    assert set(there.values()) == {1}
    assert there.keys() == added | kept
    assert len(added) > 0


KILL = """
SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' ORDER BY random() LIMIT 1) AS one
"""


class Proxy:
    """Stands before the server's socket; of a COMMIT it lets nothing come back, and hangs up."""

    def __init__(self, server: Path, own: Path) -> None:
        self._server, self.drops = server, True
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(own))
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # closed
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            is_lost = threading.Event()
            for source, target, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._carry, args=(source, target, is_answer, is_lost), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool, is_lost: threading.Event) -> None:
        with source, target:
            while data := _received(source):
                if not is_answer and self.drops and b"COMMIT\0" in data:
                    is_lost.set()
                if is_answer and is_lost.is_set():  # the server has done it, and nobody is told
                    source.shutdown(socket.SHUT_RDWR)
                    target.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


@pytest.fixture
def through(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Any]]:
    url = make_url(postgresql_url)
    folder = Path(str(url.query["host"])) if "host" in url.query else None
    if folder is None:
        pytest.skip("the server is not reached by a socket in the file system")
    own = Path("/tmp") / f"crmkit-{secrets.token_hex(4)}"
    own.mkdir()
    proxy = Proxy(folder / ".s.PGSQL.5432", own / ".s.PGSQL.5432")
    yield proxy, url.set(query={**url.query, "host": str(own)}).render_as_string(hide_password=False)
    proxy.close()
    (own / ".s.PGSQL.5432").unlink()
    own.rmdir()


def test_an_answer_to_a_commit_that_is_lost_is_no_failure(postgresql_url: str, schema: str, through: Any) -> None:
    """It is told as unknown, and its key finds that all was kept; who repeats it unasked adds twice."""
    proxy, url = through
    proxy.drops = False
    with opened(postgresql_url, schema) as asking, opened(url, schema) as crm:
        crm.customers.add(name="Anna")
        proxy.drops = True
        with pytest.raises(OutcomeUnknown, match="operation") as caught:
            crm.customers.add(name="Bo")
        proxy.drops = False
        assert was_kept(asking, caught.value)
        crm.customers.add(name="Bo")  # the control: repeated by guess
        assert sorted(one.name for one in asking.find(Customer)) == ["Anna", "Bo", "Bo"]
