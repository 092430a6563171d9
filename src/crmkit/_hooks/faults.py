"""What is told of a hook that went wrong: always with plugin, distribution, version and hook, never with a secret."""

from __future__ import annotations

import inspect
from datetime import datetime
from typing import Final

import attrs

from ..errors import PluginError, ReentrancyError, StoreError, TryAgain
from .hook import Hook, Plugged

LET_THROUGH: Final = (KeyboardInterrupt, TryAgain, StoreError)
"""A person who stops the program, and the store's own errors while a hook read through it: these are no fault of the plugin."""
_LONGEST = 300


class WrongResult(TypeError):
    """A hook returned something that it may not: the message says what."""


@attrs.frozen(kw_only=True)
class HookFailure:
    """A hook that went wrong and was passed over.

    Attributes:
        error: what it raised; a ``WrongResult`` for what it returned.
        told: type and text of the error, without secrets.
        is_passed_over: whether the plugin's hooks are passed over from now on, because it keeps failing.
    """

    plugin: str
    distribution: str
    version: str
    hook: str
    error: BaseException = attrs.field(repr=False, eq=False)
    told: str
    at: datetime | None = None
    is_passed_over: bool = False


def failure_of(
    hook: Hook, error: BaseException, at: datetime | None = None, *, is_passed_over: bool = False
) -> HookFailure:
    """Return what is kept of a failure."""
    plugin = hook.plugin
    return HookFailure(
        plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, hook=hook.name, error=error,
        told=told(plugin, error), at=at, is_passed_over=is_passed_over,
    )  # fmt: skip


def told(plugin: Plugged, error: BaseException) -> str:
    """Return type and text of an error, cut, with the plugin's secrets blanked; safe for errors whose text raises."""
    try:
        text = " ".join(str(error).split()).rstrip(".")
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the text is the plugin's code too
        text = ""
    name = "" if isinstance(error, WrongResult) else type(error).__name__
    return plugin.redacted(": ".join(part for part in (name, text) if part))[:_LONGEST]


def check_fault(hook: Hook, error: BaseException) -> PluginError:
    """Return the error of a check that failed: the change is refused, for what does not answer did not allow."""
    inside = isinstance(error, ReentrancyError)
    made = ReentrancyError if inside else PluginError
    return made(
        f"Plugin {hook.plugin} failed in its check {hook.name}, so the change is refused: {told(hook.plugin, error)}. "
        f"Mend the plugin, or switch it off: crmkit plugins disable {hook.plugin.name}",
        code="reentrancy" if inside else "check_failed",
        **named(hook.plugin, hook.name),
    )  # fmt: skip


def subscriber_fault(hook: Hook, error: BaseException) -> PluginError:
    """Return the error of a subscriber that failed: the event is told again later."""
    return PluginError(
        f"Plugin {hook.plugin} failed in its subscriber {hook.name}: {told(hook.plugin, error)}.",
        code="subscriber_failed",
        **named(hook.plugin, hook.name),
    )


def access_fault(plugin: Plugged, rule: str, error: BaseException) -> PluginError:
    """Return the error of an access rule that failed: nothing is shown, for what does not answer did not allow."""
    return PluginError(
        f"Plugin {plugin} failed in its access rule {rule}, so nothing is shown: {told(plugin, error)}. "
        f"Mend the plugin, or switch it off: crmkit plugins disable {plugin.name}",
        code="access_failed",
        **named(plugin, rule),
    )


def named(plugin: Plugged, hook: str) -> dict[str, str]:
    """Return whom to name, as the arguments of a PluginError."""
    return {"plugin": plugin.name, "distribution": plugin.distribution, "version": plugin.version, "hook": hook}


def wrong(answer: object, wanted: str) -> WrongResult:
    """Return the error of a hook that answered with something that it may not."""
    what = "a coroutine" if is_unawaited(answer) else "None" if answer is None else f"a {type(answer).__name__}"
    return WrongResult(f"it returned {what} where it must return {wanted}")


def is_unawaited(answer: object) -> bool:
    """Say whether the answer is a coroutine that nobody awaits, and put it away."""
    if inspect.iscoroutine(answer):
        answer.close()
        return True
    return False
