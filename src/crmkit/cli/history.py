"""``crmkit history``: who changed what of a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import click

from ..crm import CRM
from ..errors import NotFoundError
from ..records import Record, declaration_of
from .showing import Cells, show
from .state import current_run


@click.command(help="Who changed what of a record. RECORD is an id, source:external-id, or TYPE/id (deals/8w1f0c).")
@click.argument("name", metavar="RECORD")
@click.option("--limit", type=int)
@click.option("--whole", is_flag=True, help="Also what belongs to it.")
@click.pass_obj
def history(crm: CRM, name: str, limit: int | None, *, whole: bool) -> None:
    """Show the log of a record."""
    found = crm.history.of(_record(crm, name), limit=limit, whole=whole)
    if current_run().json:
        show([change.as_dict() for change in found])
        return
    columns: Cells = {
        "AT": lambda c: c.at,
        "WHAT": lambda c: c.name,
        "BY": lambda c: c.actor,
        "ORIGIN": lambda c: "" if c.origin == "live" else c.origin,
        "CHANGED": lambda c: "; ".join(
            f"{k}: {_side(v[0])} -> {_side(v[1])}" for k, v in c.values.items() if _is_pair(v)
        )[:200],
    }
    show(list(found), columns=columns, noun="change")


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(cast("Sequence[Any]", value)) == 2  # both sides of a field


def _side(value: object) -> str:
    return "-" if value in (None, "") else str(value)


def _record(crm: CRM, name: str) -> Record:
    head, mark, rest = name.partition("/")
    if mark:
        return crm.naming.named(crm.house.type_named(head), rest)
    for of in sorted(
        crm.house.types, key=lambda of: declaration_of(of).name not in ("customer", "deal", "interaction")
    ):
        if declaration_of(of).mode == "mutable":
            try:
                return crm.naming.named(of, name)
            except NotFoundError:
                continue
    raise NotFoundError(f"There is no record {name!r}: write its type too, such as deals/{name}.")
