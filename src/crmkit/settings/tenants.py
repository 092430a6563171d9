"""What one company beside others is told: which plugins are active there, and their settings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from ..errors import nearest
from .conversion import WrongValue, converted

_KINDS: Final[Mapping[str, Any]] = {"disabled": tuple[str, ...], "enabled": tuple[str, ...]}
_EMPTY: Final = MappingProxyType[str, Any]({})


@attrs.frozen(kw_only=True)
class Tenant:
    """What differs for one company from what holds for all.

    Attributes:
        disabled: names of plugins that are not used there.
        enabled: names of plugins that are, although they are switched off for all.
        settings: by plugin, the keys that differ.
    """

    disabled: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = _EMPTY

    def switched_off(self, for_all: Collection[str]) -> tuple[str, ...]:
        """Return the plugins that are not used there, of those that are switched off for all and its own."""
        return tuple(dict.fromkeys((*(name for name in for_all if name not in self.enabled), *self.disabled)))

    def settled(self, for_all: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that hold there: key by key where both are mappings, else its own."""
        found = dict(for_all)
        for plugin, own in self.settings.items():
            there = found.get(plugin)
            found[plugin] = {**there, **own} if isinstance(there, Mapping) and isinstance(own, Mapping) else own  # pyright: ignore[reportUnnecessaryIsInstance, reportUnknownVariableType]  # a program may give an instance
        return found


def tenants_of(found: object, problems: list[str]) -> Mapping[str, Tenant]:
    """Return what is said of each company, by name; what is wrong is added to the problems."""
    if not isinstance(found, Mapping):
        problems.append("'tenants' holds a table for each company: write [tenants.NAME].")
        return _EMPTY
    tables = cast("Mapping[str, Any]", found)
    return MappingProxyType({name: _tenant(name, said, problems) for name, said in tables.items()})


def _tenant(name: str, said: object, problems: list[str]) -> Tenant:
    if isinstance(said, Tenant):
        return said
    if not isinstance(said, Mapping):
        problems.append(f"tenants.{name} is no table: write [tenants.{name}].")
        return Tenant()
    values = cast("Mapping[str, Any]", said)
    settings = values.get("settings", {})
    if not isinstance(settings, Mapping):
        problems.append(f"tenants.{name}.settings holds the tables of plugins: write [tenants.{name}.settings.PLUGIN].")
        settings = _EMPTY
    lists = dict(_lists(name, values, problems))
    both = sorted(set(lists.get("disabled", ())) & set(lists.get("enabled", ())))
    problems += [f"tenants.{name}: {plugin!r} is both disabled and enabled." for plugin in both]
    return Tenant(**lists, settings=cast("Mapping[str, Mapping[str, Any]]", settings))


def _lists(name: str, values: Mapping[str, Any], problems: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, value in values.items():
        if key == "settings":
            continue
        if key not in _KINDS:
            problems.append(f"tenants.{name}: {key!r} is nothing that can be set.{nearest(key, (*_KINDS, 'settings'))}")
            continue
        try:
            yield key, converted(value, _KINDS[key], str)
        except WrongValue as problem:
            problems.append(f"tenants.{name}.{key}: {problem}.")
