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
    from .hooks import HooksContract
    from .kpi import KpiContract
    from .plugin import PluginContract
    from .provider import Provider
    from .record_type import RecordTypeContract
    from .store import StoreContract
    from .survey_type import SurveyTypeContract

_ROOMS = {
    "ChannelContract": "channel",
    "Clock": "clock",
    "HooksContract": "hooks",
    "KpiContract": "kpi",
    "PluginContract": "plugin",
    "Provider": "provider",
    "RecordTypeContract": "record_type",
    "StoreContract": "store",
    "SurveyTypeContract": "survey_type",
}
__all__ = [
    "ChannelContract",
    "Clock",
    "HooksContract",
    "KpiContract",
    "PluginContract",
    "Provider",
    "RecordTypeContract",
    "StoreContract",
    "SurveyTypeContract",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'crmkit.testing' has no attribute {name!r}")
    room = f"crmkit.testing.{_ROOMS[name]}"
    if room not in sys.modules:
        pytest.register_assert_rewrite(room)  # a contract's assertions are read by people
    return getattr(importlib.import_module(room), name)
