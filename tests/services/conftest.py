"""A CRM in memory, with a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmkit.crm import CRM
from tests.services.shop import Clock, plugin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def crm(clock: Clock) -> Iterator[CRM]:
    with CRM.open("memory:", plugins=[plugin], discover=False, clock=clock, time_zone="Europe/Amsterdam") as opened:
        yield opened
