"""What verbs and hooks are written with: Service and verb, Change and Refusal, Event, Context, and the hook decorators.

A verb is a method of a ``Service`` under ``@verb``: one unit of work, run again from its start on ``TryAgain``; called
inside another unit it joins it. A hook is a plain function under ``@adjust``, ``@check`` or ``@subscriber``; it stays
callable in tests.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, Protocol, Self, TypeVar, cast, overload
from uuid import UUID

import attrs

from ..errors import DeclarationError
from ..query import Component, Condition, Descending, Key, Page, Path, Tallied
from ..records import Id, Record, Staged

if TYPE_CHECKING:
    from ..crm import CRM

R = TypeVar("R", bound=Record)
St = TypeVar("St", bound=Staged)
S = TypeVar("S")
P = ParamSpec("P")
T = TypeVar("T")
Sv = TypeVar("Sv", bound="Service")
F = TypeVar("F", bound=Callable[..., Any])
Kind = Literal["added", "changed", "removed"]


@attrs.frozen
class Change(Generic[R]):
    """One change of one record, before it is kept. ``before`` is None for an added record.

    For a removed one, ``after`` is the record as it was.
    """

    before: R | None
    after: R
    kind: Kind = "changed"

    def becomes(self, **values: object) -> bool:
        """Whether the record has all these values after the change and had not all of them before."""
        return _all_equal(self.after, values) and not (self.before is not None and _all_equal(self.before, values))

    def changes(self, *fields: str) -> bool:
        """Whether one of these fields differs (every field of an added or removed record does)."""
        return (
            self.before is None
            or self.kind == "removed"
            or any(getattr(self.before, f) != getattr(self.after, f) for f in fields)
        )


def _all_equal(record: Record, values: Mapping[str, object]) -> bool:
    return all(getattr(record, field) == value for field, value in values.items())


@attrs.frozen
class Refusal:
    """What a check answers when a change must not be kept."""

    reason: str
    field: str | None = attrs.field(default=None, kw_only=True)
    code: str = attrs.field(default="refused", kw_only=True)


@attrs.frozen(kw_only=True)
class Event(Generic[R]):
    """A change that has been committed, as a subscriber is told of it: at least once, so act once per ``key``.

    Attributes:
        key: the idempotency key: the same for every delivery of this event to this subscriber.
        name: what happened: ``deal.won``.
        record: the record as it is now; as it was where it has been removed since.
        values: the change as kept in the log: none for added, ``{field: [before, after]}`` for changed, the record for removed.
        position: where its unit of work stands in the log.
    """

    key: str
    name: str
    record: R
    values: Mapping[str, Any] | None = None
    actor: str = "system"
    origin: str = "live"
    at: datetime
    position: int = 0
    operation: UUID | None = None


@attrs.frozen(kw_only=True)
class Context(Generic[S]):
    """What a hook may use beside its subject.

    Attributes:
        settings: the plugin's own settings.
        crm: to ask and (in a subscriber only) to act. In a check it reads the unit of work and refuses to write.
        plugin: the plugin's name.
    """

    settings: S
    crm: CRM
    plugin: str = ""


# --- hooks ---
@attrs.frozen(kw_only=True)
class HookOffer:
    """What a hook decorator notes on its function."""

    hook: Literal["adjust", "check", "subscriber"]
    of: type[Record]
    batch: bool = False
    events: tuple[str, ...] = ()
    imported: bool = False
    takes_context: bool = False
    name: str = ""


def hook_of(function: object) -> HookOffer | None:
    """Return what a hook decorator noted on a function, or None."""
    found = getattr(function, "_crmkit_hook", None)
    return found if isinstance(found, HookOffer) else None


class _Adjust(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[Change[R]], R], /) -> Callable[[Change[R]], R]: ...
    @overload
    def __call__(self, function: Callable[[Change[R], Context[S]], R], /) -> Callable[[Change[R], Context[S]], R]: ...


class _Check(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[Change[R]], Refusal | None], /) -> Callable[[Change[R]], Refusal | None]: ...
    @overload
    def __call__(
        self, function: Callable[[Change[R], Context[S]], Refusal | None], /
    ) -> Callable[[Change[R], Context[S]], Refusal | None]: ...


class _CheckBatch(Protocol[R]):
    @overload
    def __call__(
        self, function: Callable[[Sequence[Change[R]]], Sequence[Refusal | None]], /
    ) -> Callable[[Sequence[Change[R]]], Sequence[Refusal | None]]: ...
    @overload
    def __call__(
        self, function: Callable[[Sequence[Change[R]], Context[S]], Sequence[Refusal | None]], /
    ) -> Callable[[Sequence[Change[R]], Context[S]], Sequence[Refusal | None]]: ...


class _Subscriber(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[Event[R]], None], /) -> Callable[[Event[R]], None]: ...
    @overload
    def __call__(
        self, function: Callable[[Event[R], Context[S]], None], /
    ) -> Callable[[Event[R], Context[S]], None]: ...


def adjust(of: type[R]) -> _Adjust[R]:
    """Say that a function completes or tidies records before the checks: ``(change[, context]) -> record``, a changed copy.

    It is pure: no reading, no other I/O. Where it raises or returns another type, it is skipped and reported.
    """
    return cast("_Adjust[R]", _noting(HookOffer(hook="adjust", of=of), 1))


@overload
def check(of: type[R]) -> _Check[R]: ...
@overload
def check(of: type[R], *, batch: Literal[True]) -> _CheckBatch[R]: ...
def check(of: type[R], *, batch: bool = False) -> _Check[R] | _CheckBatch[R]:
    """Say that a function decides whether a change may be kept: ``(change[, context]) -> Refusal | None``.

    It may read the unit of work (``context.crm``), and does no other I/O. Where it raises, the change is refused and the
    plugin named. With ``batch=True`` it gets a sequence of changes and returns as many answers.
    """
    return cast("_Check[R]", _noting(HookOffer(hook="check", of=of, batch=batch), 1))


def subscriber(of: type[R], *events: str, imported: bool = False, name: str = "") -> _Subscriber[R]:
    """Say that a function is told of committed changes: ``(event[, context]) -> None``, at least once each.

    Args:
        events: what happened, in the past tense (``"added"``, ``"won"``); none: everything.
        imported: also of imported, copied and undone records.
        name: the durable name of its place in the log; by default the function's.
    """
    return cast(
        "_Subscriber[R]", _noting(HookOffer(hook="subscriber", of=of, events=events, imported=imported, name=name), 1)
    )


def _noting(offer: HookOffer, least: int) -> Callable[[F], F]:
    def note(function: F) -> F:
        takes = _arguments(function, offer, least)
        name = offer.name or getattr(function, "__name__", "")
        function._crmkit_hook = attrs.evolve(offer, takes_context=takes > least, name=name)  # type: ignore[attr-defined]  # the note is ours
        return function

    return note


def _arguments(function: Callable[..., Any], offer: HookOffer, least: int) -> int:
    name = getattr(function, "__name__", repr(function))
    if inspect.iscoroutinefunction(function):
        raise DeclarationError(f"Hook {name}", ["It is an async function: hooks are called synchronously; write def."])
    found = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if not least <= len(found) <= least + 1:
        raise DeclarationError(
            f"Hook {name}",
            [f"It takes {len(found)} arguments: write ({_subject(offer)}) or ({_subject(offer)}, context)."],
        )
    return len(found)


def _subject(offer: HookOffer) -> str:
    return "event" if offer.hook == "subscriber" else "changes" if offer.batch else "change"


@attrs.frozen(kw_only=True)
class AccessRule:
    """Who sees which records of a type: ``rule(actor)`` returns a condition, or None for all.

    The conditions of several rules on one type are joined by ``&``.
    """

    of: type[Record]
    rule: Callable[[str], Condition | None]


# --- services ---
class Work(Protocol):
    """The unit of work as services see it. Every write is at once normalised, adjusted, checked, written, versioned and logged."""

    @property
    def now(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def operation(self) -> UUID: ...
    @property
    def origin(self) -> str: ...
    @property
    def house(self) -> Any: ...
    def get(self, of: type[R], id: Id[R]) -> R: ...
    def get_many(self, of: type[R], ids: Iterable[UUID]) -> dict[UUID, R]: ...
    def find(
        self,
        of: type[R],
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[R]: ...
    def stream(self, of: type[R], *where: Condition, order: Sequence[Path | Descending] = ()) -> Iterator[R]: ...
    def tally(
        self, of: type[Record], *where: Condition, by: Sequence[Key] = (), one_per: Path | None = None, one_per_by: Path | None = None,
        **components: Component,
    ) -> list[Tallied]: ...  # fmt: skip
    @overload
    def add(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def add(self, record: Sequence[R], *, name: str = "", at: datetime | None = None) -> list[R]: ...
    @overload
    def replace(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def replace(self, record: Sequence[R], *, name: str = "", at: datetime | None = None) -> list[R]: ...
    def remove(self, record: Record | Sequence[Record], *, name: str = "") -> None: ...
    def rehome(self, record: Record | Sequence[Record], *, name: str = "") -> None: ...
    def move(
        self, record: St, stage: str, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> St: ...
    def service(self, of: type[Sv]) -> Sv: ...
    def batch(self, do: Callable[[Any], T], *, origin: str = ..., operation: UUID | None = ...) -> T: ...
    def perform(
        self, verb: Callable[..., T], service: Service, args: tuple[Any, ...], kwargs: dict[str, Any], long: bool
    ) -> T: ...


class Service:
    """A family of verbs. It has no state but the unit of work it is bound to; it is never made by hand: ``crm.service(Repairs)``."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def now(self) -> datetime:
        """The instant of this unit of work, in UTC."""
        return self._work.now

    @property
    def actor(self) -> str:
        """Who does this."""
        return self._work.actor

    @property
    def unit(self) -> Work:
        """The unit of work, with all it can do."""
        return self._work

    def batch(self, do: Callable[[Self], T], *, origin: str = "live", operation: UUID | None = None) -> T:
        """Run one unit of a long verb: ``do`` gets this family bound to it, and is run again from its start on TryAgain.

        Args:
            origin: ``live``, ``imported``, ``copied`` or ``undone``: subscribers are told of live changes only, unless they ask.
            operation: the id under which the units of one long verb belong together.
        """
        return self._work.batch(lambda work: do(type(self)(work)), origin=origin, operation=operation)

    def service(self, of: type[Sv]) -> Sv:
        """Return another family of verbs in the same unit of work."""
        return self._work.service(of)

    def get(self, of: type[R], id: Id[R]) -> R:
        """Return a record; a merged customer's id leads to who it is now. A plain UUID is given as ``Id(uuid)``.

        Raises:
            NotFoundError: there is none (or none that the actor may see).
        """
        return self._work.get(of, id)

    def find(
        self,
        of: type[R],
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[R]:
        """Return the records for which all conditions hold."""
        return self._work.find(of, *where, order=order, limit=limit, after=after)

    def tally(
        self, of: type[Record], *where: Condition, by: Sequence[Key] = (), one_per: Path | None = None, one_per_by: Path | None = None,
        **components: Component,
    ) -> list[Tallied]:  # fmt: skip
        """Return counts, totals and the like, a row per group."""
        return self._work.tally(of, *where, by=by, one_per=one_per, one_per_by=one_per_by, **components)

    @overload
    def add(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def add(self, record: Sequence[R], *, name: str = "", at: datetime | None = None) -> list[R]: ...
    def add(self, record: Any, *, name: str = "", at: datetime | None = None) -> Any:
        """Keep a new record, or a sequence of one type as one batch; return it as kept.

        Args:
            name: the event's name; by default ``<type>.added``.
            at: since when its values hold (for spans); by default now.

        Raises:
            InvalidError: a field is wrong. RefusedError: a check refuses it. ConflictError: a unique key is taken.
        """
        return self._work.add(record, name=name, at=at)

    @overload
    def replace(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def replace(self, record: Sequence[R], *, name: str = "", at: datetime | None = None) -> list[R]: ...
    def replace(self, record: Any, *, name: str = "", at: datetime | None = None) -> Any:
        """Keep a changed record in the place of the one it was made from (its ``version`` says which).

        Raises:
            ConflictError: somebody else changed it meanwhile.
        """
        return self._work.replace(record, name=name, at=at)

    def remove(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Remove a record."""
        self._work.remove(record, name=name)

    def move(
        self, record: St, stage: str, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> St:
        """Keep the record, moved to a stage of its pipeline, with its StageChange; return it as kept.

        Raises:
            InvalidError: the pipeline has no such stage, or the stage does not take this reason.
        """
        return self._work.move(record, stage, reason=reason, side=side, note=note, at=at)


@overload
def verb(method: Callable[Concatenate[Sv, P], T], /) -> Callable[Concatenate[Sv, P], T]: ...
@overload
def verb(*, long: bool) -> Callable[[Callable[Concatenate[Sv, P], T]], Callable[Concatenate[Sv, P], T]]: ...
def verb(method: Any = None, /, *, long: bool = False) -> Any:
    """Make a method of a Service a verb: one thing a user can do, whole.

    A long verb is refused inside a unit of work and is not run again; it opens a unit per batch or phase itself.
    """
    if method is None:
        return functools.partial(_verb, long=long)
    return _verb(method, long=long)


def _verb(method: Callable[..., Any], *, long: bool) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Service, *args: Any, **kwargs: Any) -> Any:
        return self._work.perform(method, self, args, kwargs, long)

    call._crmkit_verb = "long" if long else "short"  # type: ignore[attr-defined]  # the note is ours
    return call
