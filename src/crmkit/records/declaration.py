"""From a record class to its declaration: the one fact from which table, validation, merge and erasure follow."""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import attrs

from ..errors import DeclarationError
from .fields import (
    KINDS_IN_WORDS,
    Choices,
    Field,
    History,
    Identity,
    Indexed,
    NotPersonal,
    OnErase,
    Owner,
    Personal,
    Places,
    Searchable,
    ZoneName,
    kind_of,
)  # fmt: skip
from .record import Mode, Record
from .twins import untold
from .values import FrozenMap

R = TypeVar("R", bound=Record)
Belongs = Literal["owner", "shared", "itself"]
RESERVED: Final = frozenset({"in_", "starts_with", "contains", "includes", "is_missing", "folded"})
"""Words that questions use on a path; a field can not have them as its name."""
_TELLING: Final = frozenset({"text", "date", "partial_date", "json", "local_text"})


@attrs.frozen(kw_only=True, eq=False)
class Declaration:
    """All that crmkit knows of a record type."""

    of: type[Record]
    name: str
    plural: str
    mode: Mode
    belongs: Belongs
    coarse: bool
    unique: tuple[tuple[str, ...], ...]
    indexes: tuple[tuple[str, ...], ...]
    fields: tuple[Field, ...]
    by_name: Mapping[str, Field]
    owner: Field | None
    doc: str

    @property
    def on_erase(self) -> OnErase:
        """What an erasure of its customer does to a record of this type; what stands for itself is blanked and kept."""
        return self.owner.owner.on_erase if self.owner and self.owner.owner else "keep"

    @functools.cached_property
    def histories(self) -> tuple[Field, ...]:
        """The fields of which it is kept since when they had which value."""
        return tuple(field for field in self.fields if field.history)

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """The fields that its author declared, without the stamps."""
        return tuple(field for field in self.fields if not field.system)

    @property
    def direct(self) -> bool:
        """Its owner is the customer itself: then that field and ``customer_id`` are one and the same, and stored once."""
        return (
            self.owner is not None
            and self.owner.kind == "ref"
            and getattr(self.owner.target, "__name__", "") == "Customer"
        )

    @property
    def stored(self) -> tuple[Field, ...]:
        """The fields that a store keeps, in order: all but a direct owner, which ``customer_id`` holds."""
        return tuple(field for field in self.fields if not (self.direct and field is self.owner))

    @property
    def references(self) -> tuple[Field, ...]:
        """The fields that name another record."""
        return tuple(
            field
            for field in self.fields
            if field.kind in ("ref", "any_ref") and field.name not in ("id", "customer_id")
        )

    @functools.cached_property
    def in_ledger(self) -> FrozenMap:
        """What the ledger keeps of it, deep-frozen: all that stores, merges, exports and erasures need."""
        return FrozenMap(
            {
                "name": self.name,
                "plural": self.plural,
                "mode": self.mode,
                "belongs": self.belongs,
                "coarse": self.coarse,
                "unique": self.unique,
                "indexes": self.indexes,
                "fields": [_field_in_ledger(field) for field in self.own_fields],
            }
        )

    @property
    def staged(self) -> bool:
        """Its records move along pipelines."""
        return {"pipeline", "stage", "state"} <= set(self.by_name)


def declaration_of(of: type[Record]) -> Declaration:
    """Return the declaration of a record class, read once.

    Raises:
        DeclarationError: it is declared wrongly; all problems at once.
    """
    found = of.__dict__.get("_declaration")
    if isinstance(found, Declaration):
        return found
    made = _read(of)
    type.__setattr__(of, "_declaration", made)
    return made


def _read(of: type[Record]) -> Declaration:
    keywords: Any = getattr(of, "_keywords", None)
    if keywords is None:  # a forgotten base class is met here first
        raise DeclarationError(of.__name__, ["Let it inherit from crmkit.Record."])
    if "__attrs_attrs__" not in of.__dict__:
        raise DeclarationError(of.__name__, ["Decorate it with @attrs.frozen(kw_only=True)."])
    mode: Mode = "append_only" if keywords["append_only"] else "operational" if keywords["operational"] else "mutable"
    problems: list[str] = []
    fields = tuple(_fields(of, mode, problems))
    owners = [field for field in fields if field.owner]
    belongs: Belongs = "shared" if keywords["shared"] else "itself" if keywords["itself"] and not owners else "owner"
    declaration = Declaration(
        of=of,
        name=keywords["name"] or snake(of.__name__),
        plural=keywords["plural"] or snake(of.__name__).replace("_", "-") + "s",
        mode=mode,
        belongs=belongs,
        coarse=keywords["coarse"],
        unique=keywords["unique"],
        indexes=keywords["indexes"],
        fields=fields,
        by_name=types.MappingProxyType({field.name: field for field in fields}),
        owner=owners[0] if owners else None,
        doc=(of.__doc__ or "").partition("\n")[0],
    )
    problems += _problems(declaration, owners)
    if problems:
        raise DeclarationError(f"Record type {of.__name__}", problems)
    return declaration


def _field_in_ledger(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {"name": field.name, "kind": field.kind}
    for flag in ("optional", "searchable", "indexed", "history", "identity", "personal", "places"):
        if getattr(field, flag):
            made[flag] = getattr(field, flag)
    if field.choices:
        made["choices"] = field.choices
    if field.kind == "ref" and isinstance(field.target, type):
        made["target"] = declaration_of(field.target).name if field.target is not Record else ""
    if field.owner:
        made["owner"] = {"on_erase": field.owner.on_erase, "on_merge_conflict": field.owner.on_merge_conflict}
    return made


def with_unique(of: type[R], unique: Sequence[tuple[str, ...]]) -> type[R]:
    """Return the same record type with other unique keys."""
    made = untold(of)
    type.__setattr__(made, "_declaration", attrs.evolve(declaration_of(of), of=made, unique=tuple(unique)))
    return made


def snake(name: str) -> str:
    """Return ``RepairOrder`` as ``repair_order``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _fields(of: type[Record], mode: Mode, problems: list[str]) -> Iterator[Field]:
    try:
        hints = get_type_hints(of, include_extras=True)
    except NameError as error:
        problems.append(f"{error}: import it outside of TYPE_CHECKING.")
        return
    for attribute in attrs.fields(of):
        name = attribute.alias or attribute.name
        if name in _SYSTEM:
            if mode == "mutable" or name in ("id", "customer_id", "created_at"):
                yield attrs.evolve(_SYSTEM[name], target=of if name == "id" else None)
            continue
        problems += _misnamed(attribute)
        field = _field(name, hints[attribute.name], attribute.default is attrs.NOTHING, problems)
        if field:
            yield field


def _misnamed(attribute: attrs.Attribute[Any]) -> Iterator[str]:
    """Yield why a field can not be told by its one name, or its default not without a record."""
    name, default = attribute.name, attribute.default
    if attribute.alias not in (None, name):
        yield (
            f"Field {name!r} is {attribute.alias!r} where a record is made: let it have one name, without alias= and without _ before it."
        )
    if getattr(default, "takes_self", False):
        yield f"The default of {name!r} is made of the record (takes_self): give it one that stands for itself, or set it in @adjust."


_SYSTEM: Final = types.MappingProxyType(
    {
        "id": Field(name="id", kind="ref", system=True),
        "version": Field(name="version", kind="int", system=True),
        "created_at": Field(name="created_at", kind="instant", optional=True, system=True),
        "updated_at": Field(name="updated_at", kind="instant", optional=True, system=True),
        "customer_id": Field(name="customer_id", kind="ref", optional=True, system=True),
        "custom": Field(name="custom", kind="json", system=True, personal=True),
    }
)


def _field(name: str, annotation: Any, required: bool, problems: list[str]) -> Field | None:
    marks: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        marks = tuple(rest)
    kind, optional, target = kind_of(annotation)
    if kind is None:
        problems.append(f"Field {name!r} has the type {annotation!r}, which is none of {KINDS_IN_WORDS}.")
        return None
    if name in RESERVED or name.startswith("_"):
        problems.append(f"{name!r} can not be a field's name.")
    by_type: dict[type[Any], Any] = {type(mark): mark for mark in marks}
    if kind == "decimal" and Places not in by_type:
        problems.append(f"Field {name!r} is a Decimal: say its decimals with Places(n).")
    return Field(
        name=name, kind=kind, optional=optional, target=target, required=required,
        places=by_type[Places].n if Places in by_type else 0,
        owner=by_type.get(Owner),
        personal=True if Personal in by_type else False if NotPersonal in by_type else None,
        searchable=Searchable in by_type, indexed=Indexed in by_type, history=History in by_type,
        identity=Identity in by_type, zone_name=ZoneName in by_type,
        choices=by_type[Choices].values if Choices in by_type else (),
    )  # fmt: skip


def _problems(declaration: Declaration, owners: list[Field]) -> Iterator[str]:
    keywords = declaration.of._keywords
    if len(owners) > 1:
        yield f"{' and '.join(repr(f.name) for f in owners)} are both marked Owner: choose one."
    if not owners and declaration.belongs == "owner":
        yield "It does not say to whom its records belong: mark one reference Owner(on_erase=...), or say shared=True or itself=True."
    if owners and keywords["shared"]:
        yield "It is shared and has an Owner: choose one."
    for key in (*declaration.unique, *declaration.indexes):
        for name in key:
            if name not in declaration.by_name:
                yield f"The key {key!r} names {name!r}, which is no field."
    if owners:
        yield from _key_problems(declaration, owners[0])
    if declaration.belongs != "shared" and declaration.on_erase == "keep":
        for field in declaration.own_fields:
            if field.kind in _TELLING and field.personal is None:
                yield f"Field {field.name!r} outlives an erasure: mark it Personal() or NotPersonal()."
            if field.personal and not field.optional and _has_no_blank(field):
                yield f"Field {field.name!r} can not be blanked at an erasure without saying something else: let it be missing (| None)."


def _has_no_blank(field: Field) -> bool:
    """Whether each of its values says something."""
    return field.kind in ("ref", "any_ref", "bool") or bool(field.choices and "" not in field.choices)


def _key_problems(declaration: Declaration, owner: Field) -> Iterator[str]:
    if owner.owner and owner.owner.on_merge_conflict is None:
        for key in declaration.unique:
            if owner.name in key:
                yield f"The unique key {key!r} holds the owner: say on_merge_conflict= in Owner(...)."
