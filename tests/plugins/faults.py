"""What a plugin's function can do wrong: each fault is tried on every hook there is."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs

from crmkit import CRM, Deal, PluginError, RefusedError, Touchpoint, TryAgain
from crmkit.errors import StorageBusy

HUGE = 100_000_000
"""Bytes of the largest answer and of the longest text of an error."""


@attrs.define(eq=False)
class Called:
    """One call of the plugin's function.

    Attributes:
        subject: the change, the changes, the event or the actor; None for offers.
        context: None where the hook has none.
        good: makes the answer that a plugin without fault gives.
        stage: what the test and the fault share.
    """

    subject: Any
    context: Any
    good: Callable[[], Any]
    stage: Stage


@attrs.define(eq=False)
class Stage:
    """What a fault leaves behind.

    Attributes:
        crm: the open CRM, as a careless plugin keeps it in a global; None until it is open.
        seconds: the clock by which hooks are measured; a hook that sleeps moves it.
        go_on: lets a leaked thread go on.
        threads: those that were leaked.
        said: what leaked threads and calls back into the CRM met with.
    """

    crm: CRM | None = None
    seconds: float = 0.0
    go_on: threading.Event = attrs.field(factory=threading.Event)
    threads: list[threading.Thread] = attrs.field(factory=list[threading.Thread])
    said: list[object] = attrs.field(factory=list[object])

    def clock(self) -> float:
        return self.seconds


Does = Callable[[Called], Any]


@attrs.frozen
class Fault:
    """One thing that goes wrong.

    Attributes:
        is_answer_to: the kinds of hooks for which this is a right answer.
        goes_through: the kinds of hooks that it comes out of as it is: a person stops the program, a race was lost.
    """

    does: Does
    is_answer_to: frozenset[str] = frozenset()
    goes_through: frozenset[str] = frozenset()


ALL = frozenset({"offers", "adjust", "adjust or none", "check", "batch", "subscriber", "access"})


def raises(make: Callable[[], BaseException]) -> Does:
    def does(_: Called) -> Any:
        raise make()

    return does


def answers(make: Callable[[], Any]) -> Does:
    return lambda _: make()


def never_ends(called: Called) -> Any:
    return never_ends(called)


class Unspeakable(Exception):
    """Its text is code of the plugin too."""

    def __str__(self) -> str:  # noqa: PLE0307 - that it never returns is its fault
        sys.exit(1)


class Base(BaseException):
    """No Exception."""


def subjects(called: Called) -> list[Any]:
    """What there is to be changed behind the CRM's back."""
    subject = called.subject
    changes = list(subject) if isinstance(subject, list | tuple) else [subject]
    records = [getattr(one, "after", None) or getattr(one, "record", None) for one in changes]
    return [subject, *changes, *records, called.context, getattr(called.context, "crm", None)]


def mutates(called: Called) -> Any:
    """The first attempt is answered with an error."""
    for thing in filter(None, subjects(called)):
        for name in ("title", "after", "record", "settings", "find", "whatever"):
            setattr(thing, name, "mutated")
    raise AttributeError("there was nothing to be changed")


NAMES = "title after before record values settings crm plugin find add whatever".split()


def mutates_in_silence(called: Called) -> Any:
    """Every way that needs no forbidden name; what is refused is passed over."""
    answer = called.good()
    for thing in subjects(called):
        for name in NAMES:
            with suppress(Exception):
                delattr(thing, name)
            with suppress(Exception):
                setattr(thing, name, "mutated")
        for mapping in (getattr(thing, "custom", None), getattr(thing, "values", None)):
            with suppress(Exception):
                mapping["title"] = "mutated"
        with suppress(Exception):
            thing.clear()
        with suppress(Exception):
            thing[:] = []
    return answer


def sleeps(called: Called) -> Any:
    called.stage.seconds += 5.0
    return called.good()


def reads(called: Called) -> Any:
    if called.context is not None:
        called.stage.said.append(len(called.context.crm.find(Deal)))
    return called.good()


def writes(called: Called) -> Any:
    crm_of(called).add(Touchpoint(key="by-a-hook"))
    return called.good()


def opens(called: Called) -> Any:
    """Its own CRM, in the middle of a call."""
    with CRM.open("memory:", discover=False) as crm:
        crm.add(Deal(title="of another CRM"))
        called.stage.said.append(len(crm.find(Deal)))
    return called.good()


def closes(called: Called) -> Any:
    if called.context is None:
        raise LookupError("it is given no CRM")
    called.context.crm.close()
    return called.good()


def crm_of(called: Called) -> CRM:
    """The CRM that a plugin can lay hands on: its context's, else the one that it kept."""
    found = called.context.crm if called.context else called.stage.crm
    if found is None:
        raise LookupError("there is no CRM yet")
    return found


def leaks_a_thread(called: Called) -> Any:
    """The thread goes on with what it was given long after the call."""

    def later() -> None:
        called.stage.go_on.wait()
        try:
            called.stage.said.append(called.context.crm.find(Deal) if called.context else "no CRM")
        except BaseException as error:  # noqa: BLE001 - whatever it met with is looked at by the test
            called.stage.said.append(error)

    thread = threading.Thread(target=later, daemon=True)
    called.stage.threads.append(thread)
    thread.start()
    return called.good()


def yields(called: Called) -> Any:
    yield called.good()


async def awaits(called: Called) -> Any:
    return called.good()


async def yields_and_awaits(called: Called) -> Any:
    yield called.good()


SILENT = frozenset({"subscriber"})
"""Hooks of which no answer is asked: what they return is dropped."""
IN_A_UNIT = frozenset({"adjust", "adjust or none", "check", "batch", "access"})
"""Hooks that run inside a unit of work, which is run again where a race was lost."""
MAY_SAY_NOTHING = frozenset({"adjust or none", "check", "subscriber", "access"})

FAULTS: dict[str, Fault] = {
    "raises": Fault(raises(lambda: ValueError("401 for s3cr3t"))),
    "exits": Fault(raises(lambda: SystemExit(3))),
    "recurses without end": Fault(never_ends),
    "raises no Exception": Fault(raises(lambda: Base("base"))),
    "raises GeneratorExit": Fault(raises(GeneratorExit)),
    "raises StopIteration": Fault(raises(lambda: StopIteration(1))),
    "raises MemoryError": Fault(raises(MemoryError)),
    "is cancelled": Fault(raises(asyncio.CancelledError)),
    "raises what can not be told": Fault(raises(Unspeakable)),
    "raises 100 MB of text": Fault(raises(lambda: ValueError("x" * HUGE))),
    "blames another": Fault(
        raises(lambda: PluginError("not me", plugin="aaa", distribution="crmkit-aaa", version="9"))
    ),
    "refuses by raising": Fault(raises(lambda: RefusedError("no"))),
    "None": Fault(answers(lambda: None), MAY_SAY_NOTHING),
    "another type": Fault(answers(lambda: 42), SILENT),
    "a list of another type": Fault(answers(lambda: [42]), SILENT),
    "100 MB": Fault(answers(lambda: bytes(HUGE)), SILENT),
    "a generator": Fault(yields),
    "a coroutine": Fault(awaits),
    "an asynchronous generator": Fault(yields_and_awaits),
    "mutates": Fault(mutates),
    "mutates in silence": Fault(mutates_in_silence, ALL),
    "sleeps": Fault(sleeps, ALL),
    "reads the CRM": Fault(reads, ALL),
    "writes to the CRM": Fault(writes, SILENT),
    "opens another CRM": Fault(opens, ALL),
    "closes the CRM": Fault(closes),
    "leaks a thread": Fault(leaks_a_thread, ALL),
    "a person stops it": Fault(raises(KeyboardInterrupt), goes_through=ALL),
    "says that a race was lost": Fault(raises(lambda: TryAgain("race")), goes_through=IN_A_UNIT),
    "says that the store is busy": Fault(raises(lambda: StorageBusy("busy")), goes_through=IN_A_UNIT),
}
