"""Adjust hooks: each gets the record as the one before left it; one that goes wrong is passed over and told."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from crmkit.errors import InvalidError, TryAgain
from crmkit.ports.work import Change, adjust
from crmkit.records import Deal, Touchpoint


@adjust(Deal)
def trimmed(change: Change[Deal]) -> Deal:
    return attrs.evolve(change.after, title=change.after.title.strip())


@adjust(Deal)
def shouted(change: Change[Deal]) -> Deal:
    return attrs.evolve(change.after, title=change.after.title.upper() + "!")


@adjust(Deal)
def unchanged(change: Change[Deal]) -> Deal:
    return change.after


def doing(does: Any) -> Any:
    @adjust(Deal)
    def goes_wrong(change: Change[Deal]) -> Any:
        return does(change.after)

    return goes_wrong


def raising(error: BaseException) -> Any:
    def does(_: Deal) -> Any:
        raise error

    return doing(does)


def deal() -> Change[Deal]:
    return Change(None, Deal(title=" bike "), "added")


def test_without_hooks_there_is_nothing_to_call(compiled):
    assert compiled(trimmed).adjusters(Touchpoint) is None


def test_each_gets_what_the_one_before_left(compiled, face):
    assert compiled(trimmed, shouted).adjusters(Deal)(deal(), face).title == "BIKE!"
    assert compiled(shouted, unchanged, trimmed).adjusters(Deal)(deal(), face).title == "BIKE !"


def test_before_stays_what_it_was(compiled, face):
    @adjust(Deal)
    def sees(change: Change[Deal]) -> Deal:
        return attrs.evolve(
            change.after, title=f"{change.before and change.before.title}>{change.after.title} {change.kind}"
        )

    old = Deal(title="old")
    made = compiled(trimmed, sees).adjusters(Deal)(Change(old, attrs.evolve(old, title=" new ")), face)
    assert made.title == "old>new changed"


@pytest.mark.parametrize(
    "fault",
    [
        raising(ValueError("no")),
        raising(SystemExit(3)),
        raising(RecursionError()),
        raising(GeneratorExit()),
        doing(lambda _: None),
        doing(lambda _: "deal"),
        doing(lambda _: Touchpoint(key="x")),
        doing(lambda _: Deal(title="another id")),
        doing(lambda record: attrs.evolve(record, version=7)),
        doing(lambda record: type("Deal2", (Deal,), {})(id=record.id)),
        doing(lambda record: setattr(record, "title", "mutated")),
        doing(lambda record: record.custom.__setitem__("a", 1)),
        doing(lambda _: "x" * 1_000_000),
    ],
)
def test_one_that_goes_wrong_is_passed_over_and_told(compiled, face, fault):
    hooks = compiled(trimmed, fault, shouted)
    assert hooks.adjusters(Deal)(deal(), face).title == "BIKE!"
    (report,) = hooks.reports
    assert (report.plugin, report.distribution, report.version, report.hook) == ("p2", "crmkit-p2", "1.0", "goes_wrong")
    assert report.told
    assert len(report.told) <= 300


def test_failures_are_called_back_with_secrets_blanked(compiled, face):
    told = []
    hooks = compiled(raising(ValueError("token s3cr3t")), on_event=told.append)
    hooks.adjusters(Deal)(deal(), face)
    assert [failure.told for failure in told] == ["ValueError: token ***"]


@pytest.mark.parametrize("error", [TryAgain("race"), KeyboardInterrupt()])
def test_what_is_no_fault_of_the_plugin_goes_through(compiled, face, error):
    with pytest.raises(type(error)):
        compiled(raising(error)).adjusters(Deal)(deal(), face)


def test_an_answer_that_the_border_does_not_take_is_passed_over_too(compiled, face):
    def ready(record: Deal) -> Deal:
        if record.title.endswith("!"):
            raise InvalidError("No shouting.")
        return attrs.evolve(record, source="checked")

    hooks = compiled(shouted, trimmed)
    made = hooks.adjusters(Deal)(deal(), face, ready)
    assert (made.title, made.source) == ("bike", "checked")
    assert [(report.plugin, report.told) for report in hooks.reports] == [("p1", "InvalidError: No shouting")]


def test_reports_are_bounded(compiled, face):
    hooks = compiled(raising(ValueError()), in_a_row=10_000)
    for _ in range(150):
        hooks.adjusters(Deal)(deal(), face)
    assert len(hooks.reports) == 100
