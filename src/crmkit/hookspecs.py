"""The map: every hook as a pluggy specification.

``Plugin`` and the decorators ``adjust``, ``check`` and ``subscriber`` write implementations for authors; a plain module
with ``@hookimpl def crmkit_offers(): ...`` is as good a plugin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluggy

from .ports.lifetime import since
from .ports.plugin import hookimpl
from .ports.work import Change, Context, Event, Refusal
from .records import Record

__all__ = [
    "crmkit_adjust",
    "crmkit_check",
    "crmkit_check_batch",
    "crmkit_offers",
    "crmkit_subscribe",
    "hookimpl",
    "hookspec",
]

hookspec = pluggy.HookspecMarker("crmkit")


@since("1.0")
@hookspec
def crmkit_offers() -> Sequence[object]:
    """Return what the plugin offers: record types, services, channels, hooks and so on; an offer's type says its kind.

    Called once when a CRM is opened. If it raises or returns something else, the plugin is marked failed and the rest goes on.
    """
    raise AssertionError


@since("1.0")
@hookspec
def crmkit_adjust(change: Change[Any], context: Context[Any]) -> Record | None:
    """Return a changed copy of ``change.after``, or None to leave it as it is.

    Called before the checks, for every change of every record type. Pure. If it raises or returns another type, it is
    skipped and reported, and the record stays unchanged.
    """
    raise AssertionError


@since("1.0")
@hookspec
def crmkit_check(change: Change[Any], context: Context[Any]) -> Refusal | None:
    """Return a Refusal to stop a change of any record type, or None to allow it.

    Called inside the unit of work, before the change is kept. It may read the unit. If it raises or returns another type,
    the change is refused and the plugin named.
    """
    raise AssertionError


@since("1.0")
@hookspec
def crmkit_check_batch(changes: Sequence[Change[Any]], context: Context[Any]) -> Sequence[Refusal | None]:
    """Return an answer per change, as ``crmkit_check`` does, for a whole batch of one record type."""
    raise AssertionError


@since("1.0")
@hookspec
def crmkit_subscribe(event: Event[Any], context: Context[Any]) -> None:
    """Be told of every live committed change, at least once. If it raises, it is told again later."""
    raise AssertionError
