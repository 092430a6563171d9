"""Tallies: counts, totals and the like over records, grouped by fields and by periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import attrs

from ..errors import InvalidError
from ..records import Record
from .conditions import Condition, Has
from .paths import Difference, Path, Product, final_field, path_key

Measure = Literal["count", "distinct", "total", "least", "most", "squares", "quantile"]
Expression: TypeAlias = Path | Difference | Product
MERGEABLE: Final = frozenset({"count", "total", "least", "most", "squares"})
NUMERIC: Final = frozenset({"int", "decimal", "money"})


@attrs.frozen
class Component:
    """One thing counted in each cell: ``measure`` of ``of``, where ``where`` holds.

    ``total`` of money is ``{currency: Decimal}``; of a difference of instants, seconds; of ints, an exact int; of
    decimals, a Decimal. ``squares`` (the sum of squares) and everything over a product is a float.
    """

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
    return Component("distinct", of, where)


def total(of: Expression, where: Condition | None = None) -> Component:
    """The sum; 0 where there is none (money: an empty mapping)."""
    return Component("total", _number(of), where)


def least(of: Expression, where: Condition | None = None) -> Component:
    """The smallest value; None where there is none."""
    return Component("least", of, where)


def most(of: Expression, where: Condition | None = None) -> Component:
    """The greatest value; None where there is none."""
    return Component("most", of, where)


def squares(of: Expression, where: Condition | None = None) -> Component:
    """The sum of squares, a float."""
    return Component("squares", _number(of), where)


def quantile(of: Expression, q: float, where: Condition | None = None) -> Component:
    """The quantile of type 7 (Hyndman and Fan), 0 <= q <= 1; None where there is no value."""
    if not 0 <= q <= 1:
        raise InvalidError(f"A quantile lies between 0 and 1, not at {q!r}.", code="quantile")
    return Component("quantile", _number(of), where, q)


def _number(of: Expression) -> Expression:
    if isinstance(of, Path):
        field = final_field(of)
        if field is not None and field.kind not in NUMERIC:
            raise InvalidError(f"{of} is no number: it can not be summed.", code="kind", field=str(of))
    return of


@attrs.frozen
class Bucket:
    """A group key: the period in which an instant lies.

    ``unit`` is day, week, month, quarter or year in the business time zone. ``edges`` (ascending UTC instants, set when
    a tally is bound, or given by a caller with its own calendar) cut time into half-open periods; the key is the first
    instant of the period. Instants outside of all edges fall into no cell.
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


@attrs.frozen(kw_only=True)
class Tally:
    """The question of a tally.

    ``one_per``: of the records with the same value at this path, only the last of each cell counts, by the first
    bucket's path (ties: the greatest id); needs ``one_per_by`` where there is no bucket.
    """

    of: type[Record]
    where: Condition | None = None
    by: tuple[Key, ...] = ()
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
    if component.measure == "squares":
        return 0.0
    if component.measure != "total":
        return None
    field = final_field(component.of) if isinstance(component.of, Path) else None
    return {} if field is not None and field.kind == "money" else 0


def check_tally(tally: Tally) -> None:
    """Refuse what would count records twice or has no meaning.

    Raises:
        InvalidError: a component or key is about another record type, or ``one_per`` has nothing to be the last by.
    """
    for name, component in tally.components.items():
        for root in _roots(component):
            if root is not tally.of:
                raise InvalidError(
                    f"Component {name!r} is about {root.__name__}, the tally about {tally.of.__name__}.",
                    code="other_type",
                    field=name,
                )
    if tally.one_per is not None and tally.one_per_by is None and not any(isinstance(key, Bucket) for key in tally.by):
        raise InvalidError(
            "one_per needs a period among the keys, or one_per_by, to know which one is the last.", code="one_per"
        )


def _roots(component: Component) -> list[type[Record]]:
    of, where = component.of, component.where
    paths = [of] if isinstance(of, Path) else [of.left, of.right] if of is not None else []
    return [path._root for path in paths] + ([where.root] if where is not None and not isinstance(where, Has) else [])
