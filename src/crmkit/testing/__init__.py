"""Proofs for plugin authors: contract suites, fixtures and fakes.

The fixtures ``crm``, ``clock`` and ``outbox`` are found by pytest where crmkit is installed. Contract suites are
classes to inherit from: ``class TestMine(ChannelContract): ...``.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .channel import ChannelContract
    from .clock import Clock
    from .kpi import KpiContract
    from .provider import Provider
    from .store import StoreContract
    from .survey_type import SurveyTypeContract

_ROOMS = {
    "ChannelContract": "channel",
    "Clock": "clock",
    "KpiContract": "kpi",
    "Provider": "provider",
    "StoreContract": "store",
    "SurveyTypeContract": "survey_type",
}
__all__ = ["ChannelContract", "Clock", "KpiContract", "Provider", "StoreContract", "SurveyTypeContract"]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'crmkit.testing' has no attribute {name!r}")
    room = f"crmkit.testing.{_ROOMS[name]}"
    if room not in sys.modules:
        pytest.register_assert_rewrite(room)  # a contract's assertions are read by people
    return getattr(importlib.import_module(room), name)
