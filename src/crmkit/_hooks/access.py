"""Access rules of one record type, compiled: one that fails shows nothing, for what does not answer did not allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import PluginError
from ..ports.hook import AccessRule
from ..query import Condition, all_of
from ..records import Record
from .faults import LET_THROUGH, access_fault, through, wrong
from .hook import Plugged

Access = Callable[[str], Condition | None]


Watched = Callable[[Callable[[str], Any], Plugged, str], Callable[[str], Any]]


def compile_access(
    of: type[Record], rules: Sequence[tuple[AccessRule, Plugged]], watched: Watched | None = None
) -> Access:
    """Return a function of an actor that returns the condition under which it sees records of a type; None for all.

    It raises PluginError where a rule fails, answers with something else, or with a condition on another type.
    ``watched`` wraps each rule where calls are measured or traced.
    """
    asked = [_Rule(of, rule.rule, plugin, watched) for rule, plugin in rules]

    def access(actor: str) -> Condition | None:
        answers = [rule(actor) for rule in asked]
        return all_of(of, [answer for answer in answers if answer is not None])

    return access


class _Rule:
    """One rule of one plugin, on one record type."""

    def __init__(self, of: type[Record], rule: Callable[[str], Any], plugin: Plugged, watched: Watched | None) -> None:
        self._of, self._plugin, self._name = of, plugin, getattr(rule, "__name__", "rule")
        self._rule = watched(rule, plugin, self._name) if watched else rule

    def __call__(self, actor: str) -> Condition | None:
        try:
            return _accepted(self._of, self._rule(actor))
        except LET_THROUGH as error:
            through(self._plugin, self._name, error)
            raise
        except BaseException as error:  # whatever a plugin raises, SystemExit too, shows nothing
            raise access_fault(self._plugin, self._name, error) from error


def _accepted(of: type[Record], answer: object) -> Condition | None:
    if answer is None:
        return None
    if not isinstance(answer, Condition):
        raise wrong(answer, "a condition or None")
    return all_of(of, [answer])


def closed_access(of: str, plugin: str) -> Access:
    """Return a function of an actor that raises: the plugin that decides who sees these records is not active."""

    def access(actor: str) -> Condition | None:
        raise PluginError(
            f"Plugin {plugin!r} decides who sees a {of} and is not active, so nothing is shown: mend it (crmkit plugins doctor), "
            f"or switch it off: crmkit plugins disable {plugin}",
            plugin=plugin,
            code="access_missing",
        )

    return access
