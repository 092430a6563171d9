"""The unit of work: one transaction with its rules, its access, its hooks and its log."""

from __future__ import annotations

from .definitions import Definitions, Path
from .house import House
from .running import Runner
from .unit import Unit

__all__ = ["Definitions", "House", "Path", "Runner", "Unit"]
