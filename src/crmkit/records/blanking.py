"""Blanking: what an erasure leaves of a record. Its personal fields say nothing more; what it refers to, and what counts, stays."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs

from .customer import Customer
from .declaration import Declaration, declaration_of
from .fields import Field
from .money import Money
from .record import Record
from .times import PartialDate, WallTime
from .values import EMPTY, AnyRef, Digest, FrozenMap, LocalText

R = TypeVar("R", bound=Record)
ERASED_NAME: Final = "(erased)"
"""The name of an erased customer: a name may not be empty."""
_STAYS: Final = frozenset({"ref", "any_ref"})
"""Kinds of which a removed record's outline keeps the values: to whom it belonged and what it named."""
_DAY: Final = date(1, 1, 1)


def blanked(record: R, custom: Mapping[str, Field] = EMPTY) -> R:
    """Return a record with its personal fields blank; the record itself where there is nothing to blank.

    Args:
        custom: the custom fields of its type; the values of those that are not personal stay.
    """
    declaration = declaration_of(type(record))
    names = [f for f in declaration.own_fields if f.personal and not f.owner]
    values = {f.name: _blank(f, record, is_apart=_is_key(declaration, f)) for f in names}
    values |= {"name": ERASED_NAME} if declaration.of is Customer else {}
    kept = {key: value for key, value in record.custom.items() if key in custom and custom[key].personal is False}
    if len(kept) < len(record.custom):
        values["custom"] = FrozenMap(kept)
    changed = {name: value for name, value in values.items() if getattr(record, name) != value}
    return altered(record, changed) if changed else record


def outline(record: R) -> R:
    """Return what may still be told of a record that an erasure removes: which one it was, whose, and what it named.

    Its fields need no mark to be personal: a choice, a yes or a day tells as much as words do.
    """
    declaration = declaration_of(type(record))
    names = [f for f in declaration.own_fields if not f.owner and (f.kind not in _STAYS or f.personal)]
    blank = {f.name: _blank(attrs.evolve(f, choices=()), record) for f in names}
    return altered(record, {**blank, "custom": EMPTY})


def tells(before: Record, after: Record, custom: Mapping[str, Field] = EMPTY) -> bool:
    """Whether a changed record says something personal that it did not say before."""
    clean = blanked(after, custom)
    names = [field.name for field in declaration_of(type(after)).own_fields]
    return any(
        (now := getattr(after, name)) != getattr(clean, name) and now != getattr(before, name)
        for name in (*names, "custom")
    )


def altered(record: R, values: Mapping[str, Any]) -> R:
    """Return a copy with other values, past the class's own validators: none of them keeps an erasure from its work."""
    made = copy.copy(record)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _is_key(declaration: Declaration, field: Field) -> bool:
    return any(field.name in key for key in declaration.unique)


def _blank(field: Field, record: Record, *, is_apart: bool = False) -> Any:
    """Return the blank value of a field; where it is to be no other record's, one made of the record's id."""
    value = getattr(record, field.name)
    if field.optional or value is None:
        return None
    if is_apart and field.kind in _APART:
        return _APART[field.kind](record.id)
    if field.choices:
        return "" if "" in field.choices else field.choices[0]
    if field.kind == "money":
        return Money(Decimal(0), value.currency)
    return _EMPTY[field.kind]


_EMPTY: Final[Mapping[str, Any]] = {
    "text": "", "code": "", "int": 0, "decimal": Decimal(0), "bool": False, "date": _DAY, "partial_date": PartialDate(1),
    "instant": datetime(1, 1, 1, tzinfo=UTC), "wall_time": WallTime(datetime(1, 1, 2), "UTC"),  # noqa: DTZ001  # a wall's clock has no zone
    "local_text": LocalText(), "codes": frozenset[str](), "json": EMPTY, "digest": Digest(b""), "ref": UUID(int=0), "any_ref": AnyRef("", UUID(int=0)),
}  # fmt: skip
_APART: Final[Mapping[str, Callable[[UUID], Any]]] = {
    "text": lambda id_: f"erased:{id_.hex}", "code": lambda id_: f"erased:{id_.hex}", "int": lambda id_: id_.int >> 65,
    "digest": lambda id_: Digest(id_.bytes),
}  # fmt: skip
"""Where a unique key holds the field and it may not be missing: what no other record has, and what tells nothing."""
