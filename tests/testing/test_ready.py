"""Databases with their tables ready: made once, and each copy is a test's own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from crmkit import CRM, Customer
from crmkit.errors import StoreError
from crmkit.testing.servers.ready import Ready, ReadyFiles

KINDS = ("sqlite", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postgresql", "mariadb")))


@pytest.fixture(params=KINDS)
def ready(request: pytest.FixtureRequest) -> Ready:
    found: Ready = request.getfixturevalue(f"{request.param}_ready")
    return found


def test_it_is_made_once_and_each_copy_is_whole_and_apart(ready: Ready) -> None:
    """What one test writes no other one sees, and the schema is the one that an upgrade makes."""
    made, copies = list[str](), list[str]()

    def make(url: str) -> None:
        made.append(url)
        with CRM.open(url, discover=False) as crm:
            crm.customers.add(name="Anna", email="anna@example.org")

    for key in ("apart", "apart", "another"):
        with ready.copy(key, make) as url, CRM.open(url, discover=False) as crm:
            store: Any = crm.store
            assert store.check() == ()
            assert [one.name for one in crm.find(Customer)] == ["Anna"]
            assert [one.name for one in crm.customers.find("anna@example.org")] == ["Anna"]
            crm.customers.add(name="Bert")
            copies.append(url)
    assert len(made) == 2
    assert len({*made, *copies}) == 5


def test_a_copy_is_gone_afterwards(ready: Ready) -> None:
    with ready.copy("gone", lambda url: CRM.open(url, discover=False).close()) as url:
        CRM.open(url, create=False, discover=False).close()
    with pytest.raises(StoreError):
        CRM.open(url, create=False, discover=False)


def test_one_that_can_not_be_made_says_so_each_time(ready: Ready) -> None:
    """No later test gets a copy of what was made by half."""

    def make(url: str) -> None:
        CRM.open(url, discover=False).close()
        raise ValueError(url)

    urls = set[str]()
    for _ in range(2):
        with pytest.raises(ValueError, match="://") as found, ready.copy("half", make):
            pass
        urls.add(str(found.value))
    assert len(urls) == 2
    for url in urls:
        with pytest.raises(StoreError):
            CRM.open(url, create=False, discover=False)


def test_those_that_each_test_has_for_itself_do_not_fill_the_disk(tmp_path: Path) -> None:
    """What is asked for again and again stays; of the others the last ones do."""
    made = list[str]()

    def make(url: str) -> None:
        made.append(url)
        Path(url.removeprefix("sqlite:///")).write_bytes(b"")

    with closing(ReadyFiles(tmp_path)) as files:
        for n in range(30):
            for key in ("often", n):
                with files.copy(key, make):
                    assert len(list(tmp_path.iterdir())) < 12
        assert len(made) == 31
    assert not list(tmp_path.iterdir())


def test_a_transaction_that_a_test_has_left_open_keeps_no_copy(ready: Ready) -> None:
    """Nobody waits for it."""
    left = list[Any]()

    def use() -> None:
        with ready.copy("left", lambda url: CRM.open(url, discover=False).close()) as url:
            crm: Any = CRM.open(url, discover=False)
            left.extend((crm.store.begin(write=False), crm))
            left[0].execute(select(crm.store.table(Customer))).all()

    thread = Thread(target=use, daemon=True)
    thread.start()
    thread.join(20)
    waits = thread.is_alive()
    left[0].rollback()
    thread.join(20)
    left[1].close()
    assert not waits
