"""The store contract: schema, ledger, other record types in the same place, and what is not declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, get_args

import attrs
import pytest

from ...errors import InvalidError, UnsupportedError
from ...ports.store import Add, Capability, Remove, Replace, Store, Transaction
from ...query import bind, each, find
from ...records import Customer, LedgerEntry, declaration_of
from ...records.ledger import class_from_ledger, declaration_to_json
from ...records.text import FOLD_VERSION
from ..specimens import SPECIMENS, Specimen
from .opened import BINDING, OpenedContract, kept, needs, passing, read


class SchemaContract(OpenedContract):
    """See ``StoreContract``."""

    def test_opening_creates_no_schema_and_upgrade_does(self) -> None:
        """A new place says that its schema is absent; after an upgrade nothing is pending, and a second one does nothing."""
        store = self.store(SPECIMENS)
        before = store.status()
        assert before.is_absent
        assert before.pending
        assert store.upgrade()
        after = store.status()
        assert (after.is_absent, after.pending, after.behind, dict(after.unknown)) == (False, (), frozenset(), {})
        assert store.upgrade() == ()
        store.close()

    def test_the_ledger_holds_every_declaration_and_the_folds_version(self, opened: Store) -> None:
        """Entries ``type:NAME`` and ``fold`` can be read as any record."""
        with passing(opened) as transaction:
            ledger = {entry.key: entry.value for entry in transaction.find(find(LedgerEntry))}
        assert ledger["fold"] == {"version": FOLD_VERSION}
        for of in SPECIMENS:
            declaration = declaration_of(of)
            assert _plain(ledger[f"type:{declaration.name}"]) == _plain(declaration_to_json(declaration))

    def test_a_type_without_its_plugin_is_read_by_the_ledger(self, opened: Store) -> None:
        """A store with fewer types names the others as unknown; a class built from the ledger reads and writes their records."""
        specimen = Specimen(text="Élan", whole=3)
        kept(opened, specimen)
        fewer = opened.with_types((LedgerEntry, Customer))
        unknown = fewer.status().unknown
        assert {"specimen", "fact", "task"} <= set(unknown)
        rebuilt: Any = class_from_ledger(unknown["specimen"], {"customer": Customer})
        other = opened.with_types((LedgerEntry, Customer, rebuilt))
        path = each(rebuilt).text
        with passing(other) as transaction:
            (found,) = transaction.find(bind(find(rebuilt, path == "Élan"), BINDING))
        assert (found.id, found.whole, type(found)) == (specimen.id, 3, rebuilt)
        changed = attrs.evolve(found, whole=4)
        assert kept(other, Replace(changed)) == []
        again = read(opened, specimen)
        assert again is not None
        assert (again.whole, type(again)) == (4, Specimen)

    def test_a_record_of_a_type_that_the_store_was_not_opened_with_is_refused(self, opened: Store) -> None:
        """Whoever forgets a type hears its name."""
        fewer = opened.with_types((LedgerEntry, Customer))
        with passing(fewer, write=True) as transaction, pytest.raises(InvalidError, match="specimen"):
            transaction.write([Add(Specimen())])

    # --- after an erasure ---
    def test_a_purge_leaves_what_is_kept(self, opened: Store) -> None:
        """It takes away what is removed already, and says in sentences what it can not."""
        stays, goes = Specimen(text="stays"), Specimen(text="goes")
        kept(opened, stays, goes)
        kept(opened, Remove(goes))
        assert all(note.endswith(".") for note in opened.purge())
        assert (read(opened, stays), read(opened, goes)) == (stays, None)

    # --- capabilities ---
    def test_capabilities_are_known_words(self, opened: Store) -> None:
        """A misspelt capability would be a promise that nobody tests."""
        assert opened.capabilities <= set(get_args(Capability))

    def test_what_is_not_declared_is_refused(self, opened: Store) -> None:
        """``UnsupportedError``, and nothing else, says that a store can not do something."""
        undeclared: dict[Capability, Callable[[], object]] = {
            "guest": lambda: opened.on(object()),
            "tenants": lambda: opened.tenant("acme"),
            "select": lambda: _reading(opened, lambda transaction: transaction.execute("select 1")),
            "blobs": lambda: _reading(opened, lambda transaction: transaction.open_blob(b"x" * 32)),
        }
        for capability, use in undeclared.items():
            if capability not in opened.capabilities:
                with pytest.raises(UnsupportedError):
                    use()

    def test_companies_beside_each_other_share_nothing(self, opened: Store) -> None:
        """Each tenant has a schema, records and unique keys of its own; the same name is the same company."""
        needs(opened, "tenants")
        acme, other = opened.tenant("acme"), opened.tenant("other")
        assert acme.status().is_absent
        for store in (acme, other):
            store.upgrade()
        one, two = Specimen(source="s", number=1), Specimen(source="s", number=1)
        assert kept(acme, one) == kept(other, two) == kept(opened, Specimen(source="s", number=1)) == []
        assert (read(acme, two), read(other, one), read(opened, one)) == (None, None, None)
        assert read(opened.tenant("acme"), one) == one

    def test_companies_are_told(self, opened: Store) -> None:
        """Those that there are, by name; one that somebody has only looked for is none."""
        needs(opened, "tenants")
        try:
            before = opened.tenants()
        except UnsupportedError:
            pytest.skip("The store can not tell which companies it keeps.")
        assert opened.tenant("nobody").status().is_absent
        for name in ("other", "acme"):
            opened.tenant(name).upgrade()
        assert opened.tenants() == tuple(sorted({*before, "acme", "other"}))
        assert opened.tenant("acme").tenants() == ()


def _reading(store: Store, use: Callable[[Transaction], object]) -> object:
    with passing(store) as transaction:
        return use(transaction)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    return [_plain(item) for item in cast("Sequence[Any]", value)] if isinstance(value, list | tuple) else value
