"""Tables: of plain numbers, and of rows that each hold a bar.

A table of bars *is* the table of numbers of its chart. The roles are written
out because a narrow page lays its rows out as grids, and browsers forget then
that they are rows.
"""

from collections.abc import Sequence
from typing import TypeVar

import attrs

from crmkit.builtin.report.markup import Child, Markup, element, join
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
    """A chart of rows. ``heads`` name the columns but the bar's, in their order."""
    return element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", _bar_head(heads, any(row.before is not None for row in rows)), role="rowgroup"),
        element("tbody", *(_bar_row(row) for row in rows), role="rowgroup"),
        class_=f"bars {kind}".strip(),
        role="table",
    )


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


def _bar_row(row: Row) -> Markup:
    return element(
        "tr",
        element("th", row.label, scope="row", role="rowheader", class_="label"),
        None if row.before is None else element("td", row.before, role="cell", class_="before"),
        element("td", row.bar, role="cell", class_="bar"),
        *(element("td", cell, role="cell", class_="cell") for cell in row.cells),
        role="row",
        class_=row.kind or None,
    )


def number_table(caption: Markup, heads: Sequence[Child], rows: Sequence[Sequence[Child]], kind: str = "") -> Markup:
    """A plain table: the first cell of each row is its head."""
    return element(
        "div",
        element(
            "table",
            element("caption", caption, class_="unseen"),
            element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
            element("tbody", *(_number_row(row) for row in rows)),
            class_=f"plain {kind}".strip(),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def _number_row(row: Sequence[Child]) -> Markup:
    head, *cells = row
    return element("tr", element("th", head, scope="row"), *(element("td", cell) for cell in cells))


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
