"""``crmkit kpis``: what is measured, and how."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import click

from ..crm import CRM
from ..services.kpis import Measurement, Series
from .arguments import day
from .showing import Cells, show, shown
from .state import current_run
from .tables import Column, print_table

FINE: Final = 10
"""Below it, a mean on a scale or a time is shown with four decimals."""
_STATUS: Final = {"met": "met", "missed": "missed", "": "-"}


@click.group(help="KPIs: list, show, explain.")
def kpis() -> None:
    """Group of commands."""


@kpis.command("list", help="What is measured.")
@click.pass_obj
def list_(crm: CRM) -> None:
    """List."""
    columns: Cells = {
        "NAME": lambda k: k.name,
        "AREA": lambda k: k.area,
        "UNIT": lambda k: k.unit,
        "BETTER": lambda k: k.better,
        "WHAT IT SAYS": lambda k: k.explanation.partition("\n")[0],
        "PLUGIN": lambda k: k.plugin,
    }
    show(list(crm.kpis.list()), columns=columns, noun="KPI", next_step="One of them: crmkit kpis show nps --by month")


@kpis.command("show", help="Show a KPI: now, or period by period.")
@click.argument("name")
@click.option("--by", help="day, week, month, quarter, year, 30-days, year-from-april, ...")
@click.option("--last", type=int, help="The last so many periods.")
@click.option("--since", type=day(), help="From this day on.")
@click.option("--until", type=day(), help="Until this day (inclusive).")
@click.option("--group", help="A field to group by: touchpoint, customer.region, ...")
@click.option("--compare", type=click.Choice(["previous", "year"]), default="previous", show_default=True)
@click.option("--target", type=float)
@click.pass_obj
def show_(  # noqa: PLR0917  # a command's options
    crm: CRM, name: str, by: str | None, last: int | None, since: date | None, until: date | None, group: str | None, compare: Any,
    target: float | None,
) -> None:  # fmt: skip
    """Show."""
    series = crm.kpis.show(
        name, by=by, last=last, since=since, until=until, group=group, compare=compare, target=target
    )
    if current_run().json:
        show(series_json(series))
        return
    click.echo(f"\n{series.title} ({_about(series)})")
    _table(series)


def _about(series: Series) -> str:
    parts: list[str] = [series.unit]
    if series.by:
        periods = periods_in_words(series.by)
        parts.append(f"{periods} by {' and '.join(series.at)}" if series.at else periods)
    target = "" if series.target is None else f"; target {number(series, series.target)}"
    return f"{', '.join(parts)}; {series.zone.key}{target}"


def periods_in_words(calendar: str) -> str:
    """Return the periods of a calendar, in the plural: "months", "years from april", "periods of 30 days"."""
    number, _, rest = calendar.partition("-")
    if number.isdecimal():
        return f"periods of {number} {rest}"
    unit, _, start = calendar.partition("-from-")
    return f"{unit}s from {start}" if start else f"{unit}s"


def _table(series: Series) -> None:
    is_grouped = bool(series.group)
    has_currency = any(row.currency for row in series.rows)
    heads = [Column(series.by.upper() or "PERIOD")]
    heads += [Column(series.group.upper())] if is_grouped else []
    heads += [Column("", is_number=False)] if has_currency else []
    heads += [
        Column("VALUE", is_number=True),
        Column("95 %" if series.level == 0.95 else f"{series.level:.0%}"),
        Column("N", is_number=True),
        Column("CHANGE", is_number=True),
        *([] if series.target is None else [Column("TARGET")]),
    ]  # the usual level
    rows: list[list[str]] = []
    for row in series.rows:
        cells = [row.period.label + (" *" if row.is_partial else "")]
        cells += [shown(row.group) or "-"] if is_grouped else []
        cells += [row.currency] if has_currency else []
        met = [] if series.target is None else [_STATUS[row.status]]
        rows.append([*cells, *_cells(series, row), *met])
    print_table(heads, rows, "* not over yet" if any(row.is_partial for row in series.rows) else "")


def _cells(series: Series, row: Measurement) -> list[str]:
    interval = (
        ""
        if row.low is None or row.high is None
        else f"{number(series, row.low)} {'to' if row.low < 0 else '-'} {number(series, row.high)}"
    )
    if row.value is None:
        return ["-", row.reason, f"{row.n:,}", ""]
    change = (
        ""
        if row.change is None
        else f"{'+' if row.change >= 0 else '-'}{number(series, abs(row.change))}{'' if row.change_is_clear in (None, True) else ' ~'}"
    )
    return [number(series, row.value), interval, f"{row.n:,}", change]


def number(series: Series, value: float) -> str:
    """Return a value in the series' unit as people read it: a share in percent, points with one decimal, money with two."""
    if series.unit == "share":
        return f"{100 * value:.2f} %"
    if series.unit == "points":
        return f"{value:.1f}"
    if series.unit in ("money", "count"):
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) < FINE else f"{value:,.2f}"


def series_json(series: Series) -> dict[str, Any]:
    """Return a series as JSON values for programs."""
    return {
        "name": series.name, "title": series.title, "unit": series.unit, "better": series.better, "by": series.by, "group": series.group,
        "level": series.level, "target": series.target,
        "rows": [
            {
                "period": row.period.label, "start": row.period.start, "end": row.period.end, "group": row.group, "currency": row.currency,
                "value": row.value, "low": row.low, "high": row.high, "n": row.n, "previous": row.previous, "change": row.change,
                "change_is_clear": row.change_is_clear, "is_partial": row.is_partial, "status": row.status, "reason": row.reason, "components": row.components,
            }
            for row in series.rows
        ],
    }  # fmt: skip


@kpis.command(help="How a KPI is made: what is counted, and what its interval is.")
@click.argument("name")
@click.pass_obj
def explain(crm: CRM, name: str) -> None:
    """Explain."""
    found = crm.kpis.explain(name)
    if current_run().json:
        show(found)
        return
    click.echo(
        f"\n{found.title}  ({found.name}, plugin {found.plugin}; {found.better} is better)\n\n{found.explanation}\n"
    )
    for source in found.sources:
        click.echo(f"of {source.of}: {source.words}")
        for component in source.components:
            click.echo(f"  {component.name:<16} {component.words}")
    click.echo(f"interval: {found.interval}\nsample:   {found.n}")
