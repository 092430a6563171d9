"""``crmkit report``: one self-contained page of figures."""

from __future__ import annotations

from pathlib import Path

import click

from crmkit import CRM, InvalidError, cli

from .filling import fill
from .page import render_report


@click.command(help="Write one self-contained page of figures.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("report.html"), show_default=True)
@click.option("--months", default=12, show_default=True, type=click.IntRange(1, 120))
@click.option("--language", default="", help="en, nl, he, ar, fa, hu; by default the CRM's first.")
@click.option("--company", default="", help="Whose report it is.")
@click.option("--title", default="")
@click.pass_obj
def report(crm: CRM, out: Path, months: int, language: str, company: str, title: str) -> None:
    """Write the report."""
    page = render_report(fill(crm, months=months, language=language, company=company, title=title))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidError(
            f"{str(out)!r} can not be written: {error.strerror}. Name another file with --out.", code="read_only"
        ) from error
    size_kb = len(page.encode()) // 1000
    cli.say(f"Wrote {out} ({size_kb} KB). Open it in a browser; it needs no network.", file=str(out), kilobytes=size_kb)
