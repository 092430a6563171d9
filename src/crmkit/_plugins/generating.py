"""The manifest as it is generated into a wheel: from the plugin itself, as it registers."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from typing import Any

from .._hooks import Hook, Plugged
from ..errors import DeclarationError
from ..ports.plugin import Commands, Plugin
from ..settings import settings_schema
from .guarding import access_of, checks_of, record_types_of
from .importing import NotUsable
from .manifest import FORMAT
from .offering import is_click, judge_offers, kind_of_offer, names_of, type_name
from .registering import hooks_of, new_manager, offers_of, register


def manifest_of(
    plugin: Plugin | types.ModuleType, *, name: str = "", distribution: str = "", version: str = ""
) -> dict[str, Any]:
    """Return the manifest of a plugin: plain data, the same for the same plugin.

    Args:
        name: of a plain module, its entry point's.

    Raises:
        DeclarationError: it can not be registered.
    """
    name = plugin.name if isinstance(plugin, Plugin) else name or plugin.__name__
    offers, hooks = _registered(plugin, name)
    return {
        "name": name,
        "distribution": distribution,
        "version": str(getattr(plugin, "version", "") or version),
        **_declared(plugin),
        "offers": _offers(offers, hooks),
        "commands": [_command(offer) for offer in offers if kind_of_offer(offer) == "commands"],
        "record_types": [type_name(of) for of in record_types_of(offers)],
        "checks": list(checks_of((hook.offer for hook in hooks), record_types_of(offers))),
        "access": list(access_of(offers)),
    }


def _registered(plugin: Plugin | types.ModuleType, name: str) -> tuple[tuple[Any, ...], tuple[Hook, ...]]:
    manager = new_manager()
    try:
        register(manager, plugin, name)
        offers = offers_of(manager, name)
        judge_offers(offers)
    except NotUsable as problem:
        raise DeclarationError(f"Plugin {name}", [problem.reason]) from problem
    return offers, tuple(hooks_of(manager, name, offers, Plugged(name=name)))


def _declared(plugin: Plugin | types.ModuleType) -> dict[str, Any]:
    """What a plugin says of itself; a plain module says nothing."""
    made = plugin if isinstance(plugin, Plugin) else Plugin("plain")
    return {
        "api": made.api,
        "capabilities": list(made.capabilities),
        "before": list(made.before),
        "after": list(made.after),
        "requires": list(made.requires),
        "settings": settings_schema(made.settings) if made.settings else None,
    }


def _offers(offers: Sequence[Any], hooks: Sequence[Hook]) -> dict[str, list[str]]:
    """Kind -> names, in the order of the offers."""
    found: dict[str, list[str]] = {}
    for offer in offers:
        found.setdefault(kind_of_offer(offer), []).append(_name(offer))
    for hook in hooks:
        if hook.function not in offers:
            found.setdefault(hook.offer.hook, []).append(hook.name)
    return found


def _name(offer: Any) -> str:
    names = [name for kind, name in names_of(offer) if kind != "plural"]
    own = getattr(offer, "name", "")
    return ", ".join(names) or str(
        getattr(offer, "__name__", "") or (own if isinstance(own, str) else "") or type(offer).__name__
    )


def _command(offer: Any) -> dict[str, str]:
    if isinstance(offer, Commands):
        return {"name": offer.name, "help": offer.help, "target": offer.target}
    text = str(getattr(offer, "short_help", "") or getattr(offer, "help", "") or "") if is_click(offer) else ""
    return {"name": str(offer.name), "help": text.strip().partition("\n")[0]}


def manifest_text(manifests: Sequence[Mapping[str, Any]]) -> str:
    """Return the content of the file: the manifests of all plugins of a distribution."""
    content = {"crmkit_manifest": FORMAT, "plugins": list(manifests)}
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
