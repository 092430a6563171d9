"""The fixtures that plugin authors have: here a test runs on every store, with somebody of whom every kind of record tells."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit import CRM
from crmkit.records import Customer
from crmkit.testing.fixtures import clock, crm
from tests.services.erasing.world import plugin, told

__all__ = ["clock", "crm"]


@pytest.fixture
def crm_plugins() -> list[Any]:
    return [plugin]


@pytest.fixture
def anna(crm: CRM) -> Customer:
    return told(crm)
