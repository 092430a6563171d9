from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from crmkit import CRM, Customer
from crmkit.testing import Clock
from tests.services.sending.faulty import Book
from tests.services.sending.faulty import plugin as faulty


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def shop(clock: Clock, book: Book) -> Iterator[CRM]:
    plugins: Sequence[Any] = [faulty]
    with CRM.open(
        "memory:", plugins=plugins, discover=False, clock=clock, environ={}, secret="s3cret", settings={"faulty": book}
    ) as made:
        yield made


@pytest.fixture
def anna(shop: CRM) -> Customer:
    return shop.customers.add(name="Anna", email="anna@example.nl", language="nl")
