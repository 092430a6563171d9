"""The entries of the ledger, as steps of an upgrade write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.schema import Found
from crmkit.builtin.sql.writing import Writer
from crmkit.ports.store import Add, Remove, Replace
from crmkit.records import LedgerEntry


def keeper(catalogue: Catalogue, found: Found, key: str, value: Any) -> Callable[[Link], None]:
    """Return what writes an entry of the ledger."""

    def keep(link: Link) -> None:
        entry = found.ledger.get(key)
        write = Add(LedgerEntry(key=key, value=value)) if entry is None else Replace(attrs.evolve(entry, value=value))
        Writer(catalogue, link).write([write])

    return keep


def remover(catalogue: Catalogue, key: str) -> Callable[[Link], None]:
    """Return what removes an entry of the ledger; where there is none, nothing is done."""

    def remove(link: Link) -> None:
        layout = catalogue.layout(LedgerEntry)
        entries = layout.decode(link.rows(layout.everything))
        Writer(catalogue, link).write([Remove(entry) for entry in entries if entry.key == key])

    return remove
