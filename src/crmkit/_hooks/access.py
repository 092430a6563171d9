"""Access rules of one record type, compiled: one that fails shows nothing, for what does not answer did not allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import PluginError
from ..ports.hook import AccessRule
from ..query import Condition, all_of
from ..records import Record
from .faults import LET_THROUGH, access_fault, wrong
from .hook import Plugged

Access = Callable[[str], Condition | None]


def compile_access(of: type[Record], rules: Sequence[tuple[AccessRule, Plugged]]) -> Access:
    """Return a function of an actor that returns the condition under which it sees records of a type; None for all.

    It raises PluginError where a rule fails, answers with something else, or with a condition on another type.
    """

    def access(actor: str) -> Condition | None:
        answers = [_asked(of, rule, plugin, actor) for rule, plugin in rules]
        return all_of(of, [answer for answer in answers if answer is not None])

    return access


def _asked(of: type[Record], rule: AccessRule, plugin: Plugged, actor: str) -> Condition | None:
    try:
        return _accepted(of, rule.rule(actor))
    except LET_THROUGH:
        raise
    except BaseException as error:  # whatever a plugin raises, SystemExit too, shows nothing
        raise access_fault(plugin, getattr(rule.rule, "__name__", "rule"), error) from error


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
