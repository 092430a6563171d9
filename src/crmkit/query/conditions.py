"""Conditions: comparisons of paths, joined with ``&``, ``|``, ``~``. A closed set, with one meaning on every store.

Two-valued: a comparison with a missing value is false (``!=`` too) and its negation true. Text is equal and ordered by
code point. Values are brought to the field's kind where the condition is written, so a wrong one is refused there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NoReturn

import attrs

from ..errors import InvalidError
from ..records import Field, Record
from ..records.text import fold, normal
from .moments import Ago, StartOf
from .paths import FoldStep, LatestStep, Path, path_key, reference_target
from .values import brought, ordered_kinds


class Condition:  # no ABC: whether something is one is asked many times for each question (measured: 5 to 8 times longer)
    """True or false of each record of ``root``."""

    __slots__ = ()

    @property
    def root(self) -> type[Record]:
        """The record type that the condition is about."""
        raise TypeError(f"{type(self).__name__} is no condition: make one by comparing a field, or by has().")

    @property
    def is_local(self) -> bool:
        """One record suffices to decide it: no reference is followed, no other record looked for."""
        return all(_is_local_path(path) for path in self.paths)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of this condition and of those inside it (not those of ``has``)."""
        return ()

    def __and__(self, other: Condition) -> Condition:
        return And.of(self, other)

    def __or__(self, other: Condition) -> Condition:
        return Or.of(self, other)

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> NoReturn:
        raise TypeError("A condition has no truth value: join conditions with `&`, `|`, `~`, not `and`, `or`, `not`.")


@attrs.frozen
class Compare(Condition):
    """``path op value``; the value is a constant, a moving value, or a path of the same record."""

    path: Path = attrs.field(eq=path_key)
    op: str
    value: Any = attrs.field(eq=path_key)  # pyright: ignore[reportUnknownVariableType]  # attrs.field has no answer for Any

    @property
    def root(self) -> type[Record]:
        return self.path._root

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path, self.value) if isinstance(self.value, Path) else (self.path,)


@attrs.frozen
class OneOf(Condition):
    """The value at ``path`` is one of ``values``."""

    path: Path = attrs.field(eq=path_key)
    values: tuple[Any, ...]

    @property
    def root(self) -> type[Record]:
        return self.path._root

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)


@attrs.frozen
class TextTest(Condition):
    """``starts_with``, ``contains`` (``value`` is the folded needle) or ``includes`` (a member of a set)."""

    path: Path = attrs.field(eq=path_key)
    test: str
    value: str

    @property
    def root(self) -> type[Record]:
        return self.path._root

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)


@attrs.frozen
class Missing(Condition):
    """There is no value at ``path``."""

    path: Path = attrs.field(eq=path_key)

    @property
    def root(self) -> type[Record]:
        return self.path._root

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)


@attrs.frozen
class Has(Condition):
    """At least so many records of another type name this one by ``reference``, and ``where`` holds for them."""

    reference: Path = attrs.field(eq=path_key)
    where: Condition | None = None
    at_least: int = 1

    @property
    def root(self) -> type[Record]:
        return reference_target(self.reference)

    @property
    def is_local(self) -> bool:
        return False


@attrs.frozen
class Joined(Condition):
    """Conditions on one record type, joined."""

    parts: tuple[Condition, ...]

    @classmethod
    def of(cls, *conditions: Condition) -> Condition:
        """Return the conditions joined; all must be about one record type."""
        return cls(_joined(cls, conditions))

    @property
    def root(self) -> type[Record]:
        return self.parts[0].root

    @property
    def is_local(self) -> bool:
        return all(part.is_local for part in self.parts)

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for part in self.parts for path in part.paths)


@attrs.frozen
class And(Joined):
    """All parts hold."""


@attrs.frozen
class Or(Joined):
    """At least one part holds."""


@attrs.frozen
class Not(Condition):
    """The part does not hold; evaluation pushes it to the leaves."""

    part: Condition

    @property
    def root(self) -> type[Record]:
        return self.part.root

    @property
    def is_local(self) -> bool:
        return self.part.is_local

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.part.paths


@attrs.frozen
class Always(Condition):
    """True (or false) of every record of a type."""

    of: type[Record]
    value: bool = True

    @property
    def root(self) -> type[Record]:
        return self.of


def has(reference: Path, *where: Condition, at_least: int = 1) -> Condition:
    """Records that name this one: ``has(i.customer, i.channel == "sms", at_least=3)`` is about customers."""
    reference_target(reference)
    if at_least < 1:
        raise InvalidError("at_least is 1 or more: for none, write ~has(...).", code="at_least")
    return Has(reference, all_of(reference._root, where), at_least)


def all_of(of: type[Record], conditions: Iterable[Condition]) -> Condition | None:
    """Return the conditions on a record type joined by ``&``; None where there is none.

    Raises:
        InvalidError: one is about another record type, or is no condition.
    """
    given = tuple(conditions)
    for condition in given:
        if not isinstance(condition, Condition):
            raise InvalidError(
                f"{condition!r} is no condition: compare a field, such as each({of.__name__}).id == ...",
                code="no_condition",
            )
        if condition.root is not of:
            raise InvalidError(
                f"A condition is about {condition.root.__name__}, the question about {of.__name__}.", code="other_type"
            )
    return None if not given else given[0] if len(given) == 1 else And(_flat(And, given))


# --- made by paths ---
_ORDERED: Final = ("<", "<=", ">", ">=")
_TIMES: Final = ("instant", "date")
_NO_CONSTANT: Final = (Path, Ago, StartOf)
_NEVER_COMPARED: Final = frozenset({"json", "local_text"})


def compare(path: Path, op: str, other: object) -> Condition:
    """Return ``path op other``; ``== None`` and ``!= None`` ask whether it is missing."""
    if other is None and op in ("==", "!="):
        return Missing(path) if op == "==" else Not(Missing(path))
    field = path._field
    made = Compare(path, op, other if field is None or isinstance(other, _NO_CONSTANT) else brought(field, other))
    check(made)
    return made


def one_of(path: Path, values: Iterable[object]) -> Condition:
    """Return the condition that the path's value is one of these."""
    field = path._field
    made = OneOf(path, tuple(value if field is None else brought(field, value) for value in values))
    check(made)
    return made


def text_test(path: Path, test: str, value: str) -> Condition:
    """Return a test of a text or set, refused where the field's kind has no such test."""
    if not isinstance(value, str):
        raise InvalidError(f"{test} takes a text, not {value!r}.", code="kind", field=str(path))
    made = TextTest(path, test, fold(normal(value)) if test == "contains" else normal(value))
    check(made)
    return made


def check(condition: Compare | OneOf | TextTest) -> None:
    """Refuse a test that the field's kind does not have; kinds that are not known yet (custom fields) are checked once bound.

    Raises:
        InvalidError: it is one.
    """
    path = condition.path
    field = path._field
    if isinstance(condition, TextTest):
        _check_text(condition, field)
    elif field is not None and field.kind in _NEVER_COMPARED:
        raise InvalidError(f"{path} can not be compared: ask whether it is_missing.", code="kind", field=str(path))
    elif isinstance(condition, Compare):
        if condition.op in _ORDERED and field is not None and field.kind not in ordered_kinds:
            raise InvalidError(f"{path} has no order: compare it with == or !=.", code="no_order", field=str(path))
        if isinstance(condition.value, _NO_CONSTANT):
            _check_operand(path, field, condition.value)


def _check_operand(path: Path, field: Field | None, other: Path | Ago | StartOf) -> None:
    if isinstance(other, Path):
        theirs = other._field
        if path._root is not other._root or (field and theirs and _shape(field) != _shape(theirs)):
            raise InvalidError(
                f"{path} and {other} can not be compared: they are of different kinds.", code="kind", field=str(path)
            )
    elif field is not None and field.kind not in _TIMES:
        raise InvalidError(
            f"{path} is no time: it can not be compared with a moving value.", code="kind", field=str(path)
        )


def _shape(field: Field) -> tuple[str, int]:
    return ("text" if field.kind == "code" else field.kind), field.places


def _check_text(condition: TextTest, field: Field | None) -> None:
    path, test = condition.path, condition.test
    if field is None and test == "starts_with":
        return
    if test == "includes" and (field is None or field.kind != "codes"):
        raise InvalidError(f"{path} is no set: only sets such as tags have members.", code="kind", field=str(path))
    if test == "contains" and (field is None or not field.searchable):
        raise InvalidError(
            f"{path} is not Searchable(): contains can not be asked of it.", code="not_searchable", field=str(path)
        )
    if test == "starts_with" and (field is None or field.kind not in ("text", "code")):
        raise InvalidError(f"{path} is no text.", code="kind", field=str(path))


def missing(path: Path) -> Condition:
    """Return the condition that there is no value at the path."""
    return Missing(path)


def _joined(kind: type[Joined], conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    first = None
    for condition in conditions:
        if not isinstance(condition, Condition):
            raise InvalidError(f"{condition!r} is no condition: compare a field first.", code="no_condition")
        root = condition.root
        if first is not None and root is not first:
            raise InvalidError(
                f"Conditions on {first.__name__} and {root.__name__} can not be joined: use has() or a reference.",
                code="other_type",
            )
        first = root
    return _flat(kind, conditions)


def _flat(kind: type[Joined], conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions, and the parts of those that are joined in this way themselves."""
    parts: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, kind):
            parts += condition.parts
        else:
            parts.append(condition)
    return tuple(parts)


def _is_local_path(path: Path) -> bool:
    steps = [step for step in path._steps if not isinstance(step, FoldStep)]
    return len(steps) == 1 and not isinstance(steps[0], LatestStep)
