"""What files can be imported as: every record type of the CRM, by its declaration, and a few that make several records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from ...records import (
    Declaration,
    Field,
    Record,
    Redirect,
    declaration_of,
)
from .mapping import Target
from .references import Of

_NEVER: Final = frozenset({Redirect})
_DERIVED: Final = {True: ("state", "erased_at")}
"""Fields of what moves along a pipeline that follow from others, or from what we did."""
_SPECIAL_KINDS: Final = frozenset({"ref", "any_ref"})
ID: Final = Target(name="id")
EXTERNAL_ID: Final = Target(name="external_id", kind="external_id", aliases=("external id",))
EXTERNAL_IDS: Final = Target(name="external_ids", kind="external_id", many=True)
AT: Final = Target(name="at", kind="instant")


@attrs.frozen(kw_only=True, eq=False)
class ImportTarget:
    """One kind of row.

    Attributes:
        name: as the command line calls it: ``customers``, ``repair-orders``.
        of: the record type that a row becomes.
        fields: what columns can become.
        references: those that name other records, with their type.
        custom: the custom fields by key.
        stream: files of this kind and of one mapping; empty: what rows said is not kept.
    """

    name: str
    of: type[Record]
    fields: tuple[Target, ...]
    references: Mapping[str, Of] = attrs.field(factory=dict[str, Of])
    custom: Mapping[str, Field] = attrs.field(factory=dict[str, Field])
    stream: str = ""

    @property
    def declaration(self) -> Declaration:
        """The record type's declaration."""
        return declaration_of(self.of)

    @property
    def required(self) -> tuple[str, ...]:
        """What a new record can not do without."""
        return tuple(field.name for field in self.declaration.own_fields if field.required)

    def relaxed(self) -> ImportTarget:
        """The same, for a file that may change records without giving all that a new one needs."""
        return attrs.evolve(self, fields=tuple(attrs.evolve(field, required=False) for field in self.fields))


def is_importable(of: type[Record]) -> bool:
    """Whether rows can become records of a type: not what the machinery keeps for itself."""
    declaration = declaration_of(of)
    return declaration.mode != "operational" and of not in _NEVER


def target_of(of: type[Record], custom: Mapping[str, Field]) -> ImportTarget:
    """Return the target that follows from a record type's declaration and its custom fields."""
    declaration = declaration_of(of)
    own = [field for field in declaration.own_fields if field.name not in _DERIVED.get(declaration.staged, ())]
    fields = [_target(field) for field in own]
    fields += [_custom_target(key, field) for key, field in custom.items()]
    more = [ID, EXTERNAL_ID, EXTERNAL_IDS, *([AT] if any(field.history for field in own) else [])]
    names = {field.name for field in own}
    return ImportTarget(
        name=declaration.plural,
        of=of,
        fields=(*fields, *(target for target in more if target.name not in names)),
        references={f.name: _type_of(f) for f in own if f.kind in _SPECIAL_KINDS and not _is_plain_id(f)},
        custom=custom,
    )


def _target(field: Field) -> Target:
    made = Target.of_field(field)
    if _is_plain_id(field):
        return attrs.evolve(made, kind="text")
    return attrs.evolve(made, kind="text") if field.kind == "digest" else made


def _custom_target(key: str, field: Field) -> Target:
    made = Target.of_field(field, name=f"custom.{key}", required=False)
    return attrs.evolve(made, kind="code") if field.choices else made


def _is_plain_id(field: Field) -> bool:
    """An id that names no record type: a fact, read as it stands."""
    return field.kind == "ref" and not isinstance(field.target, type)


def _type_of(field: Field) -> Any:
    return field.target if field.kind == "ref" and field.target is not Record else None
