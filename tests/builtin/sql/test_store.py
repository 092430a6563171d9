"""The SQL store, on each database where that may differ: what is kept comes back, what can not be kept is answered."""

from __future__ import annotations

import gc
from contextlib import closing
from datetime import timedelta

import attrs
import pytest
from sqlalchemy import func, select

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.builtin.sql.pausing import collector_paused
from crmkit.errors import InvalidError, StorageBusy, StoreError, UnsupportedError
from crmkit.ports.store import Add, Find, NotApplied, Remove, Replace
from crmkit.query import bind, each, has, latest
from crmkit.records import (
    CORE_TYPES,
    AnyRef,
    ContactPoint,
    Customer,
    Deal,
    Dispatch,
    Interaction,
    Message,
    Money,
    PartialDate,
    new_id,
)
from tests.builtin.sql.conftest import BINDING, NOW, ask, keep

c, d, i = each(Customer), each(Deal), each(Interaction)


def customer(name: str = "Anna Jansén", **more: object) -> Customer:
    return Customer(name=name, **more)  # type: ignore[arg-type]  # a test's own shorthand


def deal(of: Customer, **more: object) -> Deal:
    return Deal(customer=of.id, customer_id=of.id, **more)  # type: ignore[arg-type]  # a test's own shorthand


class TestWriting:
    @pytest.fixture
    def store(self, any_store):
        return any_store

    def test_records_come_back_equal(self, store):
        anna = customer(tags=frozenset({"vip", "گل"}), custom={"size": "M", "n": 3}, owner=AnyRef("agent", new_id()))
        one = deal(anna, amount=Money("12.50", "EUR"), opened_at=NOW)
        assert keep(store, Add(anna), Add(one)) == []
        transaction = store.begin(write=False)
        assert transaction.get(Customer, [anna.id, new_id()]) == {anna.id: anna}
        assert transaction.get(Deal, [one.id]) == {one.id: one}
        transaction.rollback()

    def test_a_taken_id_is_answered_and_the_rest_is_kept(self, store):
        anna, bo = customer(), customer("Bo")
        assert keep(store, Add(anna)) == []
        assert keep(store, Add(bo), Add(anna), Add(customer("Cy"))) == [NotApplied(1, "present", ("id",), anna.id)]
        assert [found.name for found in ask(store, Customer, order=[c.name])] == ["Anna Jansén", "Bo", "Cy"]

    def test_a_taken_key_names_its_holder(self, store):
        anna = customer()
        point = ContactPoint(customer=anna.id, customer_id=anna.id, kind="email", value="a@x", key="a@x")
        again = attrs.evolve(point, id=new_id())
        assert keep(store, Add(anna), Add(point)) == []
        assert keep(store, Add(again, if_absent=True)) == [
            NotApplied(0, "present", ("customer", "kind", "key"), point.id)
        ]
        other = attrs.evolve(again, key="b@x")
        assert keep(store, Add(other)) == []
        assert keep(store, Replace(attrs.evolve(other, key="a@x"))) == [
            NotApplied(0, "present", ("customer", "kind", "key"), point.id)
        ]

    def test_a_key_with_a_missing_part_claims_nothing(self, store):
        assert keep(store, Add(Interaction(account="m")), Add(Interaction(account="m")), Add(Interaction())) == []

    def test_versions_are_compared(self, store):
        anna = customer(version=1)
        keep(store, Add(anna))
        newer = attrs.evolve(anna, name="Anna", version=2)
        assert keep(store, Replace(newer, expected=1), Replace(newer, expected=1)) == [NotApplied(1, "stale")]
        assert keep(store, Remove(anna, expected=1)) == [NotApplied(0, "stale")]
        assert keep(store, Remove(anna, expected=2), Remove(anna)) == []
        assert keep(store, Remove(anna, expected=2), Replace(newer)) == [NotApplied(0, "gone"), NotApplied(1, "gone")]

    def test_a_value_that_fits_no_column_is_refused(self, store):
        transaction = store.begin(write=True)
        with pytest.raises(InvalidError, match="64 bits"):
            transaction.write([Add(deal(customer(), probability=2**63))])
        with pytest.raises(InvalidError, match="surrogate"):
            transaction.write([Add(customer("\ud800"))])
        with pytest.raises(InvalidError, match="can not be kept"):
            transaction.write([Add(customer(custom={"set": {1}}))])
        transaction.rollback()

    @pytest.mark.parametrize("bad", [{"version": 2**63}, {"name": "\ud800"}, {"custom": {"set": {1}}}])
    def test_a_value_that_fits_no_column_is_refused_among_others(self, store, bad):
        """Nothing of that call is written, and the transaction goes on."""
        transaction = store.begin(write=True)
        with pytest.raises(InvalidError):
            transaction.write([Add(customer("before")), Add(customer(**{"name": "x", **bad})), Add(customer("after"))])
        transaction.write([Add(customer("then"))])
        transaction.commit()
        assert [found.name for found in ask(store, Customer)] == ["then"]

    def test_a_reader_does_not_write(self, store):
        transaction = store.begin(write=False)
        with pytest.raises(UnsupportedError):
            transaction.write([Add(customer())])
        transaction.rollback()

    def test_a_type_that_the_store_does_not_know_is_refused(self, url):
        store = SqlStore.open(url, [Deal])
        with closing(store), pytest.raises(InvalidError, match="customer"):
            keep(store, Add(customer()))


class TestTransactions:
    def test_a_rollback_leaves_nothing(self, store):
        transaction = store.begin(write=True)
        transaction.write([Add(customer())])
        transaction.rollback()
        transaction.rollback()
        assert list(ask(store, Customer)) == []
        with pytest.raises(StoreError, match="over"):
            transaction.commit()

    def test_savepoints_take_back_what_came_after_them(self, store):
        transaction = store.begin(write=True)
        transaction.write([Add(customer("one"))])
        outer = transaction.mark()
        transaction.write([Add(customer("two"))])
        inner = transaction.mark()
        transaction.write([Add(customer("three"))])
        transaction.forget(inner)
        transaction.undo_to(outer)
        transaction.commit()
        assert [found.name for found in ask(store, Customer)] == ["one"]

    def test_a_reader_sees_one_state(self, store):
        reader = store.begin(write=False)
        assert reader.get(Customer, [new_id()]) == {}
        anna = customer()
        keep(store, Add(anna))
        assert reader.get(Customer, [anna.id]) == {}
        reader.rollback()

    def test_a_second_writer_waits_and_gives_up(self, url, store):
        hasty = SqlStore.open(url, CORE_TYPES, options={"busy_timeout_s": 0.01})
        writer = store.begin(write=True)
        with pytest.raises(StorageBusy, match=r"crm\.db"):
            hasty.begin(write=True)
        writer.rollback()
        hasty.begin(write=True).rollback()
        hasty.close()

    def test_in_memory_all_share_one_database(self):
        store = SqlStore.open("sqlite://", CORE_TYPES, options={"busy_timeout_s": 0.01})
        store.upgrade()
        keep(store, Add(customer("Bo")))
        assert [found.name for found in ask(store, Customer)] == ["Bo"]
        transaction = store.begin(write=False)
        with pytest.raises(StorageBusy):
            store.begin(write=False)
        transaction.rollback()
        store.close()


class TestFinding:
    def test_references_and_what_names_a_record(self, store):
        anna, bo = customer(country="NL"), customer("Bo", country="US")
        deals = [deal(anna, amount=Money("12.5", "EUR")), deal(bo), Deal(title="nobody's")]
        sms = [Interaction(customer=anna.id, customer_id=anna.id, channel="sms", occurred_at=NOW) for _ in range(2)]
        keep(store, *map(Add, [anna, bo, *deals, *sms]))

        def names(*conditions):
            return [found.name for found in ask(store, Customer, *conditions, order=[c.name])]

        assert list(ask(store, Deal, d.customer.country == "NL", d.amount >= Money("12.5"))) == [deals[0]]
        assert len(ask(store, Deal, ~(d.customer.country == "NL"))) == 2
        assert len(ask(store, Deal, d.customer.country != "NL")) == 1
        assert names(has(i.customer, i.channel == "sms", at_least=2)) == ["Anna Jansén"]
        assert names(has(i.customer, at_least=3)) == []
        assert names(~has(i.customer)) == ["Bo"]
        last = latest(i.customer, by=i.occurred_at)
        assert names(last.channel == "sms") == ["Anna Jansén"]
        assert names(last.is_missing) == ["Bo"]
        assert names(c.name.contains("JANSEN")) == ["Anna Jansén"]
        assert names(c.name.starts_with("Anna Jans\N{LATIN SMALL LETTER E WITH ACUTE}")) == ["Anna Jansén"]
        assert names(c.name.in_(["Bo", "x", "y"])) == ["Bo"]

    def test_a_list_may_be_longer_than_a_statement_s_parameters(self, store):
        """Of ids, texts, numbers and days; negated too; all lists of a kind share a statement."""
        anna, bo = customer(since=NOW, born_on=PartialDate(1990)), customer("Bo")
        one, two = deal(anna, probability=7), deal(bo)
        keep(store, *map(Add, [anna, bo, one, two]))
        n = 40_000
        many = [
            (c.id, [*(new_id() for _ in range(n)), anna.id]),
            (c.name, [*map(str, range(n)), anna.name]),
            (c.since, [*(NOW + timedelta(seconds=k) for k in range(n))]),
            (c.born_on, [PartialDate(year) for year in range(1000, 2000)]),
            (d.probability, [*range(n)]),
        ]
        for path, values in many:
            of, expected = (Deal, one) if path._root is Deal else (Customer, anna)
            assert list(ask(store, of, path.in_(values))) == [expected]
            assert len(ask(store, of, ~path.in_(values))) == 1

    def test_a_question_may_have_several_long_lists(self, any_store):
        """Beside each other, over a reference, and denied."""
        anna, bo = customer(), customer("Bo")
        one, two = deal(anna), deal(bo)
        keep(any_store, *map(Add, [anna, bo, one, two]))
        nobody = [new_id() for _ in range(100)]
        ours, theirs, deals = [*nobody, anna.id], [*nobody, anna.id, bo.id], [*nobody, one.id, two.id]
        assert list(ask(any_store, Customer, c.id.in_(ours), c.id.in_(theirs))) == [anna]
        assert list(ask(any_store, Customer, ~c.id.in_(ours), c.id.in_(theirs))) == [bo]
        assert list(ask(any_store, Deal, d.id.in_(deals), d.customer.id.in_(ours))) == [one]
        assert list(ask(any_store, Customer, c.id.in_(theirs), has(d.customer, d.id.in_([*nobody, two.id])))) == [bo]

    def test_pages_follow_each_other_also_over_missing_keys(self, store):
        records = [
            customer(name, country=land, since=at)
            for name, land, at in (("a", "x", NOW), ("b", "x", None), ("c", "y", None), ("d", "x", NOW))
        ]
        keep(store, *map(Add, records))
        for order in ([c.since, -c.name], [-c.since], [-c.since, c.country], [c.country, c.since], []):
            whole = [found.name for found in ask(store, Customer, order=order)]
            paged, after = [], None
            while True:
                page = ask(store, Customer, order=order, limit=1, after=after)
                paged += [found.name for found in page]
                if (after := page.next) is None:
                    break
            assert paged == whole
        with pytest.raises(InvalidError, match="next"):
            ask(store, Customer, order=[c.since], limit=1, after=ask(store, Customer, order=[c.name], limit=1).next)

    def test_questions_of_one_shape_share_a_statement(self, store):
        catalogue = store._catalogue
        questions = [bind(Find(of=Customer, where=c.name == name), BINDING) for name in "ab"]
        shapes = [shape_of(question, catalogue.database)[0] for question in questions]
        assert catalogue.find_statement(shapes[0]) is catalogue.find_statement(shapes[1])


class TestMore:
    @pytest.fixture
    def store(self, any_store):
        return any_store

    def test_claims_are_fenced(self, store):
        m = [Message(key=str(n), channel="log", address="x") for n in range(3)]
        keep(store, *map(Add, m), *(Add(Dispatch(message=one.id, channel="log", due_at=NOW)) for one in m))
        x = each(Dispatch)

        def claim(limit):
            from crmkit.query import bind, find
            from tests.builtin.sql.conftest import BINDING

            transaction = store.begin(write=True)
            free = x.lease_until.is_missing | (x.lease_until <= NOW)
            found = transaction.claim(bind(find(Dispatch, free), BINDING), limit, NOW.replace(hour=11))
            transaction.commit()
            return found

        first, second = claim(2), claim(2)
        assert [one.fence for one in (*first, *second)] == [1, 1, 1]
        assert len({one.id for one in (*first, *second)}) == 3
        assert claim(2) == []
        assert ask(store, Dispatch, x.fence == 1, order=[x.id])[0].lease_until == NOW.replace(hour=11)

    def test_a_host_may_select_from_the_tables(self, store):
        keep(store, Add(customer()))
        transaction = store.begin(write=False)
        assert transaction.execute(select(func.count()).select_from(store.table(Customer))).scalar_one() == 1
        transaction.rollback()

    def test_companies_do_not_see_each_other(self, store):
        acme, bolt = store.tenant("acme"), store.tenant("bolt")
        for one in (acme, bolt):
            one.upgrade()
        keep(acme, Add(customer("of acme")))
        assert [found.name for found in ask(acme, Customer)] == ["of acme"]
        assert list(ask(bolt, Customer)) == list(ask(store, Customer)) == []
        with pytest.raises(InvalidError):
            store.tenant("a__b")


def test_the_collector_goes_on_as_it_was(store):
    """Also after a failure, and where the host has switched it off."""
    for is_on in (True, False):
        (gc.enable if is_on else gc.disable)()
        try:
            ask(store, Customer)
            with collector_paused():
                assert not gc.isenabled()
            with pytest.raises(ZeroDivisionError), collector_paused():
                raise ZeroDivisionError
            assert gc.isenabled() is is_on
        finally:
            gc.enable()
