"""The SQL store: records in tables, on SQLite and PostgreSQL. SQLAlchemy is imported when a store is opened, not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crmkit.ports.plugin import Plugin
from crmkit.ports.store import Capability, Record, Store


class SqlStore(Store):
    """Records in tables of a database, one table per record type.

    A URL is SQLAlchemy's (``sqlite:///crm.db``); an engine or a connection of the host is taken as it is and never
    reconfigured. ``mysql`` is what hosts call MariaDB too: by that name it is for their connections only.
    """

    scheme: ClassVar[str | tuple[str, ...]] = ("sqlite", "postgresql", "mariadb", "mysql")
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {"guest", "select", "concurrent_writers", "durable", "tenants", "prefix", "blobs"}
    )

    @classmethod
    def open(
        cls,
        url: Any,
        types: Sequence[type[Record]],
        *,
        schema: str = "",
        prefix: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> Store:
        """Return a store on a URL or on an engine of the host; nothing is read or written yet.

        Args:
            url: a URL, an engine, or the bare name of a dialect (``sqlite``): that store opens nothing and is only
                for ``on(connection)``.
            types: the record types that it keeps.
            schema: the schema of its tables, on servers.
            prefix: what the names of its tables begin with.
            options: ``busy_timeout_s``, how long a writer waits for another (SQLite), or for a connection (10);
                ``prepared_statements``, let the server keep statements (PostgreSQL, where no pooler hands one of its
                connections to many; False).

        Raises:
            InvalidError: the URL can not be read, or names a database that this store does not speak to.
        """
        from crmkit.builtin.sql.store import open_store  # SQLAlchemy takes half a second: loaded when a store is opened

        return open_store(url, types, schema=schema, prefix=prefix, options=options or {})

    @classmethod
    def is_there(cls, url: Any) -> bool:
        """Whether a file of SQLite is there; what a server has is known when it is asked. See ``Store.is_there``."""
        scheme, _, place = str(url).partition(":///")
        return (
            scheme != "sqlite" or place.partition("?")[0] in ("", ":memory:") or Path(place.partition("?")[0]).exists()
        )


plugin = Plugin("sql", offers=(SqlStore,))
