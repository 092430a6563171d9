from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmkit import CRM, Customer
from crmkit.testing import Clock
from tests.services.sending.faulty import Book, plugin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def shop(clock: Clock, book: Book) -> Iterator[CRM]:
    """A CRM whose channels are real ones: the fixture ``crm`` gives an outbox in their place."""
    settings = {"faulty": book}
    with CRM.open(
        "memory:", plugins=[plugin], discover=False, clock=clock, settings=settings, environ={}, secret="s3cret"
    ) as made:
        yield made


@pytest.fixture
def anna(shop: CRM) -> Customer:
    return shop.customers.add(name="Anna", email="anna@example.nl")
