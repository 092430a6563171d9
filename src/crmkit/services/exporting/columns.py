"""What a record is in a row: its fields, its custom fields, its external ids, and (a customer) its addresses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs

from ...ports.work import Work
from ...query import each
from ...records import AnyRef, ContactPoint, Customer, ExternalId, Field, LocalText, Record, declaration_of
from ...records.as_json import value_to_json
from ...records.border import custom_value
from ..importing.cells import joined

Cell = str | int | Decimal | None
ADDRESSES: Final = {"emails": "email", "phones": "phone", "postals": "postal"}
"""Columns of a customer's addresses, and their kind."""
EXTERNAL_IDS: Final = "external_ids"


@attrs.frozen(eq=False)
class Sheet:
    """The columns of one record type.

    Attributes:
        custom: its custom fields by key.
    """

    of: type[Record]
    custom: Mapping[str, Field]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, the id first and the stamps last."""
        declaration = declaration_of(self.of)
        stamps = [f for f in declaration.fields if f.name in ("created_at", "updated_at")]
        return (declaration.by_name["id"], *declaration.own_fields, *stamps)

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns of CSV."""
        names = [name for field in self.fields for name in _columns(field)]
        return (*names, *(f"custom.{key}" for key in self.custom), *self.extras)

    @property
    def extras(self) -> tuple[str, ...]:
        """Columns of what belongs to a record."""
        if self.of is ExternalId:
            return ()
        return (EXTERNAL_IDS, *(ADDRESSES if self.of is Customer else ()))

    def row(self, record: Record, more: Mapping[str, Sequence[str]]) -> list[Cell]:
        """Return a record as the cells of CSV."""
        cells: list[Cell] = []
        for field in self.fields:
            cells += _cells(field, getattr(record, field.name))
        for key, field in self.custom.items():
            cells += _cells(field, _custom(field, record.custom.get(key)))
        return [*cells, *(joined(more.get(name, ())) or None for name in self.extras)]

    def object(self, record: Record, more: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return a record as a JSON object."""
        made = {field.name: _json_value(field, getattr(record, field.name)) for field in self.fields}
        custom = {
            key: value_to_json(field, _custom(field, record.custom[key]))
            for key, field in self.custom.items()
            if record.custom.get(key) is not None
        }
        return {
            **made,
            **({"custom": custom} if custom else {}),
            **{name: list(more.get(name, ())) for name in self.extras},
        }


def belongings(work: Work, of: type[Record], records: Sequence[Record]) -> dict[UUID, dict[str, list[str]]]:
    """Return the external ids and addresses of records, by their id and column, in the order in which they were added."""
    found: dict[UUID, dict[str, list[str]]] = {record.id: {} for record in records}
    if of is ExternalId or not records:
        return found
    name = declaration_of(of).name
    e = each(ExternalId)
    for one in work.find(ExternalId, e.record.in_([AnyRef(name, record.id) for record in records])):
        found[one.record.id].setdefault(EXTERNAL_IDS, []).append(f"{one.source}:{one.value}")
    if of is Customer:
        _add_addresses(work, found)
    return found


def _add_addresses(work: Work, found: dict[UUID, dict[str, list[str]]]) -> None:
    points = list(work.find(ContactPoint, each(ContactPoint).customer.in_(list(found))))
    columns = {kind: name for name, kind in ADDRESSES.items()}
    for point in sorted(points, key=lambda point: not point.is_primary):
        if point.kind in columns:
            found[point.customer].setdefault(columns[point.kind], []).append(_address(point))


def _address(point: ContactPoint) -> str:
    """Return an address so that it has the same key when it is read: a number without its calling code says less."""
    return point.key if point.kind == "phone" and point.key.startswith("+") and "+" not in point.value else point.value


def _json_value(field: Field, value: Any) -> Any:
    """Return a value as JSON; what a JSON field holds as its text, unless it is an object: a list would be several values."""
    if field.kind == "json" and value is not None and not isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return value_to_json(field, value)


def _columns(field: Field) -> tuple[str, ...]:
    return (field.name, f"{field.name}_currency") if field.kind == "money" else (field.name,)


def _cells(field: Field, value: Any) -> list[Cell]:
    if field.kind == "money":
        return [None, None] if value is None else [value.amount, value.currency]
    return [None if value is None else _TO.get(field.kind, str)(value)]


def _custom(field: Field, kept: Any) -> Any:
    return None if kept is None else custom_value(field, kept)


def _same(value: Any) -> Any:
    return value


def _local_text(value: LocalText) -> str:
    texts = dict(value.texts)
    return texts.get("", "") if set(texts) <= {""} else json.dumps(texts, ensure_ascii=False)


def _bool(value: Any) -> str:
    return "true" if value else "false"


def _instant(value: Any) -> Any:
    return value_to_json(_INSTANT, value)


_INSTANT: Final = Field(name="at", kind="instant")
_ANY_REF: Final = Field(name="ref", kind="any_ref")
_TO: Final[Mapping[str, Callable[[Any], Cell]]] = {
    "int": _same, "decimal": _same, "bool": _bool, "instant": _instant, "date": lambda value: value.isoformat(), "codes": lambda value: joined(sorted(value)),
    "any_ref": lambda value: value_to_json(_ANY_REF, value), "local_text": _local_text, "digest": bytes.hex,
    "json": lambda value: json.dumps(value, ensure_ascii=False),
}  # fmt: skip
