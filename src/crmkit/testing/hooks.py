"""The contract of hooks: what every adjust hook, check, subscriber and access rule must do, as a pytest class for their author to run.

    class TestRules(HooksContract):
        plugin = plugin

The hooks are called by a CRM in memory, for records of every kind of value that are added, changed, moved and removed.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final, cast

import attrs
import pytest

from ..crm import CRM
from ..errors import CRMError
from ..ports.hook import AccessRule, Change, Refusal
from ..ports.plugin import Plugin
from ..query import Condition
from ..records import (
    CORE_TYPES,
    ContactPoint,
    Customer,
    Deal,
    Interaction,
    Purchase,
    Record,
    Staged,
    SurveyResponse,
    declaration_of,
)
from ..records.as_json import to_json
from ..services.working import Working
from .clock import Clock
from .contract import NOTHING, Contract
from .made_up import made_up
from .samples import Samples
from .watching import Call, Watched, hooks_in, watched

SUBJECTS: Final = (Customer, ContactPoint, Interaction, Deal, Purchase, SurveyResponse)
"""Core records for hooks that are called for every type."""
EVENTS: Final = frozenset(
    """added answered cancelled changed done due handed_over linked lost merged merged_away merging moved opened planned
    postponed published queued removed sent uncertain won""".split()
)
"""What happens to the core's own records."""
ACTORS: Final = ("system", "anna", "", "דוד כהן", "a@b.example")
_STAMPS: Final = ("id", "version", "created_at", "updated_at", "customer_id")


class HooksContract(Contract):
    """Set ``plugin``.

    Attributes:
        settings: the plugin's, where made-up ones do not do.
        others: plugins that it requires.
        budget_s: what a call may take, in seconds.
    """

    plugin: ClassVar[Plugin | types.ModuleType]
    settings: ClassVar[Mapping[str, Any]] = NOTHING
    others: ClassVar[Sequence[Any]] = ()
    budget_s: ClassVar[float] = 0.05

    def happens(self, crm: CRM) -> None:
        """Do more in the CRM that the hooks are to be called for: the plugin's own verbs."""

    # --- the contract ---
    def test_it_takes_what_it_is_given(self) -> None:
        """Every hook can be called with its subject, and its context where it takes one."""
        for hook in self._hooks():
            names = ("subject", "context") if hook.note.takes_context else ("subject",)
            try:
                if not hook.is_plain:  # those of a module are judged where it is registered
                    inspect.signature(hook.function).bind(*names)
            except TypeError as error:
                raise AssertionError(f"{hook.name} can not be called with ({', '.join(names)}): {error}.") from None

    def test_each_hook_is_called(self) -> None:
        """Something that happens calls each hook: none is bound to an event or a record type that does not exist."""
        called = {call.hook.name for call in self._calls()}
        for hook in self._hooks():
            assert hook.name in called, (
                f"{hook.name} was never called: is {', '.join(hook.note.events) or hook.note.of.__name__} what happens? "
                "Where only a verb of the plugin does it, override happens()."
            )

    def test_every_subject_is_survived(self) -> None:
        """People and organisations, missing values, every script, nonsense: a hook answers, and raises nothing.

        Only a subscriber may raise, where it does not reach what it wants to tell: it is told again.
        """
        for call in self._calls():
            is_excused = call.hook.note.hook == "subscriber" and _is_unreachable(call.error)
            assert call.error is None or is_excused, f"{call.hook.name} raised {call.error!r} for {call.before!r}."

    def test_answers_are_of_the_right_type(self) -> None:
        """An adjust hook returns a record of the type that it was given, a check a Refusal or None, a subscriber nothing."""
        for call in self._calls():
            if call.error is None:
                told = _wrong_answer(call)
                assert not told, f"{call.hook.name} returned {call.answer!r}: {told}."

    def test_refusals_are_read_by_people(self) -> None:
        """A refusal says why, and names a field that there is."""
        for call in self._calls():
            for subject, answer in zip(call.subjects, _answers(call), strict=False):
                if isinstance(answer, Refusal):
                    assert answer.reason.strip(), f"{call.hook.name} refuses without a reason."
                    change: Change[Any] = subject
                    record: Record = change.after
                    known = declaration_of(type(record)).by_name
                    assert answer.field is None or answer.field in known, (
                        f"{call.hook.name}: no field {answer.field!r}."
                    )

    def test_subjects_are_left_as_they_were(self) -> None:
        """Nothing that a hook is given is changed in place: an adjust hook returns a changed copy."""
        for call in self._calls():
            assert call.after == call.before, f"{call.hook.name} changed what it was given."

    def test_stamps_are_left_alone(self) -> None:
        """An adjusted record is still that record: its id, version and times are not the hook's to change."""
        for call in self._calls():
            if call.hook.note.hook == "adjust" and isinstance(call.answer, Record):
                given = call.given[0].after
                for stamp in _STAMPS:
                    assert getattr(call.answer, stamp, None) == getattr(given, stamp), (
                        f"{call.hook.name} changed {stamp}."
                    )

    def test_adjusting_is_pure(self) -> None:
        """The same record is adjusted the same way when it is asked again, outside of any unit of work: it reads nothing else."""
        for call in self._calls():
            if call.hook.note.hook == "adjust" and call.error is None:
                again = call.hook.function(*call.given)
                assert _plain(again) == _plain(call.answer), (
                    f"{call.hook.name} answers otherwise when it is asked again."
                )

    def test_it_returns_soon(self) -> None:
        """Hooks are called for every record of an import: the quickest of a hook's calls is what it takes at least."""
        quickest: dict[str, float] = {}
        for call in self._calls():
            quickest[call.hook.name] = min(call.seconds, quickest.get(call.hook.name, call.seconds))
        for name, seconds in quickest.items():
            assert seconds <= self.budget_s, f"{name} takes {seconds:.3f} s a call; {self.budget_s} s are enough."

    def test_two_crms_do_not_meet(self) -> None:
        """In a second CRM beside the first one the hooks answer as they did there: they remember nothing."""
        samples = self._samples()
        calls: list[list[Call]] = [[], []]
        with self._crm(calls[0]) as one, self._crm(calls[1]) as other:
            for crm in (one, other):
                self._happen(crm, samples)
        first, second = ([(call.hook.name, _told(call)) for call in made] for made in calls)
        for here, there in zip(first, second, strict=False):
            assert here == there, (
                f"{here[0]} answered {here[1]!r}, and in a second CRM {there[0]} answered {there[1]!r}."
            )
        assert len(first) == len(second)

    def test_access_rules_answer_for_everyone(self) -> None:
        """A rule returns a condition on its record type, or None, whoever asks; people then see what it lets them see."""
        rules = [offer for offer in _offers(self.plugin) if isinstance(offer, AccessRule)]
        if not rules:
            pytest.skip("it has no access rules")
        with self._crm([]) as crm:
            for rule in rules:
                for actor in ACTORS:
                    answer: Any = rule.rule(actor)
                    assert answer is None or isinstance(answer, Condition), f"It returned {answer!r} for {actor!r}."
                    crm.acting_as(actor).find(rule.of)

    # --- parts ---
    def _hooks(self) -> tuple[Watched, ...]:
        found = hooks_in(self.plugin)
        if not found:
            pytest.skip("it has no hooks")
        return found

    def _calls(self) -> list[Call]:
        """Return every call of a hook while much happens in a CRM."""
        calls: list[Call] = []
        if self._hooks():
            with self._crm(calls) as crm:
                self._happen(crm, self._samples())
        return calls

    @contextmanager
    def _crm(self, calls: list[Call]) -> Generator[CRM]:
        plugin = watched(self.plugin, calls)
        name = getattr(plugin, "name", "")
        settings = made_up(getattr(plugin, "settings", None), self.settings)
        with CRM.open(
            "memory:", plugins=[*self.others, plugin], discover=False, environ={}, strict=True, clock=Clock(),
            pause=_never, settings={name: settings} if settings is not None else {}, secret="s",  # noqa: S106  # of a CRM that is gone at once
        ) as crm:  # fmt: skip
            yield crm

    def _samples(self) -> list[Samples]:
        """Return records of every type that one of the hooks is called for."""
        own = [offer for offer in _offers(self.plugin) if isinstance(offer, type) and issubclass(offer, Record)]
        wanted: dict[type[Record], None] = {}
        for hook in self._hooks():
            of = hook.note.of
            wanted.update(dict.fromkeys([of] if of in CORE_TYPES or of in own else _kinds(of, own)))
        return [Samples(of) for of in wanted]

    def _happen(self, crm: CRM, everything: Sequence[Samples]) -> None:
        """Add, change, move and remove records; what is refused is refused."""
        work = crm.service(Working)
        work.tell_subscribers()  # they begin at the end of the log as it is now
        events = {(hook.note.of, event) for hook in self._hooks() for event in hook.note.events}
        for samples in everything:
            samples.kept_around(crm)
            _done(lambda: crm.add(samples.records[-2:]))  # noqa: B023  # called at once; a batch
            for record in samples.records[:-2]:
                _done(lambda: crm.add(record))  # noqa: B023  # called at once
            for record in _there(crm, samples):
                _change(crm, record, {event for of, event in events if _may_happen(of, event, type(record))})
        self.happens(crm)
        work.tell_subscribers()  # of records that are still there
        for samples in everything:
            for record in _there(crm, samples):
                if declaration_of(samples.of).mode != "append_only":
                    _done(lambda: crm.remove(record))  # noqa: B023  # called at once
        work.tell_subscribers()


def _there(crm: CRM, samples: Samples) -> list[Record]:
    return list(crm.get_many(samples.of, [record.id for record in samples.records]).values())


def _change(crm: CRM, record: Record, events: set[str]) -> None:
    """Let all events happen to a record, and move it along its path."""
    of = type(record)
    if declaration_of(of).mode != "mutable":
        return
    now: Any = crm.get_many(of, [record.id])[record.id]
    for event in sorted(events - {"added", "removed"}) or ["changed"]:
        name = event if "." in event else f"{declaration_of(of).name}.{event}"
        now = _done(lambda: crm.replace(now, name=name)) or now  # noqa: B023  # called at once
    for stage in _stages(crm, now) if isinstance(now, Staged) else ():
        now = _done(lambda: crm.move(now, stage)) or now  # noqa: B023  # called at once


def _done(do: Any) -> Any:
    """Return what came of it; None where it was refused, or a hook went wrong: that is another check's."""
    try:
        return do()
    except CRMError:
        return None


def _stages(crm: CRM, record: Staged) -> list[str]:
    boards = crm.pipelines.board(record.pipeline) if record.pipeline else ()
    return [column.stage for column in boards]


def _kinds(of: type[Record], own: Sequence[type[Record]]) -> list[type[Record]]:
    return [one for one in (*SUBJECTS, *own) if issubclass(one, of)]


def _may_happen(of: type[Record], event: str, kind: type[Record]) -> bool:
    """Whether an event can be made to happen: any to a plugin's own records, the known ones to the core's."""
    return issubclass(kind, of) and (kind not in CORE_TYPES or event.rpartition(".")[2] in EVENTS)


def _never(seconds: float) -> None:
    """Contracts do not sleep."""


def _offers(plugin: Any) -> Sequence[Any]:
    if isinstance(plugin, Plugin):
        return plugin.offers
    return plugin.crmkit_offers() if hasattr(plugin, "crmkit_offers") else ()


def _is_unreachable(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error is not None


def _answers(call: Call) -> Sequence[Any]:
    answer: Any = call.answer
    is_batch = call.hook.note.batch and type(answer) in (list, tuple)
    return cast("Sequence[Any]", answer) if is_batch else (answer,)


def _wrong_answer(call: Call) -> str:
    """Return what is wrong with an answer; empty where it is as it must be."""
    hook = call.hook
    if hook.note.hook == "adjust":
        change: Change[Any] = call.given[0]
        is_right = type(call.answer) is type(change.after) or (hook.is_plain and call.answer is None)
        return "" if is_right else f"return a {type(change.after).__name__}, a changed copy"
    if hook.note.hook == "subscriber":
        return "" if call.answer is None else "a subscriber returns nothing"
    if hook.note.batch and not (isinstance(call.answer, list | tuple) and len(_answers(call)) == len(call.subjects)):
        return "return an answer for each change, in their order"
    is_right = all(answer is None or isinstance(answer, Refusal) for answer in _answers(call))
    return "" if is_right else "return a Refusal or None"


def _plain(answer: Any) -> Any:
    if not isinstance(answer, Record):
        return answer
    return {name: value for name, value in to_json(answer).items() if name not in _STAMPS}


def _told(call: Call) -> Any:
    """Return an answer so that answers of two CRMs can be compared."""
    if call.error is not None:
        return type(call.error).__name__
    return [_plain(answer) if isinstance(answer, Record) else attrs.astuple(answer) if isinstance(answer, Refusal) else answer
            for answer in _answers(call)]  # fmt: skip
