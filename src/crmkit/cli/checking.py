"""``crmkit db check``: whether somebody has changed the database by hand."""

from __future__ import annotations

import click

from ..crm import CRM
from ..crm.upgrading import check
from ..errors import StoreError
from ..ports.store import Drift
from .showing import show
from .state import current_run


@click.command(
    "check", help="Look for what was changed by hand: columns, types, indexes, triggers. Exit code 1 if it harms."
)
@click.pass_obj
def check_(crm: CRM) -> None:
    """Show what is not as an upgrade has made it, and what to do about it."""
    current_run().looks = True
    if crm.store.status().is_absent:
        raise StoreError("Nothing is kept here yet: `crmkit db upgrade` makes the tables.", code="nothing_there")
    found = check(crm.house, crm.store)
    if current_run().json:
        names = ("table", "name", "what", "found", "wanted", "remedy", "is_harmless")
        show([{name: getattr(one, name) for name in names} for one in found])
    else:
        for one in found:
            click.echo(_told(one))
        click.echo(f"{len(found)} differences." if found else "The database is as it was made.")
    if any(not one.is_harmless for one in found):
        click.get_current_context().exit(1)


def _told(one: Drift) -> str:
    place = f"{one.table}.{one.name}" if one.name else one.table
    values = ", ".join(
        text for text in (one.found and f"found {one.found}", one.wanted and f"wanted {one.wanted}") if text
    )
    return f"{place}: {one.what}{f' ({values})' if values else ''}. {one.remedy}"
