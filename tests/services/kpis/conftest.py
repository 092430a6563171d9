"""A CRM, in memory and on SQLite, in which time stands still at noon on 24 November 2026."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmkit.crm import CRM
from tests.services.kpis.world import NOW


@pytest.fixture(params=["memory:", "sqlite://"], ids=["memory", "sqlite"])
def open_crm(request: pytest.FixtureRequest) -> Iterator[Callable[..., CRM]]:
    opened: list[CRM] = []

    def make(**options: Any) -> CRM:
        crm = CRM.open(
            "memory:", **{"clock": lambda: NOW, "time_zone": "Europe/Amsterdam", "currency": "EUR", **options}
        )
        opened.append(crm)
        return crm

    yield make
    for crm in opened:
        crm.close()


@pytest.fixture
def crm(open_crm: Callable[..., CRM]) -> CRM:
    return open_crm()
