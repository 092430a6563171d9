"""``crmkit demo``: a small company, and a walk through everything with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ...crm import CRM
from ...errors import InvalidError
from ..arguments import instant
from .company import company
from .files import write_files
from .walk import Walk, walk

__all__ = ["demo"]


@click.command(help="Make a small company in a folder and walk through everything with it.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("crmkit-demo"), show_default=True
)
@click.option("--today", type=instant(), help="The day on which it all stands; by default today.")
def demo(folder: Path, today: datetime | None) -> None:
    """Write the files, open a CRM on them, and walk."""
    if folder.exists() and any(folder.iterdir()):
        raise InvalidError(
            f"{str(folder)!r} is not empty: remove it, or name another one with --folder.",
            code="exists",
            field="folder",
        )
    write_files(folder / "files", company(today or datetime.now(UTC)))
    (folder / "crmkit.toml").write_text(PROJECT, "utf-8")
    click.echo(f"Ketting & Co sells and repairs bicycles. Its files are in {folder}/files.")
    with CRM.project(folder) as crm:
        active = frozenset(state.name for state in crm.plugins if state.state == "active")
    walk(Walk(folder=folder, run=_outcome, plugins=active))
    click.echo(f"\nDone. Go on in the folder: cd {folder}")
    click.echo(
        "It holds crm.db (SQLite), files/ (CSV and mappings), mailbox/ (what was sent and came in) and report.html (open it)."
    )


def _outcome(words: list[str]) -> int:
    from ..running import outcome  # which loads the root, which loads this

    is_debugged = click.get_current_context().find_root().obj.run_.debug
    return outcome(["--debug", *words] if is_debugged else words)


PROJECT = """store = "sqlite:///crm.db"
time_zone = "Europe/Amsterdam"
currency = "EUR"
languages = ["en", "nl", "he", "ar", "fa", "hu"]
secret = "only-a-demo"            # a real one is random: crmkit init writes one

[settings.mailbox]
folder = "mailbox"
sender = "hello@ketting.example"
name = "Ketting & Co"
"""
