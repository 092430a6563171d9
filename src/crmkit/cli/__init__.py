"""The command line: parse, call one verb, print.

Public for plugins' commands: ``record(Customer)``, ``money()``, ``instant()`` and ``day()`` are argument types, ``show``
prints what a verb returned (a line, a table, or JSON under ``--json``), ``progress`` shows long work, and ``CRM`` is the
type of what ``@click.pass_obj`` gives.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..crm import CRM
    from .arguments import day, instant, money, record
    from .progressing import progress
    from .showing import say, show

_ROOMS = {
    "CRM": "crmkit.crm",
    "day": "crmkit.cli.arguments",
    "instant": "crmkit.cli.arguments",
    "money": "crmkit.cli.arguments",
    "record": "crmkit.cli.arguments",
    "progress": "crmkit.cli.progressing",
    "say": "crmkit.cli.showing",
    "show": "crmkit.cli.showing",
}
__all__ = ["CRM", "day", "instant", "main", "money", "progress", "record", "say", "show"]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'crmkit.cli' has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)


def main() -> None:
    """Run the command line with the program's arguments, and exit."""
    from .running import run  # click is loaded when the program runs, not when a plugin names an argument type

    run()
