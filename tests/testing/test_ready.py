"""Databases with their tables ready: made once, and each copy is a test's own."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit import CRM, Customer
from crmkit.errors import StoreError
from crmkit.testing.servers.ready import Ready

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
