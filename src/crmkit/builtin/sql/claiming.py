"""Claims: leases on records of operational types, fenced."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import attrs
from sqlalchemy import Table, bindparam, literal_column, update

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import compiled
from crmkit.builtin.sql.link import Link
from crmkit.errors import InvalidError
from crmkit.ports.store import Find, Record
from crmkit.records.times import micros

R = TypeVar("R", bound=Record)


def claim(catalogue: Catalogue, link: Link, question: Find[R], limit: int, until: datetime) -> list[R]:
    """Lease up to ``limit`` records that the question finds; see ``Transaction.claim``.

    Raises:
        InvalidError: the type is not operational, or has no lease.
    """
    layout, database = catalogue.layout(question.of), catalogue.database
    declaration = layout.declaration
    if declaration.mode != "operational" or not {"lease_until", "fence"} <= declaration.by_name.keys():
        raise InvalidError(
            f"A {declaration.name} can not be claimed: it is no operational type with lease_until and fence."
        )
    shape, constants = shape_of(attrs.evolve(question, limit=limit - 1), database)  # a page asks for one row more
    asked = catalogue.find_statement(shape)
    rows = link.rows(asked.statement.text + database.lock_rows, asked.statement.values(constants))
    found = layout.decode(rows)
    if found:
        link.change_many(
            _lease(layout.table, database), [(micros(until), database.id_kept(record.id)) for record in found]
        )
    return [_leased(record, until) for record in found]


def _lease(table: Table, database: Database) -> str:
    raised: dict[str, Any] = {"lease_until": bindparam("_until"), "fence": table.c.fence + literal_column("1")}
    return compiled(update(table).values(raised).where(table.c.id == bindparam("_id")), database).text


def _leased(record: Any, until: datetime) -> Any:
    return attrs.evolve(record, lease_until=until, fence=record.fence + 1)
