"""Declarations as data, and record classes built from them: so that a type without its plugin is still read, moved and erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import attrs

from .declaration import Declaration, declaration_of
from .fields import Field, Owner
from .record import Record

FOLDING: Final = "folding:"
"""What the keys of entries begin with that name a text whose search keys are to be made; then comes ``type.field``."""
FOLD_AGAIN: Final = "again:"
"""The same of a text that older code may have written since, without the search key that it has now."""

COMPANY: Final = "company"
"""The key of the entry that says whose place it is: ``{"name": "acme"}``, a company's beside others; an empty name: a CRM of its own."""


def declaration_to_json(declaration: Declaration) -> dict[str, Any]:
    """Return what the ledger keeps of a declaration, as plain JSON."""
    return cast("dict[str, Any]", plain(declaration.in_ledger))


def plain(value: Any) -> Any:
    """Return a JSON value with lists for tuples and dicts for mappings."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    return value


def class_from_ledger(data: Mapping[str, Any], known: Mapping[str, type[Record]]) -> type[Record]:
    """Return a record class for a declaration whose plugin is not here.

    Args:
        known: the record types by name, for references.
    """
    fields = {entry["name"]: _attribute() for entry in data["fields"]}
    name = "".join(part.title() for part in str(data["name"]).split("_"))
    made: type[Record] = attrs.make_class(name, fields, bases=(Record,), frozen=True, kw_only=True, slots=True)
    read = tuple(_field_from_json(entry, known) for entry in data["fields"])
    system = tuple(field for field in declaration_of(_shape(data["mode"])).fields if field.system)
    system = tuple(attrs.evolve(field, target=made) if field.name == "id" else field for field in system)
    everything = (*system, *read)
    declaration = Declaration(
        of=made, name=data["name"], plural=data["plural"], mode=data["mode"], belongs=data["belongs"], coarse=data["coarse"],
        unique=tuple(tuple(key) for key in data["unique"]), indexes=tuple(tuple(key) for key in data["indexes"]),
        fields=everything, by_name={field.name: field for field in everything},
        owner=next((field for field in read if field.owner), None), doc="",
    )  # fmt: skip
    type.__setattr__(made, "_declaration", declaration)
    return made


def with_kept_fields(of: type[Record], data: Mapping[str, Any], known: Mapping[str, type[Record]]) -> type[Record]:
    """Return a record class with those fields of a ledger's declaration too that it does not declare: a newer, or an older, release did.

    The class itself where there are none. Args: see ``class_from_ledger``.
    """
    declared = declaration_to_json(declaration_of(of))
    mine = {field["name"] for field in declared["fields"]}
    more = [field for field in data["fields"] if field["name"] not in mine]
    return class_from_ledger({**declared, "fields": [*declared["fields"], *more]}, known) if more else of


def _attribute() -> Any:
    return attrs.field(default=None)


@attrs.frozen(kw_only=True)
class _Mutable(Record, shared=True):
    pass


@attrs.frozen(kw_only=True)
class _Fact(Record, shared=True, append_only=True):
    pass


@attrs.frozen(kw_only=True)
class _Lease(Record, shared=True, operational=True):
    pass


def _shape(mode: str) -> type[Record]:
    return {"append_only": _Fact, "operational": _Lease}.get(mode, _Mutable)


def _field_from_json(entry: Mapping[str, Any], known: Mapping[str, type[Record]]) -> Field:
    owner = entry.get("owner")
    return Field(
        name=entry["name"], kind=entry["kind"], optional=entry.get("optional", False), target=known.get(entry.get("target", "")),
        places=entry.get("places", 0), owner=Owner(owner["on_erase"], owner["on_merge_conflict"]) if owner else None,
        personal=entry.get("personal"), searchable=entry.get("searchable", False), indexed=entry.get("indexed", False),
        history=entry.get("history", False), identity=entry.get("identity", False), choices=tuple(entry.get("choices", ())),
    )  # fmt: skip
