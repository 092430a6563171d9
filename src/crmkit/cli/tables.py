"""Tables for people (aligned), for pipes (tab-separated) and, through ``show``, for programs (JSON)."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import Final

import attrs
import click

ISOLATE: Final = ("\u2068", "\u2069")
"""First strong isolate and its end: a right-to-left name does not pull its neighbours along."""
GAP: Final = "  "


@attrs.frozen
class Column:
    """A column: its heading, and whether its cells are numbers (right-aligned)."""

    heading: str
    is_number: bool = False


def width_of(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return sum(_cell_width(character) for character in text)


def _cell_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], footer: str = "") -> None:
    """Print a table: aligned and cut to the terminal's width for people, tab-separated in a pipe."""
    if not sys.stdout.isatty():
        for row in [[column.heading for column in columns], *rows]:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    click.echo()
    if not _by_rich(columns, rows):
        _plain(columns, rows)
    click.echo()
    if footer:
        click.echo(footer)


def _by_rich(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bool:
    """Print the table by rich, where it is installed; it knows how wide each terminal draws a character."""
    try:
        from rich.console import Console  # an extra, and only for people
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, width in zip(columns, _widths(columns, rows), strict=True):  # rich would cut all, the names too
        table.add_column(
            column.heading,
            justify="right" if column.is_number else "left",
            overflow="ellipsis",
            no_wrap=True,
            width=width,
        )
    for row in rows:
        table.add_row(*(Text(_isolated(cell.replace("\n", " "))) for cell in row))
    Console(soft_wrap=False, highlight=False).print(table)
    return True


def _plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    widths = _widths(columns, rows)
    click.echo(click.style(_line([c.heading for c in columns], columns, widths), bold=True))
    for row in rows:
        click.echo(_line(row, columns, widths))


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    widths = [max([width_of(c.heading), *(width_of(row[i]) for row in rows)]) for i, c in enumerate(columns)]
    room = shutil.get_terminal_size((100, 24)).columns - len(GAP) * (len(columns) - 1)
    while sum(widths) > room and max(widths) > 12:
        widest = widths.index(max(widths))
        widths[widest] -= min(sum(widths) - room, widths[widest] - 12)
    return widths


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    made = [
        _padded(_cut(cell.replace("\n", " "), width), width, column.is_number)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
    return GAP.join(made).rstrip()


def _padded(text: str, width: int, to_the_right: bool) -> str:
    space = " " * (width - width_of(text))
    shown = _isolated(text)
    return space + shown if to_the_right else shown + space


def _isolated(text: str) -> str:
    is_mirrored = any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    return f"{ISOLATE[0]}{text}{ISOLATE[1]}" if is_mirrored else text


def _cut(text: str, width: int) -> str:
    if width_of(text) <= width:
        return text
    kept = ""
    for character in text:
        if width_of(kept + character) > width - 1:
            break
        kept += character
    return f"{kept}…"
