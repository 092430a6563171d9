"""Binding: a question as written becomes one that a store can answer without knowing where it was asked.

Moving values become instants, money without a currency gets the CRM's own, custom fields get their declared kind, and
the access condition of each record type joins every use of that type: subject, ``has``, ``latest``, references.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import attrs

from ..errors import InvalidError, nearest
from ..records import Field, Money, Record, declaration_of
from .conditions import And, Compare, Condition, Has, Missing, Not, OneOf, Or, TextTest, check
from .moments import Ago, StartOf
from .paths import CustomStep, Difference, FieldStep, LatestStep, Path, Product, Step
from .question import Access, Find, Order, R
from .representable import representable
from .tallies import Bucket, Component, Key, Tally, check_tally
from .values import brought

_JOINED: Final = (And, Or)  # a tuple: `And | Or` would be made anew each time
_MOVING: Final = (Ago, StartOf)


def _no_access(of: type[Record]) -> Condition | None:
    return None


@attrs.frozen(kw_only=True)
class Binding:
    """Where and when a question is asked."""

    now: datetime
    zone: ZoneInfo
    currency: str = ""
    custom: Callable[[type[Record]], Mapping[str, Field]] = lambda of: {}
    """The custom fields of a record type, by key."""
    access: Access = _no_access

    # --- conditions ---
    def condition(self, condition: Condition) -> Condition:
        """Return the condition bound (access of its subject not included)."""
        if isinstance(condition, Compare):
            path = self.path(condition.path)
            value = self._value(path, condition.value)
            if path is condition.path and value is condition.value:  # it was checked when it was written
                return representable(condition)
            return representable(_checked(Compare(path, condition.op, value)))
        if isinstance(condition, _JOINED):
            parts = tuple([self.condition(part) for part in condition.parts])
            return condition if _are(parts, condition.parts) else type(condition)(parts)
        if isinstance(condition, Not):
            part = self.condition(condition.part)
            return condition if part is condition.part else Not(part)
        if isinstance(condition, OneOf):
            path = self.path(condition.path)
            return representable(_checked(OneOf(path, tuple(self._value(path, value) for value in condition.values))))
        if isinstance(condition, TextTest):
            return _checked(TextTest(self.path(condition.path), condition.test, condition.value))
        if isinstance(condition, Missing):
            path = self.path(condition.path)
            return condition if path is condition.path else Missing(path)
        if isinstance(condition, Has):
            of = condition.reference._root
            return attrs.evolve(condition, where=self.guarded(of, condition.where))
        return condition

    def guarded(self, of: type[Record], where: Condition | None) -> Condition | None:
        """Return the bound condition joined with the access condition of the record type."""
        mine = None if where is None else self.condition(where)
        access = self.access(of)
        if access is None:
            return mine
        bound = attrs.evolve(self, access=_no_access).condition(access)
        return bound if mine is None else And.of(bound, mine)

    def _value(self, path: Path, value: Any) -> Any:
        if isinstance(value, Path):
            return self.path(value)
        field = path._field
        if isinstance(value, _MOVING):
            at = self._moment(value)
            if field is not None and field.kind not in ("instant", "date"):
                return brought(field, at)  # refuses it
            return at.astimezone(self.zone).date() if field is not None and field.kind == "date" else at
        if isinstance(value, Money) and not value.currency:
            value = Money(value.amount, self.currency)
        return value if field is None else brought(field, value)

    def _moment(self, value: Ago | StartOf) -> datetime:
        try:
            return value.at(self.now, self.zone)
        except (OverflowError, ValueError):
            raise InvalidError(f"{value!r} lies outside of the years 1 to 9999.", code="moment") from None

    # --- paths ---
    def path(self, path: Path) -> Path:
        """Return the path with its custom fields known and its references guarded; one that ends at a latest record ends at its id."""
        if len(path._steps) == 1:
            only = path._steps[0]
            if isinstance(only, FieldStep):
                return path
            if isinstance(only, CustomStep):
                return Path(path._root, (self._step(only, path._root, is_last=True)[0],), None)
        steps: list[Step] = []
        of = path._root
        for index, step in enumerate(path._steps):
            is_last = index == len(path._steps) - 1
            step, of = self._step(step, of, is_last)
            steps.append(step)
        if steps and isinstance(steps[-1], LatestStep):
            steps.append(FieldStep(declaration_of(steps[-1].of).by_name["id"]))
        return Path(path._root, tuple(steps), path._target)

    def _step(self, step: Step, of: type[Record], is_last: bool) -> tuple[Step, type[Record]]:
        if isinstance(step, CustomStep):
            return CustomStep(step.key, self._custom(of, step.key)), of
        if isinstance(step, LatestStep):
            return attrs.evolve(step, where=self.guarded(step.of, step.where), by=self.path(step.by)), step.of
        if isinstance(step, FieldStep) and step.field.kind == "ref" and not is_last:
            return attrs.evolve(step, guard=self.guarded(step.field.target, None)), step.field.target
        return step, of

    def _custom(self, of: type[Record], key: str) -> Field:
        known = self.custom(of)
        if key not in known:
            raise InvalidError(
                f"{of.__name__} has no custom field {key!r}.{nearest(key, known)}",
                code="unknown_field",
                field=f"custom.{key}",
            )
        return known[key]


def _are(bound: Sequence[object], written: Sequence[object]) -> bool:
    """Say whether binding has changed nothing: they are the very same."""
    return all(map(operator.is_, bound, written))


C = TypeVar("C", Compare, OneOf, TextTest)


def _checked(condition: C) -> C:
    check(condition)
    return condition


def bind(question: Find[R], binding: Binding) -> Find[R]:
    """Return the question bound; the access condition of its subject is part of it.

    Raises:
        InvalidError: a custom field is unknown, or a value does not fit its kind.
    """
    paths = [binding.path(key.path) for key in question.order]
    where = binding.guarded(question.of, question.where)
    if where is question.where and _are(paths, [key.path for key in question.order]):
        return question
    order = tuple([Order(path, key.descending) for path, key in zip(paths, question.order, strict=True)])
    return Find(of=question.of, where=where, order=order, limit=question.limit, after=question.after)


def bind_tally(tally: Tally, binding: Binding, extent: Callable[[Path], tuple[datetime, datetime] | None]) -> Tally:
    """Return the tally bound; ``extent`` tells the first and last instant at a path, where a bucket has no edges yet.

    Raises:
        InvalidError: a custom field is unknown, a kind does not fit its use, or a bucket makes too many periods.
    """
    bound = Tally(
        of=tally.of,
        where=binding.guarded(tally.of, tally.where),
        by=tuple(_key(key, binding, extent) for key in tally.by),
        components={name: _component(component, binding) for name, component in tally.components.items()},
        one_per=None if tally.one_per is None else binding.path(tally.one_per),
        one_per_by=None if tally.one_per_by is None else binding.path(tally.one_per_by),
    )
    check_tally(bound)
    return bound


def _component(component: Component, binding: Binding) -> Component:
    of = component.of
    if isinstance(of, Path):
        of = binding.path(of)
    elif isinstance(of, Difference | Product):
        of = type(of)(binding.path(of.left), binding.path(of.right))
    where = None if component.where is None else binding.condition(component.where)
    return Component(component.measure, of, where, component.q)


def _key(key: Key, binding: Binding, extent: Callable[[Path], tuple[datetime, datetime] | None]) -> Key:
    if isinstance(key, Path):
        return binding.path(key)
    path = binding.path(key.path)
    if key.edges:
        return attrs.evolve(key, path=path)
    reach = extent(path)
    return Bucket(path, key.unit, () if reach is None else _edges(key.unit, reach, binding.zone))


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_MOST_PERIODS: Final = 20_000


def _edges(unit: str, reach: tuple[datetime, datetime], zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the local starts of all periods from the one of the first instant to the one after the last."""
    first, last = reach
    edges = [_start(unit, 0, first, zone)]
    while edges[-1] <= last and edges[-1] < _LAST:
        edges.append(_next_edge(unit, edges[-1], zone))
        if len(edges) > _MOST_PERIODS:
            raise InvalidError(
                f"From {first:%Y-%m-%d} to {last:%Y-%m-%d} there are too many periods of one {unit}: ask for a shorter time.",
                code="periods",
            )
    return tuple(edges)


def _next_edge(unit: str, edge: datetime, zone: ZoneInfo) -> datetime:
    shift, found = 1, edge
    while found <= edge:  # a day that the zone skipped altogether has no instant of its own
        found = _start(unit, shift, edge + timedelta(hours=1), zone)
        shift += 1
    return found


def _start(unit: str, shift: int, at: datetime, zone: ZoneInfo) -> datetime:
    try:
        return StartOf(unit, shift).at(at, zone)
    except (OverflowError, ValueError):  # before the year 1, or after 9999
        return _FIRST if shift < 1 else _LAST
