"""Proofs for plugin authors: contract suites, fixtures and fakes.

The fixtures ``crm``, ``clock`` and ``outbox`` are found by pytest where crmkit is installed. Contract suites are
classes to inherit from: ``class TestMine(ChannelContract): ...``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clock import Clock
    from .store import StoreContract

_ROOMS = {"Clock": "clock", "StoreContract": "store"}
__all__ = ["Clock", "StoreContract"]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'crmkit.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"crmkit.testing.{_ROOMS[name]}"), name)
