"""The root of all records: frozen, keyword-only attrs classes with a time-ordered id and the stamps of the unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from uuid import UUID

import attrs

from .custom import custom_from_text
from .ids import Id, new_id
from .values import EMPTY, FrozenMap

if TYPE_CHECKING:
    from typing import Self

Mode = Literal["mutable", "append_only", "operational"]


def _custom(values: Mapping[str, Any]) -> FrozenMap:
    return values if isinstance(values, FrozenMap) else FrozenMap(values)


@attrs.frozen(kw_only=True)
class Record:
    """What stores keep. A subclass declares a record type by its annotations and class keywords.

    Class keywords:
        name: the type's stable name; by default the class name in snake case (``repair_order``).
        plural: its name on the command line and as an import target (``repair-orders``).
        shared: reference data that belongs to nobody (pipelines, stages, teams).
        itself: each record stands for itself and belongs to no other (a customer).
        append_only: facts that are never changed; only merges and erasures touch them.
        operational: leases, cursors, counters: no log entries, may be claimed.
        coarse: must not tell who or when: random id, stamps cut to the week, no log entry.
        unique: keys, each a tuple of field names; a key with a missing part claims nothing.
        indexes: further indexes, each a tuple of field names.

    The unit of work stamps ``version``, ``created_at``, ``updated_at`` and ``customer_id``; nobody else sets them.
    """

    _id: UUID = attrs.field(factory=new_id, alias="id")
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    customer_id: UUID | None = None
    custom: Mapping[str, Any] = attrs.field(default=EMPTY, converter=_custom)

    _keywords: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(
        cls,
        *,
        name: str | None = None,
        plural: str | None = None,
        shared: bool = False,
        itself: bool = False,
        append_only: bool = False,
        operational: bool = False,
        coarse: bool = False,
        unique: Sequence[tuple[str, ...]] = (),
        indexes: Sequence[tuple[str, ...]] = (),
    ) -> None:
        super().__init_subclass__()
        # attrs makes a slotted class anew and then passes no keywords: the first ones stay.
        if "_keywords" not in cls.__dict__:
            cls._keywords = {
                "name": name, "plural": plural, "shared": shared, "itself": itself, "append_only": append_only,
                "operational": operational, "coarse": coarse, "unique": tuple(unique), "indexes": tuple(indexes),
            }  # fmt: skip

    @property
    def id(self) -> Id[Self]:
        """The record's id: a time-ordered UUID, made at construction."""
        return self._id  # type: ignore[return-value]  # a plain UUID at run time

    def __hash__(self) -> int:
        return hash(self._id)


SLOTS: Final[Mapping[str, str]] = {"custom": "_kept_custom"}
"""Attributes whose slot has another name: see ``_read_late``."""


def _read_late() -> None:
    """Let ``custom`` be the text that a store keeps until somebody asks for it: few who read a page of records do.

    Only the code of a store sets the slot, by its other name; to all others ``custom`` is the field that it looks like.
    """
    slot = Record.__dict__["custom"]
    get, keep = slot.__get__, slot.__set__

    def custom(record: Record) -> Mapping[str, Any]:
        """The values of custom fields, by key."""
        value = get(record)
        if value.__class__ is not FrozenMap and not isinstance(value, Mapping):
            value = custom_from_text(value, type(record).__name__, record.id)
            keep(record, value)
        return value  # type: ignore[no-any-return]  # a text has become a mapping

    setattr(Record, SLOTS["custom"], slot)
    Record.custom = property(custom, keep)  # type: ignore[assignment]  # it reads like a field, and is written like one


_read_late()
