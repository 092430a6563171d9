"""The manifest: what a plugin is, as data in its wheel, so that nothing is imported to list or judge it.

It is generated, never written by hand. It lies beside the module that the entry point names
(``crmkit_sms/crmkit_manifest.json``; for a lone module ``crmkit_sms.crmkit_manifest.json``), or among the wheel's own
metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Final, cast

from ..ports.plugin import Commands, Plugin
from ..ports.work import HookOffer, hook_of
from ..records import CORE_TYPES, Record
from ..settings import settings_schema
from .offering import is_click, kind_of_offer, names_of, type_name

FILE: Final = "crmkit_manifest.json"
FORMAT: Final = 1
ALL_TYPES: Final = "*"
"""Stands for every record type, in a manifest's checks."""


def manifest_of(plugin: Plugin, *, distribution: str = "", version: str = "") -> dict[str, Any]:
    """Return the manifest of a plugin: plain data, the same for the same plugin."""
    return {
        "name": plugin.name,
        "distribution": distribution,
        "version": plugin.version or version,
        "api": plugin.api,
        "capabilities": list(plugin.capabilities),
        "before": list(plugin.before),
        "after": list(plugin.after),
        "requires": list(plugin.requires),
        "offers": _offers(plugin.offers),
        "commands": [_command(offer) for offer in plugin.offers if kind_of_offer(offer) == "commands"],
        "record_types": [type_name(offer) for offer in plugin.offers if kind_of_offer(offer) == "record type"],
        "checks": list(checks_of(notes_of(plugin.offers), record_types_of(plugin.offers))),
        "settings": settings_schema(plugin.settings) if plugin.settings else None,
    }


def _offers(offers: tuple[Any, ...]) -> dict[str, list[str]]:
    """Kind -> names, in the order of the offers."""
    found: dict[str, list[str]] = {}
    for offer in offers:
        found.setdefault(kind_of_offer(offer), []).append(_name(offer))
    return found


def _name(offer: Any) -> str:
    names = [name for kind, name in names_of(offer) if kind != "plural"]
    return ", ".join(names) or str(getattr(offer, "__name__", "") or type(offer).__name__)


def _command(offer: Any) -> dict[str, str]:
    if isinstance(offer, Commands):
        return {"name": offer.name, "help": offer.help, "target": offer.target}
    text = str(getattr(offer, "short_help", "") or getattr(offer, "help", "") or "") if is_click(offer) else ""
    return {"name": str(offer.name), "help": text.strip().partition("\n")[0]}


def notes_of(offers: Iterable[Any]) -> Iterator[HookOffer]:
    """Yield what decorators noted on the hook functions among offers."""
    return (note for offer in offers if (note := hook_of(offer)))


def record_types_of(offers: Iterable[Any]) -> tuple[type[Record], ...]:
    """Return the record types among offers."""
    return tuple(offer for offer in offers if isinstance(offer, type) and issubclass(offer, Record))


def checks_of(notes: Iterable[HookOffer], types: Iterable[type[Record]] = ()) -> Iterator[str]:
    """Yield the names of the record types that hooks declare checks on, sorted; ``*`` for all.

    Args:
        types: the record types that there are beside the core's: a check on a kind of record (``Staged``) is one on
            each of them.
    """
    known = dict.fromkeys((*CORE_TYPES, *types))
    names: set[str] = set()
    for note in notes:
        if note.hook == "check":
            names |= (
                {ALL_TYPES}
                if note.of is Record
                else {type_name(of) for of in known if issubclass(of, note.of)} or {type_name(note.of)}
            )
    yield from sorted(names)


def manifest_text(manifests: list[Mapping[str, Any]]) -> str:
    """Return the content of the file: the manifests of all plugins of a distribution."""
    return (
        json.dumps({"crmkit_manifest": FORMAT, "plugins": manifests}, indent=1, ensure_ascii=False, sort_keys=True)
        + "\n"
    )


def manifest_place(module: str, *, is_package: bool) -> str:
    """Return the path of the file within a wheel, for the module that the entry point names."""
    return f"{module.replace('.', '/')}/{FILE}" if is_package else f"{module.replace('.', '/')}.{FILE}"


def read_manifest(name: str, target: str, distribution: metadata.Distribution | None) -> Mapping[str, Any] | None:
    """Return the manifest of an installed plugin, or None where it has none that can be read. Imports nothing."""
    for text in _texts(target.partition(":")[0].strip(), distribution):
        with suppress(ValueError, AttributeError, TypeError, KeyError):
            data = json.loads(text)
            if data["crmkit_manifest"] == FORMAT:
                return next((cast("Mapping[str, Any]", one) for one in data["plugins"] if one["name"] == name), None)
    return None


def _texts(module: str, distribution: metadata.Distribution | None) -> Iterator[str]:
    for place in _places(module):
        if distribution is not None:
            with suppress(OSError, UnicodeDecodeError, NotImplementedError):
                yield Path(str(distribution.locate_file(place))).read_text("utf-8")
    if distribution is not None:
        with suppress(OSError, UnicodeDecodeError):
            text = distribution.read_text(FILE)
            if text:
                yield text
    yield from _editable(module)


def _places(module: str) -> Iterator[str]:
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        yield manifest_place(".".join(parts[:length]), is_package=True)
    yield manifest_place(module, is_package=False)


def _editable(module: str) -> Iterator[str]:
    """An editable install has its files elsewhere: where the top module would be imported from."""
    with suppress(Exception):  # finders on the path are anyone's
        spec = PathFinder.find_spec(module.partition(".")[0])
        if spec is None or spec.origin is None:
            return
        root = Path(spec.origin).parents[1 if spec.submodule_search_locations else 0]
        for place in _places(module):
            with suppress(OSError, UnicodeDecodeError):
                yield (root / place).read_text("utf-8")
