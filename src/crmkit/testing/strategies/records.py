"""Hypothesis strategies for records of any declared type, alone and in worlds whose references lead to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...records import Field, Record, declaration_of
from .values import Pool, instants, kept_custom, values

R = TypeVar("R", bound=Record)
CustomFields = Callable[[type[Record]], Mapping[str, Field]]


def no_custom_fields(of: type[Record]) -> Mapping[str, Field]:  # the shape of CustomFields
    """Return none."""
    return {}


def records(
    of: type[R],
    *,
    pool: Pool | None = None,
    custom: CustomFields = no_custom_fields,
    ids: SearchStrategy[UUID] | None = None,
) -> SearchStrategy[R]:
    """Return a strategy of records of a declared type, as stores get them: stamped, in normal form, adversarial.

    Args:
        pool: ids that references lead to, by record type.
        custom: the custom fields of a record type, by key.
        ids: the record's own id.
    """
    declaration = declaration_of(of)
    parts: dict[str, SearchStrategy[Any]] = {field.name: values(field, pool) for field in declaration.own_fields}
    for field in declaration.fields:
        if field.system:
            parts[field.name] = _stamp(field, pool or {}, custom(of))
    parts["id"] = ids if ids is not None else st.uuids()
    return st.fixed_dictionaries(parts).map(lambda found: _made(of, found))


def _stamp(field: Field, pool: Pool, custom: Mapping[str, Field]) -> SearchStrategy[Any]:
    if field.name == "version":
        return st.integers(1, 3)
    if field.name == "custom":
        return kept_custom(custom)
    return st.none() | instants() if field.kind == "instant" else values(field, pool)


def _made(of: type[R], found: Mapping[str, Any]) -> R:
    declaration = declaration_of(of)
    owner = {"customer_id": found[declaration.owner.name]} if declaration.direct and declaration.owner else {}
    return of(**{**found, **owner})


def pool_of(types: Sequence[type[Record]], size: int = 6) -> Pool:
    """Return ids for records of these types, always the same, so that references and questions find records."""
    made: dict[Any, list[UUID]] = {of: [_nth_id(of, n) for n in range(size)] for of in types}
    return {**made, None: [known for ids in made.values() for known in ids]}


def _nth_id(of: type[Record], n: int) -> UUID:
    return UUID(bytes=hashlib.sha256(f"{declaration_of(of).name} {n}".encode()).digest()[:16])


def worlds(
    types: Sequence[type[Record]], *, custom: CustomFields = no_custom_fields, max_size: int = 6
) -> SearchStrategy[tuple[Record, ...]]:
    """Return a strategy of records of all these types, up to ``max_size`` of each; their ids and references are of ``pool_of(types, max_size)``.

    Unique keys hold.
    """
    pool = pool_of(types, max_size)
    each = [
        st.lists(
            records(of, pool=pool, custom=custom, ids=st.sampled_from(pool[of])), unique_by=_id_of, max_size=max_size
        )
        for of in types
    ]
    return st.tuples(*each).map(_without_taken_keys)


def _id_of(record: Record) -> UUID:
    return record.id


def _without_taken_keys(drawn: Sequence[Sequence[Record]]) -> tuple[Record, ...]:
    made = [record for of_type in drawn for record in of_type]
    kept: list[Record] = []
    taken: set[Any] = set()
    for record in made:
        claims = {
            (type(record), key, parts)
            for key in declaration_of(type(record)).unique
            if None not in (parts := _parts(record, key))
        }
        if not claims & taken:
            kept.append(record)
            taken |= claims
    return tuple(kept)


def _parts(record: Record, key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in key)
