"""Grids of cells with numbers: cohorts by age, RFM scores."""

from crmkit.builtin.report.markup import Markup, element, isolated, join
from crmkit.builtin.report.measures import Measure, measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.tables import longest, note
from crmkit.builtin.report.view import GridRow, GridView, Group

_MOST_ROWS = 24
_SHADES = 5


def grid_figure(reader: Reader, grid: GridView) -> Markup:
    """The grid as a table; the shade of a cell only repeats its number."""
    cells = [Group(label="", value=cell) for row in grid.rows for cell in row.cells]
    measure = measure_of(reader, grid.unit, cells)
    largest = max((measure.shown(cell.value) for cell in cells if cell.value is not None), default=0)
    finding = isolated(grid.finding or grid.title)
    subtitle = element("p", join([isolated(grid.title), measure.head], " "), class_="sub") if grid.finding else None
    shown, hidden = longest(grid.rows, _MOST_ROWS)
    rows = (_row(reader, measure, row, largest) for row in shown)
    table = element(
        "table",
        element("caption", finding, class_="unseen"),
        element("thead", _head(reader, grid)),
        element("tbody", *rows),
        class_="cells",
    )
    scroll = element("div", table, class_="scroll", tabindex=0, role="region", aria_label=finding)
    more = note(reader.say("more_rows", hidden)) if hidden else None
    return element("figure", element("figcaption", element("h3", finding), subtitle), scroll, more, class_="wide")


def _head(reader: Reader, grid: GridView) -> Markup:
    size = [element("th", reader.say("col_count"), scope="col")] if _is_sized(grid) else []
    columns = (element("th", isolated(name), scope="col") for name in grid.columns)
    return element("tr", element("th", isolated(grid.corner), scope="col", class_="label"), *size, *columns)


def _is_sized(grid: GridView) -> bool:
    return any(row.n is not None for row in grid.rows)


def _row(reader: Reader, measure: Measure, row: GridRow, largest: float) -> Markup:
    size = [] if row.n is None else [element("td", reader.count(row.n), class_="size")]
    cells = (
        element("td", None if cell is None else measure.bare(cell), class_=_shade(measure, cell, largest))
        for cell in row.cells
    )
    return element("tr", element("th", isolated(row.label), scope="row"), *size, *cells)


def _shade(measure: Measure, cell: object, largest: float) -> str | None:
    if not isinstance(cell, int | float) or largest <= 0 or cell <= 0:
        return None
    return f"shade{1 + min(_SHADES - 1, int(_SHADES * measure.shown(cell) / largest))}"
