"""Running a command while its hook calls are listened to, and telling of them."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Generator, Sequence
from typing import Any, Final

import attrs
import click

from ..ports.watching import HookCall, PluginEvent
from .showing import Cells, show
from .state import current_run

KINDS: Final = ("access", "adjust", "check", "subscriber")
KEPT: Final = 10_000
"""Calls that are kept one by one; an import of a million rows makes many more, which are only added up."""


@attrs.define
class Line:
    """Calls of one function for one record type, added up.

    Attributes:
        calls: how many.
        told: what the last one answered.
    """

    first: HookCall
    calls: int = 0
    total_s: float = 0.0
    slowest_s: float = 0.0
    over: int = 0
    told: str = ""

    def add(self, call: HookCall) -> None:
        """Count a call."""
        self.calls += 1
        self.total_s += call.took_s
        self.slowest_s = max(self.slowest_s, call.took_s)
        self.over += call.is_over
        self.told = call.told


@attrs.define(eq=False)
class Listener:
    """Hears of calls and of what happens to plugins.

    Attributes:
        kind: the hook that is listened to; empty for all.
        lines: calls added up, in the order of the first of each.
        calls: single ones, the first ``KEPT``.
    """

    kind: str = ""
    lines: dict[tuple[str, ...], Line] = attrs.field(factory=dict[tuple[str, ...], Line])
    calls: list[HookCall] = attrs.field(factory=list[HookCall])
    events: list[PluginEvent] = attrs.field(factory=list[PluginEvent])

    def call(self, call: HookCall) -> None:
        """Hear of a call."""
        if self.kind in ("", call.hook):
            key = (call.hook, call.record_type, call.plugin, call.function, call.outcome)
            self.lines.setdefault(key, Line(call)).add(call)
            if len(self.calls) < KEPT:
                self.calls.append(call)

    @property
    def total_s(self) -> float:
        """Seconds in all hooks."""
        return sum(line.total_s for line in self.lines.values())


def trace_command(words: Sequence[str], *, kind: str, budget_s: float | None) -> None:
    """Run a command, then show its calls; what the command raised comes out behind them."""
    run, listener, begun = current_run(), Listener(kind), time.perf_counter()
    run.options.update(trace=listener.call, on_plugin=listener.events.append)
    if budget_s is not None:
        run.options["hook_budget_s"] = budget_s
    output = io.StringIO()
    try:
        with _quiet(output if run.json else None):
            _invoke(words)
            run.drain()
    finally:
        took_s = time.perf_counter() - begun
        if run.json:
            show(_as_mapping(words, listener, took_s, output.getvalue()))
        else:
            _tell(listener, took_s)


@contextlib.contextmanager
def _quiet(into: io.StringIO | None) -> Generator[None]:
    with contextlib.redirect_stdout(into) if into is not None else contextlib.nullcontext():
        yield


def _invoke(words: Sequence[str]) -> None:
    top = click.get_current_context().find_root()
    group: Any = top.command
    name, command, rest = group.resolve_command(top, list(words))
    with command.make_context(name, rest, parent=top) as context:
        command.invoke(context)


def _as_mapping(words: Sequence[str], listener: Listener, took_s: float, output: str) -> dict[str, Any]:
    plugins: dict[str, dict[str, Any]] = {}
    for line in listener.lines.values():
        spent = plugins.setdefault(line.first.plugin, {"calls": 0, "took_s": 0.0, "slowest_s": 0.0, "over": 0})
        spent["calls"] += line.calls
        spent["took_s"] += line.total_s
        spent["slowest_s"] = max(spent["slowest_s"], line.slowest_s)
        spent["over"] += line.over
    return {
        "command": list(words), "took_s": took_s, "hooks_s": listener.total_s, "plugins": plugins, "calls": listener.calls,
        "events": listener.events, "output": output,
    }  # fmt: skip


def _tell(listener: Listener, took_s: float) -> None:
    columns: Cells = {
        "HOOK": lambda line: line.first.hook, "OF": lambda line: line.first.record_type, "PLUGIN": lambda line: line.first.plugin,
        "FUNCTION": lambda line: line.first.function, "CALLS#": lambda line: line.calls,
        "MS#": lambda line: line.total_s * 1000, "SLOWEST#": lambda line: line.slowest_s * 1000,
        "OVER#": lambda line: line.over or None,
        "ANSWERED": lambda line: line.told if line.first.outcome == "answered" else f"{line.first.outcome} {line.told}".strip(),
    }  # fmt: skip
    lines = list(listener.lines.values())
    if not lines and sys.exc_info()[0] is not None:
        return  # the command failed before any hook: only that is told
    click.echo()
    show(lines, columns=columns, noun="hook function" if lines else "hook was called")
    for event in listener.events:
        click.echo(str(event))
    calls, plugins = sum(line.calls for line in lines), len({line.first.plugin for line in lines})
    if lines:
        click.echo(
            f"{calls:,} call{'' if calls == 1 else 's'} of {plugins} plugin{'' if plugins == 1 else 's'} took "
            f"{listener.total_s * 1000:,.2f} ms of the command's {took_s * 1000:,.0f} ms."
        )
