"""Forgetting: records are blanked or removed without hooks, and the log keeps that it happened, but nothing of what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..ports.store import Replace
from ..query import Find, each
from ..records import Field, FrozenMap, LogEntry, Record, declaration_of
from ..records.as_json import to_json
from ..records.blanking import outline

if TYPE_CHECKING:
    from .unit import Unit

OUTLINE: Final = "crmkit:outline"
"""Stands in what the log says of a record that an erasure removed: its personal values were never in it."""
_FORM: Final = 2
"""The form of an outline; the first one kept instants and choices, so that it is blanked when it is met."""


def blank(unit: Unit, pairs: Sequence[tuple[Record, Record]]) -> None:
    """Keep records blanked: the second of each pair instead of the first."""
    by_type: dict[type[Record], list[Record]] = {}
    for _, new in pairs:
        by_type.setdefault(type(new), []).append(new)
    for of, ones in by_type.items():
        unit._writer.rehome(ones, f"{declaration_of(of).name}.erased", _nothing)


def wipe(unit: Unit, records: Sequence[Record]) -> None:
    """Remove records, and the files that no other record names."""
    for of in dict.fromkeys(type(record) for record in records):
        unit._writer.discard([record for record in records if type(record) is of], "", _outlined)


def still(entry: LogEntry) -> bool:
    """Whether an entry of the log says nothing of what a record held."""
    return not entry.values or entry.values.get(OUTLINE) == _FORM


def silence(unit: Unit, entries: Sequence[LogEntry]) -> None:
    """Blank what entries of the log say."""
    if entries:
        unit.to_write().write([Replace(attrs.evolve(entry, values=FrozenMap({}))) for entry in entries])


def drop_files(unit: Unit, digests: Sequence[bytes]) -> int:
    """Remove the files of digests that no record names any more; return how many."""
    if not digests or "blobs" not in unit.store.capabilities:
        return 0
    gone = set(digests) - _named(unit, digests)
    for digest in gone:
        unit.to_write().remove_blob(digest)
    return len(gone)


def _named(unit: Unit, digests: Sequence[bytes]) -> set[bytes]:
    """Return those of these digests that a record names."""
    found: set[bytes] = set()
    for of in unit.house.types:
        declaration = declaration_of(of)
        for field in declaration.own_fields if declaration.name not in unit.house.absent else ():
            if field.kind == "digest":
                where = getattr(each(of), field.name).in_(list(digests))
                found.update(bytes(getattr(one, field.name)) for one in unit.tx.find(Find(of=of, where=where)))
    return found


def _nothing(before: Record, after: Record) -> Mapping[str, Any]:
    return {}


def _outlined(record: Record) -> Mapping[str, Any]:
    return {**to_json(outline(record)), OUTLINE: _FORM}


def digests_of(record: Record) -> list[bytes]:
    """Return the digests that a record names files by."""
    fields: Sequence[Field] = declaration_of(type(record)).own_fields
    return [bytes(value) for f in fields if f.kind == "digest" and (value := getattr(record, f.name)) is not None]
