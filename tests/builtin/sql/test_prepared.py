"""What follows from declarations is worked out once for the stores of a process, and never for two that differ."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any

import attrs
import pytest

from crmkit import CRM, Plugin
from crmkit.builtin.sql import SqlStore, layout
from crmkit.builtin.sql import prepared as module
from crmkit.builtin.sql.mariadb import MariaDB
from crmkit.builtin.sql.prepared import Place, Standing, prepared
from crmkit.builtin.sql.sqlite import SQLite
from crmkit.builtin.sql.trigrams import TextIndex
from crmkit.errors import InvalidError
from crmkit.ports.store import Add
from crmkit.query import each, has
from crmkit.records import CORE_TYPES, Customer, FieldDefinition, Id, LedgerEntry, Owner, Record
from tests.builtin.sql.conftest import ask, keep


@attrs.frozen(kw_only=True)
class Boat(Record):
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    name: str


INDEX = TextIndex(table="boat", state="crmkit_texts", columns={"name_fold": "boat_name"}, has_version=True)


def longer_boat() -> Any:
    """Return the same record type as a newer release declares it."""

    @attrs.frozen(kw_only=True)
    class Boat(Record):
        customer: Annotated[Id[Customer], Owner(on_erase="remove")]
        name: str
        built_at: datetime | None = None

    return Boat


def open_store(folder: Any, *types: type[Record], name: str = "crm.db", **where: str) -> Any:
    return SqlStore.open(f"sqlite:///{folder / name}", (*CORE_TYPES, *types), **where)


def calls(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    """Return a list that gets what the function is about whenever it is called."""
    seen: list[Any] = []
    whole = getattr(module, name)
    monkeypatch.setattr(module, name, lambda about, *args, **how: (seen.append(about), whole(about, *args, **how))[1])
    return seen


@pytest.fixture
def nothing_remembered() -> None:
    """What tests before have pushed out, or kept in a place of its own, is nothing to this one."""
    module._layout.cache_clear()
    prepared.cache_clear()


@pytest.mark.usefixtures("nothing_remembered")
class TestSharing:
    def test_a_second_crm_makes_no_table_and_compiles_no_question_of_the_first_anew(self, tmp_path, monkeypatch):
        plugin = Plugin("harbour", offers=(Boat,))
        for name in ("one", "two"):
            tables, questions = calls(monkeypatch, layout, "make_table"), calls(monkeypatch, module, "compile_find")
            with CRM.open(f"sqlite:///{tmp_path / name}.db", plugins=[plugin], discover=False) as crm:
                anna = crm.customers.add(name="Anna")
                crm.add(Boat(customer=anna.id, name="Swan"))
                assert crm.find(Boat, each(Boat).name == "Swan")[0].name == "Swan"
        assert (tables, questions) == ([], [])

    def test_stores_of_one_declaration_in_one_place_have_the_same_table_and_statements(self, tmp_path):
        with closing(open_store(tmp_path, Boat)) as one, closing(open_store(tmp_path, Boat, name="other.db")) as other:
            assert one.table(Boat) is other.table(Boat)
            assert one._catalogue._prepared is other._catalogue._prepared

    def test_a_record_type_that_two_of_different_plugins_have_is_laid_out_once(self, tmp_path):
        with closing(open_store(tmp_path, Boat)) as one, closing(open_store(tmp_path, name="other.db")) as other:
            assert one.table(Customer) is other.table(Customer)
            assert one._catalogue._prepared is not other._catalogue._prepared

    def test_what_one_store_needs_stays_when_others_have_pushed_it_out(self, tmp_path):
        with closing(open_store(tmp_path, Boat)) as store:
            table = store.table(Boat)
            for n in range(prepared.cache_info().maxsize + 1):
                open_store(tmp_path, prefix=f"p{n}_").close()
            assert store.table(Boat) is table
            with closing(open_store(tmp_path, Boat)) as again:
                assert again._catalogue._prepared is not store._catalogue._prepared

    def test_threads_that_ask_at_once_get_one_table(self):
        class Slow(SQLite):
            def table_options(self, *, coarse: bool) -> Any:
                barrier.wait(10)
                return super().table_options(coarse=coarse)

        barrier, found = threading.Barrier(2), []
        mine = prepared(frozenset({Boat, LedgerEntry}), Place(Slow()), Standing())
        threads = [threading.Thread(target=lambda: found.append(mine.layout(Boat))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 2
        assert found[0] is found[1]


class TestDiffering:
    def test_a_record_type_of_another_crm_is_not_known(self, tmp_path):
        with closing(open_store(tmp_path, Boat)) as with_it, closing(open_store(tmp_path, name="other.db")) as without:
            for store in (with_it, without):
                store.upgrade()
            question = has(each(Boat).customer)
            assert not ask(with_it, Customer, question)
            with pytest.raises(InvalidError, match="boat"):
                ask(without, Customer, question)
            with pytest.raises(InvalidError, match="boat"):
                ask(without, Boat)

    def test_a_disabled_plugin_takes_its_types_out_of_that_crm_only(self, tmp_path):
        plugin, url = Plugin("harbour", offers=(Boat,)), f"sqlite:///{tmp_path}/{{}}.db"
        with (
            CRM.open(url.format("on"), plugins=[plugin], discover=False) as on,
            CRM.open(url.format("off"), plugins=[plugin], disabled=["harbour"], discover=False) as off,
        ):
            assert not on.find(Boat)
            with pytest.raises(InvalidError):
                off.find(Boat)

    def test_a_field_more_is_another_table_and_other_statements(self, tmp_path):
        longer = longer_boat()
        with closing(open_store(tmp_path, Boat)) as old, closing(open_store(tmp_path, longer, name="new.db")) as new:
            assert old.upgrade()
            assert new.upgrade()
            anna = Customer(name="Anna")
            for store, of in ((old, Boat), (new, longer)):
                keep(store, Add(anna), Add(of(customer=anna.id, customer_id=anna.id, name="Swan")))
                assert [type(boat) for boat in ask(store, of, each(of).name == "Swan")] == [of]
            assert "built_at" not in old.table(Boat).c
            assert "built_at" in new.table(longer).c

    def test_a_column_that_is_not_there_is_read_where_it_is(self, tmp_path):
        longer = longer_boat()
        with closing(open_store(tmp_path, Boat)) as old:
            old.upgrade()
        with (
            closing(open_store(tmp_path, longer)) as behind,
            closing(open_store(tmp_path, longer, name="new.db")) as new,
        ):
            new.upgrade()
            question = each(longer).built_at.is_missing
            for store in (behind, new):
                store.status()
                assert not ask(store, longer, question)
            behind.upgrade()
            assert behind._catalogue._prepared is new._catalogue._prepared

    def test_places_keep_apart(self, tmp_path):
        with closing(open_store(tmp_path)) as plain, closing(open_store(tmp_path, prefix="crm_", name="b.db")) as led:
            assert plain.table(Customer).name == "customer"
            assert led.table(Customer).name == "crm_customer"

    def test_whatever_differs_of_types_place_or_standing_keeps_apart(self):
        """What is shared by mistake would read another's tables, or columns that are not there."""
        types, columns = frozenset({Boat, LedgerEntry}), frozenset({"name"})
        place, standing = Place(SQLite()), Standing()
        ways: list[tuple[Any, Any, Any]] = [
            (types, place, standing),
            (types | {Customer}, place, standing),
            (frozenset({longer_boat(), LedgerEntry}), place, standing),
            (types, attrs.evolve(place, database=MariaDB()), standing),
            (types, attrs.evolve(place, schema="a"), standing),
            (types, attrs.evolve(place, prefix="a"), standing),
            (types, place, attrs.evolve(standing, absent={"boat": columns})),
            (types, place, attrs.evolve(standing, absent={"boat": columns | {"id"}})),
            (types, place, attrs.evolve(standing, custom={"boat": columns})),
            (types, place, attrs.evolve(standing, texts={"boat": INDEX})),
        ]
        assert len({id(prepared(*way)) for way in ways}) == len(ways)
        assert prepared(types, Place(place.database), Standing()) is prepared(*ways[0])

    def test_the_index_of_a_custom_field_stays_out_of_the_table_that_others_have(self, tmp_path):
        with closing(open_store(tmp_path, Boat)) as store:
            indexes = set(store.table(Customer).indexes)
            plugin = Plugin("harbour", offers=(Boat, FieldDefinition(Customer, "berth", indexed=True)))
            with CRM.open(f"sqlite:///{tmp_path}/custom.db", plugins=[plugin], discover=False):
                assert set(store.table(Customer).indexes) == indexes
