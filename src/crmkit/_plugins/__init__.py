"""Find, check, order, load and block plugins; their offers by type and name. One plugin's fault is never another's.

Listing what is installed (``discovered``) needs neither records nor hooks, and does not load them: a name is loaded
when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .assembling import load
    from .finding import BUILTINS, Found, installed_plugins
    from .generating import manifest_of, manifest_text
    from .glancing import glanced
    from .judging import Known, discovered
    from .loaded import Loaded
    from .manifest import FILE, manifest_place, read_manifest
    from .state import ALL_TYPES, Offer, PluginState

__all__ = [
    "ALL_TYPES", "BUILTINS", "FILE", "Found", "Known", "Loaded", "Offer", "PluginState", "discovered", "glanced", "installed_plugins", "load",
    "manifest_of", "manifest_place", "manifest_text", "read_manifest",
]  # fmt: skip

_ROOMS: Final = {
    "assembling": "load",
    "finding": "BUILTINS Found installed_plugins",
    "glancing": "glanced",
    "generating": "manifest_of manifest_text",
    "judging": "Known discovered",
    "loaded": "Loaded",
    "manifest": "FILE manifest_place read_manifest",
    "state": "ALL_TYPES Offer PluginState",
}
_HOME: Final = {name: room for room, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value
