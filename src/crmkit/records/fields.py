"""How a record type is declared: the kinds of fields, and the marks that say what a type can not.

A field's annotation gives its kind, from a closed list; ``Annotated`` marks add the rest::

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    bicycle: Annotated[str, NotPersonal(), Searchable()]
    price: Money | None = None
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

import attrs

from .ids import target_of
from .money import Money
from .times import PartialDate, WallTime
from .values import JSON, AnyRef, Code, Digest, LocalText

Kind = Literal[
    "text", "code", "int", "decimal", "money", "bool", "date", "partial_date", "instant", "wall_time", "local_text",
    "codes", "ref", "any_ref", "json", "digest",
]  # fmt: skip
OnErase = Literal["keep", "remove"]
OnMergeConflict = Literal["keep_winner", "keep_newest", "refuse"]


@attrs.frozen
class Owner:
    """This reference says to whom the record belongs: a customer, or a record that has one.

    Args:
        on_erase: at an erasure of the customer the record is removed, or kept with its personal fields blanked.
        on_merge_conflict: what a merge does where a unique key holds the owner and both customers have the key.
    """

    on_erase: OnErase
    on_merge_conflict: OnMergeConflict | None = None


@attrs.frozen
class Personal:
    """The field tells about a person: exported on request, blanked at an erasure."""


@attrs.frozen
class NotPersonal:
    """The field tells nothing about a person, also not in free text."""


@attrs.frozen
class Searchable:
    """``.contains()`` may be asked of the field: its fold is kept beside it."""


@attrs.frozen
class Indexed:
    """Questions often filter or order by the field."""


@attrs.frozen
class History:
    """Every value of the field is kept with its time, as spans."""


@attrs.frozen
class Places:
    """How many decimals a ``Decimal`` field has; it is kept as a scaled integer."""

    n: int


@attrs.frozen
class Choices:
    """The only values that the field takes."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        self.__attrs_init__(values)  # type: ignore[attr-defined]  # made by attrs


@attrs.frozen
class ZoneName:
    """The code names a time zone of the IANA data base, or is empty."""


@attrs.frozen
class Identity:
    """The text names somebody or something: zero-width and bidi control characters are dropped."""


@attrs.frozen(kw_only=True)
class Field:
    """One field of a record type, as its declaration says."""

    name: str
    kind: Kind
    optional: bool = False
    system: bool = False
    target: Any = None
    """The record type of a reference (``Record`` where any will do)."""
    places: int = 0
    owner: Owner | None = None
    personal: bool | None = None
    searchable: bool = False
    indexed: bool = False
    history: bool = False
    identity: bool = False
    zone_name: bool = False
    choices: tuple[str, ...] = ()
    required: bool = False
    """It has no default: whoever makes the record gives it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names under which stores keep the field: money is two columns, a searchable text adds its fold."""
        if self.kind == "money":
            return (self.name, f"{self.name}_currency")
        return (self.name, f"{self.name}_fold") if self.searchable else (self.name,)


_KINDS: Final[Mapping[Any, Kind]] = types.MappingProxyType(
    {
        str: "text", Code: "code", int: "int", Decimal: "decimal", Money: "money", bool: "bool", date: "date",
        PartialDate: "partial_date", datetime: "instant", WallTime: "wall_time", LocalText: "local_text",
        JSON: "json", AnyRef: "any_ref", Digest: "digest",
    }
)  # fmt: skip
KINDS_IN_WORDS: Final = "str, Code, int, Decimal, Money, bool, date, PartialDate, datetime, WallTime, LocalText, frozenset[Code], Id[X], AnyRef, JSON, Digest"


def kind_of(annotation: Any) -> tuple[Kind | None, bool, Any]:
    """Return the kind that an annotation (without its marks) gives, whether it may be missing, and a reference's target."""
    optional = False
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not types.NoneType]
        optional = len(rest) < len(get_args(annotation))
        if len(rest) != 1:
            return None, optional, None
        annotation = rest[0]
    if get_origin(annotation) is frozenset:
        return "codes", optional, None
    target = target_of(annotation)
    if target is not None or annotation is UUID:
        return "ref", optional, target
    return _KINDS.get(annotation), optional, None
