"""From rows to records: generated code, one expression per field, in one loop over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from crmkit.builtin.sql.columns import Kept, Once
from crmkit.records import Declaration, Record
from crmkit.records.building import row_builder

R = TypeVar("R", bound=Record)


def decoder(of: type[R], declaration: Declaration, parts: Sequence[Kept]) -> Callable[[Sequence[Any]], list[R]]:
    """Return what makes records of rows that a store wrote; what stands behind a record in its row is passed over."""
    scope: dict[str, Any] = {"Once": Once}
    sources: dict[str, str] = {}
    once: dict[str, str] = {}
    each: dict[str, str] = {}
    at = 0
    for part in parts:
        name, value = part.field.name, f"row[{at}]"
        if part.read is not None:
            scope[f"read_{at}"] = part.read
            columns = ", ".join(f"[row[{n}] for row in rows]" for n in range(at, at + part.width))
            value, each[f"read{at}"] = f"read{at}", f"read_{at}({columns})"
        elif part.convert is not None:
            kind = f"{part.field.kind}{part.field.places or ''}"  # decimals of other places are other numbers
            scope[f"from_{kind}"] = part.convert
            once[kind] = f"{kind} = Once(from_{kind})"
            value = f"None if (v := {value}) is None else {kind}[v]"
        sources[name], at = value, at + part.width
    if declaration.direct and declaration.owner:
        sources[declaration.owner.name] = "made.customer_id"
    return row_builder(of, sources, scope, once=once.values(), each=each)
