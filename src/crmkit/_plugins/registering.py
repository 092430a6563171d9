"""Registering a plugin with pluggy, and reading what it offers. What a plugin does wrong here is its own failure."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Final

import pluggy

from .. import hookspecs
from .._hooks import Hook, Plugged, wrong
from ..errors import nearest
from ..ports.hook import HookOffer, hook_of
from ..ports.plugin import Plugin
from ..records import Record
from .importing import PASSED_ON, NotUsable, described

_OFFERS: Final = "crmkit_offers"
_KINDS: Final = {
    "crmkit_adjust": HookOffer(hook="adjust", of=Record),
    "crmkit_check": HookOffer(hook="check", of=Record),
    "crmkit_check_batch": HookOffer(hook="check", of=Record, batch=True),
    "crmkit_subscribe": HookOffer(hook="subscriber", of=Record, imported=False),
}
"""The hooks that a plain module can have, as the decorators would note them: for records of every type."""


class Manager(pluggy.PluginManager):
    """pluggy's, which looks at every attribute of a plugin: here not at those that can be no hook."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return what marks an attribute as a hook, or None."""
        if name.startswith("__") or (type(plugin) is Plugin and name != _OFFERS):
            return None
        return super().parse_hookimpl_opts(plugin, name)


def new_manager() -> pluggy.PluginManager:
    """Return a manager of its own for one CRM; it knows every hook."""
    manager = Manager("crmkit")
    manager.add_hookspecs(hookspecs)
    return manager


def register(manager: pluggy.PluginManager, plugin: object, name: str) -> None:
    """Register a plugin; it leaves nothing behind where that fails.

    Raises:
        NotUsable: it has a hook that does not exist, or with wrong arguments.
    """
    specs = _specifications(manager)
    _judge(manager, plugin, specs)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except PASSED_ON:
        raise
    except BaseException as error:
        unregister(manager, name)
        raise NotUsable(
            f"It could not be registered: {described(error)}.", "Report it to the plugin's authors."
        ) from error


def unregister(manager: pluggy.PluginManager, name: str) -> None:
    """Take a plugin's hooks back, if they are there."""
    if manager.get_plugin(name) is not None:
        manager.unregister(name=name)


def _specifications(manager: pluggy.PluginManager) -> dict[str, tuple[str, ...]]:
    """Hook -> names of its arguments."""
    return {name: caller.spec.argnames for name, caller in vars(manager.hook).items() if caller.spec}


def _judge(manager: pluggy.PluginManager, plugin: object, specs: dict[str, tuple[str, ...]]) -> None:
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is None:
            continue
        hook = options.get("specname") or name
        if hook not in specs:
            raise NotUsable(
                f"It implements a hook that does not exist: {hook!r}.{nearest(hook, specs)}",
                "Its author mends the name.",
            )
        function = inspect.unwrap(getattr(plugin, name))
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise NotUsable(
                f"Its hook {hook} is an async function: hooks are called synchronously.", "Its author writes def."
            )
        if inspect.isgeneratorfunction(function) and not (options.get("wrapper") or options.get("hookwrapper")):
            raise NotUsable(f"Its hook {hook} is a generator: nobody would run it.", "Its author returns the answer.")
        if options.get("wrapper") or options.get("hookwrapper"):
            raise NotUsable(
                f"Its hook {hook} is a wrapper: hooks of crmkit are not wrapped.", "Its author writes a plain hook."
            )
        _arguments(hook, function, specs[hook])


def _arguments(hook: str, function: Any, known: tuple[str, ...]) -> None:
    found = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    for parameter in found:
        if parameter.name not in known and parameter.default is parameter.empty:
            wanted = f"write def {hook}({', '.join(known)})"
            raise NotUsable(
                f"Its hook {hook} takes an argument {parameter.name!r} that is not given.{nearest(parameter.name, known)}",
                f"Its author mends the signature: {wanted}, or leaves arguments out.",
            )


def offers_of(manager: pluggy.PluginManager, name: str) -> tuple[Any, ...]:
    """Return what a registered plugin offers; what its code does in telling is caught.

    Raises:
        NotUsable: it raised, or answered with something else than a sequence.
    """
    found: list[Any] = []
    for implementation in manager.hook.crmkit_offers.get_hookimpls():
        if implementation.plugin_name != name:
            continue
        try:
            answer: Any = implementation.function()
        except PASSED_ON:
            raise
        except BaseException as error:
            raise NotUsable(
                f"Its {_OFFERS} raised {described(error)}.", "Report it to the plugin's authors."
            ) from error
        if not isinstance(answer, list | tuple):
            raise NotUsable(f"Its {_OFFERS} failed: {wrong(answer, 'a sequence of offers')}.", "Its author mends it.")
        found += answer
    return tuple(found)


def hooks_of(manager: pluggy.PluginManager, name: str, offers: tuple[Any, ...], plugin: Plugged) -> Iterator[Hook]:
    """Yield a plugin's hook functions: the decorated ones it offers, then those of a plain module."""
    for offer in offers:
        note = hook_of(offer)
        if note:
            yield Hook(plugin=plugin, name=note.name or offer.__name__, function=offer, offer=note)
    for hook, note in _KINDS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == name:
                yield _plain(hook, implementation, note, plugin)


def _plain(hook: str, implementation: pluggy.HookImpl, note: HookOffer, plugin: Plugged) -> Hook:
    subject = "event" if note.hook == "subscriber" else "changes" if note.batch else "change"
    names = tuple(implementation.argnames)
    takes_context = names == (subject, "context")
    function = (
        implementation.function
        if takes_context or names == (subject,)
        else _reordered(implementation.function, names, subject)
    )
    made = HookOffer(
        hook=note.hook, of=note.of, batch=note.batch, imported=note.imported, name=hook,
        takes_context=takes_context or names != (subject,),
    )  # fmt: skip
    place = -1 if implementation.tryfirst else 1 if implementation.trylast else 0
    return Hook(plugin=plugin, name=hook, function=function, offer=made, may_be_none=note.hook == "adjust", place=place)


def _reordered(function: Any, names: tuple[str, ...], subject: str) -> Any:
    def call(first: object, context: object) -> Any:
        given = {subject: first, "context": context}
        return function(**{name: given[name] for name in names})

    return call
