"""The store contract: writes, unique keys, versions, savepoints, transactions, claims, files."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO
from uuid import uuid4

import attrs
import pytest

from ...errors import InvalidError, NotFoundError, StoreError, TryAgain, UnsupportedError
from ...ports.store import Add, Rehome, Remove, Replace, Store
from ...query import Find, bind, each, find
from ...records import Customer
from ..specimens import Fact, Specimen, Task
from .opened import BINDING, NOW, OpenedContract, answers, kept, needs, passing, read, writing


class WritesContract(OpenedContract):
    """See ``StoreContract``."""

    # --- one write ---
    def test_get_returns_what_is_there(self, opened: Store) -> None:
        """By id, in one go also for thousands; unknown ids are left out."""
        many = [Task(key=str(n)) for n in range(2500)]
        assert kept(opened, *many) == []
        with passing(opened) as transaction:
            assert transaction.get(Task, []) == {}
            found = transaction.get(Task, [task.id for task in many] + [uuid4(), many[0].id])
            assert found == {task.id: task for task in many}
            assert transaction.get(Customer, [many[0].id]) == {}

    def test_a_taken_id_is_an_answer(self, opened: Store) -> None:
        """Both ways of adding say ``present`` with the key ``id``; what was there stays, and the other writes are applied."""
        first = Task(key="a")
        kept(opened, first)
        for if_absent in (False, True):
            other = Task(key=f"{if_absent}")
            found = kept(opened, Add(attrs.evolve(first, key="c"), if_absent=if_absent), Add(other))
            assert answers(found) == [(0, "present", ("id",))]
            assert read(opened, other) == other
        assert read(opened, first) == first

    def test_a_taken_unique_key_is_an_answer(self, opened: Store) -> None:
        """Its field names are the key; the holder, where the store knows it, is who has it."""
        first, rest = Specimen(source="s", number=1), [Specimen(source="s", number=n) for n in (2, 1, 3)]
        kept(opened, first)
        found = kept(opened, *rest)
        assert answers(found) == [(1, "present", ("source", "number"))]
        assert found[0].holder in (None, first.id)
        assert [read(opened, one) is not None for one in rest] == [True, False, True]
        found = kept(opened, Add(Specimen(source="s", number=1), if_absent=True))
        assert answers(found) == [(0, "present", ("source", "number"))]

    def test_a_unique_key_with_a_missing_part_claims_nothing(self, opened: Store) -> None:
        """Also an owner that is missing."""
        assert (
            kept(opened, *(Specimen(source="s", number=None) for _ in range(3)), *(Specimen() for _ in range(2))) == []
        )
        assert kept(opened, *(Fact(specimen=uuid4(), key=None) for _ in range(2))) == []  # type: ignore[arg-type]  # an id of no type

    def test_unique_keys_compare_text_exactly(self, opened: Store) -> None:
        """Case, accents and outer spaces make a difference."""
        keys = ["a", "A", "á", "a ", " a", "", "ａ"]
        assert kept(opened, *(Task(key=key) for key in keys)) == []
        assert answers(kept(opened, *(Task(key=key) for key in keys))) == [
            (n, "present", ("key",)) for n in range(len(keys))
        ]

    def test_a_sequence_is_applied_in_order(self, opened: Store) -> None:
        """Later writes see earlier ones: a key that is given up can be taken, one that is taken can not."""
        one, two, three = Task(key="k"), Task(key="k"), Task(key="k")
        found = kept(
            opened, Add(one), Remove(one), Add(two), Replace(attrs.evolve(two, key="other")), Add(three), Add(one)
        )
        assert answers(found) == [(5, "present", ("key",))]
        assert [read(opened, task) for task in (one, two, three)] == [None, attrs.evolve(two, key="other"), three]

    def test_replace_keeps_the_new_record_where_the_version_is_as_expected(self, opened: Store) -> None:
        """Another version is ``stale``, no record ``gone``; None expects nothing."""
        one = Specimen(version=1, text="one")
        kept(opened, one)
        two = attrs.evolve(one, version=2, text="two")
        assert kept(opened, Replace(two, expected=1)) == []
        assert answers(kept(opened, Replace(attrs.evolve(one, version=2, text="late"), expected=1))) == [
            (0, "stale", ())
        ]
        assert read(opened, one) == two
        assert kept(opened, Replace(attrs.evolve(one, version=3, text="three"))) == []
        found = kept(opened, Replace(Specimen(version=2), expected=1), Replace(Specimen()))
        assert answers(found) == [(0, "gone", ()), (1, "gone", ())]

    def test_replace_does_not_take_a_unique_key_from_another_record(self, opened: Store) -> None:
        """It may keep its own."""
        one, two = Specimen(source="s", number=1), Specimen(source="s", number=2)
        kept(opened, one, two)
        assert kept(opened, Replace(attrs.evolve(one, text="x"))) == []
        found = kept(opened, Replace(attrs.evolve(two, number=1)))
        assert answers(found) == [(0, "present", ("source", "number"))]
        assert read(opened, two) == two

    def test_remove_may_be_repeated(self, opened: Store) -> None:
        """Without an expected version a record that is gone is no news; with one, ``gone`` and ``stale`` are told."""
        one = Specimen(version=3)
        kept(opened, one)
        assert answers(kept(opened, Remove(one, expected=2))) == [(0, "stale", ())]
        assert kept(opened, Remove(one, expected=3)) == []
        assert read(opened, one) is None
        assert kept(opened, Remove(one)) == []
        assert answers(kept(opened, Remove(one, expected=3))) == [(0, "gone", ())]

    def test_rehome_changes_the_customer(self, opened: Store) -> None:
        """Id and unique keys stay; versions are compared as for a replacement."""
        anna, bob = Customer(name="Anna"), Customer(name="Bob")
        one = Specimen(customer=anna.id, customer_id=anna.id, version=1, source="s", number=1)
        kept(opened, anna, bob, one)
        moved = attrs.evolve(one, customer=bob.id, customer_id=bob.id, version=2)
        assert answers(kept(opened, Rehome(moved, expected=5))) == [(0, "stale", ())]
        assert kept(opened, Rehome(moved, expected=1)) == []
        assert read(opened, one) == moved
        assert answers(kept(opened, Specimen(source="s", number=1))) == [(0, "present", ("source", "number"))]

    def test_facts_and_tasks_are_replaced_and_removed_too(self, opened: Store) -> None:
        """Merges and erasures touch append-only records; they have no version to compare."""
        fact, task = Fact(specimen=uuid4(), key="k", score=1), Task(key="t")  # type: ignore[arg-type]  # an id of no type
        kept(opened, fact, task)
        changed = attrs.evolve(fact, note="x"), attrs.evolve(task, phase="done")
        assert kept(opened, *map(Replace, changed)) == []
        assert (read(opened, fact), read(opened, task)) == changed
        assert kept(opened, *map(Remove, changed)) == []
        assert (read(opened, fact), read(opened, task)) == (None, None)

    def test_a_conflict_among_thousands_leaves_the_others_applied(self, opened: Store) -> None:
        """Bulk is the native form, also where something is in the way."""
        kept(opened, *(Task(key=str(n)) for n in (7, 1999, 2500)))
        found = kept(opened, *(Task(key=str(n)) for n in range(3000)))
        assert answers(found) == [(n, "present", ("key",)) for n in (7, 1999, 2500)]
        with passing(opened) as transaction:
            assert len(transaction.find(find(Task))) == 3000

    # --- transactions ---
    def test_nothing_is_seen_before_the_commit_nor_kept_after_a_rollback(self, opened: Store) -> None:
        """The writer itself sees its writes."""
        one = Task(key="a")
        transaction = opened.begin(write=True)
        transaction.write([Add(one)])
        assert transaction.get(Task, [one.id]) == {one.id: one}
        assert list(transaction.find(find(Task))) == [one]
        transaction.rollback()
        transaction.rollback()
        assert read(opened, one) is None

    def test_a_reader_sees_one_state(self, opened: Store) -> None:
        """What is committed meanwhile is for the next reader."""
        one, two = Task(key="a"), Task(key="b")
        kept(opened, one)
        with passing(opened) as reader:
            assert list(reader.find(find(Task))) == [one]
            assert kept(opened, two, Replace(attrs.evolve(one, phase="done"))) == []
            assert reader.get(Task, [one.id, two.id]) == {one.id: one}
            assert list(reader.find(find(Task))) == [one]
        assert (read(opened, one), read(opened, two)) == (attrs.evolve(one, phase="done"), two)

    def test_writers_of_several_threads_lose_nothing(self, opened: Store) -> None:
        """In turn or at once: what each one committed is kept, and of one key there is one record."""
        needs(opened, "concurrent_writers")
        with ThreadPoolExecutor(4) as pool:
            added = list(pool.map(partial(_added_alone, opened), [Task(key=f"{n // 2}") for n in range(40)]))
        assert sum(added) == 20
        with passing(opened) as transaction:
            assert sorted(str(task.key) for task in transaction.find(find(Task))) == sorted(str(n) for n in range(20))

    def test_a_transaction_that_only_reads_refuses_to_write(self, opened: Store) -> None:
        """A reader that wrote could be run on a copy."""
        with passing(opened) as transaction, pytest.raises(UnsupportedError):
            transaction.write([Add(Task())])

    def test_a_transaction_that_is_over_is_over(self, opened: Store) -> None:
        """After a commit or rollback every use says so."""
        for end in ("commit", "rollback"):
            transaction = opened.begin(write=True)
            getattr(transaction, end)()
            with pytest.raises(StoreError):
                transaction.write([Add(Task())])
            with pytest.raises(StoreError):
                transaction.get(Task, [uuid4()])

    def test_savepoints_undo_what_came_after_them(self, opened: Store) -> None:
        """Nested ones too; what came before stays, unique keys are free again."""
        one, two, three = (Task(key=key) for key in "abc")
        with writing(opened) as transaction:
            transaction.write([Add(one)])
            outer = transaction.mark()
            transaction.write([Add(two), Remove(one)])
            inner = transaction.mark()
            transaction.write([Add(three), Replace(attrs.evolve(two, phase="x"))])
            transaction.undo_to(inner)
            assert set(transaction.get(Task, [one.id, two.id, three.id])) == {two.id}
            assert transaction.get(Task, [two.id])[two.id] == two
            transaction.undo_to(outer)
            assert set(transaction.get(Task, [one.id, two.id, three.id])) == {one.id}
            assert transaction.write([Add(attrs.evolve(three, key="b"))]) == []
        assert read(opened, one) == one
        assert read(opened, two) is None

    def test_a_forgotten_savepoint_leaves_its_writes(self, opened: Store) -> None:
        """They go with an outer one."""
        one, two = Task(key="a"), Task(key="b")
        with writing(opened) as transaction:
            outer = transaction.mark()
            transaction.forget(transaction.mark())
            inner = transaction.mark()
            transaction.write([Add(one)])
            transaction.forget(inner)
            transaction.undo_to(outer)
            last = transaction.mark()
            transaction.write([Add(two)])
            transaction.forget(last)
        assert (read(opened, one), read(opened, two)) == (None, two)

    # --- claims ---
    def test_a_claim_leases_what_the_question_finds(self, opened: Store) -> None:
        """In its order, up to the limit; each gets the lease and the next fence, and is kept so."""
        tasks = [Task(key=str(n), due_at=NOW + timedelta(minutes=n), fence=n) for n in (3, 1, 2)]
        kept(opened, *tasks)
        until = NOW + timedelta(hours=1)
        with writing(opened) as transaction:
            claimed = transaction.claim(_free(), 2, until)
        assert [(task.key, task.lease_until, task.fence) for task in claimed] == [("1", until, 2), ("2", until, 3)]
        assert [read(opened, task) for task in claimed] == claimed

    def test_what_is_claimed_is_not_claimed_again(self, opened: Store) -> None:
        """Not in the same transaction, nor in a later one; when the lease is over, with a higher fence."""
        kept(opened, *(Task(key=str(n)) for n in range(3)))
        until = NOW + timedelta(hours=1)
        with writing(opened) as transaction:
            first = {task.id for task in transaction.claim(_free(), 2, until)}
            second = {task.id for task in transaction.claim(_free(), 2, until)}
        assert (len(first), len(second), first & second) == (2, 1, set())
        with writing(opened) as transaction:
            assert transaction.claim(_free(), 5, until) == []
            assert [task.fence for task in transaction.claim(_free(at=until), 5, until + timedelta(hours=1))] == [
                2,
                2,
                2,
            ]

    def test_only_operational_types_are_claimed(self, opened: Store) -> None:
        """A record with a log would be changed without one."""
        with passing(opened, write=True) as transaction, pytest.raises(InvalidError):
            transaction.claim(find(Specimen), 1, NOW)

    # --- files ---
    def test_bytes_are_kept_under_their_digest(self, opened: Store) -> None:
        """Once, until they are removed; empty ones too; nothing of a rolled back transaction."""
        needs(opened, "blobs")
        contents = [b"", b"crmkit", bytes(range(256)) * 5000]
        with writing(opened) as transaction:
            for data in [*contents, *contents]:
                transaction.put_blob(_digest(data), io.BytesIO(data))
        with passing(opened, write=True) as transaction:
            assert [_bytes(transaction.open_blob(_digest(data))) for data in contents] == contents
            transaction.remove_blob(_digest(b"crmkit"))
            transaction.put_blob(_digest(b"x"), io.BytesIO(b"x"))
            with pytest.raises(NotFoundError):
                transaction.open_blob(_digest(b"crmkit"))
        with writing(opened) as transaction:
            assert _bytes(transaction.open_blob(_digest(b"crmkit"))) == b"crmkit"
            with pytest.raises(NotFoundError):
                transaction.open_blob(_digest(b"x"))
            transaction.remove_blob(_digest(b"crmkit"))
            transaction.remove_blob(_digest(b"never"))
        with passing(opened) as transaction, pytest.raises(NotFoundError):
            transaction.open_blob(_digest(b"crmkit"))

    def test_bytes_under_another_digest_are_refused(self, opened: Store) -> None:
        """What is kept under a digest is what has it."""
        needs(opened, "blobs")
        with passing(opened, write=True) as transaction, pytest.raises(InvalidError):
            transaction.put_blob(_digest(b"other"), io.BytesIO(b"crmkit"))


def _free(at: datetime = NOW) -> Find[Task]:
    task = each(Task)
    return bind(find(Task, task.lease_until.is_missing | (task.lease_until <= at), order=[task.due_at]), BINDING)


def _added_alone(store: Store, task: Task) -> bool:
    while True:
        try:
            return kept(store, task) == []
        except TryAgain:
            continue


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _bytes(stream: BinaryIO) -> bytes:
    with stream:
        return stream.read()
