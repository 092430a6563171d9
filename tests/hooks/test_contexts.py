"""Contexts: one per plugin and face, gone with the face."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import attrs

from crmkit._hooks import Hooks
from crmkit.ports.work import Change, Context, Refusal, adjust, check
from crmkit.records import Deal


@attrs.frozen
class Settings:
    """A plugin's."""

    limit: int = 5


class Seen:
    """Hooks that keep every context they get."""

    def __init__(self) -> None:
        self.contexts: list[Context[Any]] = []

        @check(Deal)
        def looks(change: Change[Deal], context: Context[Settings]) -> Refusal | None:
            self.contexts.append(context)
            return None

        @adjust(Deal)
        def touches(change: Change[Deal], context: Context[Settings]) -> Deal:
            self.contexts.append(context)
            return change.after

        self.looks: Any = looks
        self.touches: Any = touches


def run(hooks: Hooks, face: object) -> None:
    change = Change(None, Deal(), "added")
    adjusters, checkers = hooks.adjusters(Deal), hooks.checkers(Deal)
    assert adjusters is not None
    assert checkers is not None
    adjusters(change, face)
    checkers([change, change], face)


def test_a_context_has_settings_face_and_name(compiled, face):
    seen = Seen()
    run(compiled(("p", seen.touches), ("p", seen.looks), settings=Settings(7)), face)
    assert {(c.settings, c.crm, c.plugin) for c in seen.contexts} == {(Settings(7), face, "p")}


def test_it_is_made_once_per_plugin_and_face(compiled, face):
    seen = Seen()
    hooks = compiled(seen.touches, seen.looks)
    run(hooks, face)
    run(hooks, face)
    assert len(seen.contexts) == 6
    assert len({id(context) for context in seen.contexts}) == 2
    run(hooks, type(face)())
    assert len({id(context) for context in seen.contexts}) == 4


def test_a_face_is_not_kept_alive(compiled, face):
    class Counted:
        """Hooks that keep nothing."""

        @staticmethod
        @check(Deal)
        def looks(change: Change[Deal], context: Context[Settings]) -> Refusal | None:
            return None

    mine = type(face)()
    compiled(Counted.looks).checkers(Deal)([Change(None, Deal(), "added")], mine)
    gone = weakref.ref(mine)
    del mine
    gc.collect()
    assert gone() is None


def test_a_face_that_can_hold_nothing_serves_too(compiled):
    seen = Seen()
    run(compiled(seen.touches, seen.looks), object())
    assert len(seen.contexts) == 3
