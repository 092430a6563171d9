"""What of the API a plugin uses: hooks and their arguments, ports and their members, each with its lifetime."""

from __future__ import annotations

import inspect
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
    """

    what: str
    lifetime: Lifetime
    by: Any = attrs.field(repr=False, eq=False)


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
    return tuple({use.what: use for use in reversed(found)}.values())[::-1]


def deprecated(state: PluginState, uses: Iterable[Use]) -> Iterator[Deprecated]:
    """Yield those uses that should be no more."""
    for use in uses:
        if use.lifetime.deprecated:
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
                yield from _used(hook, implementation.function, found, set(implementation.argnames), "argument")


def _of_offer(offer: Any) -> Iterator[Use]:
    note = hook_of(offer)
    if note:
        yield from _used(f"@{note.hook}", offer, lives(_DECORATORS[note.hook]), _taken(note), "argument")
        return
    of = offer if isinstance(offer, type) else type(offer)
    for base in of.__mro__:
        found = lives(base)
        own = _own(offer, of, base)
        if found:
            yield from _used(base.__name__, of, found, own, "")
        for name in sorted(own) if base is not of else ():
            yield from _used(f"{base.__name__}.{name}", _function(of, name), lives(_function(base, name)), set(), "")


def _taken(note: HookOffer) -> set[str]:
    """What a hook function takes, and what its decorator was told."""
    said = {field.name for field in attrs.fields(HookOffer) if getattr(note, field.name)}
    return said | ({"context"} if note.takes_context else set())


def _own(offer: Any, of: type[Any], base: type[Any]) -> set[str]:
    """Members that the plugin's class has in the place of its port's, and fields of an instance that are not as by default."""
    above = [one for one in of.__mro__[: of.__mro__.index(base)] if not one.__module__.startswith("crmkit.ports.")]
    written = {name for one in above for name in vars(one) if name in vars(base) and not name.startswith("__")}
    if isinstance(offer, type) or not attrs.has(of):
        return written
    return written | {a.name for a in attrs.fields(of) if getattr(offer, a.name, a.default) != a.default}


def _function(of: type[Any], name: str) -> Any:
    found = inspect.getattr_static(of, name, None)
    return getattr(found, "fget", None) or getattr(found, "__func__", found)


def _used(what: str, by: Any, found: Lives | None, own: set[str], kind: str) -> Iterator[Use]:
    if found is None:
        return
    yield Use(what=what, lifetime=found.whole, by=by)
    for name, lifetime in found.parts.items():
        if name in own:
            told = f"argument {name} of {what}" if kind else f"{what}.{name}"
            yield Use(what=told, lifetime=lifetime, by=by)
