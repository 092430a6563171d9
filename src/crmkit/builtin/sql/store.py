"""The SQL store: an engine or a host's connection, the record types, and where their tables are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Table

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.boundary import Boundary, Own, aside, outside
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.companies import companies_beside, company_beside
from crmkit.builtin.sql.databases import DATABASES, HOSTS_MARIADB, database_named, engine_of, place_of
from crmkit.builtin.sql.guest import visit
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.resting import Connections
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.builtin.sql.upgrading import SchemaKeeper
from crmkit.errors import UnsupportedError
from crmkit.ports.store import Drift, Field, Record, Schema

Begin = Callable[[bool], Boundary]
Aside = Callable[[], AbstractContextManager[Link]]


def open_store(
    url: Any, types: Sequence[type[Record]], *, schema: str, prefix: str, options: Mapping[str, Any]
) -> SqlStore:
    """Return a store on a URL, on an engine of the host, or (the bare name of a dialect) for guests only."""
    if isinstance(url, Engine):
        return _on_engine(url, types, schema=schema, prefix=prefix, is_ours=False)
    if isinstance(url, str) and (url in DATABASES or url == HOSTS_MARIADB):
        database = database_named("mariadb" if url == HOSTS_MARIADB else url)
        return OpenSqlStore(Catalogue(types, database, schema=schema, prefix=prefix), _no_engine)
    engine = engine_of(url, options)
    return _on_engine(engine, types, schema=schema, prefix=prefix, is_ours=True)


def _on_engine(
    engine: Engine, types: Sequence[type[Record]], *, schema: str, prefix: str, is_ours: bool
) -> OpenSqlStore:
    database, place = database_named(engine.dialect.name), place_of(engine.url)
    if schema and not database.has_schemas:
        raise UnsupportedError(f"{database.name} has no schemas: use prefix= instead of schema=.")

    connections = Connections(engine, database, place, is_ours=is_ours)

    def beside() -> AbstractContextManager[Link]:
        return aside(connections)

    def idle() -> AbstractContextManager[Link]:
        return outside(connections)

    catalogue = Catalogue(types, database, schema=schema, prefix=prefix)
    begin = partial(Own, connections)
    return OpenSqlStore(catalogue, begin, ours=connections if is_ours else None, beside=beside, idle=idle)


def _no_engine(write: bool) -> Boundary:
    raise UnsupportedError("This store was opened without a database: use on(connection).")


class OpenSqlStore(SqlStore):
    """A SQL store that is open. See ``Store``."""

    def __init__(
        self, catalogue: Catalogue, begin: Begin, *, ours: Connections | None = None, beside: Aside | None = None,
        idle: Aside | None = None,
    ) -> None:  # fmt: skip
        """``ours``: the connections that we opened; ``beside``: gives a connection of its own to what is kept at once; ``idle``: gives one outside of any transaction; None for a guest."""
        self._catalogue = catalogue
        self._begin = begin
        self._ours = ours
        self._beside = beside
        self._idle = idle

    def begin(self, *, write: bool) -> SqlTransaction:
        """Begin a transaction. See ``Store.begin``."""
        return SqlTransaction(self._catalogue, self._begin(write))

    def table(self, of: type[Record]) -> Table:
        """Return the table of a record type, for statements of SQLAlchemy (``transaction.execute``)."""
        return self._catalogue.table(of)

    # --- schema ---
    def status(self) -> Schema:
        """Compare what is kept with the declarations. See ``Store.status``."""
        return self._schema.status()

    def foresee(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> Schema:
        """Say also what the records have in the way of an upgrade. See ``Store.foresee``."""
        return self._schema.foresee(custom_indexes)

    def upgrade(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> tuple[str, ...]:
        """Bring the schema to the declarations. See ``Store.upgrade``.

        All is one transaction. Only indexes of tables that others write to meanwhile are built after it, where the
        database can do so without a lock; while one of them is missing, that stands in the ledger.
        """
        return self._schema.upgrade(custom_indexes)

    @property
    def upgrade_commits(self) -> bool:
        """A guest's does on MariaDB. See ``Store.upgrade_commits``."""
        return self._beside is None and self._catalogue.database.keeps_at_once

    def tend(self, *, limit_s: float | None = None) -> int:
        """Put new texts into the indexes of a search. See ``Store.tend``."""
        return self._schema.tend(limit_s)

    def check(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> tuple[Drift, ...]:
        """Return what is not as an upgrade has made it. See ``Store.check``."""
        return self._schema.check(custom_indexes)

    def drop_fields(self, of: type[Record], names: Sequence[str]) -> tuple[str, ...]:
        """Drop what is kept of fields that are no longer declared. See ``Store.drop_fields``."""
        return self._schema.drop_fields(of, names)

    def purge(self) -> tuple[str, ...]:
        """Take out of the database what an erasure left behind. See ``Store.purge``."""
        if self._idle is None:
            return ()
        self._schema.purge()
        with self._idle() as link:
            return self._catalogue.database.purge(link)

    @property
    def _schema(self) -> SchemaKeeper:
        return SchemaKeeper(self._catalogue, self._begin, self._beside, is_ours=self._ours is not None)

    # --- other views of the same place ---
    def with_types(self, types: Sequence[type[Record]]) -> OpenSqlStore:
        """Return the same place with other record types. See ``Store.with_types``."""
        old = self._catalogue
        new = Catalogue(types, old.database, schema=old.schema, prefix=old.prefix)
        new.learn(old.absent, old.custom, old.texts)
        return self._view(new)

    def tenant(self, name: str) -> OpenSqlStore:
        """Return the store of one company: a schema of its own, or a prefix where there are none. See ``Store.tenant``."""
        return self._view(company_beside(self._catalogue, name, self._begin))

    def tenants(self) -> tuple[str, ...]:
        """Return the names of the companies beside this one. See ``Store.tenants``."""
        return companies_beside(self._catalogue, self._begin)

    def _view(self, catalogue: Catalogue) -> OpenSqlStore:
        return OpenSqlStore(catalogue, self._begin, ours=self._ours, beside=self._beside, idle=self._idle)

    def on(self, connection: Connection | Any) -> OpenSqlStore:
        """Return this store as a guest in a host's transaction. See ``Store.on``.

        Args:
            connection: SQLAlchemy's, Django's (inside ``atomic``), or the driver's own.
        """
        guest = OpenSqlStore(self._catalogue, visit(connection, self._catalogue.database))
        if not self._catalogue.is_known:  # nobody has looked yet: a store for guests only opens nothing
            guest.status()
        return guest

    def close(self) -> None:
        """Close the connections that we opened. See ``Store.close``."""
        if self._ours is not None:
            self._ours.close()
