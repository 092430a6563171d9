"""Telling subscribers what happened: durable, at least once, in order, each in its own lease."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import attrs

from .._hooks import Subscription
from .._work.feed import Told, last_position, read_feed
from ..errors import CRMError
from ..ports.work import Event, Service, verb
from ..query import count, each, find
from ..records import Cursor, LogEntry, Record, Retry, Unit
from ..records.as_json import from_json
from ..records.text import normal

LEASE: Final = timedelta(seconds=60)
BATCH: Final = 50
TRIES: Final = 10


@attrs.frozen
class Outcome:
    """What one subscriber did: events done, failed now, and waiting for another try; whether it rests, since it kept failing."""

    name: str
    done: int = 0
    failed: int = 0
    waiting: int = 0
    rests: bool = False


@attrs.frozen(kw_only=True)
class Late:
    """A subscriber that is behind.

    Attributes:
        waiting: events that wait for another try.
        put_aside: events on which it failed too often: they wait for a person.
        error: why it failed on the last of them.
    """

    subscriber: str
    waiting: int
    put_aside: int
    error: str

    def __str__(self) -> str:
        """Return it as a sentence for people."""
        waits = f"{_counted(self.waiting, 'wait', 'waits')} for another try" if self.waiting else ""
        aside = f"{_counted(self.put_aside, 'were', 'was')} put aside after {TRIES} tries" if self.put_aside else ""
        again = " Once that is mended: crmkit work --again" if self.put_aside else ""
        return f"{self.subscriber}: {', '.join(filter(None, (waits, aside)))}. {self.error}{again}"


@attrs.frozen
class _Delivered:
    """What was told of a part of the log.

    Attributes:
        bad: what failed, with the reason.
        handled: how much of it is dealt with; less than all where the subscriber is passed over from then on.
    """

    done: int
    bad: list[tuple[Told, Exception]]
    handled: int


class Subscribers(Service):
    """The worker's part for one subscriber at a time. Its methods are phases, each in units of their own."""

    def ensure(self, names: list[str]) -> None:
        """Give each subscriber that has none a place in the log: at its end, as it is now."""
        c = each(Cursor)
        known = {cursor.subscriber for cursor in self.find(Cursor, c.subscriber.in_(names))}
        absent = [name for name in names if name not in known]
        if absent:
            self.batch(lambda me: me._place(absent))

    def _place(self, names: list[str]) -> None:
        unit: Any = self.unit
        end = last_position(unit.to_write())
        self.add([Cursor(subscriber=name, position=end, n=2**31) for name in names])

    def tell(self, subscription: Subscription, face: Callable[[Told], Any]) -> Outcome:
        """Tell one subscriber of what is new, then of what is due for another try; nothing while it rests."""
        done, failed = (0, 0) if subscription.rests() else self._new(subscription, face)
        again, still = (0, 0) if subscription.rests() else self._due(subscription, face)
        r = each(Retry)
        waiting = self.unit.tally(Retry, r.subscriber == subscription.name, r.status == "waiting", n=count())
        return Outcome(
            subscription.name, done + again, failed + still, waiting[0].n if waiting else 0, subscription.rests()
        )

    # --- what is new ---
    def _new(self, subscription: Subscription, face: Callable[[Told], Any]) -> tuple[int, int]:
        cursor = self.batch(lambda me: me._lease(subscription.name))
        if cursor is None:
            return 0, 0
        done = failed = 0
        try:
            is_more = True
            while is_more:
                cursor, good, bad, is_more = self._next(subscription, cursor, face)
                done, failed = done + good, failed + bad
            return done, failed
        finally:
            self._let_go(cursor)

    def _next(
        self, subscription: Subscription, cursor: Cursor, face: Callable[[Told], Any]
    ) -> tuple[Cursor, int, int, bool]:
        told, position, n = self.batch(lambda me: me._read(cursor, subscription))
        found = self._deliver(subscription, told, face)
        if (is_all := found.handled == len(told)) is False:  # the rest waits in the log
            position, n = _place_behind(told[: found.handled], cursor)
        moved = attrs.evolve(cursor, position=position, n=n)
        is_ours = self.batch(lambda me: me._advance(moved, found.bad))
        return moved, found.done, len(found.bad), is_ours and is_all and len(told) == BATCH

    def _let_go(self, cursor: Cursor) -> None:
        self.batch(lambda me: me._release(cursor))

    def _lease(self, name: str) -> Cursor | None:
        unit: Any = self.unit
        c = each(Cursor)
        free = c.lease_until.is_missing | (c.lease_until < self.now)
        claimed = unit.claim(find(Cursor, c.subscriber == name, free), 1, self.now + LEASE)
        return claimed[0] if claimed else None

    def _read(self, cursor: Cursor, subscription: Subscription) -> tuple[list[Told], int, int]:
        unit: Any = self.unit
        told, position, n = read_feed(unit.tx, cursor.position, cursor.n, self._types(subscription), BATCH)
        return told, position, n

    def _types(self, subscription: Subscription) -> list[str]:
        """Names of the record types that it is told of: its own, and where it is for a kind of them (``Record``) all of that."""
        unit: Any = self.unit
        return sorted(name for name, of in unit.house.by_name.items() if issubclass(of, subscription.of))

    def _advance(self, moved: Cursor, bad: list[tuple[Told, Exception]]) -> bool:
        now = self.unit.get_many(Cursor, [moved.id]).get(moved.id)
        if now is None or now.fence != moved.fence:
            return False
        self.replace(attrs.evolve(moved, lease_until=self.now + LEASE))
        self.add([self._retry(moved.subscriber, told, error) for told, error in bad])
        return True

    def _release(self, cursor: Cursor) -> None:
        now = self.unit.get_many(Cursor, [cursor.id]).get(cursor.id)
        if now is not None and now.fence == cursor.fence:
            self.replace(attrs.evolve(now, lease_until=None))

    def _retry(self, name: str, told: Told, error: BaseException) -> Retry:
        return Retry(subscriber=name, entry=told.entry.id, due_at=self.now + _wait(1), error=_words(error))

    # --- telling ---
    def _deliver(self, subscription: Subscription, told: list[Told], face: Callable[[Told], Any]) -> _Delivered:
        done, bad = 0, list[tuple[Told, Exception]]()
        for handled, one in enumerate(told):
            if not _concerns(subscription, one):
                continue
            try:
                if not self._call(subscription, one, face(one)):
                    return _Delivered(done, bad, handled)
                done += 1
            except Exception as error:  # noqa: BLE001  # whatever a plugin raises is noted and tried again
                bad.append((one, error))
        return _Delivered(done, bad, len(told))

    def _call(self, subscription: Subscription, told: Told, crm: Any, *, again: bool = False) -> bool:
        """Tell it of one event; return whether that was done, or it is passed over for now."""
        record = self._record(told.entry)
        if record is None:
            return True
        event = _event(subscription, told, record)
        if not subscription.allows(event):
            return False
        subscription.call(event, crm, again=again)
        return True

    def _record(self, entry: LogEntry) -> Record | None:
        unit: Any = self.unit
        of: type[Record] = unit.house.by_name[entry.record_type]
        found = self.unit.get_many(of, [entry.record_id]).get(entry.record_id)
        if found is None and entry.values and "id" in entry.values:
            return from_json(of, entry.values)
        return found

    # --- what was put aside ---
    @verb
    def tell_again(self) -> int:
        """Let what was put aside be told again, from the first try on; return how many events that are."""
        dead = list(self.find(Retry, each(Retry).status == "dead"))
        self.replace(
            [attrs.evolve(one, status="waiting", attempts=0, due_at=self.now, lease_until=None) for one in dead]
        )
        return len(dead)

    @verb
    def late(self) -> tuple[Late, ...]:
        """Return the subscribers that are behind: how many events wait for another try, how many were put aside, and why."""
        found: dict[str, list[Retry]] = {}
        for one in self.find(Retry, order=[each(Retry).due_at]):
            found.setdefault(one.subscriber, []).append(one)
        return tuple(_late(name, retries) for name, retries in sorted(found.items()))

    # --- what is due again ---
    def _due(self, subscription: Subscription, face: Callable[[Told], Any]) -> tuple[int, int]:
        outcomes = [self._try_again(subscription, retry, face) for retry in self._claimed(subscription.name)]
        return outcomes.count(True), outcomes.count(False)

    def _claimed(self, name: str) -> list[Retry]:
        return self.batch(lambda me: me._claim_due(name))

    def _try_again(self, subscription: Subscription, retry: Retry, face: Callable[[Told], Any]) -> bool | None:
        """Return whether it went well; None where the subscriber is passed over meanwhile: that was no try."""
        told = self.batch(lambda me: me._told(retry))
        try:
            if told is not None and not self._call(subscription, told, face(told), again=True):
                self.batch(lambda me: me._leave(retry))
                return None
        except Exception as error:  # noqa: BLE001  # whatever a plugin raises is noted and tried again
            words = _words(error)
            self.batch(lambda me: me._again(retry, words))
            return False
        self.batch(lambda me: me._settle(retry))
        return True

    def _claim_due(self, name: str) -> list[Retry]:
        unit: Any = self.unit
        r = each(Retry)
        free = r.lease_until.is_missing | (r.lease_until < self.now)
        due = find(Retry, r.subscriber == name, r.status == "waiting", r.due_at <= self.now, free, order=[r.due_at])
        claimed: list[Retry] = unit.claim(due, BATCH, self.now + LEASE)
        return claimed

    def _told(self, retry: Retry) -> Told | None:
        entry = self.unit.get_many(LogEntry, [retry.entry]).get(retry.entry)
        if entry is None:
            return None
        units = self.unit.get_many(Unit, [entry.unit])
        return Told(entry, units[entry.unit])

    def _again(self, retry: Retry, words: str) -> None:
        attempts = retry.attempts + 1
        status = "dead" if attempts >= TRIES else "waiting"
        self.replace(
            attrs.evolve(
                retry,
                attempts=attempts,
                status=status,
                due_at=self.now + _wait(attempts),
                lease_until=None,
                error=words,
            )
        )

    def _leave(self, retry: Retry) -> None:
        self.replace(attrs.evolve(retry, lease_until=None))

    def _settle(self, retry: Retry) -> None:
        self.remove(retry)


def _place_behind(told: list[Told], cursor: Cursor) -> tuple[int, int]:
    """Return the place in the log behind what was told; where nothing was, that of the cursor."""
    return (told[-1].unit.position or cursor.position, told[-1].entry.n) if told else (cursor.position, cursor.n)


def _wait(attempts: int) -> timedelta:
    """Return how long to wait: 10 seconds, doubling, at most an hour."""
    return timedelta(seconds=min(3600, 10 * 2 ** (attempts - 1)))


def _counted(n: int, of_many: str, of_one: str) -> str:
    return f"1 event {of_one}" if n == 1 else f"{n:,} events {of_many}"


def _late(name: str, retries: list[Retry]) -> Late:
    waiting = sum(1 for one in retries if one.status == "waiting")
    return Late(subscriber=name, waiting=waiting, put_aside=len(retries) - waiting, error=retries[-1].error)


def _words(error: BaseException) -> str:
    text = str(error) if isinstance(error, CRMError) else f"{type(error).__name__}: {error}"
    return normal(text.encode("utf-8", "replace").decode().replace("\x00", ""))[:500]


def _concerns(subscription: Subscription, told: Told) -> bool:
    if told.unit.origin != "live" and not subscription.imported:
        return False
    happened = told.entry.name.rpartition(".")[2]
    return not subscription.events or happened in subscription.events or told.entry.name in subscription.events


def _event(subscription: Subscription, told: Told, record: Record) -> Event[Any]:
    entry, unit = told.entry, told.unit
    return Event(
        key=f"{subscription.name}:{entry.id}", name=entry.name, record=record, values=entry.values, actor=unit.actor, origin=unit.origin,
        at=unit.at, position=unit.position or 0, operation=unit.operation,
    )  # fmt: skip
