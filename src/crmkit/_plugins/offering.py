"""What kind of thing an offer is, what it is called, and which offers cannot be."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..errors import DeclarationError
from ..ports.hook import AccessRule, hook_of
from ..ports.plugin import Plugin
from ..ports.step import Drop, Step
from ..ports.store import Store
from ..records import FieldDefinition, Record, declaration_of
from .importing import NotUsable

_NOTHING: Final = (
    str,
    bytes,
    int,
    float,
    complex,
    bool,
    list,
    tuple,
    dict,
    set,
    frozenset,
    types.NoneType,
    types.ModuleType,
    Plugin,
)
"""Types whose values say nothing of what they are for."""


_OWN: Final = frozenset({"subscriber", "step"})
"""Kinds whose names are told apart by their plugin."""


def judge_offers(offers: tuple[Any, ...]) -> frozenset[tuple[str, str]]:
    """Look at all offers of one plugin, and return the names that they claim against other plugins.

    Raises:
        NotUsable: some cannot be offers, or stand twice.
    """
    problems = [problem for n, offer in enumerate(offers, 1) for problem in _problems(n, offer, offers[: n - 1])]
    seen: set[tuple[str, str]] = set()
    for offer in offers:
        for key in names_of(offer) if not problems else ():
            if key in seen:
                problems.append(f"It offers two things as {key[0]} {key[1]!r}.")
            seen.add(key)
    if problems:
        raise NotUsable(" ".join(problems), "Its author mends the offers.")
    return frozenset(key for key in seen if key[0] not in _OWN)


def _problems(n: int, offer: Any, before: tuple[Any, ...]) -> Iterator[str]:
    if any(offer is one for one in before):
        yield f"Offer {n} stands twice: {_shown(offer)}."
    elif type(offer) in _NOTHING:
        yield f"Offer {n} is a {type(offer).__name__}, which says nothing of what it is for."
    elif inspect.isroutine(offer) and hook_of(offer) is None:
        yield f"Offer {n} is the plain function {offer.__name__!r}: decorate it with @check, @adjust or @subscriber."
    elif isinstance(offer, type) and issubclass(offer, Record):
        yield from _record_problems(offer)
    elif isinstance(offer, AccessRule) and not _is_kept(offer.of):
        yield f"Offer {n} is an access rule on {offer.of.__name__}, of which no records are kept: name each record type."


def _record_problems(of: type[Record]) -> Iterator[str]:
    try:
        declaration_of(of)
    except DeclarationError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - annotations of a plugin are its code too
        yield f"Record type {of.__name__} can not be read ({type(error).__name__}: {error})."


def _is_kept(of: type[Record]) -> bool:
    try:
        return bool(declaration_of(of))
    except DeclarationError:
        return False


def _shown(offer: Any) -> str:
    return str(getattr(offer, "__name__", None) or getattr(offer, "name", None) or type(offer).__name__)


def kind_of_offer(offer: Any) -> str:
    """Return the kind of an offer in a word or two, for people and manifests."""
    note = hook_of(offer)
    if note:
        return note.hook
    if is_click(offer):
        return "commands"
    of = _door(offer if isinstance(offer, type) else type(offer))
    return _KINDS.get(of, _spaced(of.__name__))


_KINDS: Final[Mapping[type[Any], str]] = {Record: "record type", FieldDefinition: "field", Drop: "step"}
"""Kinds that are not called as their class."""
_NO_DOOR: Final = frozenset({"builtins", "abc", "typing", "enum"})


def _door(of: type[Any]) -> type[Any]:
    """Return the class that others ask for: the most basic one of crmkit, or of whoever opened a door."""
    bases = [base for base in reversed(of.__mro__) if base.__module__ not in _NO_DOOR]
    return next((base for base in bases if base.__module__.startswith("crmkit.")), bases[0] if bases else of)


def _spaced(name: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def is_click(offer: Any) -> bool:
    """Whether an offer is a command of click, told without importing click."""
    return any(
        base.__name__ in ("Command", "BaseCommand") and base.__module__.startswith("click.")
        for base in type(offer).__mro__
    )


def names_of(offer: Any) -> Iterator[tuple[str, str]]:
    """Yield the names that an offer claims, each as (kind, name); no other offer may claim the same.

    A subscriber's name, and the version that a step leads to, are told apart by their plugin. What is offered through a plugin's own door claims nothing.
    """
    kind = kind_of_offer(offer)
    note = hook_of(offer)
    if note:
        if note.hook == "subscriber":
            yield kind, note.name
    elif kind == "record type":
        declaration = declaration_of(offer)
        yield kind, declaration.name
        yield "plural", declaration.plural
    elif isinstance(offer, Step | Drop):
        yield kind, str(offer.to)
    elif isinstance(offer, FieldDefinition):
        yield kind, f"{type_name(offer.of)}.{offer.key}"
    elif kind == "store":
        yield from (("store", scheme) for scheme in schemes_of(offer))
    elif kind == "commands" or _door(offer if isinstance(offer, type) else type(offer)).__module__.startswith(
        "crmkit."
    ):
        name = getattr(offer, "key", None) or getattr(offer, "name", None)
        if isinstance(name, str) and name:
            yield kind, name


def schemes_of(store: type[Store]) -> tuple[str, ...]:
    """Return the schemes of a store's URLs."""
    return (store.scheme,) if isinstance(store.scheme, str) else tuple(store.scheme)


def type_name(of: type[Record]) -> str:
    """Return a record type's stable name; the class's where it is none that is kept (``Staged``)."""
    try:
        return declaration_of(of).name
    except DeclarationError:
        return of.__name__
