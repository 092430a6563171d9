"""The reference meaning of questions: a bound condition, order or tally becomes Python functions over records.

Two-valued logic: a comparison with a missing value is false and its negation true. Text is equal and ordered by code
point, ids by their bytes, money only within one currency (with another one it compares as missing does). What is
reached over a reference whose record is gone, or hidden by the guard of the reference, is missing; redirects of merged
customers are not followed here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar
from uuid import UUID

from ..errors import InvalidError
from ..records import Money, Record, declaration_of
from ..records.border import custom_value
from ..records.fields import Kind
from ..records.text import fold
from .conditions import Always, And, Compare, Condition, Has, Missing, Not, OneOf, Or, TextTest
from .moments import Ago, StartOf
from .paths import CustomStep, FieldStep, FoldStep, LatestStep, Path, Step, final_field
from .question import Find, Order, Page, cursor_of, keys_of
from .ranks import Rank, rank, rank_from_json, rank_to_json

R = TypeVar("R", bound=Record)
Getter: TypeAlias = Callable[[Any], Any]
"""From a record (or from the fact before it) to a value; None where it is missing."""
Test: TypeAlias = Callable[[Any], bool]


class Resolver(Protocol):
    """Where an evaluation finds other records; what it finds must not change while it is used."""

    def lookup(self, of: type[Record], record_id: UUID) -> Record | None:
        """Return the record of this type with this id, or None."""
        ...

    def candidates(self, of: type[Record]) -> Iterable[Record]:
        """Return all records of this type."""
        ...


class Evaluator:
    """Makes functions of the parts of bound questions; what it learns of other records it keeps, so use one per state of the store."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    # --- paths ---
    def getter(self, path: Path) -> Getter:
        """Return the function from a record to its value at the path; None where it is missing.

        Raises:
            InvalidError: the path has a custom field that is not bound.
        """
        steps = path._steps
        parts = [self._step(step, is_last=index == len(steps) - 1) for index, step in enumerate(steps)]
        if isinstance(steps[-1], LatestStep):
            parts.append(operator.attrgetter("id"))
        return parts[0] if len(parts) == 1 else _chain(parts)

    def _step(self, step: Step, *, is_last: bool) -> Getter:
        if isinstance(step, FieldStep):
            if step.field.kind == "ref" and not is_last:
                return self._followed(step)
            return operator.attrgetter(step.field.name)
        if isinstance(step, CustomStep):
            return _custom(step)
        return fold if isinstance(step, FoldStep) else self._latest(step)

    def _followed(self, step: FieldStep) -> Getter:
        name, of, lookup = step.field.name, step.field.target, self._resolver.lookup
        guard = None if step.guard is None else self.test(step.guard)

        def follow(record: Record) -> Record | None:
            target_id = getattr(record, name)
            found = None if target_id is None else lookup(of, target_id)
            return found if found is None or guard is None or guard(found) else None

        return follow

    def _latest(self, step: LatestStep) -> Getter:
        candidates, where, by = self._resolver.candidates, self._where(step.where), self.getter(step.by)
        names = self.getter(step.reference)
        found: dict[Any, tuple[tuple[Rank, int], Record]] | None = None

        def latest_of(record: Record) -> Record | None:
            nonlocal found
            if found is None:
                found = {}
                for other in filter(where, candidates(step.of)):
                    named, place = names(other), (rank(by(other)), other.id.int)
                    if named not in found or found[named][0] < place:
                        found[named] = place, other
            return found[record.id][1] if record.id in found else None

        return latest_of

    # --- conditions ---
    def test(self, condition: Condition) -> Test:
        """Return the function from a record to whether the condition holds.

        Raises:
            InvalidError: the condition is not bound, or of no known class.
        """
        if isinstance(condition, And | Or):
            parts = [self.test(part) for part in condition.parts]
            return _all(parts) if isinstance(condition, And) else _any(parts)
        if isinstance(condition, Not):
            return _not(self.test(condition.part))
        if isinstance(condition, Always):
            return _always(condition.value)
        if isinstance(condition, Has):
            return self._has(condition)
        return self._leaf(condition)

    def _leaf(self, condition: Condition) -> Test:
        if isinstance(condition, Compare):
            return self._compare(condition)
        if isinstance(condition, OneOf):
            return _one_of(self.getter(condition.path), frozenset(condition.values))
        if isinstance(condition, TextTest):
            return _text_test(self.getter(condition.path), condition.test, condition.value)
        if isinstance(condition, Missing):
            get = self.getter(condition.path)
            return lambda record: get(record) is None
        raise InvalidError(f"{condition!r} is no condition of this language.", code="no_condition")

    def _compare(self, condition: Compare) -> Test:
        get, op, value = self.getter(condition.path), _operator(condition), condition.value
        if isinstance(value, Path):
            other = self.getter(value)
            return lambda record: (a := get(record)) is not None and (b := other(record)) is not None and op(a, b)
        if isinstance(value, Ago | StartOf):
            raise InvalidError(f"{value!r} is no instant yet: bind the question first.", code="unbound")
        if value is None:
            return lambda _: False
        return lambda record: (found := get(record)) is not None and op(found, value)

    def _has(self, condition: Has) -> Test:
        candidates, where, names = (
            self._resolver.candidates,
            self._where(condition.where),
            self.getter(condition.reference),
        )
        counts: dict[Any, int] | None = None

        def has_enough(record: Record) -> bool:
            nonlocal counts
            if counts is None:
                counts = {}
                for other in filter(where, candidates(condition.reference._root)):
                    counts[names(other)] = counts.get(names(other), 0) + 1
            return counts.get(record.id, 0) >= condition.at_least

        return has_enough

    def _where(self, where: Condition | None) -> Test | None:
        return None if where is None else self.test(where)

    # --- questions ---
    def find(self, question: Find[R], records: Iterable[R] | None = None) -> Page[R]:
        """Return the page that a bound question asks for.

        Args:
            records: the records of its type to look among; None: all of them.
        """
        keys = [self._place(key) for key in question.order]
        keys.append(_Place(_id_rank, question.id_descending, "ref"))
        found: list[Any] = list(filter(self._where(question.where), self._subjects(question.of, records)))
        if question.after is not None:
            found = list(filter(_after(question.after, keys), found))
        for key in reversed(keys):
            found.sort(key=key.rank, reverse=key.descending)
        if question.limit is None or len(found) <= question.limit:
            return Page(tuple(found))
        found = found[: question.limit]
        return Page(tuple(found), cursor_of([rank_to_json(key.rank(found[-1]), key.kind) for key in keys]))

    def _place(self, order: Order) -> _Place:
        get, field = self.getter(order.path), final_field(order.path)
        return _Place(_rank_of(get), order.descending, "text" if field is None else field.kind)

    def _subjects(self, of: type[R], records: Iterable[Any] | None) -> Iterable[Any]:
        return self._resolver.candidates(of) if records is None else records


def holds(condition: Condition, record: Record) -> bool:
    """Say whether a local, bound condition holds for one record.

    Raises:
        InvalidError: it is not local: other records would be needed to decide it.
    """
    if not condition.is_local:
        raise InvalidError(
            "A rule on one record can not follow references or look for other records.", code="not_local"
        )
    return Evaluator(_NoOthers()).test(condition)(record)


class _NoOthers:
    def lookup(self, of: type[Record], record_id: UUID) -> Record | None:
        raise InvalidError(f"{of.__name__} {record_id} is needed: the condition is not local.", code="not_local")

    def candidates(self, of: type[Record]) -> Iterable[Record]:
        raise InvalidError(f"All {declaration_of(of).plural} are needed: the condition is not local.", code="not_local")


# --- leaves ---
def _custom(step: CustomStep) -> Getter:
    key, field = step.key, step.field
    if field is None:
        raise InvalidError(
            f"The custom field {key!r} has no kind yet: bind the question first.", code="unbound", field=f"custom.{key}"
        )
    return lambda record: custom_value(field, record.custom.get(key))


def _chain(parts: list[Getter]) -> Getter:
    def get(record: Any) -> Any:
        for part in parts:
            if record is None:
                return None
            record = part(record)
        return record

    return get


def _all(parts: list[Test]) -> Test:
    return lambda record: all(part(record) for part in parts)


def _any(parts: list[Test]) -> Test:
    return lambda record: any(part(record) for part in parts)


def _always(value: bool) -> Test:  # the one thing that it says
    return lambda _: value


def _one_of(get: Getter, values: frozenset[Any]) -> Test:
    return lambda record: (found := get(record)) is not None and found in values


def _not(part: Test) -> Test:
    return lambda record: not part(record)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _operator(condition: Compare) -> Callable[[Any, Any], bool]:
    field, op = final_field(condition.path), _OPERATORS[condition.op]
    if field is not None and field.kind == "money":
        return lambda a, b: _same_currency(a, b) and op(a.amount, b.amount)
    if field is not None and field.kind == "partial_date":
        return lambda a, b: op(str(a), str(b))
    return op


def _same_currency(a: Money, b: Money) -> bool:
    return a.currency == b.currency


def _text_test(get: Getter, test: str, value: str) -> Test:
    if test == "starts_with":
        return lambda record: (found := get(record)) is not None and found.startswith(value)
    if test == "contains":
        return lambda record: (found := get(record)) is not None and value in fold(found)
    return lambda record: (found := get(record)) is not None and value in found


# --- pages ---
class _Place(NamedTuple):
    """One key of an order."""

    rank: Callable[[Any], Rank]
    descending: bool
    kind: Kind


def _rank_of(get: Getter) -> Callable[[Any], Rank]:
    return lambda record: rank(get(record))


def _id_rank(record: Record) -> Rank:
    return (record.id.int,)


def _after(cursor: str, keys: Sequence[_Place]) -> Test:
    written = keys_of(cursor, len(keys))
    places = [rank_from_json(data, key.kind) for data, key in zip(written, keys, strict=True)]

    def is_after(record: Record) -> bool:
        for key, place in zip(keys, places, strict=True):
            mine = key.rank(record)
            if mine != place:
                return (mine < place) if key.descending else (mine > place)
        return False

    return is_after
