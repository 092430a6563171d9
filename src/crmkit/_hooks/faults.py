"""What is told of a hook that went wrong: always with plugin, distribution, version and hook, never with a secret."""

from __future__ import annotations

import inspect
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from ..errors import PluginError, ReentrancyError, StoreError, TryAgain
from ..ports.watching import PluginEvent
from .hook import Hook, Plugged

EventName = Literal["plugin.failed", "plugin.quarantined", "plugin.recovered", "plugin.overran"]
STOPS: Final = (KeyboardInterrupt,)
"""A person who stops the program: never caught."""
LET_THROUGH: Final = (*STOPS, TryAgain, StoreError)
"""A person who stops the program, and the store's own errors while a hook read through it: these are no fault of the plugin."""
_LONGEST = 300
_READ = 3_000
_HERE: Final = str(Path(__file__).parents[1]) + os.sep


class WrongResult(TypeError):
    """A hook returned something that it may not: the message says what."""


def event_of(
    name: EventName, plugin: Plugged, hook: str, error: BaseException | None = None, words: str = ""
) -> PluginEvent:
    """Return what is kept of something that happened to a plugin: words only, so that no record is kept alive by it."""
    return PluginEvent(
        name=name, plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, hook=hook,
        told=told(plugin, error) if error is not None else words, where=_where(error), at=datetime.now(UTC),
    )  # fmt: skip


def _where(error: BaseException | None) -> str:
    """The last line of the plugin's code that an error went through; empty for a wrong answer, which has none."""
    if error is None:
        return ""
    lines = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
    outside = [place for place in lines if not place[0].startswith(_HERE)]
    return "{}:{}".format(*outside[-1]) if outside else ""


def through(plugin: Plugged, hook: str, error: BaseException) -> None:
    """Note on an error that goes through untouched which hook it came through."""
    error.add_note(f"It came through the hook {hook} of the plugin {plugin}.")


def told(plugin: Plugged, error: BaseException) -> str:
    """Return type and text of an error, cut, with the plugin's secrets blanked; safe for errors whose text raises."""
    try:
        text = " ".join(str(error)[:_READ].split()).rstrip(".")
    except STOPS:
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
    what = unrun(answer) or ("None" if answer is None else f"a {type(answer).__name__}")
    return WrongResult(f"it returned {what} where it must return {wanted}")


def unrun(answer: object) -> str:
    """Return what an answer is called that is code which nobody runs (a coroutine, a generator), and put it away; else empty."""
    if inspect.iscoroutine(answer):
        answer.close()
        return "a coroutine"
    if inspect.isgenerator(answer):
        return "a generator"
    if inspect.isasyncgen(answer):
        return "an asynchronous generator"
    return "something to be awaited" if inspect.isawaitable(answer) else ""
