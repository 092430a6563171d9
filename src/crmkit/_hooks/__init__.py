"""Compiled, isolated hook calls: what a plugin does wrong stays its own, and is told with its name."""

from __future__ import annotations

from .faults import HookFailure
from .hook import Hook, Plugged
from .hooks import Hooks
from .subscribing import Subscription

__all__ = ["Hook", "HookFailure", "Hooks", "Plugged", "Subscription"]
