"""Importing a plugin: everything that its code may do at import is caught and told."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any, Final

import attrs

from ..errors import CRMError, nearest
from ..ports.plugin import Plugin
from .state import State

PASSED_ON: Final = (KeyboardInterrupt,)
"""What is never caught: a person stops the program."""


class NotUsable(Exception):
    """A plugin can not be used: reason and remedy are sentences. Never leaves the room."""

    def __init__(self, reason: str, remedy: str = "", *, state: State = "failed") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy
        self.state: State = state


def imported(target: object) -> Any:
    """Return the Plugin, or the plain module of hooks, that a target names.

    Raises:
        NotUsable: it can not be imported, or is something else.
    """
    found: Any = _resolved(target) if isinstance(target, str) else target
    if isinstance(found, types.ModuleType) and isinstance(getattr(found, "plugin", None), Plugin):
        found = found.plugin
    if isinstance(found, Plugin | types.ModuleType):
        return found
    raise NotUsable(
        f"{_where(target)} is a {type(found).__name__}: neither a Plugin nor a module of hooks.",
        "Its author names a Plugin in the entry point, as in 'package.module:plugin'.",
    )


def _where(target: object) -> str:
    return repr(target) if isinstance(target, str) else "What was given"


def _resolved(target: str) -> Any:
    module_name, _, attribute = target.partition("[")[0].strip().partition(":")
    found = _module(module_name.strip())
    for part in filter(None, attribute.strip().split(".")):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise NotUsable(
                f"Module {module_name!r} has no {attribute!r}.{nearest(part, vars(found)) if hasattr(found, '__dict__') else ''}",
                "Its author mends the entry point.",
            ) from None
        except PASSED_ON:
            raise
        except BaseException as error:
            raise _as_told(error, f"Reading {attribute!r} of {module_name!r}") from error
    return found


def _module(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except PASSED_ON:
        raise
    except ModuleNotFoundError as error:
        raise _missing(name, error) from error
    except BaseException as error:  # a plugin's module may do anything, SystemExit too
        sys.modules.pop(name, None)
        raise _as_told(error, "Its import") from error


def _missing(name: str, error: ModuleNotFoundError) -> NotUsable:
    missing = error.name or ""
    if name == missing or name.startswith(f"{missing}."):
        return NotUsable(
            f"Its module {missing!r} is not there.", "Install the plugin again, or remove what is left of it."
        )
    return NotUsable(
        f"It could not be imported: it needs {missing!r}, which is not installed.",
        f"Install what has the module {missing!r}.",
    )


def _as_told(error: BaseException, doing: str) -> NotUsable:
    return NotUsable(f"{doing} raised {described(error)}.", "Report it to the plugin's authors.")


def described(error: BaseException) -> str:
    """Return type and text of an error, cut; safe for errors whose text raises."""
    try:
        text = " ".join(str(error).split())[:300].rstrip(".")
    except PASSED_ON:
        raise
    except BaseException:  # noqa: BLE001 - the text is the plugin's code too
        text = ""
    return (
        text
        if isinstance(error, CRMError) and text
        else f"{type(error).__name__}: {text}"
        if text
        else type(error).__name__
    )


@attrs.frozen
class Home:
    """The folder whose modules a project names; it is first on the path while they are imported, and stays on it."""

    folder: str

    def enter(self, names: list[str]) -> dict[str, str]:
        """Put the folder on the path; return name -> reason for modules that another folder has taken already."""
        if self.folder not in sys.path:
            sys.path.insert(0, self.folder)
        return {name: reason for name in names if (reason := self._taken(name))}

    def _taken(self, name: str) -> str:
        loaded = sys.modules.get(name.partition(":")[0])
        file = getattr(loaded, "__file__", None) or ""
        if loaded is None or file.startswith(self.folder):
            return ""
        return f"Another module {name!r} is already imported{f' from {file!r}' if file else ''}."
