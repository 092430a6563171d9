"""Restoring: records become again what they were before a unit of work, as an undo asks. No hook is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from ..records import Record, declaration_of
from ..records.as_json import changed_fields
from .belonging import dependents
from .spans import undo_spans

if TYPE_CHECKING:
    from .unit import Unit


def restored(unit: Unit, records: Sequence[Record], since: UUID, name: str) -> None:
    """Keep records as they are given; their spans as they were before the unit ``since``; what belongs to them moves with them."""
    by_type: dict[type[Record], list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)
    for of, ones in by_type.items():
        before = unit.tx.get(of, [record.id for record in ones])
        differing = [one for one in ones if one.id in before and changed_fields(before[one.id], one)]
        unit.rehome(differing, name=name)
        if declaration_of(of).histories:
            undo_spans(unit, ones, since)
        for new in unit.tx.get(of, [one.id for one in differing]).values():
            if new.customer_id != before[new.id].customer_id:
                unit.rehome([attrs.evolve(one, customer_id=new.customer_id) for one in dependents(unit, new)])
