"""Finding plugins without importing them: built-ins by dotted name, installed ones by their entry points."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from typing import Any, Final

import attrs

from ..ports.plugin import GROUP, Plugin

BUILTINS: Final = (
    "crmkit.builtin.memory:plugin",
    "crmkit.builtin.sql:plugin",
    "crmkit.builtin.pipelines:plugin",
    "crmkit.builtin.report.offering:plugin",
    "crmkit.builtin.sending:plugin",
    "crmkit.builtin.mailbox:plugin",
    "crmkit.builtin.manual:plugin",
    "crmkit.builtin.survey_types:plugin",
    "crmkit.builtin.kpis:plugin",
)
"""Where the built-in plugins are: found by dotted name, registered as any plugin is."""
BUILTIN, GIVEN, INSTALLED = 0, 1, 2
"""Whose offer counts where two have one name: a program's own goes before an installed one, and nobody replaces a built-in."""


@attrs.frozen(kw_only=True, eq=False)
class Found:
    """A plugin that was found.

    Attributes:
        name: its entry point's; empty where only the plugin itself can say.
        target: ``module:attribute``, ``module``, or the plugin itself.
        problem: what is wrong with its metadata.
    """

    name: str = ""
    target: Any
    rank: int
    installed_by: metadata.Distribution | None = None
    problem: str = ""

    @property
    def is_builtin(self) -> bool:
        """Whether it comes with crmkit."""
        return self.rank == BUILTIN

    @property
    def told_name(self) -> str:
        """A name for messages: its own, or what its target says."""
        if self.name:
            return self.name
        if isinstance(self.target, str):
            return self.target.removeprefix("crmkit.builtin.").removesuffix(":plugin")
        return str(getattr(self.target, "name", "") or getattr(self.target, "__name__", type(self.target).__name__))

    @property
    def distribution(self) -> str:
        """The distribution's name; reads its metadata."""
        return next(iter(self._facts.get("Name", ())), "")

    @property
    def version(self) -> str:
        """The distribution's version; reads its metadata."""
        return next(iter(self._facts.get("Version", ())), "")

    @property
    def requirements(self) -> tuple[str, ...]:
        """What the distribution requires; reads its metadata."""
        return self._facts.get("Requires-Dist", ())

    @functools.cached_property
    def _facts(self) -> Mapping[str, tuple[str, ...]]:
        with suppress(Exception):  # metadata of others may be damaged in any way
            if self.installed_by is not None:
                read = self.installed_by.metadata
                return {key: tuple(map(str, read.get_all(key) or ())) for key in ("Name", "Version", "Requires-Dist")}
        return {}


def builtin_plugins() -> tuple[Found, ...]:
    """Return the built-in plugins."""
    return tuple(Found(target=target, rank=BUILTIN) for target in BUILTINS)


def given_plugin(target: object) -> Found:
    """Return a plugin that a program gave: a Plugin, a module, or ``module:attribute``."""
    return Found(name=target.name if isinstance(target, Plugin) else "", target=target, rank=GIVEN)


def installed_plugins() -> tuple[Found, ...]:
    """Return the installed plugins, by name; reads entry points and nothing else.

    Metadata that can not be read costs its own plugin and no other.
    """
    try:
        points = list(metadata.entry_points(group=GROUP))
        found = [Found(name=p.name, target=p.value, rank=INSTALLED, installed_by=p.dist) for p in points]
    except Exception:  # noqa: BLE001 - one damaged file of any distribution stops the quick way
        found = list(_one_by_one())
    return tuple(sorted(found, key=lambda one: (one.name, str(one.target))))


def _one_by_one() -> Iterator[Found]:
    for distribution in metadata.distributions():
        try:
            points = [point for point in distribution.entry_points if point.group == GROUP]
        except Exception as error:  # noqa: BLE001 - as above
            if GROUP in _raw(distribution):
                found = Found(target="", rank=INSTALLED, installed_by=distribution)
                reason = f"Its entry points can not be read ({type(error).__name__}: {error})."
                yield attrs.evolve(found, name=found.distribution or "unnamed", problem=reason)
            continue
        yield from (Found(name=p.name, target=p.value, rank=INSTALLED, installed_by=distribution) for p in points)


def _raw(distribution: metadata.Distribution) -> str:
    with suppress(Exception):  # as above
        return distribution.read_text("entry_points.txt") or ""
    return GROUP
