"""Which records name others: by the declarations of all record types, those of plugins too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ..ports.work import Work
from ..query import Condition, each
from ..records import AnyRef, Field, ImportedRow, Record, Span, declaration_of

_PARTS: Final = frozenset({Span, ImportedRow})


def naming(of: type[Record], field: Field, refs: Sequence[AnyRef]) -> Condition | None:
    """Return the condition that a field names one of these records; None where it can not name a record of their types.

    A plain UUID (a redirect's old id, a log entry's record) is a fact and no reference.
    """
    path = getattr(each(of), field.name)
    if field.kind == "any_ref":
        return path.in_(refs)  # type: ignore[no-any-return]  # a path's comparison
    if not isinstance(field.target, type):
        return None
    name = declaration_of(field.target).name
    ids = [ref.id for ref in refs if field.target is Record or ref.type == name]
    return path.in_(ids) if ids else None


def references(work: Work, refs: Sequence[AnyRef]) -> Iterator[tuple[AnyRef, AnyRef]]:
    """Yield every reference to one of these records, from whom and to whom; apart from what is part of it: spans, and what imports said."""
    known = {ref.id: ref for ref in refs}
    for of in work.house.types if refs else ():
        declaration = declaration_of(of)
        for field in declaration.references if of not in _PARTS else ():
            where = naming(of, field, refs)
            for record in work.stream(of, where) if where is not None else ():
                named = getattr(record, field.name)
                yield AnyRef(declaration.name, record.id), known[named.id if isinstance(named, AnyRef) else named]
