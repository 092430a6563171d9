"""Where one company beside others has its tables: never where its parent has them, nor the database itself, nor another host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from crmkit.builtin.sql.boundary import Boundary
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.layout import Layout
from crmkit.builtin.sql.link import Link
from crmkit.errors import InvalidError, UnsupportedError
from crmkit.records import LedgerEntry
from crmkit.records.ledger import COMPANY

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST: Final = 30


def company_beside(parent: Catalogue, name: str, begin: Callable[[bool], Boundary]) -> Catalogue:
    """Return the catalogue of one company beside others: in a schema of its own, or under a prefix where there are none.

    Raises:
        InvalidError: the name can not be one. UnsupportedError: nobody knows where the parent is.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise _refused(name, f"use up to {_LONGEST} small letters, digits and single _")
    types, database = tuple(parent.types.values()), parent.database
    if not database.has_schemas:
        return Catalogue(types, database, schema="", prefix=f"{parent.prefix}{name}__")
    above = parent.schema or _here(parent, begin)
    schema = name if above == database.common_schema else f"{above}__{name}"
    if database.is_reserved(schema):
        raise _refused(name, f"{schema!r} is the database's own, or that of the CRM itself")
    if len(schema.encode()) > database.longest_name:
        raise _refused(name, f"{schema!r} is longer than the database allows ({database.longest_name})")
    return Catalogue(types, database, schema=schema, prefix=parent.prefix)


def companies_beside(parent: Catalogue, begin: Callable[[bool], Boundary]) -> tuple[str, ...]:
    """Return the names of the companies that are beside others, sorted.

    A CRM of its own whose place a company could have is none, nor is another CRM's company: the ledger says whose it is.
    """
    boundary = begin(False)
    try:
        found = _candidates(parent, boundary.link)
        return tuple(sorted(name for name, place in found.items() if _kept_as(place, boundary.link) in (name, None)))
    finally:
        boundary.rollback()


def _candidates(parent: Catalogue, link: Link) -> dict[str, Catalogue]:
    """Return by name what lies where a company has its place."""
    database, ledger = parent.database, parent.layout(LedgerEntry)
    if not database.has_schemas:
        tables = _ours(ledger, database.tables(link, schema=""))
        there = _between(tables, parent.prefix, "__" + ledger.table.name.removeprefix(parent.prefix))
        return {name: Catalogue((), database, schema="", prefix=f"{parent.prefix}{name}__") for name in there}
    above = parent.schema or database.here(link)
    lead = "" if above == database.common_schema else f"{above}__"
    there = _between(_ours(ledger, database.schemas_with(link, ledger.table.name)), lead, "")
    places = {name: f"{lead}{name}" for name in there if not database.is_reserved(f"{lead}{name}")}
    return {name: Catalogue((), database, schema=schema, prefix=parent.prefix) for name, schema in places.items()}


def _ours(ledger: Layout[LedgerEntry], found: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the keys of those that have the columns of a ledger."""
    return [key for key, columns in found.items() if columns >= frozenset(ledger.columns)]


def _between(places: Iterable[str], lead: str, end: str) -> list[str]:
    """Return what stands between a beginning and an end, where that could name a company."""
    cut = [
        place[len(lead) : len(place) - len(end)] for place in places if place.startswith(lead) and place.endswith(end)
    ]
    return [name for name in cut if _NAME.fullmatch(name) and len(name) <= _LONGEST]


def _kept_as(place: Catalogue, link: Link) -> str | None:
    """Return the company whose place it is, as its ledger says; empty for a CRM of its own, None where it says nothing."""
    layout = place.layout(LedgerEntry)
    entries = {entry.key: entry.value for entry in layout.decode(link.rows(layout.everything))}
    return entries[COMPANY]["name"] if COMPANY in entries else None


def _here(parent: Catalogue, begin: Callable[[bool], Boundary]) -> str:
    """Return the schema of the tables whose names are led by none, as the connection says."""
    boundary = begin(False)
    try:
        found = parent.database.here(boundary.link)
    finally:
        boundary.rollback()
    if not found:
        raise UnsupportedError(
            "A company's place is named after that of its CRM, and the connection names none: open the CRM with schema=.",
            code="tenant",
        )
    return found


def _refused(name: str, why: str) -> InvalidError:
    return InvalidError(f"{name!r} can not name a company: {why}.", code="tenant")
