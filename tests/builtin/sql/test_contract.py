"""The SQL store keeps the contract of stores, on a SQLite file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from crmkit.builtin.sql import SqlStore
from crmkit.ports.store import Store
from crmkit.records import Record
from crmkit.testing.store import StoreContract


class TestSQLite(StoreContract):
    examples = 10

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def store(self, types: Sequence[type[Record]]) -> Store:
        return SqlStore.open(f"sqlite:///{tempfile.mkdtemp(dir=self.folder)}/crm.db", types)
