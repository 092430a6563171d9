"""The pluggy specifications and the typed decorators are one thing told twice: what one says, the other says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_overloads, get_type_hints

import pytest

from crmkit import hookspecs
from crmkit._plugins.registering import _KINDS
from crmkit.ports import hook
from crmkit.ports.hook import Change, Context, Event, HookOffer, Refusal, adjust, check, hook_of, subscriber
from crmkit.records import Deal, Record

PAIRS = {
    "crmkit_adjust": (hook._Adjust, adjust(Deal)),
    "crmkit_check": (hook._Check, check(Deal)),
    "crmkit_check_batch": (hook._CheckBatch, check(Deal, batch=True)),
    "crmkit_subscribe": (hook._Subscriber, subscriber(Deal)),
}
"""Specification -> how its decorator is typed, and the decorator."""
MAY_SAY_NOTHING = {"crmkit_adjust"}
"""Specifications for records of every type: None leaves a record of another type as it is."""
Shape = Any


def shape(annotation: Any) -> Shape:
    """A type without its record type: what is in both tellings. ``Change[Deal]`` and ``Change[Any]`` are one."""
    if get_origin(annotation) in (Union, UnionType):
        return frozenset(shape(part) for part in get_args(annotation))
    if get_origin(annotation) is Sequence:
        return (Sequence, *map(shape, get_args(annotation)))
    if annotation in (hook.R, Any) or (isinstance(annotation, type) and issubclass(annotation, Record)):
        return Record
    return NoneType if annotation is None else get_origin(annotation) or annotation


def specified(name: str) -> tuple[list[Shape], Shape]:
    names = {"Change": Change, "Context": Context, "Event": Event, "Refusal": Refusal, "Record": Record}
    hints = get_type_hints(getattr(hookspecs, name), localns=names)
    result = hints.pop("return")
    return [shape(one) for one in hints.values()], shape(result)


def typed(protocol: Any) -> list[tuple[list[Shape], Shape]]:
    """What the decorator accepts, one overload after the other: without and with a context."""
    found = []
    where = SimpleNamespace(__module__=protocol.__module__, __qualname__=f"{protocol.__qualname__}.__call__")
    for overload in get_overloads(where):  # a protocol has overloads only, and nothing that they belong to
        taken = get_type_hints(overload)["function"]
        arguments, result = get_args(taken)
        found.append(([shape(one) for one in arguments], shape(result)))
    return found


def disagreement(name: str, protocol: Any) -> str:
    """Say where the two tellings differ; empty where they do not."""
    arguments, result = specified(name)
    if name in MAY_SAY_NOTHING:
        result = next(iter(result - {NoneType}))
    without, with_context = typed(protocol)
    if without != (arguments[:1], result):
        return f"{name}: without a context {without}, but {arguments[:1], result} is specified"
    if with_context != (arguments, result):
        return f"{name}: with a context {with_context}, but {arguments, result} is specified"
    return ""


@pytest.mark.parametrize("name", PAIRS)
def test_both_say_the_same(name: str):
    assert disagreement(name, PAIRS[name][0]) == ""


@pytest.mark.parametrize("name", PAIRS)
def test_another_signature_would_be_seen(name: str):
    """The control: the specification of every other hook is not what this decorator takes."""
    others = [other for other in PAIRS if other != name]
    assert all(disagreement(name, PAIRS[other][0]) for other in others)


def test_every_specification_has_its_decorator_and_the_other_way_round():
    names = {n for n, f in vars(hookspecs).items() if n.startswith("crmkit_") and inspect.isfunction(f)}
    assert names - set(PAIRS) == {"crmkit_offers"}, "Plugin writes that one"
    assert set(_KINDS) == set(PAIRS)
    kinds = {offer.hook for offer in _KINDS.values()}
    assert kinds == set(get_args(inspect.get_annotations(HookOffer, eval_str=True)["hook"]))


@pytest.mark.parametrize("name", PAIRS)
def test_at_run_time_they_note_the_same(name: str):
    """The names of the arguments too: a plain module is called by them."""
    arguments = list(inspect.signature(getattr(hookspecs, name)).parameters)
    note = _KINDS[name]
    decorate: Callable[..., Any] = PAIRS[name][1]
    assert arguments == [hook._subject(note), "context"]
    for count in (1, 2):
        function = eval(f"lambda {', '.join(arguments[:count])}: None")
        made = hook_of(decorate(function))
        assert made is not None
        assert (made.hook, made.batch, made.takes_context) == (note.hook, note.batch, count == 2)
