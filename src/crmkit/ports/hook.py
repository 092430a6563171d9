"""Hooks: plain functions under ``@adjust``, ``@check`` or ``@subscriber``, and what they are about. They stay callable in tests."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, Protocol, TypeVar, cast, overload
from uuid import UUID

import attrs

from ..errors import DeclarationError
from ..query import Condition
from ..records import Record
from .lifetime import since

if TYPE_CHECKING:
    from ..crm import CRM

R = TypeVar("R", bound=Record)
S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)
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


class Hooked(Protocol[P, T_co]):
    """A function under a hook decorator: callable as it was written, and to be offered."""

    @property
    def _crmkit_hook(self) -> HookOffer: ...
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Call the function itself."""
        ...


class _Adjust(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[Change[R]], R], /) -> Hooked[[Change[R]], R]: ...
    @overload
    def __call__(self, function: Callable[[Change[R], Context[S]], R], /) -> Hooked[[Change[R], Context[S]], R]: ...


class _Check(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[Change[R]], Refusal | None], /) -> Hooked[[Change[R]], Refusal | None]: ...
    @overload
    def __call__(
        self, function: Callable[[Change[R], Context[S]], Refusal | None], /
    ) -> Hooked[[Change[R], Context[S]], Refusal | None]: ...


class _CheckBatch(Protocol[R]):
    @overload
    def __call__(
        self, function: Callable[[Sequence[Change[R]]], Sequence[Refusal | None]], /
    ) -> Hooked[[Sequence[Change[R]]], Sequence[Refusal | None]]: ...
    @overload
    def __call__(
        self, function: Callable[[Sequence[Change[R]], Context[S]], Sequence[Refusal | None]], /
    ) -> Hooked[[Sequence[Change[R]], Context[S]], Sequence[Refusal | None]]: ...


class _Subscriber(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[Event[R]], None], /) -> Hooked[[Event[R]], None]: ...
    @overload
    def __call__(self, function: Callable[[Event[R], Context[S]], None], /) -> Hooked[[Event[R], Context[S]], None]: ...


@since("1.0")
def adjust(of: type[R]) -> _Adjust[R]:
    """Say that a function completes or tidies records before the checks: ``(change[, context]) -> record``, a changed copy.

    It is pure: no reading, no other I/O. Where it raises or returns another type, it is skipped and reported.
    """
    return cast("_Adjust[R]", _noting(HookOffer(hook="adjust", of=of), 1))


@overload
def check(of: type[R]) -> _Check[R]: ...
@overload
def check(of: type[R], *, batch: Literal[True]) -> _CheckBatch[R]: ...
@since("1.0")
def check(of: type[R], *, batch: bool = False) -> _Check[R] | _CheckBatch[R]:
    """Say that a function decides whether a change may be kept: ``(change[, context]) -> Refusal | None``.

    It may read the unit of work (``context.crm``), and does no other I/O. Where it raises, the change is refused and the
    plugin named. With ``batch=True`` it gets a sequence of changes and returns as many answers.
    """
    return cast("_Check[R]", _noting(HookOffer(hook="check", of=of, batch=batch), 1))


@since("1.0")
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
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(f"Hook {name}", ["It is an async function: hooks are called synchronously; write def."])
    if inspect.isgeneratorfunction(function):
        raise DeclarationError(f"Hook {name}", ["It is a generator, which nobody would run: return the answer."])
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


@since("1.0")
@attrs.frozen(kw_only=True)
class AccessRule:
    """Who sees which records of a type: ``rule(actor)`` returns a condition, or None for all.

    The conditions of several rules on one type are joined by ``&``.
    """

    of: type[Record]
    rule: Callable[[str], Condition | None]
