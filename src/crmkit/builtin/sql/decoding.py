"""From rows to records: generated code, one expression per field, in one loop over the rows.

Neighbouring rows often have the same value (the customer of a timeline, the instant of an import): it is converted once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import attrs

from crmkit.builtin.sql.columns import EPOCH, MICROSECOND, Kept, Once
from crmkit.records import Declaration, Record
from crmkit.records.building import row_builder
from crmkit.records.ids import INLINE_IDS, id_from_bytes, id_from_bytes_inline

R = TypeVar("R", bound=Record)
_SCOPE: Final = {"Once": Once, "EPOCH": EPOCH, "MICROSECOND": MICROSECOND, "id_from_bytes": id_from_bytes, **INLINE_IDS}


def decoder(of: type[R], declaration: Declaration, parts: Sequence[Kept]) -> Callable[[Sequence[Any]], list[R]]:
    """Return what makes records of rows that a store wrote; what stands behind a record in its row is passed over."""
    written, at = _Written(is_itself=declaration.belongs == "itself"), 0
    for part in parts:
        written.add(part, at)
        at += part.width
    if declaration.direct and declaration.owner:
        written.sources[declaration.owner.name] = "made.customer_id"
    return row_builder(of, written.sources, written.scope, once=written.once, each=written.each, before=written.before)


@attrs.define
class _Written:
    """The parts of the code. See ``row_builder``; ``is_itself``: most records belong to none but themselves."""

    is_itself: bool
    scope: dict[str, Any] = attrs.field(factory=lambda: dict[str, Any](_SCOPE))
    sources: dict[str, str] = attrs.field(factory=dict[str, str])
    once: list[str] = attrs.field(factory=list[str])
    each: dict[str, str] = attrs.field(factory=dict[str, str])
    before: list[str] = attrs.field(factory=list[str])

    def add(self, part: Kept, at: int) -> None:
        """Write how one field is read, from a row's place on."""
        self.sources[part.field.name] = self._source(part, at)

    def _source(self, part: Kept, at: int) -> str:
        kind, value = part.field.kind, f"row[{at}]"
        if part.read is not None:
            return self._by_column(part, at)
        if part.convert is None:
            return value
        if kind == "bool":
            return f"None if (v := {value}) is None else v == 1"
        if kind == "instant":
            return self._unless_same(value, at, "EPOCH + MICROSECOND * v")
        if part.convert is id_from_bytes:
            return self._id(part.field.name, value, at)
        self.scope[f"from{at}"] = part.convert
        self.once.append(f"known{at} = Once(from{at})")
        return self._unless_same(value, at, f"known{at}[v]")

    def _by_column(self, part: Kept, at: int) -> str:
        self.scope[f"from{at}"] = part.read
        columns = (f"[row[{n}] for row in rows]" for n in range(at, at + part.width))
        self.each[f"read{at}"] = f"from{at}({', '.join(columns)})"
        return f"read{at}"

    def _id(self, name: str, value: str, at: int) -> str:
        if name == "id":  # always there, and always another one
            self.before += id_from_bytes_inline("id_", value)
            return "id_"
        if name == "customer_id" and self.is_itself:
            return f"id_ if (v := {value}) == row[0] else None if v is None else id_from_bytes(v)"
        making = id_from_bytes_inline(f"made{at}", "v")
        return self._if_new(
            value, at, ["if v is None:", f"    made{at} = None", "else:", *(f"    {line}" for line in making)]
        )

    def _unless_same(self, value: str, at: int, made: str) -> str:
        return self._if_new(value, at, [f"made{at} = None if v is None else {made}"])

    def _if_new(self, value: str, at: int, making: Sequence[str]) -> str:
        """Convert what is not the same as in the row before."""
        self.once.append(f"was{at} = made{at} = None")
        self.before += [f"if (v := {value}) is not was{at} and v != was{at}:", f"    was{at} = v"]
        self.before += [f"    {line}" for line in making]
        return f"made{at}"
