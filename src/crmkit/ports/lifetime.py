"""Since when a hook or a port is there, and until when: declared once, beside what it is about.

Versions are those of the API (``crmkit.ports.plugin.API_VERSION``), against which a plugin's ``api=">=1.0,<2"`` is judged.
Something goes only where the first number changes, so nothing that a plugin uses goes within its range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import attrs

from ..errors import DeclarationError

T = TypeVar("T")
_NOTE: Final = "_crmkit_lifetime"
_NO_PARTS: Final = MappingProxyType[str, "Lifetime"]({})


@attrs.frozen(kw_only=True)
class Lifetime:
    """Since when something is there, and until when.

    Attributes:
        since: the first version of the API that has it: ``1.0``.
        deprecated: the version since which it should not be used any more; empty: it may.
        removed_in: the first version without it; its first number is a new one, as in ``2.0``.
        instead: what takes its place, as one writes it.
    """

    since: str
    deprecated: str = ""
    removed_in: str = ""
    instead: str = ""

    def __attrs_post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise DeclarationError(f"Lifetime since {self.since}", problems)

    def is_over(self, version: tuple[int, ...]) -> bool:
        """Whether a version of the API is without it."""
        return bool(self.removed_in) and version >= api_version(self.removed_in)

    def told(self) -> str:
        """Return it in words: ``since 1.0``; ``since 1.0, deprecated since 1.2, goes in 2.0: use crmkit_check``."""
        if not self.deprecated:
            return f"since {self.since}"
        return f"since {self.since}, deprecated since {self.deprecated}, goes in {self.removed_in}: use {self.instead}"


def _problems(lifetime: Lifetime) -> list[str]:
    versions = [one for one in (lifetime.since, lifetime.deprecated, lifetime.removed_in) if one]
    if any(not all(part.isdecimal() for part in one.split(".")) or one.count(".") != 1 for one in versions):
        return ["Write versions of the API as two numbers: 1.0."]
    if not lifetime.deprecated and not lifetime.removed_in:
        return []
    if not (lifetime.deprecated and lifetime.removed_in and lifetime.instead):
        return ["What is deprecated says deprecated=, removed_in= and instead=."]
    since, deprecated, removed = map(api_version, versions)
    if not since <= deprecated < removed or removed[0] == deprecated[0] or removed[1]:
        return [f"It goes where the first number of the API changes, as in {deprecated[0] + 1}.0."]
    return []


@attrs.frozen
class Lives:
    """The lifetime of something, and those of its parts: arguments of a function, members of a class."""

    whole: Lifetime
    parts: Mapping[str, Lifetime] = _NO_PARTS


def since(
    version: str,
    *,
    deprecated: str = "",
    removed_in: str = "",
    instead: str = "",
    parts: Mapping[str, Lifetime] = _NO_PARTS,
) -> Callable[[T], T]:
    """Say since when a hook, a port or a method of one is there, and until when; the outermost decorator.

    Args:
        version, deprecated, removed_in, instead: see ``Lifetime``.
        parts: arguments or members that came later, or go earlier: name -> lifetime.

    Raises:
        DeclarationError: what is deprecated does not say what takes its place, or goes too early.
    """
    lives = Lives(Lifetime(since=version, deprecated=deprecated, removed_in=removed_in, instead=instead), parts)

    def note(thing: T) -> T:
        setattr(thing, _NOTE, lives)
        return thing

    return note


def lives(thing: Any) -> Lives | None:
    """Return what was said of a function or class itself, not of what it inherits from; None where nothing was."""
    found = getattr(thing, "__dict__", {}).get(_NOTE)
    return found if isinstance(found, Lives) else None


def api_version(text: str) -> tuple[int, int]:
    """Return a version of the API as numbers: ``1.0`` -> (1, 0)."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


class PluginDeprecation(DeprecationWarning):
    """A plugin uses what will go: it names the plugin, what takes its place, and the version without it."""
