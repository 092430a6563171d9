"""The exact signatures of hooks, as their pages have them: `python -m docs.signatures` prints them all."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, get_overloads

from crmkit import hookspecs
from crmkit.ports import hook

DECORATORS: dict[str, tuple[str, Any]] = {
    "crmkit_adjust": ("@adjust(of: type[R])", hook._Adjust),
    "crmkit_check": ("@check(of: type[R])", hook._Check),
    "crmkit_check_batch": ("@check(of: type[R], *, batch=True)", hook._CheckBatch),
    "crmkit_subscribe": (
        "@subscriber(of: type[R], *events: str, imported: bool = False, name: str = '')",
        hook._Subscriber,
    ),
}
"""Specification -> its decorator as one writes it, and how that is typed."""


def of_hook(name: str) -> list[str]:
    """Return the lines that the page of a hook must have: the decorator with what it takes, and the specification."""
    made = [] if name not in DECORATORS else list(_decorated(*DECORATORS[name]))
    return [*made, "@hookimpl", specification(name, getattr(hookspecs, name))]


def specification(name: str, function: Any) -> str:
    """Return a specification as it stands in the code."""
    return f"def {name}{str(inspect.signature(function)).replace(chr(39), '')}"


def _decorated(decorator: str, protocol: Any) -> Iterator[str]:
    yield decorator
    where = SimpleNamespace(__module__=protocol.__module__, __qualname__=f"{protocol.__qualname__}.__call__")
    for overload in get_overloads(where):
        yield f"    {inspect.get_annotations(overload)['function']}"


if __name__ == "__main__":
    for name in vars(hookspecs):
        if name.startswith("crmkit_"):
            print("\n".join(of_hook(name)))
