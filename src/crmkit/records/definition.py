"""What hosts and users define at run time: custom fields, saved questions, counters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import attrs

from .fields import Kind
from .record import Record
from .values import EMPTY, JSON, Code, LocalText

CUSTOM_KINDS: Final[Mapping[Any, Kind]] = {
    str: "text",
    int: "int",
    bool: "bool",
    Decimal: "decimal",
    date: "date",
    datetime: "instant",
}


@attrs.frozen
class FieldDefinition:
    """A custom field that a plugin or host declares: ``FieldDefinition(Customer, "frame_size", choices=("S", "M"))``."""

    of: type[Record]
    key: str
    type: Any = str
    """``str``, ``int``, ``bool``, ``Decimal``, ``date`` or ``datetime``."""
    choices: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=tuple)
    indexed: bool = attrs.field(default=False, kw_only=True)
    places: int = attrs.field(default=2, kw_only=True)
    """Decimals of a ``Decimal``."""
    personal: bool = attrs.field(default=True, kw_only=True)
    name: LocalText | None = attrs.field(default=None, kw_only=True)

    @property
    def kind(self) -> Kind:
        """The field's kind; a text where the type is none that custom fields can have."""
        return CUSTOM_KINDS.get(self.type, "text")


@attrs.frozen(kw_only=True)
class KeptField(Record, name="field_definition", plural="field-definitions", shared=True, unique=[("of", "key")]):
    """An installed custom field."""

    of: Code
    key: Code
    kind: Code = "text"
    choices: JSON = ()
    indexed: bool = False
    places: int = 2
    personal: bool = True
    name: LocalText = LocalText()
    plugin: Code = ""
    is_retired: bool = False


@attrs.frozen(kw_only=True)
class Segment(Record, shared=True, unique=[("key",)]):
    """A saved question: it stays true, because its moving values move."""

    key: Code
    of: Code
    title: LocalText = LocalText()
    question: JSON = EMPTY


@attrs.frozen(kw_only=True)
class Counter(Record, shared=True, operational=True, unique=[("key",)]):
    """Human numbers (case 1042): the last one given."""

    key: Code
    value: int = 0
