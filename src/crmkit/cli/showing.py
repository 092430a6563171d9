"""What a verb returned, shown: a line, a table, or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import attrs
import click

from ..query import Page
from ..records import AnyRef, Field, LocalText, Money, Record, Staged, declaration_of, short_id
from ..records.as_json import to_json
from .state import current_run
from .tables import Column, print_table

Cells = Mapping[str, Callable[[Any], Any]]


def say(line: str, **facts: Any) -> None:
    """Print one line for people, or (under ``--json``) the facts for programs."""
    if current_run().json:
        click.echo(
            json.dumps({key: as_json(value) for key, value in facts.items()} or {"message": line}, ensure_ascii=False)
        )
    else:
        click.echo(line)


def show(value: Any, *, verb: str = "", columns: Cells | None = None, noun: str = "", next_step: str = "") -> None:
    """Show what a verb returned.

    Args:
        value: a record, a sequence of records or of other attrs objects, or a mapping.
        verb: what was done, before a single record: ``added``.
        columns: heading -> function of a row; by default the fields of the first row. A heading that ends in ``#`` has numbers.
        noun: what the rows are, for the last line: ``customer``.
        next_step: a command to offer; after a list only on a terminal.
    """
    if current_run().json:
        click.echo(json.dumps(as_json(value), ensure_ascii=False))
    elif isinstance(value, Record):
        click.echo(" ".join(filter(None, [verb, headline(value)])))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        _table(list(cast("Sequence[Any]", value)), columns, noun)
    else:
        click.echo(str(value))
    if next_step and isinstance(value, Record) and not current_run().json:
        click.echo(next_step)
    elif next_step:
        offer(next_step)


def offer(next_step: str) -> None:
    """Print what to do after a list, on a terminal alone: what goes into a pipe or a file is data."""
    if current_run().json:
        return
    if sys.stdout.isatty():
        click.echo(next_step)
    elif sys.stderr.isatty():
        click.echo(next_step, err=True)


def _table(rows: Sequence[Any], columns: Cells | None, noun: str) -> None:
    cells = columns or _own_columns(rows)
    count = f"{len(rows):,} {noun}{'' if len(rows) == 1 else 's'}" if noun else ""
    if not rows:
        click.echo(f"No {noun}." if noun else "Nothing.")
        return
    heads = [Column(name.rstrip("#").strip(), name.endswith("#")) for name in cells]
    print_table(heads, [[shown(of(row)) for of in cells.values()] for row in rows], count)


def _own_columns(rows: Sequence[Any]) -> Cells:
    if not rows:
        return {}
    if isinstance(rows[0], Mapping):
        return {key.upper(): _item(key) for key in cast("Mapping[str, Any]", rows[0])}
    if isinstance(rows[0], Record):
        fields = [
            field for field in declaration_of(type(rows[0])).own_fields if any(_is_there(field, row) for row in rows)
        ]
        return {"ID": name_of, **{_heading(field): _attribute(field.name) for field in fields[:8]}}
    return {attribute.name.upper(): _attribute(attribute.name) for attribute in attrs.fields(_class_of(rows[0]))}


def _class_of(value: object) -> type[Any]:
    return type(value)


def _is_there(field: Field, row: Record) -> bool:
    return getattr(row, field.name) not in (None, "", frozenset(), False)


def _heading(field: Field) -> str:
    mark = "#" if field.kind in ("int", "decimal", "money") else ""
    return field.name.replace("_", " ").upper() + mark


def _attribute(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, name)


def _item(key: str) -> Callable[[Any], Any]:
    return lambda row: row[key]


def name_of(record: Record) -> str:
    """Return a record's name for people: its short id, or (``--full-ids``) all of it."""
    return str(record.id) if current_run().full_ids else short_id(record.id)


def headline(record: Record) -> str:
    """Return a record in one line: its type, its id, and what it says first."""
    declaration = declaration_of(type(record))
    parts = [declaration.name.replace("_", " ") + " " + name_of(record)]
    parts += [
        shown(getattr(record, f.name))
        for f in declaration.own_fields
        if f.kind in ("text", "money") and getattr(record, f.name)
    ][:3]
    if isinstance(record, Staged) and record.stage:
        parts.append(record.stage)
    return "  ".join(part.replace("\n", " ")[:80] for part in parts)


def shown(value: Any) -> str:
    """Return a value as people read it in a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(current_run().opened().house.zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, UUID):
        return str(value) if current_run().full_ids else short_id(value)
    if isinstance(value, AnyRef):
        return f"{value.type} {shown(value.id)}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal | float):
        return f"{value:,.2f}"
    if isinstance(value, frozenset | tuple | list):
        return ", ".join(sorted(map(shown, cast("Collection[Any]", value))))
    return str(value)


def as_json(value: Any) -> Any:
    """Return a value as JSON writes it; records as in ``crmkit.records.as_json``, pages as ``{"records", "next"}``."""
    if isinstance(value, Record):
        return to_json(value)
    if isinstance(value, Page):
        page = cast("Page[Record]", value)
        return {"records": [as_json(record) for record in page], "next": page.next}
    if isinstance(value, Money):
        return {"value": str(value.amount), "currency": value.currency}
    if isinstance(value, LocalText):
        return dict(value.texts)
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, AnyRef):
        return f"{value.type}:{value.id}"
    if attrs.has(_class_of(value)):
        return {
            attribute.name.lstrip("_"): as_json(getattr(value, attribute.name))
            for attribute in attrs.fields(_class_of(value))
        }
    if isinstance(value, frozenset | set):
        return sorted(as_json(item) for item in cast("Collection[Any]", value))
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [as_json(item) for item in cast("Iterable[Any]", value)]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
