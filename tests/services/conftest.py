"""A CRM with a clock that stands still until it is moved, in memory and on SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmkit.crm import CRM
from tests.services.shop import Clock, plugin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database: copied for each test, since a schema is dear to create."""
    path = tmp_path_factory.mktemp("services") / "empty.db"
    CRM.open(f"sqlite:///{path}", plugins=[plugin], discover=False).close()
    return path


@pytest.fixture(params=["memory", "sqlite"])
def crm(request: pytest.FixtureRequest, clock: Clock) -> Iterator[CRM]:
    url = "memory:"
    if request.param == "sqlite":
        path = request.getfixturevalue("tmp_path") / "crm.db"
        shutil.copy(request.getfixturevalue("empty_file"), path)
        url = f"sqlite:///{path}"
    with CRM.open(url, plugins=[plugin], discover=False, clock=clock, time_zone="Europe/Amsterdam") as opened:
        yield opened
