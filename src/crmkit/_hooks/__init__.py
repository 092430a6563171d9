"""Compiled, isolated hook calls: what a plugin does wrong stays its own, and is told with its name."""

from __future__ import annotations

from .access import Access, Watched, closed_access, compile_access
from .faults import wrong
from .hook import Hook, Plugged
from .hooks import Hooks
from .subscribing import Subscription
from .timing import Spent

__all__ = [
    "Access",
    "Hook",
    "Hooks",
    "Plugged",
    "Spent",
    "Subscription",
    "Watched",
    "closed_access",
    "compile_access",
    "wrong",
]
