"""Adjust hooks of one record type, compiled: each gets the record as the one before left it; one that fails is passed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast

from ..ports.work import Change
from ..records import Record
from .contexts import context_of
from .faults import LET_THROUGH, WrongResult, through, wrong
from .hook import Hook
from .quarantine import Quarantine

Ready = Callable[[Any], Record]
"""Brings a changed record over the border, as any record that is to be kept; it raises where that can not be."""


class Adjuster(Protocol):
    """All adjust hooks of one record type."""

    def __call__(self, change: Change[Any], face: Any, ready: Ready | None = None) -> Record:
        """Return the record as all hooks leave it, each answer brought over the border by ``ready``."""
        ...


_STAMPS: Final = ("id", "version", "created_at", "updated_at", "customer_id")


def compile_adjusters(hooks: Sequence[Hook], quarantine: Quarantine) -> Adjuster:
    """Compile the hooks of one record type, in order. An answer that ``ready`` does not take is the hook's failure too."""
    steps = tuple((hook, hook.function, hook.offer.takes_context) for hook in hooks)
    carefully = _passing_over(steps, quarantine)

    def adjust(change: Change[Any], face: Any, ready: Ready | None = None) -> Record:
        if quarantine.troubled:
            return carefully(change, face, ready)
        record: Record = change.after
        for hook, call, takes_context in steps:
            try:
                made = call(change, context_of(hook.plugin, face)) if takes_context else call(change)
                if made is record:
                    continue
                made = _accepted(hook, record, made, ready)
            except LET_THROUGH as error:
                through(hook.plugin, hook.name, error)
                raise
            except BaseException as error:  # noqa: BLE001 - whatever a plugin raises, SystemExit too, stays its own
                quarantine.failed(hook, error)
                continue
            if made is not record:
                record, change = made, Change(change.before, made, change.kind)
        return record

    return adjust


def _passing_over(steps: Sequence[tuple[Hook, Callable[..., Any], bool]], quarantine: Quarantine) -> Adjuster:
    """Compile the same for when a plugin has failed lately: each hook is asked for first, and told of as it does."""

    def adjust(change: Change[Any], face: Any, ready: Ready | None = None) -> Record:
        for hook, call, takes_context in steps:
            if not quarantine.allows(hook, change):
                continue
            try:
                made = call(change, context_of(hook.plugin, face)) if takes_context else call(change)
                made = made if made is change.after else _accepted(hook, change.after, made, ready)
            except LET_THROUGH as error:
                through(hook.plugin, hook.name, error)
                raise
            except BaseException as error:  # noqa: BLE001 - as above
                quarantine.failed(hook, error)
                continue
            quarantine.succeeded(hook)
            if made is not change.after:
                change = Change(change.before, made, change.kind)
        after: Record = change.after
        return after

    return adjust


def _accepted(hook: Hook, record: Record, made: Any, ready: Ready | None) -> Record:
    if made is None and hook.may_be_none:
        return record
    if type(made) is not type(record):
        raise wrong(made, f"a {type(record).__name__}, a changed copy of change.after")
    for stamp in _STAMPS:
        if getattr(made, stamp) != getattr(record, stamp):
            raise WrongResult(f"it changed {stamp!r}, which is not its to change")
    return ready(made) if ready else cast("Record", made)
