"""What verbs and hooks are written with: Service and verb, Change and Refusal, Event, Context, and the hook decorators.

A verb is a method of a ``Service`` under ``@verb``: one unit of work, run again from its start on ``TryAgain``; called
inside another unit it joins it. A hook is a plain function under ``@adjust``, ``@check`` or ``@subscriber``; it stays
callable in tests.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeAlias, TypeVar, overload
from uuid import UUID

from ..query import Component, Condition, Descending, Key, Page, Path, Tallied
from ..records import Id, Record, Staged
from .hook import AccessRule, Change, Context, Event, HookOffer, Refusal, adjust, check, hook_of, subscriber
from .lifetime import since

__all__ = [
    "AccessRule", "Change", "Context", "Event", "HookOffer", "Instants", "Refusal", "Service", "Work",
    "adjust", "check", "hook_of", "subscriber", "verb",
]  # fmt: skip

R = TypeVar("R", bound=Record)
St = TypeVar("St", bound=Staged)
P = ParamSpec("P")
T = TypeVar("T")
Sv = TypeVar("Sv", bound="Service")
Instants: TypeAlias = "datetime | Sequence[datetime | None] | None"
"""Since when values hold: one instant for all records of a batch, or one for each; None is now."""


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
    def called(self, of: type[R], short: str) -> list[R]: ...
    def find(
        self,
        of: type[R],
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[R]: ...
    def follow(
        self,
        reference: Path,
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Any]: ...
    def stream(self, of: type[R], *where: Condition, order: Sequence[Path | Descending] = ()) -> Iterator[R]: ...
    def tally(
        self, of: type[Record], *where: Condition, by: Sequence[Key] = (), one_per: Path | None = None, one_per_by: Path | None = None,
        **components: Component,
    ) -> list[Tallied]: ...  # fmt: skip
    @overload
    def add(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def add(self, record: Sequence[R], *, name: str = "", at: Instants = None) -> list[R]: ...
    @overload
    def replace(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def replace(self, record: Sequence[R], *, name: str = "", at: Instants = None) -> list[R]: ...
    def remove(self, record: Record | Sequence[Record], *, name: str = "") -> None: ...
    def rehome(self, record: Record | Sequence[Record], *, name: str = "") -> None: ...
    def discard(self, record: Record | Sequence[Record], *, name: str = "") -> None: ...
    def restore(self, record: Record | Sequence[Record], *, since: UUID, name: str = "") -> None:
        """Keep records as they were before the unit of work ``since``, and their spans as they were; no hook is asked."""
        ...

    def unnarrowed(self) -> AbstractContextManager[None]:
        """For a while see and change all records, whoever acts: matching, merges and erasures forget nobody's."""
        ...

    def move(
        self, record: St, stage: str, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> St: ...
    def service(self, of: type[Sv]) -> Sv: ...
    def batch(self, do: Callable[[Any], T], *, origin: str = ..., operation: UUID | None = ...) -> T: ...
    def perform(
        self, verb: Callable[..., T], service: Service, args: tuple[Any, ...], kwargs: dict[str, Any], long: bool
    ) -> T: ...


@since("1.0")
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

    def offers(self, kind: Callable[..., T]) -> tuple[T, ...]:
        """Return what active plugins offer of a kind, in the order of the plugins: how who opened a door asks what came in.

        Args:
            kind: a class: instances of it, and of classes that inherit from it.
        """
        return tuple(offer.value for offer in self._work.house.loaded.offers(kind))

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
    def add(self, record: Sequence[R], *, name: str = "", at: Instants = None) -> list[R]: ...
    def add(self, record: Any, *, name: str = "", at: Instants = None) -> Any:
        """Keep a new record, or a sequence of one type as one batch; return it as kept.

        Args:
            name: the event's name; by default ``<type>.added``.
            at: since when its values hold (for spans); by default now. For a sequence it may be one too.

        Raises:
            InvalidError: a field is wrong. RefusedError: a check refuses it. ConflictError: a unique key is taken.
        """
        return self._work.add(record, name=name, at=at)

    @overload
    def replace(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def replace(self, record: Sequence[R], *, name: str = "", at: Instants = None) -> list[R]: ...
    def replace(self, record: Any, *, name: str = "", at: Instants = None) -> Any:
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
@since("1.0")
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
