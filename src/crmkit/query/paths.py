"""Paths: from a record, over references, to a field. Comparing a path makes a condition.

``each(Deal)`` has the fields of a deal as attributes; ``each(Deal).customer.country`` reaches over a reference;
``latest(a.customer, ..., by=a.answered_at)`` is the way from a customer to its latest answer. A name that is no field
is refused where it is written, with the nearest right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

import attrs

from ..errors import InvalidError, nearest
from ..records import Field, Record, declaration_of

if TYPE_CHECKING:
    from .conditions import Condition


@attrs.frozen
class FieldStep:
    """One field of the record reached so far; a reference may be followed by more steps.

    ``guard`` is set when a question is bound: the access condition of the type behind the reference. Where it does
    not hold, the fields behind are missing.
    """

    field: Field
    guard: Condition | None = None


@attrs.frozen
class CustomStep:
    """A custom field; its kind is set when a question is bound to the definitions."""

    key: str
    field: Field | None = None


def path_key(value: object) -> object:
    """Return what makes two paths the same, since ``==`` between paths makes a condition; any other value as it is."""
    return (value._root, value._steps) if isinstance(value, Path) else value


@attrs.frozen
class LatestStep:
    """To the one record of ``of`` whose ``reference`` names the record reached so far, latest by ``by`` (missing is smallest; ties: the greatest id)."""

    of: type[Record]
    reference: Path = attrs.field(eq=path_key)
    where: Condition | None
    by: Path = attrs.field(eq=path_key)


@attrs.frozen
class FoldStep:
    """The stored fold of the searchable text before it: people's order."""


Step: TypeAlias = FieldStep | CustomStep | LatestStep | FoldStep
_OF_A_FIELD: Final = (FieldStep, CustomStep)


class Path:
    """The way from a record to one of its facts. See the module.

    Args are for the query package only: paths are made by ``each`` and ``latest``.
    """

    __slots__ = ("_field", "_root", "_steps", "_target")

    _root: type[Record]
    _steps: tuple[Step, ...]
    _target: type[Record] | None
    _field: Field | None

    def __init__(self, root: type[Record], steps: tuple[Step, ...], target: type[Record] | None) -> None:
        """``target`` is the record type that the path has reached, where it ends at a record and not at a plain fact."""
        self._root, self._steps, self._target = root, steps, target
        self._field = _last_field(steps[-1]) if steps else None  # asked for many times in each question

    def __getattr__(self, name: str) -> Path:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._onward(name)

    def _onward(self, name: str) -> Path:
        if self._is_custom:
            return Path(self._root, (*self._steps[:-1], CustomStep(name)), None)
        if self._target is None:
            raise InvalidError(f"{self} is no reference: it has no field {name!r}.", code="unknown_field", field=name)
        return _field_path(self._root, self._steps, self._target, name)

    @property
    def _is_custom(self) -> bool:
        last = self._steps[-1] if self._steps else None
        return isinstance(last, FieldStep) and last.field.name == "custom" and last.field.system

    @property
    def folded(self) -> Path:
        """The search key of a searchable text: order by it to sort as people do."""
        field = self._field
        if field is None or not field.searchable:
            raise InvalidError(f"{self} is not Searchable(): it has no search key.", code="not_searchable")
        return Path(self._root, (*self._steps, FoldStep()), None)

    def __str__(self) -> str:
        return ".".join(filter(None, map(_step_text, self._steps))) or declaration_of(self._root).name

    def __repr__(self) -> str:
        return f"<path {declaration_of(self._root).name}.{self}>"

    # --- conditions ---
    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # a comparison of paths is a condition
        return _conditions.compare(self, "==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]  # a comparison of paths is a condition
        return _conditions.compare(self, "!=", other)

    def __lt__(self, other: object) -> Condition:
        return _conditions.compare(self, "<", other)

    def __le__(self, other: object) -> Condition:
        return _conditions.compare(self, "<=", other)

    def __gt__(self, other: object) -> Condition:
        return _conditions.compare(self, ">", other)

    def __ge__(self, other: object) -> Condition:
        return _conditions.compare(self, ">=", other)

    def in_(self, values: Iterable[object]) -> Condition:
        """The value is one of these."""
        return _conditions.one_of(self, values)

    def starts_with(self, prefix: str) -> Condition:
        """The text begins with these code points, exactly."""
        return _conditions.text_test(self, "starts_with", prefix)

    def contains(self, needle: str) -> Condition:
        """The folded needle is part of the text's search key; the field must be ``Searchable()``. A needle that folds to nothing is in every text."""
        return _conditions.text_test(self, "contains", needle)

    def includes(self, code: str) -> Condition:
        """The set (such as tags) has this member."""
        return _conditions.text_test(self, "includes", code)

    @property
    def is_missing(self) -> Condition:
        """There is no value: the field is empty, or a reference on the way is."""
        return _conditions.missing(self)

    def __neg__(self) -> Descending:
        return Descending(self)

    def __sub__(self, other: Path) -> Difference:
        return Difference(self, other)

    def __mul__(self, other: Path) -> Product:
        return Product(self, other)

    def __hash__(self) -> int:
        return hash((self._root, self._steps))

    def __bool__(self) -> NoReturn:
        raise TypeError("A path has no truth value: compare it, or use `&`, `|`, `~` between conditions.")


@attrs.frozen
class Descending:
    """A path to order by, greatest first."""

    path: Path = attrs.field(eq=path_key)


@attrs.frozen
class Difference:
    """``left - right`` of two numbers, or of two instants (in seconds), for tallies."""

    left: Path = attrs.field(eq=path_key)
    right: Path = attrs.field(eq=path_key)


@attrs.frozen
class Product:
    """``left * right`` of two numbers, for tallies."""

    left: Path = attrs.field(eq=path_key)
    right: Path = attrs.field(eq=path_key)


class Each:
    """The fields of a record type as attributes: ``each(Deal).amount``."""

    def __init__(self, of: type[Record]) -> None:
        self._of = of

    def __getattr__(self, name: str) -> Path:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _field_path(self._of, (), self._of, name)
        self.__dict__[name] = made  # the next time it is found there (measured: 2 us less)
        return made


def each(of: type[Record]) -> Each:
    """Return the fields of a record type, to ask about: ``d = each(Deal); d.state == "open"``."""
    declaration_of(of)
    return Each(of)


def path_of(start: type[Record] | Path, names: Sequence[str]) -> Path:
    """Return the path that these names write: fields, after ``custom`` the key of a custom field, and ``folded``.

    Unlike attributes, names are never mistaken for the words of the language (``in_``, ``is_missing``, ...).

    Raises:
        InvalidError: there is no name, or one is no field.
    """
    if not names:
        raise InvalidError("A path names at least one field.", code="unknown_field")
    path = _field_path(start, (), start, names[0]) if isinstance(start, type) else start._onward(names[0])
    for name in names[1:]:
        path = path.folded if name == "folded" and not path._is_custom else path._onward(name)
    return path


def latest(reference: Path, *where: Condition, by: Path) -> Path:
    """Return the path from what ``reference`` names to the latest record that names it, among those where all conditions hold.

    ``latest(a.customer, a.survey_type == "nps", by=a.answered_at).score`` is a fact of a customer.
    """
    of, target = reference._root, reference_target(reference)
    _same_root(of, by._root)
    return Path(target, (LatestStep(of, reference, _conditions.all_of(of, where), by),), of)


def _same_root(of: type[Record], other: type[Record]) -> None:
    if of is not other:
        raise InvalidError(
            f"latest() asks about {of.__name__}, but one of its parts is about {other.__name__}.", code="other_type"
        )


def reference_target(reference: Path) -> type[Record]:
    """Return the record type that a path to a reference names.

    Raises:
        InvalidError: the path does not end at a reference to one record type.
    """
    if reference._target is None or len(reference._steps) != 1 or not isinstance(reference._steps[0], FieldStep):
        raise InvalidError(f"{reference} is no reference of its own record.", code="no_reference")
    return reference._target


def final_field(path: Path) -> Field | None:
    """Return the field at which a path ends (a ``latest`` record: its id); None where it ends at a fold, or at a custom field that is not bound."""
    return path._field


def _last_field(step: Step) -> Field | None:
    if isinstance(step, _OF_A_FIELD):
        return step.field
    return declaration_of(step.of).by_name["id"] if isinstance(step, LatestStep) else None


def _field_path(root: type[Record], steps: tuple[Step, ...], of: type[Record], name: str) -> Path:
    declaration = declaration_of(of)
    field = declaration.by_name.get(name)
    if field is None:
        hint = nearest(name, declaration.by_name)
        raise InvalidError(f"{of.__name__} has no field {name!r}.{hint}", code="unknown_field", field=name)
    target = field.target if field.kind == "ref" and isinstance(field.target, type) and name != "id" else None
    return Path(root, (*steps, FieldStep(field)), target if target is not Record else None)


def _step_text(step: Step) -> str:
    if isinstance(step, FieldStep):
        return step.field.name
    if isinstance(step, CustomStep):
        return f"custom.{step.key}"
    return "folded" if isinstance(step, FoldStep) else f"latest({declaration_of(step.of).name})"


# Conditions are made of paths, and paths make them: this one comes last, so that either can be imported first.
from . import conditions as _conditions  # noqa: E402  # see above
