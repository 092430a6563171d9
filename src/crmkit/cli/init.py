"""``crmkit init``: crmkit.toml and a database in this folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import click

from ..crm import CRM
from ..errors import InvalidError
from .showing import say
from .state import current_run

FILE: Final = "crmkit.toml"


@click.command(help="Begin a CRM in this folder: crmkit.toml and a database; with --tenant, a company beside others.")
@click.option(
    "--store", default="sqlite:///crm.db", show_default=True, metavar="URL", help="Where the records are kept."
)
@click.option("--time-zone", default="UTC", show_default=True, help="The business time zone: Europe/Amsterdam.")
@click.option("--currency", default="EUR", show_default=True, help="The CRM's own currency (ISO 4217).")
@click.option(
    "--language", "languages", multiple=True, default=("en",), show_default=True, help="Languages, the first one first."
)
def init(store: str, time_zone: str, currency: str, languages: tuple[str, ...]) -> None:
    """Write crmkit.toml, open the CRM that it describes, and say what comes next."""
    file = (current_run().project or Path()) / FILE if (current_run().project or Path()).is_dir() else Path(FILE)
    if file.exists() and current_run().tenant:
        _begin_company(current_run().tenant)
        return
    if file.exists():
        raise InvalidError(
            f"There is a {str(file)!r} already: change it with an editor, or begin in another folder.", code="exists"
        )
    text = _text(current_run().store or store, time_zone, currency, languages)
    with CRM.open(
        _url(current_run().store or store, file.parent),
        time_zone=time_zone,
        currency=currency,
        discover=not current_run().no_plugins,
    ) as crm:
        types = len(crm.house.types)
        if current_run().tenant:
            crm.tenant(current_run().tenant)
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        file.unlink(missing_ok=True)
        raise InvalidError(f"{str(file)!r} can not be written: {error.strerror}.", code="read_only") from error
    say(
        f"Wrote {file}. Created {current_run().store or store} ({types} record types).",
        file=str(file),
        store=store,
        record_types=types,
    )
    if not current_run().json:
        click.echo("Next: crmkit import customers.csv --as customers --dry-run")


def _begin_company(name: str) -> None:
    """Make a company in the project that is there, where it has none of that name yet."""
    current_run().may_create = True
    types = len(current_run().opened().house.types)
    say(f"The company {name} is ready ({types} record types).", tenant=name, record_types=types)


def _url(store: str, folder: Path) -> str:
    scheme, mark, place = store.partition(":///")
    is_relative = mark and place and not place.startswith("/") and folder != Path()
    return f"{scheme}:///{folder / place}" if is_relative else store


def _text(store: str, time_zone: str, currency: str, languages: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{language}"' for language in languages)
    return (
        f'store = "{store}"\ntime_zone = "{time_zone}"\ncurrency = "{currency}"\nlanguages = [{listed}]\n'
        f'secret = "{secrets.token_urlsafe(32)}"    # or "env:NAME": the key of survey tokens; keep it, and keep it to yourself\n'
        "plugins = []          # modules beside this file; installed plugins are found by themselves\n"
        "\n# [settings.PLUGIN]    # a plugin's own settings\n"
    )
