"""Hypothesis strategies for questions: conditions of every shape, orders, pages and tallies."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...query import (
    Bucket,
    Component,
    Condition,
    CustomStep,
    Difference,
    Find,
    Key,
    Path,
    Product,
    Tally,
    by_edges,
    count,
    distinct,
    each,
    final_field,
    find,
    has,
    latest,
    least,
    most,
    quantile,
    squares,
    total,
)  # fmt: skip
from ...query.values import ordered_kinds
from ...records import Field, Record, declaration_of
from .records import CustomFields, no_custom_fields
from .values import Pool, instants, texts, values

R = TypeVar("R", bound=Record)
_COMPARED: Final = (operator.eq, operator.ne)
_ORDERED: Final = (*_COMPARED, operator.lt, operator.le, operator.gt, operator.ge)
_NO_KEY: Final = frozenset({"codes", "json", "local_text", "wall_time"})
_EDGES: Final = (datetime(1, 1, 2, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC))


class _Asked:
    """What questions on these record types can be made of."""

    def __init__(self, types: Sequence[type[Record]], custom: CustomFields, pool: Pool | None) -> None:
        self.types, self._custom, self.pool = tuple(types), custom, pool

    def field(self, path: Path) -> Field | None:
        """Return the field at which a path ends, custom fields too."""
        last = path._steps[-1]
        if isinstance(last, CustomStep):
            return next((found for of in self.types if (found := self._custom(of).get(last.key))), None)
        return final_field(path)

    def own(self, of: type[Record]) -> list[Path]:
        """Return the paths to a record's own facts."""
        fields = declaration_of(of).fields
        mine = [getattr(each(of), field.name) for field in fields if field.name != "custom"]
        return mine + [getattr(each(of).custom, key) for key in self._custom(of)]

    def references(self, of: type[Record]) -> list[Path]:
        """Return the paths to references from a record to a type that is asked about."""
        fields = [field for field in declaration_of(of).references if field.target in self.types]
        return [getattr(each(of), field.name) for field in fields]

    def backwards(self, of: type[Record]) -> list[Path]:
        """Return the references from all types that name a record of this one."""
        return [path for other in self.types for path in self.references(other) if path._target is of]

    def onward(self, start: Path) -> list[Path]:
        """Return the facts of the record that a path has reached."""
        assert start._target is not None
        fields = [field for field in declaration_of(start._target).fields if field.name != "custom"]
        return [getattr(start, field.name) for field in fields] + [
            getattr(start.custom, key) for key in self._custom(start._target)
        ]


@st.composite
def _paths(draw: DrawFn, asked: _Asked, of: type[Record]) -> Path:
    own = st.sampled_from(asked.own(of))
    ways = [own, own]
    if references := asked.references(of):
        ways.append(st.sampled_from(references).flatmap(lambda path: st.sampled_from(asked.onward(path))))
    if backwards := asked.backwards(of):
        ways.append(st.sampled_from(backwards).flatmap(lambda path: _latest(asked, path)))
    return draw(st.one_of(ways))


@st.composite
def _latest(draw: DrawFn, asked: _Asked, reference: Path) -> Path:
    of = reference._root
    where = draw(st.lists(_leaves(asked, of, is_own=True), max_size=1))
    by = draw(st.sampled_from([path for path in asked.own(of) if _kind(asked, path) in ordered_kinds]))
    reached = latest(reference, *where, by=by)
    return draw(st.sampled_from([*asked.onward(reached), reached]))


def _kind(asked: _Asked, path: Path) -> str:
    field = asked.field(path)
    return "" if field is None else field.kind


@st.composite
def _leaves(draw: DrawFn, asked: _Asked, of: type[Record], *, is_own: bool = False) -> Condition:
    path = draw(st.sampled_from(asked.own(of)) if is_own else _paths(asked, of))
    field = asked.field(path)
    assert field is not None
    tests: list[SearchStrategy[Condition]] = [st.just(path.is_missing)]
    if field.kind not in ("json", "local_text"):
        found = _operands(asked, field)
        compared = _ORDERED if field.kind in ordered_kinds else _COMPARED
        tests += [
            st.builds(_apply, st.sampled_from(compared), st.just(path), found),
            st.lists(found, max_size=3).map(path.in_),
        ]
        tests += _pairs(asked, path, field, compared, of)
    return draw(st.one_of(tests + _text_tests(path, field)))


def _apply(compare: Callable[[Any, Any], Any], path: Path, value: Any) -> Condition:
    made: Condition = compare(path, value)
    return made


def _operands(asked: _Asked, field: Field) -> SearchStrategy[Any]:
    """Return values to compare a field with: never missing, not limited to a field's choices."""
    return values(Field(name=field.name, kind=field.kind, target=field.target, places=field.places), asked.pool)


def _pairs(
    asked: _Asked, path: Path, field: Field, compared: Sequence[Any], of: type[Record]
) -> list[SearchStrategy[Condition]]:
    others = [other for other in asked.own(of) if _is_alike(asked.field(other), field)]
    return [st.builds(_apply, st.sampled_from(compared), st.just(path), st.sampled_from(others))] if others else []


def _is_alike(one: Field | None, other: Field) -> bool:
    return one is not None and (one.kind, one.places) == (other.kind, other.places)


def _text_tests(path: Path, field: Field) -> list[SearchStrategy[Condition]]:
    tests: list[SearchStrategy[Condition]] = []
    if field.kind in ("text", "code"):
        tests.append(texts().map(path.starts_with))
    if field.searchable:
        tests.append(texts().map(path.contains))
    if field.kind == "codes":
        tests.append(texts().map(path.includes))
    return tests


@st.composite
def _has(draw: DrawFn, asked: _Asked, reference: Path, depth: int) -> Condition:
    where = draw(st.lists(_conditions(asked, reference._root, depth - 1), max_size=2))
    return has(reference, *where, at_least=draw(st.sampled_from((1, 1, 2, 3))))


@st.composite
def _conditions(draw: DrawFn, asked: _Asked, of: type[Record], depth: int) -> Condition:
    shape = draw(st.sampled_from(("leaf", "leaf", "not", "and", "or", "has"))) if depth > 0 else "leaf"
    backwards = asked.backwards(of)
    if shape == "has" and backwards:
        return draw(_has(asked, draw(st.sampled_from(backwards)), depth))
    if shape == "not":
        return ~draw(_conditions(asked, of, depth - 1))
    if shape in ("and", "or"):
        left, right = draw(_conditions(asked, of, depth - 1)), draw(_conditions(asked, of, depth - 1))
        return left & right if shape == "and" else left | right
    return draw(_leaves(asked, of))


def conditions(
    of: type[Record],
    types: Sequence[type[Record]],
    *,
    custom: CustomFields = no_custom_fields,
    pool: Pool | None = None,
    depth: int = 3,
) -> SearchStrategy[Condition]:
    """Return a strategy of conditions on a record type: over references, ``has`` and ``latest`` among ``types``, custom fields."""
    return _conditions(_Asked(types, custom, pool), of, depth)


@st.composite
def questions(
    draw: DrawFn,
    of: type[R],
    types: Sequence[type[Record]],
    *,
    custom: CustomFields = no_custom_fields,
    pool: Pool | None = None,
) -> Find[R]:
    """Draw a question that finds records: conditions, an order (also over references and by people's order), a limit."""
    asked = _Asked(types, custom, pool)
    order = draw(st.lists(_orders(asked, of), max_size=3))
    where = draw(st.lists(_conditions(asked, of, 3), max_size=2))
    return find(of, *where, order=order, limit=draw(st.none() | st.integers(1, 4)))


@st.composite
def _orders(draw: DrawFn, asked: _Asked, of: type[Record]) -> Any:
    path = draw(_paths(asked, of).filter(lambda path: _kind(asked, path) in ordered_kinds))
    field = final_field(path)
    if field is not None and field.searchable and draw(st.booleans()):
        path = path.folded
    return -path if draw(st.booleans()) else path


# --- tallies ---
@st.composite
def _components(draw: DrawFn, asked: _Asked, of: type[Record]) -> Component:
    where = draw(st.none() | _conditions(asked, of, 1))
    paths = asked.own(of)
    kinds = {
        kind: [path for path in paths if _kind(asked, path) == kind] for kind in ("int", "decimal", "money", "instant")
    }
    numbers = kinds["int"] + kinds["decimal"]
    ordered = [path for path in paths if _kind(asked, path) in ordered_kinds]
    compared = [path for path in paths if _kind(asked, path) not in ("json", "local_text")]
    expressions: list[SearchStrategy[Any]] = [st.sampled_from([*numbers, *kinds["money"]])]
    if len(kinds["instant"]) > 1:
        expressions.append(st.builds(Difference, st.sampled_from(kinds["instant"]), st.sampled_from(kinds["instant"])))
    expressions.append(st.builds(Product, st.sampled_from(numbers), st.sampled_from(numbers)))
    made = draw(st.one_of(expressions))
    return draw(
        st.sampled_from((
            count(where),
            distinct(draw(st.sampled_from(compared)), where),
            total(made, where),
            least(draw(st.sampled_from(ordered)), where),
            most(made, where),
            squares(made, where),
            quantile(made, draw(st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0))), where),
        ))
    )  # fmt: skip


@st.composite
def _keys(draw: DrawFn, asked: _Asked, of: type[Record]) -> Key:
    path = draw(_paths(asked, of).filter(lambda path: _kind(asked, path) not in _NO_KEY))
    if _kind(asked, path) == "instant" and draw(st.booleans()):
        edges = draw(st.lists(instants() | st.sampled_from(_EDGES), min_size=2, max_size=5, unique=True))
        return by_edges(path, sorted(edges))
    return path


@st.composite
def tallies(
    draw: DrawFn,
    of: type[Record],
    types: Sequence[type[Record]],
    *,
    custom: CustomFields = no_custom_fields,
    pool: Pool | None = None,
) -> Tally:
    """Draw a tally: components of every measure, by fields and periods, with and without ``one_per``.

    Differences of numbers are left out: what does not fit 64 bits has no fixed meaning.
    """
    asked = _Asked(types, custom, pool)
    by = tuple(draw(st.lists(_keys(asked, of), max_size=2)))
    where = draw(st.none() | _conditions(asked, of, 2))
    components = {
        f"c{n}": found for n, found in enumerate(draw(st.lists(_components(asked, of), min_size=1, max_size=3)))
    }
    per = draw(st.none() | st.sampled_from([path for path in asked.own(of) if _kind(asked, path) not in _NO_KEY]))
    ordered = st.sampled_from([path for path in asked.own(of) if _kind(asked, path) in ordered_kinds])
    needs_by = per is not None and (not any(isinstance(key, Bucket) for key in by) or draw(st.booleans()))
    return Tally(
        of=of, where=where, by=by, components=components, one_per=per, one_per_by=draw(ordered) if needs_by else None
    )
