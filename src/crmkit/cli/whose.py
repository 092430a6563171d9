"""Of which company a command was, and that there are others."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UnsupportedError
from .state import current_run


def whose() -> str:
    """Return the company that the line names, as it stands before what a command says; empty where it names none."""
    return f"company {current_run().tenant}: " if current_run().tenant else ""


def others(crm: Any) -> tuple[str, ...]:
    """Return the companies beside the CRM; none where the line names one, or the store can not tell."""
    if current_run().tenant:
        return ()
    try:
        found: tuple[str, ...] = crm.tenants()
    except UnsupportedError:
        return ()
    return found


def tell_others(crm: Any, what: str) -> None:
    """Say, for people, what holds for the companies beside the CRM; nothing where there are none."""
    found = () if current_run().json else others(crm)
    if found:
        many = f"The {len(found)} companies" if len(found) > 1 else "The company"
        shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        click.echo(f"{many} beside it ({shown}) {what if len(found) > 1 else what.replace('are', 'is', 1)}")
