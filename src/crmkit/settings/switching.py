"""Switching a plugin off and on in crmkit.toml: one line changes, everything else stays as a person wrote it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from ..errors import InvalidError
from .project import FILE_NAME, Project

_TABLE: Final = re.compile(r"^[ \t]*\[", re.MULTILINE)
_DISABLED: Final = re.compile(r"^(disabled[ \t]*=[ \t]*)\[[^\]]*\]", re.MULTILINE)


def switch(project: Project, plugin: str, *, off: bool) -> bool:
    """Write into a project's file that a plugin is switched off, or no longer; return whether that changed anything.

    Nothing of any plugin is imported, so that it works whatever one does.

    Raises:
        InvalidError: the project has no file, or the file can not be changed.
    """
    if project.file is None:
        raise InvalidError(
            f"There is no {FILE_NAME}: create it with `crmkit init`, or set CRMKIT_DISABLED.", code="no_project"
        )
    text = project.file.read_text("utf-8-sig")
    made = switched(text, plugin, off=off)
    if made == text:
        return False
    _write(project.file, made)
    return True


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise InvalidError(f"{str(file)!r} can not be written: {error.strerror}.", code="read_only") from error


def switched(text: str, plugin: str, *, off: bool) -> str:
    """Return the text of crmkit.toml with a plugin switched off, or no longer.

    Raises:
        InvalidError: the text is such that a person has to do it.
    """
    data = tomllib.loads(text)
    names: list[Any] = list(data.get("disabled", []))
    if (plugin in names) is off:
        return text
    wanted = [*names, plugin] if off else [name for name in names if name != plugin]
    made = _with_line(text, json.dumps(wanted, ensure_ascii=False))
    if tomllib.loads(made) != {**data, "disabled": wanted}:
        raise InvalidError(
            f"{FILE_NAME} can not be changed by itself: write disabled = {wanted} into it.", code="project_file"
        )
    return made


def _with_line(text: str, names: str) -> str:
    table = _TABLE.search(text)
    top, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    found = _DISABLED.search(top)
    if found:
        return top[: found.end(1)] + names + top[found.end() :] + rest
    between = "\n" if rest else ""
    return f"{top.rstrip()}\ndisabled = {names}\n{between}{rest}".lstrip("\n")
