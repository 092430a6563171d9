"""``crmkit db``: how the database stands to what the plugins declare."""

from __future__ import annotations

import click

from ..crm import CRM
from .showing import say, show
from .state import current_run


@click.group(help="The database: status, upgrade.")
def db() -> None:
    """Look at the database."""


@db.command(help="Say whether the database is as the plugins declare it.")
@click.pass_obj
def status(crm: CRM) -> None:
    """Show what an upgrade would do, and data whose plugin is gone."""
    found = crm.status()
    if current_run().json:
        show({"pending": found.pending, "behind": found.behind, "unknown": sorted(found.unknown)})
        return
    for line in found.pending:
        click.echo(line)
    for name in sorted(found.unknown):
        click.echo(f"{name}: kept, but no plugin declares it; it can be read, exported and erased.")
    click.echo("Next: crmkit db upgrade" if found.pending else "The database is as the plugins declare it.")


@db.command(help="Bring the database to what the plugins declare.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.pass_obj
def upgrade(crm: CRM, *, dry_run: bool) -> None:
    """Add what is missing; nothing is removed."""
    done = crm.status().pending if dry_run else crm.upgrade()
    for line in done:
        click.echo(line)
    words = (
        "Nothing was done (--dry-run)."
        if dry_run
        else f"{len(done)} changes made."
        if done
        else "There was nothing to do."
    )
    say(words, done=done)
