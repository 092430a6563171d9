"""Service cases: what customers ask us to solve."""

from __future__ import annotations

from crmkit import Commands, Plugin

from .case import Case, cases_path
from .figures import case_duration, cases_open
from .verbs import Cases

__all__ = ["Case", "Cases", "plugin"]

plugin = Plugin(
    "cases",
    capabilities=("personal-data",),
    offers=(
        Case,
        cases_path,
        Cases,
        Commands("cases", "crmkit_cases.commands:cases", "Service cases: open, move, resolve, find, board."),
        case_duration,
        cases_open,
    ),
)
