"""Ids as 16 bytes, which order as the ids do: for databases that know no UUIDs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from crmkit.builtin.sql.dialect import Database
from crmkit.records.ids import id_from_bytes


class ByteIds(Database):
    """A database that keeps ids as bytes."""

    smallest_id: ClassVar[Any] = b""

    def id_kept(self, value: UUID) -> bytes:
        """Return an id as its bytes."""
        return value.int.to_bytes(16, "big")

    @property
    def id_source(self) -> str:
        """How generated code writes the id."""
        return "{v}.int.to_bytes(16, 'big')"

    @property
    def id_made(self) -> Callable[[Any], UUID]:
        """How bytes become a UUID."""
        return id_from_bytes
