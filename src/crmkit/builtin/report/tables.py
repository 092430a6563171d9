"""Tables: of plain numbers, and of rows that each hold a bar.

A table of bars *is* the table of numbers of its chart. The roles are written
out because a narrow page lays its rows out as grids, and browsers forget then
that they are rows.
"""

from collections.abc import Sequence
from typing import TypeVar

import attrs

from crmkit.builtin.report.markup import Child, Markup, element, join, text_of
from crmkit.builtin.report.reader import Reader

LONGEST = 24
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Row:
    """A label, perhaps a number before the bar, the bar, and the numbers after it."""

    label: Child
    bar: Markup | None = None
    cells: tuple[Child, ...] = ()
    before: Child = None
    kind: str = ""


def bar_table(caption: Markup, heads: Sequence[Child], rows: Sequence[Row], kind: str = "") -> Markup:
    """A chart of rows. ``heads`` name the columns but the bar's, in their order.

    A column that no row fills is left out.
    """
    has_before = any(row.before is not None for row in rows)
    leading = 2 if has_before else 1
    kept = _filled([row.cells for row in rows])
    shown = [*heads[:leading], *_picked(heads[leading:], kept)]
    body = (_bar_row(attrs.evolve(row, cells=tuple(_picked(row.cells, kept))), shown) for row in rows)
    return element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", _bar_head(shown, has_before), role="rowgroup"),
        element("tbody", *body, role="rowgroup"),
        class_=f"bars {kind}".strip(),
        role="table",
    )


def _filled(rows: Sequence[Sequence[Child]]) -> list[int]:
    """The columns that at least one row fills."""
    width = max((len(row) for row in rows), default=0)
    return [i for i in range(width) if any(i < len(row) and row[i] for row in rows)]


def _picked(cells: Sequence[Child], kept: Sequence[int]) -> list[Child]:
    return [cells[i] for i in kept if i < len(cells)]


def _bar_head(heads: Sequence[Child], has_before: bool) -> Markup:
    label, *rest = heads
    before = element("th", rest.pop(0), scope="col", role="columnheader", class_="before") if has_before else None
    return element(
        "tr",
        element("th", label, scope="col", role="columnheader", class_="label"),
        before,
        element("td", role="presentation", class_="bar"),
        *(element("th", cell, scope="col", role="columnheader", class_="cell") for cell in rest),
        role="row",
    )


def _bar_row(row: Row, heads: Sequence[Child]) -> Markup:
    names = [text_of(head) if isinstance(head, Markup) else head for head in heads[1:]]
    before = None
    if row.before is not None:
        before = element("td", row.before, role="cell", class_="before", data_head=names.pop(0))
    cells = zip(row.cells, names, strict=False)
    return element(
        "tr",
        element("th", row.label, scope="row", role="rowheader", class_="label"),
        before,
        element("td", row.bar, role="cell", class_="bar"),
        *(element("td", cell, role="cell", class_="cell", data_head=name) for cell, name in cells),
        role="row",
        class_=row.kind or None,
    )


def number_table(caption: Markup, heads: Sequence[Child], rows: Sequence[Sequence[Child]], kind: str = "") -> Markup:
    """A plain table: the first cell of each row is its head. An empty column is left out."""
    kept = _filled(rows)
    shown = _picked(heads, kept)
    head = element("tr", *(element("th", head, scope="col", role="columnheader") for head in shown), role="row")
    table = element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", head, role="rowgroup"),
        element("tbody", *(_number_row(_picked(row, kept)) for row in rows), role="rowgroup"),
        class_=f"plain {kind}".strip(),
        role="table",
    )
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _number_row(row: Sequence[Child]) -> Markup:
    head, *cells = row
    row_head = element("th", head, scope="row", role="rowheader")
    return element("tr", row_head, *(element("td", cell, role="cell") for cell in cells), role="row")


def folded(reader: Reader, *content: Child) -> Markup:
    """The numbers behind a picture, one click (or a screen reader) away."""
    return element("details", element("summary", reader.say("numbers")), *content)


def longest(items: Sequence[T], limit: int = LONGEST) -> tuple[Sequence[T], int]:
    """The first items, and how many are left out."""
    return items[:limit], max(0, len(items) - limit)


def note(*content: Child) -> Markup:
    """A quiet line under a chart; nothing where there is nothing to say."""
    said = join(content)
    return element("p", said, class_="note") if said else Markup()
