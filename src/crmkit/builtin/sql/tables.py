"""From a declaration to its table: columns, the unique keys, and the indexes that the declaration asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, MetaData, PrimaryKeyConstraint, Table, Text, literal

from crmkit.builtin.sql.columns import Kept, default_of, default_values, kept
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.trigrams import STATE
from crmkit.records import Declaration, Field

CUSTOM: Final = "custom__"
"""What the names of the columns of custom fields begin with, see ``custom_column_name``."""
_LONGEST_NAME = 60
"""PostgreSQL cuts names at 63 bytes."""


def state_table(prefix: str) -> Table:
    """Return the table that tells of the indexes of trigrams, see ``trigrams``."""
    numbers = (Column(name, BigInteger(), nullable=False) for name in ("last", "removed", "purged", "purged_at"))
    texts = (Column(name, Text(), nullable=False) for name in ("name", "of", "column"))
    return Table(prefix + STATE, MetaData(), *texts, *numbers, PrimaryKeyConstraint("name"))


def column_names(declaration: Declaration, name: str) -> tuple[str, ...]:
    """Return the columns that hold a field; a direct owner is the customer's id."""
    field = declaration.by_name[name]
    if declaration.direct and field is declaration.owner:
        return ("customer_id",)
    return field.columns if field.kind == "money" else (field.columns[0],)


def make_table(declaration: Declaration, database: Database, *, prefix: str, schema: str) -> Table:
    """Return the table of a record type, with its indexes."""
    parts = [kept(field, database) for field in declaration.stored]
    table = Table(
        prefix + declaration.name,
        MetaData(),
        *(column for part in parts for column in _columns(declaration, part, database)),
        PrimaryKeyConstraint("id"),
        schema=schema or None,
        **database.table_options(coarse=declaration.coarse),
    )
    for names in declaration.unique:
        _index(table, _flat(declaration, names), database, unique=True)
    for names in _plain_indexes(declaration):
        _index(table, names, database, unique=False)
    return table


def _columns(declaration: Declaration, part: Kept, database: Database) -> Iterator[Column[object]]:
    defaults = _defaults(declaration, part.field, database)
    for position, name in enumerate(part.columns):
        type_ = database.type_of("text" if position else part.field.kind)
        default = None if defaults.get(name) is None else literal(defaults[name], type_)
        yield Column(name, type_, nullable=name != "id", server_default=default)


def _defaults(declaration: Declaration, field: Field, database: Database) -> Mapping[str, Any]:
    """Return the defaults that the database writes itself: where rows are there already (no row is touched for it), and for older code.

    One that is another at each call is none; bytes have no literal that all databases read.
    """
    if field.system or field.kind in ("ref", "digest") or default_of(declaration.of, field) is None:
        return {}
    made = default_values(declaration.of, field, database)
    return made if made == default_values(declaration.of, field, database) else {}


def _flat(declaration: Declaration, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(column for name in names for column in column_names(declaration, name))


def _plain_indexes(declaration: Declaration) -> list[tuple[str, ...]]:
    """Return the columns of each index; an index that is the beginning of another, or of a unique key, is left out."""
    wanted = [_flat(declaration, names) for names in declaration.indexes]
    wanted += [_flat(declaration, (field.name,)) for field in declaration.fields if field.indexed]
    wanted += [_flat(declaration, (field.name,)) for field in declaration.references]
    if declaration.belongs != "shared":
        wanted.append(("customer_id",))
    unique = [_flat(declaration, names) for names in declaration.unique]
    chosen: list[tuple[str, ...]] = []
    for columns in sorted(dict.fromkeys(wanted), key=len, reverse=True):
        if not any(other[: len(columns)] == columns for other in (*chosen, *unique)):
            chosen.append(columns)
    return sorted(chosen)


def _index(table: Table, columns: tuple[str, ...], database: Database, *, unique: bool) -> None:
    """Add an index; a plain one ends in the id, as every order of a question does."""
    all_columns = columns if unique or "id" in columns else (*columns, "id")
    Index(
        index_name(table.name, columns, unique=unique),
        *(database.index_key(table.c[name]) for name in all_columns),
        unique=unique,
        **database.index_options([table.c[name] for name in all_columns], unique=unique),
    )


def custom_column_name(key: str, kind: str) -> str:
    """Return the name of the column that a custom field's values have, in a database that indexes columns only."""
    name = f"{CUSTOM}{kind}__{key}"
    if re.fullmatch(r"\w+", name, re.ASCII) and len(name) <= _LONGEST_NAME:
        return name
    return f"{CUSTOM}{kind}__{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def index_name(table: str, columns: Iterable[str], *, unique: bool) -> str:
    """Return the index's name; a long one ends in a digest of itself."""
    name = f"{'ux' if unique else 'ix'}_{table}__{'__'.join(columns)}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
