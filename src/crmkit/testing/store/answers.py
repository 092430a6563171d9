"""The store contract: what is kept comes back, and every question has the answer that the language fixes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from ...errors import InvalidError
from ...ports.store import Add, Store, Transaction, stream
from ...query import (
    Descending,
    Evaluator,
    Find,
    Path,
    Tallied,
    Tally,
    bind,
    bind_tally,
    each,
    find,
    least,
    most,
    quantile,
    squares,
    tally,
    total,
)  # fmt: skip
from ...query.tallying import magnitude
from ...records import Customer, Money, Record, declaration_of, short_id
from ...records.ids import id_from_int
from ..specimens import Fact, Specimen, Task, custom_fields
from ..strategies import pool_of, questions, tallies, worlds
from .opened import BINDING, NOW, OpenedContract, kept, passing

ASKED: Final = (Customer, Specimen, Fact, Task)
_SLOW: Final = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@attrs.frozen
class World:
    """Records to compare a store's answers with."""

    records: tuple[Record, ...]

    def lookup(self, of: type[Record], record_id: UUID) -> Record | None:
        """Return one of them."""
        return next((record for record in self.records if record.id == record_id and type(record) is of), None)

    def candidates(self, of: type[Record]) -> Iterable[Any]:
        """Return those of a type."""
        return [record for record in self.records if type(record) is of]


class AnswersContract(OpenedContract):
    """See ``StoreContract``."""

    examples = 20
    """How many random worlds each property is tried with."""

    def test_a_store_returns_what_it_was_given(self, opened: Store) -> None:
        """Every field of every kind, to the last microsecond, digit and code point."""

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=_SLOW)
        @given(worlds(ASKED, custom=custom_fields, max_size=3))
        def holds(world: tuple[Record, ...]) -> None:
            with passing(opened, write=True) as transaction:
                assert transaction.write([Add(record) for record in world]) == []
                for record in world:
                    found = transaction.get(type(record), [record.id])[record.id]
                    assert found == record
                    _same_kinds(found, record)

        holds()

    def test_a_question_finds_what_the_language_says(self, opened: Store) -> None:
        """The same records in the same order as the evaluation in Python, whole and in pages."""
        asked = [questions(of, ASKED, custom=custom_fields, pool=pool_of(ASKED)) for of in ASKED]

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=_SLOW)
        @given(worlds(ASKED, custom=custom_fields), st.lists(st.one_of(asked), min_size=4, max_size=8))
        def holds(world: tuple[Record, ...], found: list[Find[Any]]) -> None:
            with passing(opened, write=True) as transaction:
                assert transaction.write([Add(record) for record in world]) == []
                for question in found:
                    _found_alike(transaction, bind(question, BINDING), World(world))

        holds()

    def test_ids_are_found_by_what_people_write(self, opened: Store) -> None:
        """The last six characters decide, and nothing before them; another record type's ids are not meant."""
        ids = [id_from_int(high << 96 | bits << 30 | 0x2AAAAAAA) for high, bits in ((1, 0), (2, 1), (3, 2), (4, 3))]
        with passing(opened, write=True) as transaction:
            transaction.write([Add(Customer(id=one, name="a")) for one in (*ids, id_from_int(5 << 96 | 0x2AAAAAAB))])
            assert sorted(transaction.ids_called(Customer, short_id(ids[0]))) == ids
            assert transaction.ids_called(Customer, "zzzzzz") == transaction.ids_called(Fact, short_id(ids[0])) == []

    def test_a_tally_counts_what_the_language_says(self, opened: Store) -> None:
        """The same cells in the same order; exact but for what is a float, which is equal within 1e-9."""
        asked = [tallies(of, ASKED, custom=custom_fields, pool=pool_of(ASKED)) for of in ASKED]

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=_SLOW)
        @given(worlds(ASKED, custom=custom_fields), st.lists(st.one_of(asked), min_size=4, max_size=8))
        def holds(world: tuple[Record, ...], counted: list[Tally]) -> None:
            with passing(opened, write=True) as transaction:
                assert transaction.write([Add(record) for record in world]) == []
                for question in counted:
                    _counted_alike(transaction, bind_tally(question, BINDING, _no_extent), World(world))

        holds()

    def test_differences_and_products_of_numbers(self, opened: Store) -> None:
        """Of two whole numbers or two decimals exact, of two instants in seconds, of a product a float; missing parts count for nothing."""
        f, t = each(Specimen), each(Task)
        kept(
            opened,
            *(Specimen(number=2**40 + n, whole=n, part=Decimal(n) / 8, price=Money(n, "EUR")) for n in (1, 2, 4)),
            Specimen(number=5),
            Task(due_at=NOW, lease_until=NOW + timedelta(seconds=1, microseconds=1)),
            Task(due_at=NOW, lease_until=NOW - timedelta(days=1)),
            Task(due_at=NOW),
        )
        apart, product, took = f.number - f.whole, f.part * f.whole, t.lease_until - t.due_at
        numbers = {
            "s": total(apart),
            "lo": least(apart),
            "hi": most(f.part - f.part),
            "p": total(product),
            "q": quantile(product, 0.5),
        }
        seconds = {"s": total(took), "lo": least(took), "hi": most(took), "q": quantile(took, 0.5), "sq": squares(took)}
        with passing(opened) as transaction:
            (one,) = transaction.tally(Tally(of=Specimen, components=numbers))
            (two,) = transaction.tally(Tally(of=Task, components=seconds))
        _all_close(one, {"s": 3 * 2**40, "lo": 2**40, "hi": 0, "p": 21 / 8, "q": 0.5})
        _all_close(
            two, {"s": -86398.999999, "lo": -86400.0, "hi": 1.000001, "q": -43199.4999995, "sq": 86400.0**2 + 1.000002}
        )

    def test_access_hides_records_from_every_use(self, opened: Store) -> None:
        """Subject, reference, ``has`` and ``latest`` see only what the access condition lets through."""
        asked = [questions(of, ASKED, custom=custom_fields, pool=pool_of(ASKED)) for of in ASKED]
        hidden = {
            Customer: each(Customer).name >= "a",
            Specimen: ~(each(Specimen).whole < 0),
            Fact: each(Fact).score >= 0,
        }
        narrowed = attrs.evolve(BINDING, access=hidden.get)
        anna = Customer(name="Anna")  # hidden, and so are her fields from whoever may see what refers to her
        with passing(opened, write=True) as transaction:
            transaction.write([Add(anna), Add(Specimen(customer=anna.id, whole=1))])
            name = each(Specimen).customer.name
            assert list(transaction.find(bind(find(Specimen, name == "Anna"), narrowed))) == []
            assert len(transaction.find(bind(find(Specimen, name.is_missing), narrowed))) == 1

        @settings(max_examples=max(self.examples // 2, 1), deadline=None, suppress_health_check=_SLOW)
        @given(worlds(ASKED, custom=custom_fields), st.lists(st.one_of(asked), min_size=4, max_size=8))
        def holds(world: tuple[Record, ...], found: list[Find[Any]]) -> None:
            with passing(opened, write=True) as transaction:
                assert transaction.write([Add(record) for record in world]) == []
                for question in found:
                    _found_alike(transaction, bind(question, narrowed), World(world))

        holds()

    def test_a_reference_is_followed_in_the_order_of_what_names_it(self, opened: Store) -> None:
        """Each record once, those that are gone left out; the page and its ``next`` are those of what was found."""
        ones = [Specimen(whole=n) for n in range(4)]
        named = (ones[2], ones[0], ones[2], Specimen(), ones[3], ones[1])
        facts = [Fact(specimen=one.id, key=str(n), score=n) for n, one in enumerate(named)]
        kept(opened, *ones, *facts)
        f = each(Fact)
        with passing(opened) as transaction:
            for limit, after in ((None, None), (3, None), (2, 2), (3, 3), (9, None)):
                question = find(Fact, f.score >= 0, order=[-f.score], limit=limit)
                if after:
                    before = transaction.find(attrs.evolve(question, limit=after))
                    question = attrs.evolve(question, after=before.next)
                page, found = transaction.find(question), transaction.follow(question, "specimen")
                ids = dict.fromkeys(fact.specimen for fact in page)
                assert [one.id for one in found] == [one for one in ids if one in {known.id for known in ones}]
                assert found.next == page.next
                assert set(found) <= set(ones)

    # --- pages ---
    def test_a_stream_yields_everything_once_in_order(self, opened: Store) -> None:
        """Page after page, also where the order's key is missing or the same for many."""
        kept(opened, *(Task(key=str(n), phase=f"p{n % 3}", due_at=None) for n in range(250)))
        task = each(Task)
        with passing(opened) as transaction:
            orders: list[list[Path | Descending]] = [
                [],
                [task.phase],
                [-task.phase],
                [task.due_at, -task.phase],
                [-task.key],
            ]
            for order in orders:
                question = bind(find(Task, order=order), BINDING)
                whole = [one.id for one in transaction.find(question)]
                assert len(whole) == 250
                assert [one.id for one in islice(stream(transaction, question, page_size=33), 300)] == whole

    def test_the_last_page_says_that_it_is(self, opened: Store) -> None:
        """``next`` is None exactly where nothing follows."""
        kept(opened, *(Task(key=str(n)) for n in range(4)))
        with passing(opened) as transaction:
            page = transaction.find(find(Task, limit=2))
            assert page.next is not None
            last = transaction.find(find(Task, limit=2, after=page.next))
            assert (len(last), last.next) == (2, None)
            assert transaction.find(find(Task, limit=4)).next is None
            nothing = find(Specimen, each(Specimen).whole == 1, limit=4)
            assert (tuple(transaction.find(nothing)), transaction.find(nothing).next) == ((), None)
            assert transaction.find(find(Task)).next is None

    def test_a_cursor_that_is_no_page_s_is_refused(self, opened: Store) -> None:
        """It may come from outside."""
        task = each(Task)
        with passing(opened) as transaction:
            for cursor in ("", "x", "W10", "WzEsMl0", "WyJ4IiwieCJd", "é"):
                with pytest.raises(InvalidError):
                    transaction.find(find(Task, order=[task.due_at], limit=1, after=cursor))


def _no_extent(path: object) -> None:
    return None


# --- comparing ---
def _same_kinds(found: Record, record: Record) -> None:
    """Equal is not enough: ``True == 1``, and an instant may be equal in another time zone."""
    for field in declaration_of(type(record)).fields:
        mine, theirs = getattr(record, field.name), getattr(found, field.name)
        if field.kind in ("int", "decimal", "bool", "instant", "date", "text", "json"):
            assert _shape(theirs) == _shape(mine), field.name


def _shape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shape(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, tuple):
        return [_shape(item) for item in cast("tuple[Any, ...]", value)]
    return str(value.tzinfo) if hasattr(value, "tzinfo") else "str" if isinstance(value, str) else type(value).__name__


def _found_alike(transaction: Transaction, question: Find[Any], world: World) -> None:
    note(f"{question!r}")
    expected = Evaluator(world).find(attrs.evolve(question, limit=None))
    ids: list[UUID] = []
    after = None
    for _ in range(len(expected) + 1):
        page = transaction.find(attrs.evolve(question, after=after))
        assert question.limit is None or len(page) <= question.limit
        ids += [record.id for record in page]
        after = page.next
        if after is None:
            break
    assert ids == [record.id for record in expected]


def _counted_alike(transaction: Transaction, question: Tally, world: World) -> None:
    note(f"{question!r}")
    records = tuple(world.candidates(question.of))
    expected = tally(Evaluator(world), question, records)
    found = transaction.tally(question)
    assert [cell.key for cell in found] == [cell.key for cell in expected]
    for name, component in question.components.items():
        slack = magnitude(Evaluator(world), component, records) * 1e-9
        for mine, theirs in zip(expected, found, strict=True):
            assert _is_close(mine.values[name], theirs.values[name], slack), (name, mine, theirs)


def _all_close(cell: Tallied, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        assert _is_close(value, cell.values[name], 0.0), (name, value, cell)


def _is_close(mine: Any, theirs: Any, slack: float) -> bool:
    if isinstance(mine, dict):
        mine = cast("dict[str, Any]", mine)
        return mine.keys() == theirs.keys() and all(_is_close(mine[key], theirs[key], slack) for key in mine)
    if isinstance(mine, float) and isinstance(theirs, float | int):
        return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=slack)
    return type(mine) is not float and bool(mine == theirs)
