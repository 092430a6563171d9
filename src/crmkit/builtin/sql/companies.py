"""Where one company beside others has its tables: never where its parent has them, nor the database itself, nor another host."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from crmkit.builtin.sql.boundary import Boundary
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.errors import InvalidError, UnsupportedError

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
