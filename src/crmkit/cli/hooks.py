"""``crmkit hooks``: which functions of plugins are called, in which order and why, and how long they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from .._plugins import Loaded
from ..crm import CRM
from ..errors import InvalidError, nearest
from ..records import Record, declaration_of
from .showing import Cells, show
from .state import current_run
from .tracing import KINDS, trace_command

ALL: Final = ("offers", *KINDS)
_NAMES: Final = {"crmkit_subscribe": "subscriber", "crmkit_check_batch": "check"}


@click.group(help="Hooks: who is called, in which order and why; what a command calls, and how long it takes.")
def hooks() -> None:
    """Group of commands."""


@hooks.command(help=f"List who is called, in which order and why. HOOK is one of {', '.join(ALL)}; by default all.")
@click.argument("hook", default="")
@click.option("--of", "record_type", default="", metavar="TYPE", help="Only what is called for records of this type.")
@click.pass_obj
def order(crm: CRM, hook: str, record_type: str) -> None:
    """List hook functions in the order of their calls."""
    current_run().is_of_plugins = True
    kind = _kind(hook)
    of = crm.house.type_named(record_type) if record_type else None
    found = [row for one in ALL if kind in ("", one) for row in rows(crm.house.loaded, one, of)]
    if current_run().json:
        show(found)
        return
    columns: Cells = {
        "HOOK": lambda row: row["hook"], "OF": lambda row: row["of"], "PLACE#": lambda row: row["place"],
        "PLUGIN": lambda row: row["plugin"], "VERSION": lambda row: row["version"], "FUNCTION": lambda row: row["function"],
        "WHY THERE": lambda row: "; ".join(row["why"]),
    }  # fmt: skip
    show(found, columns=columns, noun="hook function", next_step="What a command calls: crmkit hooks trace COMMAND")


def _kind(hook: str) -> str:
    """Return a kind of hook by its own name or that of its specification.

    Raises:
        InvalidError: there is none.
    """
    kind = _NAMES.get(hook) or hook.removeprefix("crmkit_")
    if kind and kind not in ALL:
        raise InvalidError(
            f"There is no hook {hook!r}: there are {', '.join(ALL)}.{nearest(kind, ALL)}", code="unknown_hook"
        )
    return kind


def rows(loaded: Loaded, kind: str, of: type[Record] | None = None) -> Iterator[dict[str, Any]]:
    """Yield who is called for one kind of hook, in order, as ``hooks order`` shows it."""
    for place, (plugin, function, about, more) in enumerate(_called(loaded, kind, of), 1):
        state = loaded.state_of(plugin)
        yield {
            "hook": kind, "of": about, "place": place, "plugin": plugin, "distribution": state.distribution,
            "version": state.version, "function": function, "why": (*more, *loaded.reasons.get(plugin, ())),
        }  # fmt: skip


def _called(loaded: Loaded, kind: str, of: type[Record] | None) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield plugin, function, what it is about, and reasons of the function's own."""
    if kind == "offers":
        if of is None:
            yield from ((name, "crmkit_offers", "", ()) for name in loaded.plugged)
    elif kind == "access":
        for offer in loaded.access_rules:
            if of in (None, offer.value.of):
                yield offer.plugin.name, _name(offer.value.rule), _about(loaded, offer.value.of), ()
    else:
        for hook in loaded.hooks:
            if hook.offer.hook == kind and (of is None or hook.concerns(of)):
                yield hook.plugin.name, hook.name, _about(loaded, hook.offer.of), _place(hook.place)


def _place(place: int) -> tuple[str, ...]:
    return {-1: ("before all others: tryfirst",), 1: ("behind all others: trylast",)}.get(place, ())


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", "") or type(function).__name__)


def _about(loaded: Loaded, of: type[Record]) -> str:
    """A record type by its name; a kind of them (``Staged``) by its class."""
    if of is Record:
        return "every type"
    return declaration_of(of).name if of in loaded.types else of.__name__


@hooks.command(
    help="Run a command and tell which hooks it called, in which order, and how long they took. HOOK is one of "
    f"{', '.join(KINDS)}; by default all. What the subscribers do, who are told of it, belongs to it.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--budget-ms", type=click.FloatRange(min=0), default=None, metavar="MS", help="Mark calls that take longer."
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[HOOK] COMMAND...", required=True)
def trace(words: Sequence[str], budget_ms: float | None) -> None:
    """Trace a command."""
    kind = _kind(words[0]) if len(words) > 1 and words[0].removeprefix("crmkit_") in (*KINDS, *_short()) else ""
    trace_command(words[1:] if kind else words, kind=kind, budget_s=None if budget_ms is None else budget_ms / 1000)


def _short() -> Mapping[str, str]:
    return {name.removeprefix("crmkit_"): kind for name, kind in _NAMES.items()}
