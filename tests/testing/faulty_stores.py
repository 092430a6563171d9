"""Memory stores with one fault each: what the contract must catch."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from crmkit.builtin.memory import MemoryStore, MemoryTransaction
from crmkit.errors import InvalidError
from crmkit.ports.store import Add, NotApplied, Remove, Replace, Schema, Store
from crmkit.query import Compare, Evaluator, Find, Not, Page, Tallied, Tally, cursor_of, find
from crmkit.records import LedgerEntry, Record, declaration_of, short_id


class BrokenStore(MemoryStore):
    """A memory store whose transactions are of another class."""

    transactions: ClassVar[type[MemoryTransaction]] = MemoryTransaction

    def begin(self, *, write: bool) -> MemoryTransaction:
        transaction = super().begin(write=write)
        transaction.__class__ = self.transactions
        return transaction


# --- faults ---
T = MemoryTransaction


class GetsSome(T):
    def get(self, of: Any, ids: Sequence[Any]) -> Any:
        return super().get(of, ids[:999])


class TakesIds(T):
    def _write(self, index: int, write: Any) -> Any:
        return super()._write(
            index,
            Replace(write.record)
            if isinstance(write, Add) and self.get(type(write.record), [write.record.id])
            else write,
        )


class NamesAnotherKey(T):
    def write(self, writes: Any) -> list[NotApplied]:
        return [attrs.evolve(a, key=("id",)) if a.reason == "present" else a for a in super().write(writes)]


class StopsAtAConflict(T):
    def write(self, writes: Any) -> list[NotApplied]:
        for index, write in enumerate(writes):
            if answers := super().write([write]):
                return [attrs.evolve(answers[0], index=index)]
        return []


class ForgetsIndexes(T):
    def write(self, writes: Any) -> list[NotApplied]:
        return [attrs.evolve(a, index=0) for a in super().write(writes)]


class AddsFirst(T):
    def write(self, writes: Any) -> list[NotApplied]:
        order = sorted(range(len(writes)), key=lambda n: not isinstance(writes[n], Add))
        return [attrs.evolve(a, index=order[a.index]) for a in super().write([writes[n] for n in order])]


class MissingClaims(T):
    def _write(self, index: int, write: Any) -> Any:
        record = write.record
        is_part = isinstance(write, Add) and getattr(record, "source", "") == "s" and record.number is None
        if is_part and any(one.source == "s" and one.number is None for one in self.candidates(type(record))):
            return NotApplied(index, "present", ("source", "number"))
        return super()._write(index, write)


class KeepsFactsAsTheyWere(T):
    def _write(self, index: int, write: Any) -> Any:
        is_fact = declaration_of(type(write.record)).mode == "append_only"
        return None if is_fact and not isinstance(write, Add) else super()._write(index, write)


class CallsByFiveLetters(T):
    def ids_called(self, of: Any, short: str) -> Any:
        return [one.id for one in self.candidates(of) if short_id(one.id)[:5] == short[:5]]


class FoldsKeys(T):
    def _write(self, index: int, write: Any) -> Any:
        key = getattr(write.record, "key", None)
        if isinstance(write, Add) and key is not None:
            for other in self.candidates(type(write.record)):
                if getattr(other, "key", None) is not None and other.key.casefold().strip() == key.casefold().strip():
                    return NotApplied(index, "present", ("key",), other.id)
        return super()._write(index, write)


class ExpectsNothing(T):
    def _write(self, index: int, write: Any) -> Any:
        return super()._write(index, write if isinstance(write, Add) else attrs.evolve(write, expected=None))


class ComplainsOfRepeats(T):
    def _write(self, index: int, write: Any) -> Any:
        is_gone = isinstance(write, Remove) and not self.get(type(write.record), [write.record.id])
        return NotApplied(index, "gone") if is_gone else super()._write(index, write)


class KeepsSavepoints(T):
    def undo_to(self, mark: object) -> None:
        return


class ForgetsByUndoing(T):
    def forget(self, mark: object) -> None:
        self.undo_to(mark)


class KeepsRolledBack(T):
    def rollback(self) -> None:
        if not self._is_over:
            self.commit()


class ReadsWhatIsNew(T):
    def _table(self, of: type[Record]) -> Any:
        if not self._is_writer:
            self._tables = dict(self._space.tables)
        return super()._table(of)


class WritesAlways(T):
    def _writer(self) -> None:
        self._running()


class NeverEnds(T):
    def _running(self) -> None:
        return


class ClaimsWithoutFence(T):
    def claim(self, question: Any, limit: int, until: datetime) -> Any:
        claimed = [attrs.evolve(task, fence=task.fence - 1) for task in super().claim(question, limit, until)]
        self.write([Replace(task) for task in claimed])
        return claimed


class ClaimsForNobody(T):
    def claim(self, question: Any, limit: int, until: datetime) -> Any:
        mark = self.mark()
        claimed = super().claim(question, limit, until)
        self.undo_to(mark)
        return claimed


class ClaimsAll(T):
    def claim(self, question: Any, limit: int, until: datetime) -> Any:
        return super().claim(question, 1000, until)


class ClaimsAnything(T):
    def claim(self, question: Any, limit: int, until: datetime) -> Any:
        return [] if declaration_of(question.of).mode != "operational" else super().claim(question, limit, until)


class TrustsDigests(T):
    def put_blob(self, digest: bytes, data: Any) -> None:
        held = data.read()
        self._writer()
        self._blobs[digest] = held
        assert len(hashlib.sha256(held).digest()) == len(digest)


class KeepsRemovedBlobs(T):
    def remove_blob(self, digest: bytes) -> None:
        return


class LastPageGoesOn(T):
    def find(self, question: Find[Any]) -> Any:
        page = super().find(question)
        is_full = len(page) == question.limit and not question.order
        return Page(page.records, cursor_of([page[-1].id.hex])) if is_full else page


class TrustsCursors(T):
    def find(self, question: Find[Any]) -> Any:
        try:
            return super().find(question)
        except InvalidError:
            return Page(())


class FollowsInItsOwnOrder(T):
    def follow(self, question: Any, reference: str) -> Any:
        page = super().follow(question, reference)
        return Page(tuple(sorted(page.records, key=lambda record: record.id)), page.next)


class SkipsTies(T):
    def find(self, question: Find[Any]) -> Any:
        page = super().find(question)
        if not question.order or not page.next:
            return page
        get = Evaluator(self).getter(question.order[0].path)
        rest = super().find(attrs.evolve(question, limit=None, after=page.next))
        ties = [one for one in rest if get(one) == get(page[-1])]
        if not ties:
            return page
        return Page(page.records, super().find(attrs.evolve(question, limit=len(ties), after=page.next)).next)


# --- faults of a store ---
class UpgradesForEver(MemoryStore):
    def upgrade(self, custom_indexes: Any = None) -> tuple[str, ...]:
        super().upgrade(custom_indexes)
        return ("Look again.",)


class CreatesAtOnce(MemoryStore):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.upgrade()


class LedgerWithoutFold(MemoryStore):
    def _ledger(self) -> Any:
        found = dict(super()._ledger())
        return {k: v for k, v in found.items() if k != "fold"}

    def upgrade(self, custom_indexes: Any = None) -> tuple[str, ...]:
        done = super().upgrade(custom_indexes)
        transaction = self.begin(write=True)
        transaction.write([Remove(entry) for entry in transaction.find(find(LedgerEntry)) if entry.key == "fold"])
        transaction.commit()
        return done


class KnowsNoUnknown(MemoryStore):
    def status(self) -> Schema:
        return attrs.evolve(super().status(), unknown={})


class TakesAnything(T):
    def _known(self, of: type[Record]) -> Any:
        return declaration_of(of)


class TakesAnyType(BrokenStore):
    transactions = TakesAnything


class SharesCompanies(MemoryStore):
    def tenant(self, name: str) -> MemoryStore:
        return self


class TellsOfWhatIsNotThere(MemoryStore):
    def tenants(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self._place.spaces if name))


class PurgesTooMuch(MemoryStore):
    def purge(self) -> tuple[str, ...]:
        transaction = self.begin(write=True)
        transaction.write([Remove(found) for found in transaction.find(Find(of=self._types["specimen"]))])
        transaction.commit()
        return ()


class Boasts(MemoryStore):
    capabilities = MemoryStore.capabilities | {"telepathy"}  # type: ignore[assignment]  # no word of ours


class SpacePerThread(MemoryStore):
    """As a database in memory of each connection would be."""

    capabilities = MemoryStore.capabilities | {"concurrent_writers"}

    def begin(self, *, write: bool) -> MemoryTransaction:
        thread = threading.current_thread()
        apart = self if thread is threading.main_thread() else self.tenant(thread.name)
        return MemoryStore.begin(apart, write=write)


class GuestUndeclared(MemoryStore):
    def on(self, connection: Any) -> Store:
        return self


# --- faults that random worlds find ---
class LosesMicroseconds(T):
    def get(self, of: Any, ids: Any) -> Any:
        return {
            k: attrs.evolve(r, created_at=r.created_at and r.created_at.replace(microsecond=0))
            for k, r in super().get(of, ids).items()
        }


class CountsTrue(T):
    def get(self, of: Any, ids: Any) -> Any:
        found = super().get(of, ids)
        return {
            k: attrs.evolve(r, yes=r.yes if r.yes is None else int(r.yes)) if hasattr(r, "yes") else r
            for k, r in found.items()
        }


class MissingIsUnequal(Evaluator):
    def _compare(self, condition: Compare) -> Any:
        test, get = super()._compare(condition), self.getter(condition.path)
        return (lambda record: get(record) is None or test(record)) if condition.op == "!=" else test


class GuardsForgotten(Evaluator):
    def _followed(self, step: Any) -> Any:
        return super()._followed(attrs.evolve(step, guard=None))


class ThreeValued(Evaluator):
    """NOT of a comparison with a missing value is missing, as in SQL."""

    def test(self, condition: Any) -> Any:
        if isinstance(condition, Not) and isinstance(condition.part, Compare):
            get, inner = self.getter(condition.part.path), super().test(condition.part)
            return lambda record: get(record) is not None and not inner(record)
        return super().test(condition)


def with_evaluator(evaluator: type[Evaluator]) -> type[MemoryTransaction]:
    return type(evaluator.__name__, (T,), {"find": lambda self, question: evaluator(self).find(question)})


class RoundsTotals(T):
    def tally(self, question: Tally) -> list[Tallied]:
        return [
            Tallied(
                c.key,
                {
                    k: float(v) if isinstance(v, Decimal | int) and question.components[k].measure == "total" else v
                    for k, v in c.values.items()
                },
            )
            for c in super().tally(question)
        ]


class TruncatesSeconds(T):
    def tally(self, question: Tally) -> list[Tallied]:
        return [
            Tallied(c.key, {k: int(v) if isinstance(v, float) else v for k, v in c.values.items()})
            for c in super().tally(question)
        ]


class ShufflesCells(T):
    def tally(self, question: Tally) -> list[Tallied]:
        return super().tally(question)[::-1]


class IgnoresOnePer(T):
    def tally(self, question: Tally) -> list[Tallied]:
        return super().tally(attrs.evolve(question, one_per=None))


class LosesTheEdge(T):
    def tally(self, question: Tally) -> list[Tallied]:
        edges = lambda key: (
            attrs.evolve(key, edges=tuple(e + timedelta(microseconds=1) for e in key.edges))
            if getattr(key, "edges", ())
            else key
        )
        return super().tally(attrs.evolve(question, by=tuple(map(edges, question.by))))
