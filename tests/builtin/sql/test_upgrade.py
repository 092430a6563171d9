"""Upgrades: additive changes of declarations reach the tables by themselves, older code goes on, nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import attrs
import pytest

from crmkit.builtin.sql import SqlStore
from crmkit.errors import StoreError, UpgradeNeeded
from crmkit.ports.store import Add, Replace
from crmkit.query import each
from crmkit.records import Code, Customer, Id, Indexed, Money, Owner, Personal, Record, Searchable, declaration_of
from crmkit.records.ledger import class_from_ledger
from tests.builtin.sql.conftest import ask, keep


@attrs.frozen(kw_only=True)
class Bicycle(Record, name="bicycle"):
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    note: Annotated[str, Personal()] = ""


@attrs.frozen(kw_only=True)
class NewBicycle(Record, name="bicycle", plural="bicycles", unique=[("frame",)], indexes=[("shop", "bought_at")]):
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    note: Annotated[str, Personal(), Searchable()] = ""
    shop: Annotated[Code, Indexed()] = "utrecht"
    frame: Code | None = None
    bought_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    price: Money = Money("10", "EUR")


@attrs.frozen(kw_only=True)
class Demanding(Record, name="bicycle", plural="bicycles"):
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    number: Code


@attrs.frozen(kw_only=True)
class Changed(Record, name="bicycle", plural="bicycles"):
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    note: int = 0


ANNA = Customer(name="Anna")


@pytest.fixture
def old(url):
    store = SqlStore.open(url, [Customer, Bicycle])
    store.upgrade()
    keep(store, Add(ANNA), Add(Bicycle(customer=ANNA.id, customer_id=ANNA.id, note="Grün")))
    yield store
    store.close()


def newer(old, of):
    return old.with_types([Customer, of])


def test_a_newer_declaration_is_reported_and_then_reached(old):
    """Until the upgrade its writes ask for one; after it, rows have the defaults, search keys and indexes."""
    new = newer(old, NewBicycle)
    status = new.status()
    assert (status.is_absent, set(status.behind)) == (False, {"bicycle"})
    assert any("ADD COLUMN shop" in step for step in status.pending)
    with pytest.raises(UpgradeNeeded):
        keep(new, Add(NewBicycle(customer=ANNA.id, customer_id=ANNA.id)))
    for reader in (new, new.with_types([Customer, NewBicycle])):
        (read,) = ask(reader, NewBicycle, each(NewBicycle).shop == "utrecht", ~each(NewBicycle).note.contains("grun"))
        assert (read.note, read.price, read.frame) == ("Grün", Money("10", "EUR"), None)
        transaction = reader.begin(write=False)
        assert transaction.get(NewBicycle, [read.id]) == {read.id: read}
        transaction.rollback()
    assert new.upgrade() == status.pending
    assert new.status().pending == new.upgrade() == ()
    b = each(NewBicycle)
    (found,) = ask(new, NewBicycle, b.note.contains("GRUN"), b.shop == "utrecht")
    assert (found.price, found.bought_at, found.frame) == (Money("10", "EUR"), datetime(2020, 1, 1, tzinfo=UTC), None)
    again = [NewBicycle(customer=ANNA.id, customer_id=ANNA.id, frame="f") for _ in range(2)]
    assert [answer.key for answer in keep(new, *map(Add, again))] == [("frame",)]


def test_older_code_goes_on_and_keeps_what_it_does_not_know(old):
    """Its own upgrade takes nothing away, from the table or from the ledger."""
    new = newer(old, NewBicycle)
    new.upgrade()
    (before,) = ask(new, NewBicycle)
    keep(new, Replace(attrs.evolve(before, frame="f", price=Money("7", "EUR"))))
    assert (old.status().pending, old.status().behind) == ((), frozenset())
    (mine,) = ask(old, Bicycle)
    keep(old, Replace(attrs.evolve(mine, note="Blau")))
    old.upgrade()
    (after,) = ask(new, NewBicycle)
    assert (after.note, after.frame, after.price) == ("Blau", "f", Money("7", "EUR"))
    assert new.status().pending == ()


def test_a_new_required_field_needs_a_default_where_there_are_records(old):
    with pytest.raises(StoreError, match="number"):
        newer(old, Demanding).upgrade()
    (one,) = ask(old, Bicycle)
    assert one.note == "Grün"
    assert set(newer(old, Demanding).status().behind) == {"bicycle"}


def test_a_field_of_another_kind_is_refused(old):
    with pytest.raises(StoreError, match="another name") as caught:
        newer(old, Changed).upgrade()
    assert caught.value.code == "not_additive"


def test_what_can_not_be_is_told_and_keeps_nobody_from_looking(old):
    """A store that is declared wrongly opens all the same: the record type is named, with the reason."""
    refused = newer(old, Changed).status().refused
    assert set(refused) == {"bicycle"}
    assert "kept as text and declared as int" in refused["bicycle"]


def test_a_table_that_is_not_ours_is_refused_before_anything_is_done(old):
    """A record type of a plugin is called as a table of the host: neither is touched, and no other type is upgraded."""

    @attrs.frozen(kw_only=True)
    class Order(Record, name="orders", plural="orders", shared=True):
        note: str = ""

    transaction = old.begin(write=True)
    transaction._link.change("CREATE TABLE orders (id INTEGER)")
    transaction.commit()
    new = old.with_types([Customer, NewBicycle, Order])
    with pytest.raises(StoreError, match="is not crmkit's") as caught:
        new.upgrade()
    assert (caught.value.code, caught.value.params["record_type"]) == ("collision", "orders")
    columns = old._catalogue.database.tables(old.begin(write=False)._link, schema="")
    assert columns["orders"] == {"id"}
    assert "shop" not in columns["bicycle"]


def test_older_code_writes_the_new_fields_default(old):
    """The database itself knows the default: a row that older code adds after the upgrade is whole for newer code."""
    new = newer(old, NewBicycle)
    new.upgrade()
    late = Bicycle(customer=ANNA.id, customer_id=ANNA.id, note="late")
    keep(old, Add(late))
    (found,) = ask(new, NewBicycle, each(NewBicycle).id == late.id)
    assert (found.shop, found.price) == ("utrecht", Money("10", "EUR"))


def test_a_type_whose_plugin_is_gone_is_read_by_its_ledger_s_entry(old):
    without = old.with_types([Customer])
    unknown = without.status().unknown
    assert set(unknown) == {"bicycle"}
    made = class_from_ledger(unknown["bicycle"], {"customer": Customer})
    read = old.with_types([Customer, made])
    assert read.status().pending == ()
    (one,) = ask(read, made)
    assert (one.note, one.customer, one.customer_id) == ("Grün", ANNA.id, ANNA.id)
    without.upgrade()
    assert set(without.status().unknown) == {"bicycle"}


def test_a_failed_upgrade_leaves_the_old_schema(old):
    """Everything is one transaction: tables, fills and the ledger."""
    keep(old, Add(Bicycle(customer=ANNA.id, customer_id=ANNA.id)))

    @attrs.frozen(kw_only=True)
    class Twice(Record, name="bicycle", plural="bicycles", unique=[("shop",)]):
        customer: Annotated[Id[Customer], Owner(on_erase="remove")]
        shop: Code = "utrecht"

    with pytest.raises(StoreError, match="known by its shop, and 1 value stands in more than one"):
        newer(old, Twice).upgrade()
    assert len(ask(old, Bicycle)) == 2
    assert set(newer(old, Twice).status().behind) == {"bicycle"}
    columns = old._catalogue.database.tables(old.begin(write=False)._link, schema="")["bicycle"]
    assert "shop" not in columns


def test_an_upgrade_that_fails_half_way_leaves_the_old_schema(old):
    """Columns are there already when an index can not be made: something of the host's is called as it."""
    new = newer(old, NewBicycle)
    before = old._catalogue.database.tables(old.begin(write=False)._link, schema="")["bicycle"]
    transaction = old.begin(write=True)
    name = next(index.name for index in new.table(NewBicycle).indexes if "shop" in index.name)
    transaction._link.change(f"CREATE TABLE {name} (id INTEGER)")
    transaction.commit()
    with pytest.raises(StoreError, match=name):
        new.upgrade()
    assert old._catalogue.database.tables(old.begin(write=False)._link, schema="")["bicycle"] == before
    assert len(ask(old, Bicycle)) == 1


def test_no_triggers_and_no_sequences(store):
    """Ids are made by us; every owned table finds a customer's rows by an index; coarse tables have no rowid."""
    transaction = store.begin(write=False)
    rows = transaction._link.rows("SELECT type, name, tbl_name, sql FROM sqlite_master")
    assert {row[0] for row in rows} == {"table", "index"}
    assert not any("AUTOINCREMENT" in (row[3] or "") for row in rows)
    for of in store._catalogue.types.values():
        declaration = declaration_of(of)
        if declaration.belongs != "shared":
            plan = transaction._link.rows(
                f"EXPLAIN QUERY PLAN SELECT * FROM {declaration.name} WHERE customer_id = x'00'"
            )
            assert "INDEX" in plan[0][3], declaration.name
    transaction.rollback()


def test_a_coarse_type_tells_no_order(url):
    @attrs.frozen(kw_only=True)
    class Whisper(Record, shared=True, coarse=True, append_only=True):
        text: str = ""

    store = SqlStore.open(url, [Whisper])
    assert any("whisper" in step and "WITHOUT ROWID" in step for step in store.upgrade())
    one = Whisper(text="x")
    keep(store, Add(one))
    assert list(ask(store, Whisper)) == [one]
    store.close()
