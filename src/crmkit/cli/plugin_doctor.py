"""``crmkit plugins doctor``: how every plugin stands, or would stand with another crmkit; whose data is kept without it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from ..crm import CRM
from ..errors import PluginError
from ..query import count
from ..records import declaration_of
from ..services.subscribers import Late, Subscribers
from ..settings import read_project
from .showing import Cells, show
from .state import current_run

if TYPE_CHECKING:
    from .._plugins.foreseeing import Foreseen, Foresight

GOOD: Final = ("active", "disabled")


@attrs.frozen(kw_only=True)
class Orphan:
    """Records that are kept without their plugin.

    Attributes:
        plugin: whose they were; empty where the database does not know.
        rows: how many there are.
    """

    record_type: str
    plural: str
    plugin: str
    rows: int
    fields: tuple[str, ...]

    def __str__(self) -> str:
        whose = f"the plugin {self.plugin!r} is not there" if self.plugin else "its plugin is not there"
        return (
            f"{self.plural}: {self.rows:,} kept, and {whose}. They can be read, exported (crmkit export {self.plural}) "
            f"and erased. Fields: {', '.join(self.fields)}."
        )


def orphans(crm: CRM) -> tuple[Orphan, ...]:
    """Return the record types whose plugins are gone, switched off or failed, with what is kept of them."""
    status = crm.status()
    owner = {of: line.name for line in status.lines for of in line.types}
    found: list[Orphan] = []
    for name in sorted(status.unknown):
        declaration = declaration_of(crm.house.type_named(name))
        rows = crm.tally(crm.house.type_named(name), n=count())
        fields = tuple(field.name for field in declaration.fields if not field.system)
        found.append(
            Orphan(
                record_type=name, plural=declaration.plural, plugin=owner.get(name, ""), rows=rows[0].n if rows else 0, fields=fields
            )
        )  # fmt: skip
    return tuple(found)


@click.command(help="Load every plugin and say how it stands, why, and what to do.")
@click.option(
    "--against",
    metavar="VERSION|WHEEL",
    default="",
    help="Judge them against another crmkit before it is installed: its wheel (everything), 1.4.0 (what they require), api:2.0 (their ranges, and what is announced).",
)
@click.pass_obj
def doctor(crm: CRM, against: str) -> None:
    """Judge every plugin. The exit code is 0 where nobody has to do anything, else that of a plugin at fault."""
    current_run().is_of_plugins = True
    foresight = _foreseen(crm, against) if against else None
    hands = list(_hands(crm)) if foresight is None else list(_later_hands(foresight))
    if current_run().json:
        show({**_as_json(crm), "against": _against_json(foresight), "hands": hands})
    elif foresight is None:
        _print(crm)
    else:
        _print_against(foresight)
    if hands:
        raise click.exceptions.Exit(PluginError.exit_code)


def _foreseen(crm: CRM, against: str) -> Foresight:
    from .._plugins.foreseeing import foresee  # a subprocess; only here

    return foresee(against, crm.house.loaded, read_project(current_run().project, os.environ).file)


# --- now --------------------------------------------------------------------------------------------------------------
def _hands(crm: CRM) -> Iterator[str]:
    """What needs a hand now. Data without its plugin, and what will go later, do not: nothing is lost or broken."""
    yield from (state.told() for state in crm.plugins if state.state not in GOOD)
    yield from crm.house.loaded.problems
    yield from (f"The data of {name} is not upgraded: {why}" for name, why in _failed(crm).items())
    for of, plugin in crm.house.loaded.missing_checks.items():
        yield f"Nothing is written to {of!r}: the plugin {plugin!r} checks it, and is not active."
    yield from (str(one) for one in late(crm) if one.put_aside)


def late(crm: CRM) -> tuple[Late, ...]:
    """Return the subscribers that are behind."""
    return crm.service(Subscribers).late()


def _failed(crm: CRM) -> Mapping[str, str]:
    return {line.called: line.failed for line in crm.status().lines if line.failed}


def _as_json(crm: CRM) -> dict[str, Any]:
    worn: dict[str, list[Any]] = {}
    for one in crm.house.loaded.deprecated:
        worn.setdefault(one.plugin, []).append({"what": one.what, **attrs.asdict(one.lifetime), "told": one.told})
    return {
        "plugins": [
            {"name": s.name, "distribution": s.distribution, "version": s.version, "state": s.state, "reason": s.reason,
             "remedy": s.remedy, "deprecated": worn.get(s.name, [])}
            for s in crm.plugins
        ],
        "orphaned": [attrs.asdict(one) for one in orphans(crm)],
        "migrations": _failed(crm),
        "late": [attrs.asdict(one) for one in late(crm)],
    }  # fmt: skip


def _print(crm: CRM) -> None:
    columns: Cells = {"NAME": lambda s: s.name, "VERSION": lambda s: s.version, "STATE": lambda s: s.state,
               "FROM": lambda s: s.distribution, "WHY, AND WHAT TO DO": lambda s: f"{s.reason} {s.remedy}".strip()}  # fmt: skip
    show(list(crm.plugins), columns=columns, noun="plugin")
    states = {state.told() for state in crm.plugins}
    lines = [
        *(hand for hand in _hands(crm) if hand not in states),
        *(one.told for one in crm.house.loaded.deprecated),
        *map(str, orphans(crm)),
        *(str(one) for one in late(crm) if not one.put_aside),
        *map(str, crm.house.hooks.reports),
    ]
    for line in lines:
        click.echo(line)


# --- with another crmkit ----------------------------------------------------------------------------------------------
def _later_hands(foresight: Foresight) -> Iterator[str]:
    if foresight.problem:
        yield foresight.problem
    for one in foresight.plugins:
        if not one.is_good:
            yield " ".join(filter(None, (f"{one.name}: {one.state}.", one.reason, _gone(one), one.remedy)))


def _gone(one: Foreseen) -> str:
    return f"It uses what is gone there: {', '.join(one.gone)}." if one.gone else ""


def _against_json(foresight: Foresight | None) -> dict[str, Any] | None:
    return None if foresight is None else attrs.asdict(foresight)


def _print_against(foresight: Foresight) -> None:
    columns: Cells = {"NAME": lambda s: s.name, "VERSION": lambda s: s.version, "WOULD BE": lambda s: s.state,
               "WHY, AND WHAT TO DO": lambda s: " ".join(filter(None, (s.reason, _gone(s), s.remedy)))}  # fmt: skip
    told = [f"crmkit {foresight.crmkit}" if foresight.crmkit else "", f"API {foresight.api}" if foresight.api else ""]
    click.echo(f"With {', '.join(filter(None, told))}:" if any(told) else "With that crmkit:")
    if foresight.problem:
        click.echo(foresight.problem)
    else:
        show(list(foresight.plugins), columns=columns, noun="plugin")
    for one in foresight.plugins:
        for words in one.deprecated:
            click.echo(words)
    if foresight.note:
        click.echo(foresight.note)
