"""Every hook, port and part of one that says since when it is there: for the pages, and for the test of what must go."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

from crmkit import hookspecs, ports
from crmkit.ports.lifetime import Lifetime, lives

HOOKS = "crmkit.hookspecs"
PORTS = tuple(sorted(f"crmkit.ports.{one.name}" for one in pkgutil.iter_modules(ports.__path__)))


def lifetimes() -> dict[str, Lifetime]:
    """Return what is declared: `crmkit.ports.channel.Channel.poll` -> its lifetime; an argument stands in parentheses."""
    found = dict(_of_module(hookspecs.__name__, hookspecs))
    for name in PORTS:
        found |= _of_module(name, importlib.import_module(name))
    return found


def _of_module(path: str, module: Any) -> Iterator[tuple[str, Lifetime]]:
    for name, thing in sorted(vars(module).items()):
        if getattr(thing, "__module__", None) == module.__name__:
            yield from _of(f"{path}.{name}", thing)


def _of(path: str, thing: Any) -> Iterator[tuple[str, Lifetime]]:
    found = lives(thing)
    if found:
        yield path, found.whole
        shape = "{}({})" if inspect.isfunction(thing) else "{}.{}"
        yield from ((shape.format(path, name), lifetime) for name, lifetime in found.parts.items())
    for name, member in vars(thing).items() if inspect.isclass(thing) else ():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if inspect.isfunction(function):
            yield from _of(f"{path}.{name}", function)


def deprecated() -> Iterator[tuple[str, Lifetime]]:
    """Yield what will go."""
    yield from ((path, lifetime) for path, lifetime in lifetimes().items() if lifetime.deprecated)


def over(found: dict[str, Lifetime], version: tuple[int, int]) -> list[str]:
    """Return what should be gone in a version of the API, and is declared still."""
    return [path for path, lifetime in found.items() if lifetime.is_over(version)]
