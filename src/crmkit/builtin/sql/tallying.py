"""Tallies: the rows of a tally's statements put together, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.compile.counting import Counting, Part, TallyShape, shape_of_tally
from crmkit.builtin.sql.compile.measures import interpolated
from crmkit.builtin.sql.link import Link, Row
from crmkit.query import Bucket, Component, Tallied, Tally, empty_value, rank

Cells: TypeAlias = dict[Row, dict[int, Any]]
"""By the keys' columns: the values of the components, by their place."""


def count(catalogue: Catalogue, link: Link, question: Tally) -> list[Tallied]:
    """Return the cells of a bound tally, in the order of their keys."""
    if any(isinstance(key, Bucket) and len(key.edges) < 2 for key in question.by):
        return []
    shape, constants = shape_of_tally(question, catalogue.database)
    components = tuple(question.components.values())
    cells: Cells = {} if question.by else {(): {}}
    statements = catalogue.tally_statements(shape)
    for counting in statements:
        rows = link.rows(counting.statement.text, counting.statement.values(constants))
        if any(components[n].measure == "quantile" for n in counting.parts):
            _add_quantiles(cells, rows, counting, components)
        elif counting.is_money:
            _add_money(cells, rows, counting, shape)
        else:
            _add(cells, rows, counting)
    return _tallied(question, shape, cells, statements[0])


def _measured(row: Row, counting: Counting, start: int, currency: str) -> Iterable[tuple[int, Any]]:
    for n, part in counting.parts.items():
        yield n, part.read(row[start : start + part.width], currency)
        start += part.width


def _add(cells: Cells, rows: Sequence[Row], counting: Counting) -> None:
    for row in rows:
        cells.setdefault(row[: counting.width], {}).update(_measured(row, counting, counting.width, ""))


def _add_money(cells: Cells, rows: Sequence[Row], counting: Counting, shape: TallyShape) -> None:
    for row in rows:
        cell, currency = cells.setdefault(row[: counting.width], {}), row[counting.width]
        for n, value in _measured(row, counting, counting.width + 1, currency or ""):
            if not shape.parts[n].is_money:
                cell[n] = cell.get(n, 0) + value
            elif value is not None:
                cell.setdefault(n, {})[currency] = value


def _add_quantiles(cells: Cells, rows: Sequence[Row], counting: Counting, components: Sequence[Component]) -> None:
    ((n, part),) = counting.parts.items()
    groups: dict[tuple[Row, str], list[Any]] = {}
    for row in rows:
        currency = row[counting.width] if counting.is_money else ""
        groups.setdefault((row[: counting.width], currency), []).append(row[-3:])
    for (key, currency), ranks in groups.items():
        value = interpolated(ranks, components[n].q, part.read, currency)
        if counting.is_money:
            cells[key].setdefault(n, {})[currency] = value
        else:
            cells[key][n] = value


def _tallied(question: Tally, shape: TallyShape, cells: Cells, counting: Counting) -> list[Tallied]:
    empty = [_empty(part, one) for part, one in zip(shape.parts, question.components.values(), strict=True)]
    keys = _keys(question, counting, list(cells))
    made = [Tallied(key, _values(question, cell, empty)) for key, cell in zip(keys, cells.values(), strict=True)]
    return sorted(made, key=lambda cell: tuple(map(rank, cell.key)))


def _empty(part: Part, component: Component) -> Any:
    return dict[str, Any]() if part.is_money else empty_value(component)


def _values(question: Tally, cell: Mapping[int, Any], empty: Sequence[Any]) -> dict[str, Any]:
    """Return the components by name; money by its currencies in order."""
    return {
        name: _ordered(cell[n]) if cell.get(n) is not None else empty[n] for n, name in enumerate(question.components)
    }


def _ordered(value: Any) -> Any:
    return dict(sorted(cast("dict[str, Any]", value).items())) if isinstance(value, dict) else value


def _keys(question: Tally, counting: Counting, rows: Sequence[Row]) -> Iterable[tuple[Any, ...]]:
    """Return the keys as the question means them: values of their kinds, and the first instants of periods."""
    if not rows or not counting.keys:
        return [()] * len(rows)
    columns = list(zip(*rows, strict=True))
    values: list[Sequence[Any]] = []
    for (width, read), asked in zip(counting.keys, question.by, strict=True):
        if isinstance(asked, Bucket):
            values.append([asked.edges[place] for place in columns[0]])
        elif read is not None:
            values.append(read(*columns[:width]))
        del columns[:width]
    return list(zip(*values, strict=True))
