"""Custom fields: kept as JSON, compared as their kind, as fast as a column where they are indexed."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

import attrs
import pytest

from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.errors import StoreCorrupt
from crmkit.ports.store import Add, Replace
from crmkit.query import Evaluator, bind, each, find
from crmkit.records import Customer, Field, FrozenMap
from crmkit.records.building import stamper
from crmkit.records.values import EMPTY
from tests.builtin.sql.conftest import BINDING, ask, keep

FIELDS = {
    field.name: field
    for field in (
        Field(name="size", kind="text"),
        Field(name="n", kind="int"),
        Field(name="rate", kind="decimal", places=2),
        Field(name="born", kind="date"),
        Field(name="seen", kind="instant"),
        Field(name="ok", kind="bool"),
        Field(name='it\'s "odd" 5 % $.[0]', kind="text"),
    )
}
ASKING = attrs.evolve(BINDING, custom=lambda of: FIELDS)
ODD = 'it\'s "odd" 5 % $.[0]'
VALUES = [
    "M", "", "now", "2024-02-30", "2024-02-29", "0000-01-01", "20240229", 0, 1, -1, 105, 2**62, 2**63 - 1, 253402300800000000, 1.5, True, False, None,
    ["M"], {"M": 1},
]  # fmt: skip


class World:
    def __init__(self, records):
        self.records = records

    def lookup(self, of, record_id):
        return None

    def candidates(self, of):
        return self.records


def asked():
    c = each(Customer).custom
    odd = getattr(c, ODD)
    return [
        c.size == "M", c.size != "M", c.size.starts_with("no"), c.size.is_missing, c.n >= 0, c.n.is_missing, c.n == 2**63 - 1,
        c.rate == Decimal("1.05"), c.rate.is_missing, c.born >= date(2024, 2, 29), c.born.is_missing,
        c.seen <= datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), c.seen.is_missing, c.ok == True, c.ok == False, c.ok.is_missing,  # noqa: E712  # a path
        odd == "M", odd.is_missing,
    ]  # fmt: skip


def test_what_is_not_of_its_kind_is_missing(any_store):
    """SQL agrees with Python on every kind of field and every kind of JSON value."""
    store = any_store
    records = [Customer(name=f"{key} {value}", custom={key: value}) for key in FIELDS for value in VALUES]
    keep(store, *map(Add, records))
    transaction = store.begin(write=False)
    for condition in asked():
        question = bind(find(Customer, condition), ASKING)
        found = {one.name for one in transaction.find(question)}
        assert found == {one.name for one in Evaluator(World(records)).find(question)}, condition
    transaction.rollback()


def plan_of(store, transaction, text, values):
    """How the database would answer; PostgreSQL, whose tables are small here, as if reading them whole were dear."""
    name = store._catalogue.database.name
    if name == "sqlite":
        return str(transaction._link.rows(f"EXPLAIN QUERY PLAN {text}", values))
    if name == "postgresql":
        transaction._link.change("SET LOCAL enable_seqscan = off")
    return str(transaction._link.rows(f"EXPLAIN {text}", values))


def test_an_indexed_custom_field_is_found_by_its_index(any_store):
    """The planner takes the expression index; a second upgrade does nothing; odd values do not break it."""
    store = any_store
    keep(store, *(Add(Customer(name="x", custom={"born": value})) for value in VALUES))
    for name in ("size", "born", "seen", "n"):
        made = store.upgrade({Customer: [FIELDS[name]]})
        assert len([step for step in made if step.startswith("CREATE INDEX")]) == 1
        assert store._catalogue.database.keeps_at_once or "CREATE INDEX" in made[0]
    assert store.upgrade({Customer: [FIELDS["size"]]}) == ()
    keep(store, *(Add(Customer(name="x", custom={"born": value})) for value in VALUES))
    transaction = store.begin(write=False)
    for condition in (each(Customer).custom.size == "M", each(Customer).custom.born == date(2024, 2, 29)):
        shape, constants = shape_of(bind(find(Customer, condition), ASKING), store._catalogue.database)
        statement = store._catalogue.find_statement(shape).statement
        name = f"ix_customer__custom__{condition.path._steps[-1].key}"
        assert name in plan_of(store, transaction, statement.text, statement.values(constants))
    transaction.rollback()


def test_a_path_to_an_unbound_custom_field_is_refused(store):
    transaction = store.begin(write=False)
    with pytest.raises(Exception, match="bind"):
        transaction.find(find(Customer, each(Customer).custom.size == "M"))
    transaction.rollback()


WRITTEN = {"size": "M", "n": [1, {"deep": ["é", None, 2.5]}], "": "{}", "text": '["{'}


def test_custom_values_are_read_when_somebody_asks_for_them(any_store):
    """Until then they are the text that is kept; whoever looks sees what was written, as firm as it was."""
    written = Customer(name="x", custom=WRITTEN)
    keep(any_store, Add(written), Add(Customer(name="nothing")))
    asks = (
        lambda one: one.custom,
        lambda one: attrs.evolve(one, name="y").custom,
        lambda one: copy.copy(one).custom,
        lambda one: pickle.loads(pickle.dumps(one)).custom,
        lambda one: stamper(Customer)(one, 2, None, None, one.id).custom,
        lambda one: attrs.asdict(one, recurse=False)["custom"],
    )
    for look in asks:
        (found,) = ask(any_store, Customer, each(Customer).name == "x")
        assert isinstance(found._kept_custom, str)
        assert look(found) == written.custom
        assert type(look(found)) is FrozenMap
        assert found.custom is found.custom
        assert found.custom["n"] == (1, {"deep": ("é", None, 2.5)})
        with pytest.raises(TypeError, match="can not be changed"):
            found.custom["n"][1]["deep"] = 1
    unread, other = (ask(any_store, Customer, each(Customer).name == "x")[0] for _ in range(2))
    assert unread == other == written
    assert "custom={'': '{}', 'n': (1, {'deep'" in repr(ask(any_store, Customer, each(Customer).name == "x")[0])
    assert ask(any_store, Customer, each(Customer).name == "nothing")[0].custom is EMPTY


def test_what_nobody_has_read_is_written_as_it_is(any_store):
    """A record that is changed elsewhere, or copied, has its custom values neither read nor written anew."""
    keep(any_store, Add(Customer(name="x", custom=WRITTEN)))
    (found,) = ask(any_store, Customer)
    text = found._kept_custom
    changed = stamper(Customer)(found, 2, None, None, found.id)
    assert keep(any_store, Replace(changed, expected=0)) == []
    assert isinstance(changed._kept_custom, str)
    (again,) = ask(any_store, Customer)
    assert (again._kept_custom, again.version) == (text, 2)


@pytest.mark.parametrize("text", ['{"a": ', "[1]", '{"a": 1} {}', "", "null", None, b'{"a": 1}'])
def test_what_another_program_wrote_spoils_no_page(store, text):
    """The other fields, and the other records, are there; whoever asks for these values hears which row it is."""
    spoilt, whole = Customer(name="a"), Customer(name="b", custom={"size": "M"})
    keep(store, Add(spoilt), Add(whole))
    transaction = store.begin(write=True)
    transaction._link.change("UPDATE customer SET custom = ? WHERE name = 'a'", (text,))
    transaction.commit()
    found, other = ask(store, Customer, order=[each(Customer).name])
    assert (found.name, other.name, other.custom) == ("a", "b", {"size": "M"})
    for _ in range(2):
        with pytest.raises(StoreCorrupt, match=f"(?s)Customer {spoilt.id}.*restore a backup"):
            _ = found.custom


def test_blanks_around_what_another_program_wrote_are_no_damage(any_store):
    keep(any_store, Add(Customer(name="a")))
    transaction = any_store.begin(write=True)
    transaction.execute(any_store.table(Customer).update().values(custom=' {"size": "M"}\n'))
    transaction.commit()
    assert ask(any_store, Customer)[0].custom == {"size": "M"}
