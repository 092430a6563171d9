"""Compiled, isolated hook calls: what a plugin does wrong stays its own, and is told with its name."""

from __future__ import annotations

from .access import Access, closed_access, compile_access
from .faults import HookFailure
from .hook import Hook, Plugged
from .hooks import Hooks
from .subscribing import Subscription

__all__ = ["Access", "Hook", "HookFailure", "Hooks", "Plugged", "Subscription", "closed_access", "compile_access"]
