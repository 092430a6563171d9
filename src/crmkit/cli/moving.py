"""``crmkit db backup``, ``restore`` and ``copy``: all that is kept, into a file, out of one, into another store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import click

from ..crm import CRM
from ..crm.moving.filling import Moved
from ..crm.opening import project_options
from ..settings import read_project
from .progressing import progress, stopping
from .showing import as_json, say
from .state import current_run
from .whose import tell_others, whose

_HALF: Final = (
    "What came over is kept, and nothing opens the target as a CRM until it is whole: "
    "give the same command again, and it goes on from there; with --replace it begins anew."
)


@click.command(
    help="Write everything into FILE, as it is at this moment, while others go on working; with --tenant, of that company."
)
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(crm: Any, file: Path) -> None:
    """Write a backup."""
    with stopping("Nothing is left of the file, and nothing else was touched."), progress("records") as tell:
        counts = crm.backup(file, progress=tell)
    say(
        f"{whose()}{sum(counts.values()):,} records: {file}", file=str(file), counts=counts, tenant=current_run().tenant
    )
    tell_others(crm, "are not in it: crmkit --tenant NAME db backup FILE")


@click.command(
    help="Restore FILE into the project's store (or --store; with --tenant, as that company), and compare both. What is interrupted goes on by the same command."
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--schema", default="", help="The schema of its tables (PostgreSQL, MariaDB).")
@click.option("--prefix", default="", help="What the names of its tables begin with.")
@click.option("--replace", is_flag=True, help="What is in the store goes.")
def restore(file: Path, **where: Any) -> None:
    """Restore a backup."""
    url, options = _project()
    with stopping(_HALF), progress("records") as tell:
        _tell(CRM.restore_backup(file, url, tenant=current_run().tenant, progress=tell, **where, **options))


@click.command(
    help="Copy everything from SOURCE to TARGET (URLs of stores of any kind; with --tenant, that company of both), and compare both. What is interrupted goes on by the same command."
)
@click.argument("source")
@click.argument("target")
@click.option("--source-schema", default="", help="The schema of the source's tables.")
@click.option("--source-prefix", default="", help="What the names of the source's tables begin with.")
@click.option(
    "--source-tenant", default="", metavar="NAME", help="The company of the source; by default the one of --tenant."
)
@click.option("--schema", default="", help="The schema of the target's tables (PostgreSQL, MariaDB).")
@click.option("--prefix", default="", help="What the names of the target's tables begin with.")
@click.option("--replace", is_flag=True, help="What is in the target goes.")
def copy(source: str, target: str, source_tenant: str, **where: Any) -> None:
    """Copy a store."""
    _, options = _project()
    company = current_run().tenant
    with stopping(_HALF), progress("records") as tell:
        _tell(
            CRM.copy(
                source,
                target,
                source_tenant=source_tenant or company,
                tenant=company,
                progress=tell,
                **where,
                **options,
            )
        )


def _project() -> tuple[str, dict[str, Any]]:
    """Return the store and the options of the project: nothing of it is opened, for half a copy can not be."""
    run = current_run()
    said = {"store": run.store} if run.store else {}
    url, options = project_options(read_project(run.project, os.environ, **said), os.environ)
    return url, {**options, **({"discover": False, "plugins": ()} if run.no_plugins else {})}


def _tell(moved: Moved) -> None:
    if not current_run().json and moved.resumed:
        click.echo("Went on where it had been interrupted.")
    say(f"{moved} in {moved.seconds:,.0f} s: {moved.target}", **as_json(moved), records=moved.records)
