"""What a plugin's modules and classes keep for the whole process."""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from ..ports.plugin import Plugin

_KEEPERS: Final[tuple[type[Any], ...]] = (list, dict, set, bytearray, deque)


def modules_of(plugin: Plugin | types.ModuleType) -> tuple[types.ModuleType, ...]:
    """Return the modules that a plugin is made of: where it stands, and where what it offers is defined."""
    if isinstance(plugin, types.ModuleType):
        return (plugin,)
    names = {getattr(offer, "__module__", "") for offer in plugin.offers} | {_target(offer) for offer in plugin.offers}
    names |= {name for name, module in list(sys.modules.items()) if any(one is plugin for one in vars(module).values())}
    return tuple(sys.modules[name] for name in sorted(names) if name in sys.modules and not name.startswith("crmkit."))


def _target(offer: Any) -> str:
    return str(getattr(offer, "target", "")).partition(":")[0]


def state_in(modules: Iterable[types.ModuleType]) -> dict[str, str]:
    """Return what can change in modules and in the classes defined there: by name, as text."""
    found: dict[str, str] = {}
    for module in modules:
        for name, value in _kept(module):
            if isinstance(value, _KEEPERS):
                found[name] = repr(cast("object", value))
    return found


def _kept(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(module).items()):
        if name.startswith("__"):
            continue
        yield f"{module.__name__}.{name}", value
        if isinstance(value, type) and value.__module__ == module.__name__:
            for inner, kept in list(vars(value).items()):
                if not inner.startswith("__") and inner not in ("_declaration", "_keywords"):
                    yield f"{module.__name__}.{name}.{inner}", kept
