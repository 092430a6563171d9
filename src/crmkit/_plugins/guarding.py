"""What a plugin guards, by checks and by access rules: what fails closed while it is not active."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import attrs

from ..ports.hook import AccessRule, HookOffer, hook_of
from ..records import CORE_TYPES, Record, declaration_of
from .importing import PASSED_ON
from .offering import type_name
from .state import ALL_TYPES


@attrs.frozen
class Guarded:
    """Names of the record types that a plugin checks, and of those whose records it shows to some only; ``*`` for all."""

    checks: frozenset[str] = frozenset()
    access: frozenset[str] = frozenset()

    def __or__(self, other: Guarded) -> Guarded:
        """Return what either guards."""
        return Guarded(self.checks | other.checks, self.access | other.access)


def notes_of(offers: Iterable[Any]) -> Iterator[HookOffer]:
    """Yield what decorators noted on the hook functions among offers."""
    return (note for offer in offers if (note := hook_of(offer)))


def record_types_of(offers: Iterable[Any]) -> tuple[type[Record], ...]:
    """Return the record types among offers."""
    return tuple(offer for offer in offers if isinstance(offer, type) and issubclass(offer, Record))


def checks_of(notes: Iterable[HookOffer], types: Iterable[type[Record]] = ()) -> tuple[str, ...]:
    """Return the names of the record types that hooks declare checks on, sorted; ``*`` for all.

    Args:
        types: the record types that there are beside the core's: a check on a kind of record (``Staged``) is one on
            each of them.
    """
    known = tuple(dict.fromkeys((*CORE_TYPES, *types)))
    return tuple(sorted({name for note in notes if note.hook == "check" for name in _named(note.of, known)}))


def _named(of: type[Record], known: tuple[type[Record], ...]) -> set[str]:
    if of is Record:
        return {ALL_TYPES}
    kinds = (one for one in known if one is of or (issubclass(one, of) and declaration_of(one).mode != "operational"))
    return {type_name(one) for one in kinds} or {type_name(of)}


def access_of(offers: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of the record types that access rules are about, sorted."""
    return tuple(sorted({type_name(offer.of) for offer in offers if isinstance(offer, AccessRule)}))


def guarded_by(plugin: Any, offers: tuple[Any, ...], manifest: Mapping[str, Any]) -> Guarded:
    """Return what a plugin guards: as its manifest says, and as far as it came, as it says itself.

    Args:
        plugin: the Plugin or module; None where it was not imported.
        offers: what it offers, once that is known.
    """
    said = Guarded(frozenset(manifest.get("checks") or ()), frozenset(manifest.get("access") or ()))
    try:
        return said | _seen(plugin, offers)
    except PASSED_ON:
        raise
    except BaseException:  # noqa: BLE001 - offers of a plugin that failed may be anything
        return said


def _seen(plugin: Any, offers: tuple[Any, ...]) -> Guarded:
    found = offers or tuple(getattr(plugin, "offers", ()))
    checks = checks_of(notes_of(found), record_types_of(found))
    if isinstance(plugin, types.ModuleType) and any(
        _is_hook(plugin, name) for name in ("crmkit_check", "crmkit_check_batch")
    ):
        checks = (*checks, ALL_TYPES)
    return Guarded(frozenset(checks), frozenset(access_of(found)))


def _is_hook(module: types.ModuleType, name: str) -> bool:
    with suppress(AttributeError):
        return bool(getattr(module, name).crmkit_impl)
    return False
