"""Search by substring on PostgreSQL: an index of trigrams where the extension ``pg_trgm`` is there, or can be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, Dialect, Index, func, literal_column
from sqlalchemy.types import Text

from crmkit.builtin.sql.dialect import Searching
from crmkit.builtin.sql.link import Link

_THERE: Final = """
SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'
"""
_CAN_MAKE: Final = """
SELECT r.rolsuper OR (v.trusted AND has_database_privilege(current_database(), 'CREATE'))
FROM pg_available_extensions AS x
JOIN pg_available_extension_versions AS v ON v.name = x.name AND v.version = x.default_version, pg_roles AS r
WHERE x.name = 'pg_trgm' AND r.rolname = current_user
"""
_COMMON: Final = "SELECT 1 FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege(oid, 'CREATE')"
_ABSENT: Final = (
    "A search by a part of a word reads every row: this server has no pg_trgm. Install it (Debian: postgresql-contrib) "
    "and run `crmkit db upgrade`."
)
_REFUSED: Final = (
    "A search by a part of a word reads every row: the extension pg_trgm is not in this database. Let its owner run "
    "`CREATE EXTENSION pg_trgm`, and then `crmkit db upgrade`."
)
_KNOWS_ASCII: Final = "SELECT 1 FROM pg_database WHERE datname = current_database() AND datctype IN ('C', 'POSIX')"
_ASCII: Final = (
    "A search for letters beyond ASCII reads every row: the LC_CTYPE of this database is C. Make another one with "
    "LC_CTYPE 'C.UTF-8', and copy into it with `crmkit db copy`."
)
_TURN: Final = "SELECT pg_advisory_xact_lock(7236836184)"


def searching(link: Link, sql: Dialect, schema: str, *, may_create: bool) -> Searching:
    """Return what an index for a search needs here, and who has to make it."""
    quote: Any = sql.identifier_preparer.quote_schema
    for (there,) in link.rows(_THERE):
        return Searching(index=_trigrams(f"{quote(there)}.gin_trgm_ops"), why_not=_of_letters(link))
    answers = link.rows(_CAN_MAKE)
    if not answers:
        return Searching(why_not=_ABSENT)
    if not (may_create and answers[0][0]):
        return Searching(why_not=_REFUSED)
    place = "public" if link.rows(_COMMON) or not schema else schema
    before = (_TURN, f"CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA {quote(place)}")
    return Searching(before=before, index=_trigrams(f"{quote(place)}.gin_trgm_ops"), why_not=_of_letters(link))


def _of_letters(link: Link) -> str:
    """Return what is slow where the database knows no letters but those of ASCII: the others make no trigrams there."""
    return _ASCII if link.rows(_KNOWS_ASCII) else ""


def _trigrams(operators: str) -> Callable[[str, ColumnElement[Any]], Index]:
    def index(name: str, column: ColumnElement[Any]) -> Index:
        return Index(name, column, postgresql_using="gin", postgresql_ops={column.key: operators})

    return index


def contains(folded: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return whether a folded text has the needle in it; LIKE is what an index of trigrams serves."""
    for sign in ("\\", "%", "_"):
        needle = func.replace(needle, literal_column(f"'{sign}'"), literal_column(f"'\\{sign}'"))
    many: ColumnElement[str] = literal_column("'%'", Text())
    return folded.like(many + needle + many)
