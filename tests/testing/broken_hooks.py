"""Hooks with one mistake each, as an author may make it."""

from __future__ import annotations

import time
import types
from collections.abc import Sequence
from itertools import count
from typing import Any

import attrs

from crmkit import Change, Context, Customer, Deal, Event, Plugin, Refusal, adjust, check, subscriber
from crmkit.hookspecs import hookimpl
from crmkit.ports.work import AccessRule
from crmkit.query import each

c = each(Customer)


@adjust(Customer)
def tidy(change: Change[Customer]) -> Customer:
    """Right: a changed copy."""
    return attrs.evolve(change.after, note=change.after.note.strip())


@check(Deal)
def priced(change: Change[Deal], context: Context[None]) -> Refusal | None:
    """Right: it reads the unit of work, and refuses."""
    open_ones = context.crm.find(Deal, each(Deal).state == "open", limit=5)
    is_free = change.becomes(state="won") and change.after.amount is None
    return Refusal("Set the amount first.", field="amount") if is_free and open_ones is not None else None


@check(Customer, batch=True)
def counted(changes: Sequence[Change[Customer]]) -> Sequence[Refusal | None]:
    """Right: an answer for each."""
    return [None for _ in changes]


@subscriber(Deal, "won")
def told(event: Event[Deal], context: Context[None]) -> None:
    """Right: it cannot reach what it wants to tell, and says so."""
    raise ConnectionError(context.plugin)


own = AccessRule(of=Customer, rule=lambda actor: None if actor == "system" else c.source == actor)
good = Plugin("rules", offers=[tidy, priced, counted, told, own])


# --- mistakes ---
@check(Deal)
def wants_more(change: Change[Deal], *, strict: bool) -> Refusal | None:  # never given
    return Refusal("No.") if strict else None


@subscriber(Deal, "wonn")
def waits_for_ever(event: Event[Deal]) -> None:
    """Its event never happens."""


@check(Customer)
def knows_ascii(change: Change[Customer]) -> Refusal | None:
    change.after.name.encode("ascii")
    return None


@check(Customer)
def says_false(change: Change[Customer]) -> Any:
    return not change.after.name


@check(Customer, batch=True)
def answers_once(changes: Sequence[Change[Customer]]) -> Any:
    return [None]


@check(Deal)
def names_no_field(change: Change[Deal]) -> Refusal | None:
    return Refusal("Set the price first.", field="price") if change.becomes(state="won") else None


@check(Deal)
def refuses_in_silence(change: Change[Deal]) -> Refusal | None:
    return Refusal("") if change.becomes(state="won") else None


@adjust(Customer)
def writes_on_it(change: Change[Customer]) -> Customer:
    object.__setattr__(change.after, "note", change.after.note.upper())
    return change.after


@subscriber(Deal)
def empties_it(event: Event[Deal]) -> None:
    if event.values is not None:
        dict.clear(event.values)  # type: ignore[arg-type]  # the mistake


@adjust(Customer)
def stamps_it(change: Change[Customer]) -> Customer:
    return attrs.evolve(change.after, version=change.after.version + 1)


_numbers = count(1)


@adjust(Customer)
def gives_numbers(change: Change[Customer]) -> Customer:
    return attrs.evolve(change.after, source=f"n-{next(_numbers)}")


@adjust(Customer)
def reads(change: Change[Customer], context: Context[None]) -> Customer:
    known = context.crm.find(Customer, c.name == change.after.name)
    return attrs.evolve(change.after, tags=change.after.tags | {f"known-{len(known)}"})


@check(Customer)
def dawdles(change: Change[Customer]) -> Refusal | None:
    until = time.perf_counter() + 0.003
    while time.perf_counter() < until:
        pass
    return None


_seen = set[Any]()


@check(Customer)
def remembers(change: Change[Customer]) -> Refusal | None:
    if change.before is None and change.after.id in _seen:
        return Refusal("It was added before.")
    _seen.add(change.after.id)
    return None


@check(Customer)
def writes(change: Change[Customer], context: Context[None]) -> Refusal | None:
    context.crm.customers.add(name="Another")
    return None


def _rule(actor: str) -> Any:
    return {"system": None, "anna": c.source == "anna"}[actor]


shy = AccessRule(of=Customer, rule=_rule)
all_open = AccessRule(of=Customer, rule=lambda actor: True)  # type: ignore[arg-type,return-value]  # the mistake


def module(**hooks: Any) -> types.ModuleType:
    """A plain module with hooks, which is as good a plugin."""
    made = types.ModuleType("plain_rules")
    vars(made).update(hooks)
    return made


@hookimpl
def crmkit_check(change: Change[Any]) -> Refusal | None:
    """Right, for records of every type."""
    return None


@hookimpl
def crmkit_adjust(change: Change[Any]) -> Any:
    """Right: None leaves the record as it is."""
    return None


@hookimpl
def crmkit_subscribe(event: Event[Any]) -> None:
    """Right: it listens."""


@hookimpl
def crmkit_check_batch(changes: Any) -> Any:
    return None  # the mistake: no answers
