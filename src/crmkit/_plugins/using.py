"""What of the API a plugin uses: hooks and their arguments, ports and their members, each with its lifetime."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs
import pluggy

from ..ports.hook import HookOffer, adjust, check, hook_of, subscriber
from ..ports.lifetime import Lifetime, Lives, PluginDeprecation, lives
from ..ports.plugin import Plugin
from .state import PluginState

_DECORATORS: Final = {"adjust": adjust, "check": check, "subscriber": subscriber}


@attrs.frozen(kw_only=True)
class Use:
    """One use of the API by a plugin.

    Attributes:
        what: ``Channel``, ``Channel.poll``, ``@check``, ``argument context of crmkit_check``.
        by: the function or class of the plugin that uses it.
        lives_as_whole: it is a part, and lives as long as what it is part of.
    """

    what: str
    lifetime: Lifetime
    by: Any = attrs.field(repr=False, eq=False)
    lives_as_whole: bool = False


@attrs.frozen(kw_only=True)
class Deprecated:
    """A use of something that will go.

    Attributes:
        told: a sentence for the plugin's authors: plugin, what, since when, until when, what takes its place.
    """

    plugin: str
    distribution: str
    version: str
    what: str
    lifetime: Lifetime
    told: str
    by: Any = attrs.field(repr=False, eq=False)


def uses_of(plugin: Any, offers: Iterable[Any], manager: pluggy.PluginManager, name: str) -> tuple[Use, ...]:
    """Return what a registered plugin uses, each once, in the order of its offers."""
    given = (plugin,) if isinstance(plugin, Plugin) else ()
    found = [
        *(use for offer in (*given, *offers) for use in _of_offer(offer)),
        *(_of_module(manager, name) if not given else ()),
    ]
    once: dict[str, Use] = {}
    for use in found:
        once.setdefault(use.what, use)
    return tuple(once.values())


def deprecated(state: PluginState, uses: Iterable[Use]) -> Iterator[Deprecated]:
    """Yield those uses that should be no more."""
    for use in uses:
        if use.lifetime.deprecated and not use.lives_as_whole:
            told = (
                f"Plugin {state.source} uses {use.what}, which is deprecated since API {use.lifetime.deprecated} and goes in "
                f"{use.lifetime.removed_in}: use {use.lifetime.instead}."
            )
            yield Deprecated(
                plugin=state.name, distribution=state.distribution, version=state.version, what=use.what,
                lifetime=use.lifetime, told=told, by=use.by,
            )  # fmt: skip


def warn(found: Iterable[Deprecated]) -> None:
    """Warn of each, at the place in the plugin: once, as Python does it (a filter that says otherwise is obeyed)."""
    for one in found:
        module = sys.modules.get(str(getattr(one.by, "__module__", "")))
        registry: dict[Any, Any] = vars(module).setdefault("__warningregistry__", {}) if module else {}
        code = getattr(one.by, "__code__", None)
        warnings.warn_explicit(
            one.told, PluginDeprecation, code.co_filename if code else str(getattr(module, "__file__", one.plugin)),
            code.co_firstlineno if code else 1, module=getattr(module, "__name__", one.plugin), registry=registry,
        )  # fmt: skip


def _of_module(manager: pluggy.PluginManager, name: str) -> Iterator[Use]:
    """The hooks that a plain module implements, and the arguments that it takes."""
    for hook, caller in vars(manager.hook).items():
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name == name:
                found = lives(caller.spec.function) if caller.spec else None
                yield from _used(hook, implementation.function, found, implementation.argnames, "argument {1} of {0}")


def _of_offer(offer: Any) -> Iterator[Use]:
    note = hook_of(offer)
    if note:
        found = lives(_DECORATORS[note.hook])
        yield from _used(f"@{note.hook}", offer, found, _taken(note), "argument {1} of {0}")
        return
    of = offer if isinstance(offer, type) else type(offer)
    for base in of.__mro__:
        found = lives(base)
        if found is not None:
            yield from _used(base.__name__, of, found, sorted(_own(offer, of, base)), "{0}.{1}", base)


def _taken(note: HookOffer) -> list[str]:
    """What a hook function takes, and what its decorator was told."""
    said = [name for name in ("batch", "events", "imported") if getattr(note, name)]
    return said + (["context"] if note.takes_context else [])


def _own(offer: Any, of: type[Any], base: type[Any]) -> set[str]:
    """Members that the plugin's class has in the place of its port's, and fields of an instance that are not as by default."""
    above = [one for one in of.__mro__[: of.__mro__.index(base)] if not one.__module__.startswith("crmkit.ports.")]
    written = {name for one in above for name in vars(one) if hasattr(base, name) and not name.startswith("_")}
    if isinstance(offer, type) or not attrs.has(base):
        return written
    return written | {a.name for a in attrs.fields(base) if getattr(offer, a.name, a.default) != a.default}


def _used(
    what: str, by: Any, found: Lives | None, parts: Iterable[str], shape: str, base: type[Any] | None = None
) -> Iterator[Use]:
    """Yield the use of something, and of its parts: with a lifetime of their own, or as long as the whole."""
    if found is None:
        return
    yield Use(what=what, lifetime=found.whole, by=by)
    for name in parts:
        own = lives(_function(base, name)) if base else None
        lifetime = own.whole if own else found.parts.get(name, found.whole)
        place = _function(by, name) if base else by
        yield Use(what=shape.format(what, name), lifetime=lifetime, by=place, lives_as_whole=lifetime is found.whole)


def _function(of: type[Any], name: str) -> Any:
    found: Any = next((vars(one)[name] for one in of.__mro__ if name in vars(one)), None)
    return getattr(found, "fget", None) or getattr(found, "__func__", found)
