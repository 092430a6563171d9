"""Tallies: counts, totals and the like over records, grouped by fields and by periods.

What a component's value is, the same from every store:

- ``count``, ``distinct``: an int. ``total`` of ints: an exact int; of decimals: an exact Decimal.
- Money of different currencies never meets: every other measure of money is a mapping from currency to its value
  (Decimals; floats for ``squares`` and ``quantile``), without the currencies that have none.
- ``least``, ``most``: a value of the field's kind, in the order that questions sort by.
- Of a difference of two instants: seconds, a float made of exact microseconds. Of two ints or decimals: exact; they must
  fit 64 bits. ``squares``, ``quantile`` and everything over a product: floats, equal within 1e-9.
- Missing values are passed over; a difference or product with a missing part is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import attrs

from ..errors import InvalidError
from ..records import Field, Record
from .conditions import Condition
from .paths import Difference, Path, Product, final_field, path_key
from .values import ordered_kinds

Measure = Literal["count", "distinct", "total", "least", "most", "squares", "quantile"]
Expression: TypeAlias = Path | Difference | Product
MERGEABLE: Final = frozenset({"count", "total", "least", "most", "squares"})
NUMERIC: Final = frozenset({"int", "decimal", "money"})
_NO_KEY: Final = frozenset({"codes", "json", "local_text", "wall_time"})


@attrs.frozen
class Component:
    """One thing counted in each cell: ``measure`` of ``of``, where ``where`` holds. Its value: see the module."""

    measure: Measure
    of: Expression | None = attrs.field(default=None, eq=path_key)
    where: Condition | None = None
    q: float = 0.5

    @property
    def is_mergeable(self) -> bool:
        """Values of two disjoint cells can be put together without the records."""
        return self.measure in MERGEABLE


def count(where: Condition | None = None) -> Component:
    """How many records (for which the condition holds)."""
    if isinstance(where, Path):
        raise InvalidError(
            f"count() takes a condition, not {where!r}: for values that are there, write count(~path.is_missing).",
            code="no_condition",
        )
    return Component("count", None, where)


def distinct(of: Path, where: Condition | None = None) -> Component:
    """How many different values (missing ones do not count)."""
    return _checked(Component("distinct", of, where))


def total(of: Expression, where: Condition | None = None) -> Component:
    """The sum; 0 where there is none (money: an empty mapping)."""
    return _checked(Component("total", of, where))


def least(of: Expression, where: Condition | None = None) -> Component:
    """The smallest value; None where there is none (money: an empty mapping)."""
    return _checked(Component("least", of, where))


def most(of: Expression, where: Condition | None = None) -> Component:
    """The greatest value; None where there is none (money: an empty mapping)."""
    return _checked(Component("most", of, where))


def squares(of: Expression, where: Condition | None = None) -> Component:
    """The sum of squares, a float (money: a mapping by currency)."""
    return _checked(Component("squares", of, where))


def quantile(of: Expression, q: float, where: Condition | None = None) -> Component:
    """The quantile of type 7 (Hyndman and Fan), 0 <= q <= 1; None where there is no value."""
    if not 0 <= q <= 1:
        raise InvalidError(f"A quantile lies between 0 and 1, not at {q!r}.", code="quantile")
    return _checked(Component("quantile", of, where, q))


def _checked(component: Component) -> Component:
    check_component(component)
    return component


def check_component(component: Component) -> None:
    """Refuse what a measure has no meaning for; kinds that are not known yet (custom fields) are checked once bound.

    Raises:
        InvalidError: a sum of what is no number, a least of what has no order, a difference or product of two kinds.
    """
    of = component.of
    if isinstance(of, Difference | Product):
        _check_pair(of)
    elif of is not None and (field := final_field(of)) is not None:
        if component.measure in ("total", "squares", "quantile") and field.kind not in NUMERIC:
            raise InvalidError(f"{of} is no number: it can not be summed.", code="kind", field=str(of))
        if component.measure in ("least", "most") and field.kind not in ordered_kinds:
            raise InvalidError(f"{of} has no order: it has no least and no most.", code="no_order", field=str(of))
        if component.measure == "distinct" and field.kind in ("json", "local_text"):
            raise InvalidError(
                f"{of} can not be compared: its different values can not be counted.", code="kind", field=str(of)
            )


def _check_pair(of: Difference | Product) -> None:
    left, right = final_field(of.left), final_field(of.right)
    kinds = {field.kind for field in (left, right) if field is not None}
    allowed = {"int", "decimal"} if isinstance(of, Product) else {"int", "decimal", "instant"}
    is_mixed = isinstance(of, Difference) and left is not None and right is not None and _shape(left) != _shape(right)
    if not kinds <= allowed or is_mixed:
        what = (
            "product of two numbers"
            if isinstance(of, Product)
            else "difference of two instants, or of two numbers of one kind"
        )
        raise InvalidError(f"{of.left} and {of.right}: there is no {what}.", code="kind", field=str(of.left))


def _shape(field: Field) -> tuple[str, int]:
    return field.kind, field.places


@attrs.frozen
class Bucket:
    """A group key: the period in which an instant lies.

    ``unit`` is day, week, month, quarter or year in the business time zone. ``edges`` (ascending UTC instants, set when
    a tally is bound, or given by a caller with its own calendar) cut time into half-open periods; the key is the first
    instant of the period. Instants outside of all edges, and missing ones, fall into no cell.
    """

    path: Path = attrs.field(eq=path_key)
    unit: str = ""
    edges: tuple[datetime, ...] = ()


def by_edges(path: Path, edges: Sequence[datetime]) -> Bucket:
    """Return the group key that cuts time at these ascending instants."""
    return Bucket(path, "", tuple(edges))


def day(path: Path) -> Bucket:
    """The local day of an instant."""
    return _bucket(path, "day")


def week(path: Path) -> Bucket:
    """The week (from Monday) of an instant."""
    return _bucket(path, "week")


def month(path: Path) -> Bucket:
    """The local month of an instant."""
    return _bucket(path, "month")


def quarter(path: Path) -> Bucket:
    """The local quarter of an instant."""
    return _bucket(path, "quarter")


def year(path: Path) -> Bucket:
    """The local year of an instant."""
    return _bucket(path, "year")


def _bucket(path: Path, unit: str) -> Bucket:
    field = final_field(path)
    if field is not None and field.kind != "instant":
        raise InvalidError(f"{path} is no instant: it lies in no period.", code="kind", field=str(path))
    return Bucket(path, unit)


Key: TypeAlias = Path | Bucket


def _same_keys(keys: tuple[Key, ...]) -> tuple[object, ...]:
    return tuple(map(path_key, keys))


@attrs.frozen(kw_only=True)
class Tally:
    """The question of a tally.

    ``one_per``: of the records with the same value at this path, only the last of each cell counts, by ``one_per_by``,
    or else by the first bucket's path (missing is smallest; ties: the greatest id). A record without a value at the
    path counts for itself.

    Cells are in the order of their keys, missing first. Keys order as ``Find`` does, references to any type by their
    text ``type:id``.
    """

    of: type[Record]
    where: Condition | None = None
    by: tuple[Key, ...] = attrs.field(default=(), eq=_same_keys)
    components: Mapping[str, Component]
    one_per: Path | None = attrs.field(default=None, eq=path_key)
    one_per_by: Path | None = attrs.field(default=None, eq=path_key)

    @property
    def is_mergeable(self) -> bool:
        """Cells of disjoint periods can be put together."""
        return self.one_per is None and all(component.is_mergeable for component in self.components.values())


@attrs.frozen
class Tallied:
    """One cell: its key, and the components as attributes (``row.n``).

    A key's part is the value of a field, or the first instant (UTC) of a period.
    """

    key: tuple[Any, ...]
    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(f"There is no component {name!r}: there are {', '.join(self.values)}.") from None


def empty_value(component: Component) -> Any:
    """Return what a component is where there is no record: 0, an empty mapping of money, or None."""
    if component.measure in ("count", "distinct"):
        return 0
    field = final_field(component.of) if isinstance(component.of, Path) else None
    if field is not None and field.kind == "money":
        return {}
    return {"total": 0, "squares": 0.0}.get(component.measure)


def check_tally(tally: Tally) -> None:
    """Refuse what would count records twice or has no meaning.

    Raises:
        InvalidError: a component or key is about another record type, a kind does not fit its use, or ``one_per`` has
            nothing to be the last by.
    """
    if tally.where is not None:
        _check_root(tally.of, tally.where.root, "its condition", "where")
    for name, component in tally.components.items():
        for root in _roots(component):
            _check_root(tally.of, root, f"component {name!r}", name)
        check_component(component)
    for key in tally.by:
        _check_key(tally.of, key)
    for path in (tally.one_per, tally.one_per_by):
        if path is not None:
            _check_root(tally.of, path._root, str(path), "one_per")
    if tally.one_per is not None and tally.one_per_by is None and not any(isinstance(key, Bucket) for key in tally.by):
        raise InvalidError(
            "one_per needs a period among the keys, or one_per_by, to know which one is the last.", code="one_per"
        )


def _check_root(of: type[Record], root: type[Record], what: str, field: str) -> None:
    if root is not of:
        raise InvalidError(
            f"The tally is about {of.__name__}, {what} about {root.__name__}.", code="other_type", field=field
        )


def _check_key(of: type[Record], key: Key) -> None:
    path = key.path if isinstance(key, Bucket) else key
    if path._root is not of:
        _check_root(of, path._root, str(path), str(path))
    field = final_field(path)
    if field is not None and field.kind in _NO_KEY:
        raise InvalidError(f"{path} can not be a key: it has no one value to group by.", code="kind", field=str(path))
    if isinstance(key, Bucket) and field is not None and field.kind != "instant":
        raise InvalidError(f"{path} is no instant: it lies in no period.", code="kind", field=str(path))


def _roots(component: Component) -> list[type[Record]]:
    of, where = component.of, component.where
    paths = [of] if isinstance(of, Path) else [of.left, of.right] if of is not None else []
    return [path._root for path in paths] + ([where.root] if where is not None else [])
