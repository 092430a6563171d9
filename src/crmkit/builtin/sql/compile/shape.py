"""The shape of a question: its conditions as nested tuples in which every constant is the number of a slot.

``~`` is pushed to the leaves and constants are brought to their columns, so that what is compiled later is small and
two questions that differ in their constants only have one shape, and one statement.

Conditions: ``("and" | "or", parts)``, ``("true",)``, ``("false",)``, ``("not", leaf)`` and the leaves ``("missing", path)``,
``("cmp", path, op, slot)``, ``("money", path, op, slot, slot)``, ``("pair", path, op, path)``, ``("in", path, slots)``,
``("range", path, slot, slot | None)``, ``("holds", path, slot, slot | None)``, ``("has", type, field, where | None, slot | None)``.

Paths are tuples of steps: ``("to", name, type, guard | None)``, ``("latest", type, field, where | None, path)``, and at the
end ``("field", name)``, ``("fold", name)``, ``("custom", key, kind, places)`` or nothing (the record itself).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import attrs

from crmkit.builtin.sql.columns import constant
from crmkit.builtin.sql.compile.numbers import compared
from crmkit.builtin.sql.dialect import Database
from crmkit.errors import InvalidError, UnsupportedError
from crmkit.query import (
    Always,
    And,
    Compare,
    Condition,
    CustomStep,
    FieldStep,
    FoldStep,
    Has,
    LatestStep,
    Missing,
    Not,
    OneOf,
    Or,
    Path,
    TextTest,
)
from crmkit.records import Field, Money
from crmkit.records.fields import Kind
from crmkit.records.money import places_of

Shape: TypeAlias = tuple[Any, ...]
TRUE: Final[Shape] = ("true",)
FALSE: Final[Shape] = ("false",)
_LAST: Final = 0x10FFFF
_JOINED: Final = (And, Or)
_MANY: Final = 64
"""A longer list is one parameter: statements have a limit of them, and one text serves all lengths."""


@attrs.frozen
class Ends:
    """What stands at the end of a path that is no field."""

    kind: Kind
    places: int = 0


class Shaper:
    """Turns the parts of one question into shapes, and keeps their constants in ``slots``."""

    __slots__ = ("database", "slots")

    def __init__(self, database: Database) -> None:
        self.database = database
        self.slots: list[Any] = []

    def slot(self, value: Any) -> int:
        """Keep a constant, as its column keeps it; return its number."""
        self.slots.append(value)
        return len(self.slots) - 1

    # --- conditions ---
    def where(self, condition: Condition | None) -> Shape | None:
        """Return the shape of a condition; None where every record answers to it."""
        if condition is None:
            return None
        made = self.condition(condition)
        return None if made == TRUE else made

    def condition(self, condition: Condition, *, negated: bool = False) -> Shape:
        """Return the shape of a condition, or of its negation."""
        if isinstance(condition, Compare):
            leaf = self._compare(condition)
            return _negated(leaf) if negated else leaf
        if isinstance(condition, Not):
            return self.condition(condition.part, negated=not negated)
        if isinstance(condition, _JOINED):
            parts = [self.condition(part, negated=negated) for part in condition.parts]
            return _joined(parts, is_and=isinstance(condition, And) is not negated)
        leaf = self._leaf(condition)
        return _negated(leaf) if negated else leaf

    def _leaf(self, condition: Condition) -> Shape:
        if isinstance(condition, OneOf):
            return self._one_of(condition)
        if isinstance(condition, TextTest):
            return self._text_test(condition)
        if isinstance(condition, Missing):
            return ("missing", self.path(condition.path))
        if isinstance(condition, Has):
            of, field = condition.reference._root, _own_field(condition.reference)
            n = None if condition.at_least == 1 else self.slot(condition.at_least)
            return ("has", of, field, self.where(condition.where), n)
        if isinstance(condition, Always):
            return TRUE if condition.value else FALSE
        raise UnsupportedError(f"The SQL store knows no condition {type(condition).__name__}.")

    def _compare(self, condition: Compare) -> Shape:
        path, op, value = condition.path, condition.op, condition.value
        if isinstance(value, Path):
            return self._pair(path, op, value)
        if value is None:
            return FALSE
        return self._against(self.path(path), ends_of(path), op, value)

    def _against(self, path: Shape, ends: Ends | Field, op: str, value: Any) -> Shape:
        if ends.kind == "money":
            return self._money(path, op, value)
        if ends.kind in ("int", "decimal"):
            found = compared(op, value, ends.places)
            if isinstance(found, str):
                return _answer(path, found)
            return ("cmp", path, found[0], self.slot(found[1]))
        if ends.kind == "codes" and any("\n" in member for member in value):
            return _answer(path, "any" if op == "!=" else "none")
        return ("cmp", path, op, self.slot(constant(ends.kind, value, self.database)))

    def _money(self, path: Shape, op: str, value: Money) -> Shape:
        found = compared(op, value.amount, places_of(value.currency))
        currency = self.slot(value.currency)
        if isinstance(found, str):
            return ("money", path, found, currency, None)
        return ("money", path, found[0], currency, self.slot(found[1]))

    def _pair(self, left: Path, op: str, right: Path) -> Shape:
        mine, theirs = ends_of(left), ends_of(right)
        if mine.kind != theirs.kind:
            raise InvalidError(f"{left} and {right} can not be compared: they are of different kinds.", code="kind")
        return ("pair", self.path(left), op, self.path(right), mine.kind, mine.places, theirs.places)

    def _one_of(self, condition: OneOf) -> Shape:
        path, ends = self.path(condition.path), ends_of(condition.path)
        leaves = [self._against(path, ends, "==", value) for value in condition.values if value is not None]
        slots = [leaf[3] for leaf in leaves if leaf[0] == "cmp"]
        others = [leaf for leaf in leaves if leaf[0] != "cmp"]
        if len(slots) > _MANY:
            packed = self.database.packed(ends.kind, [self.slots[slot] for slot in slots])
            others.append(("among", path, ends.kind, self.slot(packed)))
        elif slots:
            others.append(("in", path, self._padded(slots)))
        return _joined(others, is_and=False)

    def _padded(self, slots: list[int]) -> tuple[int, ...]:
        """Fill up to a power of two with the last one, so that lists of about the same length share a statement."""
        size = 1 << (len(slots) - 1).bit_length()
        return (*slots, *[slots[-1]] * (size - len(slots)))

    def _text_test(self, condition: TextTest) -> Shape:
        path, ends, value = self.path(condition.path), ends_of(condition.path), condition.value
        if condition.test == "contains":
            folded = (*path[:-1], ("fold", path[-1][1]))
            if not value:
                return _answer(path, "any")
            trigrams = self.database.trigrams(value)
            return ("holds", folded, self.slot(value), None if trigrams is None else self.slot(trigrams))
        if condition.test == "includes":
            return _answer(path, "none") if "\n" in value else ("holds", path, self.slot(f"\n{value}\n"), None)
        if ends.kind not in ("text", "code"):
            return FALSE
        if not value:
            return _answer(path, "any")
        end = after_prefix(value)
        return ("range", path, self.slot(value), None if end is None else self.slot(end))

    # --- paths ---
    def path(self, path: Path) -> Shape:
        """Return the shape of a path."""
        if len(path._steps) == 1 and isinstance(path._steps[0], FieldStep):
            return (("field", path._steps[0].field.name),)
        steps: list[Shape] = []
        last = len(path._steps) - 1
        for index, step in enumerate(path._steps):
            if isinstance(step, FieldStep):
                is_way = index != last and not isinstance(path._steps[index + 1], FoldStep)
                steps.append(self._way(step) if is_way else ("field", step.field.name))
            elif isinstance(step, CustomStep):
                field = _custom_field(step)
                steps.append(("custom", step.key, field.kind, field.places))
            elif isinstance(step, LatestStep):
                where, by = self.where(step.where), self.path(step.by)
                steps.append(("latest", step.of, _own_field(step.reference), where, by, ends_of(step.by).kind))
            else:
                steps[-1] = ("fold", steps[-1][1])
        return tuple(steps)

    def _way(self, step: FieldStep) -> Shape:
        return ("to", step.field.name, step.field.target, self.where(step.guard))


_FOLD: Final = Ends("text")
_RECORD: Final = Ends("ref")


def ends_of(path: Path) -> Ends | Field:
    """Return what stands at the end of a path; a record is its id."""
    if path._field is not None:
        return path._field
    last = path._steps[-1]
    if isinstance(last, CustomStep):
        return _custom_field(last)  # refuses it
    return _FOLD if isinstance(last, FoldStep) else _RECORD


def _custom_field(step: CustomStep) -> Field:
    if step.field is None:
        raise InvalidError(f"custom.{step.key} has no kind yet: bind the question first.", code="not_bound")
    return step.field


def _own_field(reference: Path) -> str:
    step = reference._steps[0]
    assert isinstance(step, FieldStep)  # `has` and `latest` refuse anything else
    return step.field.name


def _answer(path: Shape, answer: str) -> Shape:
    return FALSE if answer == "none" else ("not", ("missing", path))


def _negated(leaf: Shape) -> Shape:
    if leaf[0] in ("true", "false"):
        return FALSE if leaf == TRUE else TRUE
    return leaf[1] if leaf[0] == "not" else ("not", leaf)


def _joined(parts: Sequence[Shape], *, is_and: bool) -> Shape:
    """Return the parts joined, without those that change nothing."""
    decisive, idle = (FALSE, TRUE) if is_and else (TRUE, FALSE)
    kept = [part for part in parts if part != idle]
    if decisive in kept:
        return decisive
    if not kept:
        return idle
    return kept[0] if len(kept) == 1 else ("and" if is_and else "or", tuple(kept))


def after_prefix(prefix: str) -> str | None:
    """Return the smallest text, by code points, that is greater than all that begin so; None where there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < _LAST:
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return None
