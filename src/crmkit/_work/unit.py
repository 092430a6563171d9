"""One unit of work: what a verb reads and writes by. It becomes visible and durable as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

import attrs

from ..errors import CRMError, InvalidError, NotFoundError, OutcomeUnknown, ReentrancyError, UnsupportedError
from ..ports.store import Store, Transaction, stream
from ..ports.work import Instants, Service
from ..query import (
    Binding,
    Component,
    Condition,
    Descending,
    Find,
    Key,
    Page,
    Path,
    Tallied,
    Tally,
    all_of,
    bind,
    bind_tally,
    check_tally,
    each,
    find,
    least,
    most,
    reference_target,
)  # fmt: skip
from ..records import (
    Customer,
    Field,
    LogEntry,
    Record,
    Redirect,
    Span,
    Staged,
    declaration_of,
    new_id,
    short_id,
)
from ..records import (
    Unit as UnitRecord,
)
from .definitions import Definitions, Shown
from .house import House
from .log import Log
from .moving import moved
from .restoring import restored
from .writing import Writer

R = TypeVar("R", bound=Record)
St = TypeVar("St", bound=Staged)
Sv = TypeVar("Sv", bound=Service)
T = TypeVar("T")
_BUFFERED = frozenset({Span, LogEntry, UnitRecord})


class WritesFirst(BaseException):
    """A verb that had begun by reading wrote: it is run again in a transaction that may write. Never leaves ``Runner``."""


@attrs.define(eq=False)
class _Mark:
    """A place to undo to; a savepoint of the store only once something is written after it."""

    store: object = None
    log: tuple[int, bool] = (0, False)


class Unit:
    """See the module. Made by ``Runner``; explicit, never ambient, bound to no thread."""

    def __init__(
        self, house: House, store: Store, *, actor: str, write: bool | None, origin: str = "live", operation: UUID | None = None,
        cause: UUID | None = None, narrowed: bool = True,
    ) -> None:  # fmt: skip
        """``write=None``: begin by what comes first; a write after a read raises WritesFirst."""
        self.house, self.store, self.actor, self.origin, self.cause = house, store, actor, origin, cause
        self.id = new_id()
        self.operation = operation or self.id
        self.now = house.clock()
        self._write, self._narrowed = write, narrowed
        self._tx: Transaction | None = None
        self._definitions = Shown(self)
        self._marks: list[_Mark] = []
        self._log = Log(self)
        self._writer = Writer(self, self._log)
        self._face: Any = None
        self._over = False
        self._asked: str = ""
        self.is_installing = False

    # --- transaction ---
    @property
    def tx(self) -> Transaction:
        """The store's transaction, for this package only."""
        if self._over:
            raise InvalidError("This unit of work is over: open a new one.", code="unit_over")
        if self._tx is None:
            self._tx = self.store.begin(write=bool(self._write))
        return self._tx

    def to_write(self) -> Transaction:
        """Return the transaction, ready to write: every open mark becomes a savepoint of the store.

        Raises:
            ReentrancyError: an adjust or check hook wrote; it may only read.
        """
        if self._asked or self.house.is_asking():
            of = self._asked or "a record"
            raise ReentrancyError(f"A hook on {of} wrote to the CRM: adjust and check hooks may only read.")
        if self._tx is None and self._write is None:
            self._write = True
        if not self._write:
            raise WritesFirst
        for mark in self._marks:
            if mark.store is None:
                mark.log, mark.store = self._log.settled(), self.tx.mark()
        return self.tx

    @contextmanager
    def asking(self, type_name: str) -> Generator[None]:
        """While hooks on a record type are asked: they see all records, and may not write."""
        before, self._asked = self._asked, type_name
        try:
            with self.house.asking():
                yield
        finally:
            self._asked = before

    @contextmanager
    def installing(self) -> Generator[None]:
        """While declared definitions are installed: no hook is asked, so that a broken plugin never keeps a CRM from opening."""
        self.is_installing = True
        try:
            yield
        finally:
            self.is_installing = False

    @property
    def face(self) -> Any:
        """The CRM as hooks and hosts see it inside this unit."""
        if self._face is None:
            self._face = self.house.face(self)
        return self._face

    def finish(self) -> None:
        """Write the log and commit."""
        if self._tx is not None:
            self._log.flush()
            tx, self._over = self.tx, True
            try:
                tx.commit()
            except OutcomeUnknown as error:
                known = {**error.params, "operation": str(self.operation)}
                raise OutcomeUnknown(f"{error} It is {self.operation}.", code=error.code, params=known) from error
            if self._log.is_written:
                self.house.wake()
        self._over = True

    def abandon(self) -> None:
        """Keep nothing."""
        if self._tx is not None and not self._over:
            self._tx.rollback()
        self._over = True

    def perform(
        self, verb: Callable[..., T], service: Service, args: tuple[Any, ...], kwargs: dict[str, Any], long: bool
    ) -> T:
        """Run a verb inside this unit, in a savepoint: if it raises, nothing of it stays."""
        service = service if service.unit is self else type(service)(self)
        if long:
            raise UnsupportedError(
                f"{verb.__name__} is long: call it on the CRM, not inside a unit of work.", code="long_verb"
            )
        mark = _Mark()
        self._marks.append(mark)
        try:
            result = verb(service, *args, **kwargs)
        except BaseException:
            self._undo(mark)
            raise
        self._marks.remove(mark)
        if mark.store is not None:
            self.tx.forget(mark.store)
        return result

    def _undo(self, mark: _Mark) -> None:
        del self._marks[self._marks.index(mark) :]
        if mark.store is not None and not self._over:
            self._log.undo_to(mark.log)
            try:
                self.tx.undo_to(mark.store)
            except CRMError:  # the database has ended the transaction already: what was raised first is the cause
                self.abandon()

    def service(self, of: type[Sv]) -> Sv:
        """Return a family of verbs bound to this unit."""
        return of(self)

    def batch(self, do: Callable[[Any], T], *, origin: str = "live", operation: UUID | None = None) -> T:
        """Refuse: batches are units of a long verb, which runs outside of any unit."""
        raise UnsupportedError("A long verb runs on the CRM, not inside a unit of work.", code="long_verb")

    # --- reading ---
    @property
    def definitions(self) -> Definitions:
        """The custom fields and pipelines that this unit's snapshot shows."""
        return self._definitions.get()

    def defined_anew(self) -> None:
        """Definitions were written in this unit: they are read again, here and elsewhere."""
        self._definitions.written()

    def access(self, of: type[Record]) -> Condition | None:
        """Return the condition under which the actor sees records of a type."""
        return self.house.access(of, self.actor) if self._narrowed and not self._asked else None

    @contextmanager
    def unnarrowed(self) -> Generator[None]:
        """See ``crmkit.ports.work.Work.unnarrowed``."""
        before, self._narrowed = self._narrowed, False
        try:
            yield
        finally:
            self._narrowed = before

    @property
    def binding(self) -> Binding:
        """Where and when this unit asks its questions."""
        return Binding(
            now=self.now, zone=self.house.zone, currency=self.house.currency, custom=self._custom, access=self.access
        )

    def _custom(self, of: type[Record]) -> Any:
        return self.definitions.custom(declaration_of(of).name)

    def get(self, of: type[R], id: UUID) -> R:
        """Return a record; a merged customer's id leads to who it is now.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        found = self.get_many(of, [id]).get(id)
        if found is None and of is Customer:
            return self._redirected(id)  # type: ignore[return-value]  # of is Customer
        if found is None:
            raise NotFoundError(f"There is no {declaration_of(of).name} {short_id(id)}.", params={"id": str(id)})
        return found

    def _redirected(self, id: UUID) -> Customer:
        r = each(Redirect)
        for redirect in self.tx.find(Find(of=Redirect, where=r.old == id, limit=1)):
            return self.get(Customer, redirect.customer)
        raise NotFoundError(f"There is no customer {short_id(id)}.", params={"id": str(id)})

    def get_many(self, of: type[R], ids: Iterable[UUID]) -> dict[UUID, R]:
        """Return the records that are there and that the actor may see, by id."""
        self._settle(of)
        found = self.tx.get(of, list(ids))
        if not found or self.access(of) is None:
            return found
        return {record.id: record for record in self.find(of, each(of).id.in_(list(found)))}

    def called(self, of: type[R], short: str) -> list[R]:
        """Return the records that people name by the last six characters of their ids."""
        self._settle(of)
        return list(self.get_many(of, self.tx.ids_called(of, short.lower())).values())

    def find(
        self,
        of: type[R],
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[R]:
        """Return the records for which all conditions hold."""
        return self.ask(find(of, *where, order=order, limit=limit, after=after))

    def ask(self, question: Find[R]) -> Page[R]:
        """Return the page that a question (such as a saved one) asks for."""
        self._settle(question.of)
        return self.tx.find(bind(question, self.binding))

    def follow(
        self,
        reference: Path,
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Any]:
        """Return the records that those found name by a reference: in their order, each once."""
        target = reference_target(reference)
        question = find(reference._root, *where, order=order, limit=limit, after=after)
        self._settle(question.of)
        self._settle(target)
        if self.access(target) is None:
            return self.tx.follow(bind(question, self.binding), str(reference))
        page = self.ask(question)
        ids = dict.fromkeys(getattr(record, str(reference)) for record in page)
        found = self.get_many(target, filter(None, ids))
        return Page(tuple(found[one] for one in ids if one in found), page.next)

    def stream(self, of: type[R], *where: Condition, order: Sequence[Path | Descending] = ()) -> Iterator[R]:
        """Yield all records for which the conditions hold, page by page: memory does not grow."""
        self._settle(of)
        return stream(self.tx, bind(find(of, *where, order=order), self.binding))

    def tally(
        self, of: type[Record], *where: Condition, by: Sequence[Key] = (), one_per: Path | None = None, one_per_by: Path | None = None,
        **components: Component,
    ) -> list[Tallied]:  # fmt: skip
        """Return a row per group."""
        tally = Tally(
            of=of, where=all_of(of, where), by=tuple(by), components=components, one_per=one_per, one_per_by=one_per_by
        )
        check_tally(tally)
        self._settle(of)
        return self.tx.tally(bind_tally(tally, self.binding, lambda path: self._extent(tally, path)))

    def _extent(self, tally: Tally, path: Path) -> tuple[datetime, datetime] | None:
        reach = Tally(
            of=tally.of,
            where=self.binding.guarded(tally.of, tally.where),
            components={"first": least(path), "last": most(path)},
        )
        for row in self.tx.tally(reach):
            if row.first is not None:
                return row.first, row.last
        return None

    def _settle(self, of: type[Record]) -> None:
        if of in _BUFFERED:
            self._log.flush()
        if self.house.absent or self.house.refused:
            self.house.may_read(declaration_of(of).name)

    # --- writing ---
    def add(self, record: Any, *, name: str = "", at: Instants = None) -> Any:
        """See ``crmkit.ports.work.Service.add``."""
        kept = self._writer.add(_many(record), name, at)
        return kept[0] if isinstance(record, Record) else kept

    def replace(self, record: Any, *, name: str = "", at: Instants = None) -> Any:
        """See ``crmkit.ports.work.Service.replace``."""
        kept = self._writer.replace(_many(record), name, at)
        return kept[0] if isinstance(record, Record) else kept

    def remove(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Remove records."""
        self._writer.remove(_many(record), name)

    def rehome(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Keep changed records without asking hooks, append-only ones too: for merges, erasures and restores."""
        self._writer.rehome(_many(record), name)

    def discard(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Remove records without asking hooks: for merges, erasures and restores."""
        self._writer.discard(_many(record), name)

    def restore(self, record: Record | Sequence[Record], *, since: UUID, name: str = "") -> None:
        """See ``crmkit.ports.work.Work.restore``."""
        restored(self, _many(record), since, name)

    def move(
        self, record: St, stage: str, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> St:
        """See ``crmkit.ports.work.Service.move``."""
        return moved(self, record, stage, reason=reason, side=side, note=note, at=at)

    def claim(self, question: Find[R], limit: int, until: datetime) -> list[R]:
        """Lease records of an operational type (see the Store port)."""
        return self.to_write().claim(bind(question, self.binding), limit, until)

    def custom_fields(self, of: type[Record]) -> dict[str, Field]:
        """Return the custom fields of a record type."""
        return dict(self._custom(of))


def _many(record: Any) -> list[Any]:
    if isinstance(record, Record):
        return [record]
    many: list[Any] = list(cast("Iterable[Any]", record)) if isinstance(record, Iterable) else [record]
    for one in many:
        if not isinstance(one, Record):
            raise InvalidError(f"{one!r} is no record: give one, or a list of them.", code="not_a_record")
    return many
