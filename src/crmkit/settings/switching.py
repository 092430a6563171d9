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
_LIST: Final = r"^({}[ \t]*=[ \t]*)\[[^\]]*\]"


def switch(project: Project, plugin: str, *, off: bool, tenant: str = "") -> bool:
    """Write into a project's file that a plugin is switched off, or no longer; return whether that changed anything.

    Nothing of any plugin is imported, so that it works whatever one does.

    Args:
        tenant: the company for which it is; empty: for all.

    Raises:
        InvalidError: the project has no file, or the file can not be changed.
    """
    if project.file is None:
        raise InvalidError(
            f"There is no {FILE_NAME}: create it with `crmkit init`, or set CRMKIT_DISABLED.", code="no_project"
        )
    text = project.file.read_text("utf-8-sig")
    made = switched_for(text, plugin, tenant, off=off) if tenant else switched(text, plugin, off=off)
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
    return _checked(_with_list(text, "disabled", wanted), {**data, "disabled": wanted}, {"disabled": wanted})


def switched_for(text: str, plugin: str, tenant: str, *, off: bool) -> str:
    """Return the text of crmkit.toml with a plugin switched off for one company, or on where it is off for all.

    Raises:
        InvalidError: the text is such that a person has to do it.
    """
    data = tomllib.loads(text)
    own: dict[str, Any] = data.get("tenants", {}).get(tenant, {})
    wanted = {
        "disabled": _changed(own, "disabled", plugin, is_in=off),
        "enabled": _changed(own, "enabled", plugin, is_in=not off and plugin in data.get("disabled", [])),
    }
    wanted = {key: names for key, names in wanted.items() if names != own.get(key, [])}
    if not wanted:
        return text
    if not _segment(text, tenant):
        text = f"{text.rstrip()}\n\n[tenants.{_key(tenant)}]\n"
    begin, end = _segment(text, tenant) or (len(text), len(text))
    part = text[begin:end]
    for key, names in wanted.items():
        part = _with_list(part, key, names)
    tenants = {**data.get("tenants", {}), tenant: {**own, **wanted}}
    return _checked(text[:begin] + part + text[end:], {**data, "tenants": tenants}, wanted)


def _changed(own: dict[str, Any], key: str, plugin: str, *, is_in: bool) -> list[Any]:
    names = [name for name in own.get(key, []) if name != plugin]
    return own[key] if is_in and plugin in own.get(key, []) else [*names, plugin] if is_in else names


def _segment(text: str, tenant: str) -> tuple[int, int] | None:
    """Where the lines of a company's own table are; None where it has none."""
    header = re.compile(
        rf"^[ \t]*\[tenants\.(?:{re.escape(tenant)}|{re.escape(json.dumps(tenant))})\][^\n]*\n?", re.MULTILINE
    )
    found = header.search(text)
    if not found:
        return None
    following = _TABLE.search(text, found.end())
    return found.end(), following.start() if following else len(text)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _checked(made: str, wanted: dict[str, Any], lines: dict[str, Any]) -> str:
    try:
        is_right = tomllib.loads(made) == wanted
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        told = " and ".join(f"{key} = {names}" for key, names in lines.items())
        raise InvalidError(f"{FILE_NAME} can not be changed by itself: write {told} into it.", code="project_file")
    return made


def _with_list(text: str, key: str, names: list[Any]) -> str:
    """Return a part of the file with a list in it: where it stands, or at the end of what comes before the next table."""
    table = _TABLE.search(text)
    top, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    shown = json.dumps(names, ensure_ascii=False)
    found = re.search(_LIST.format(key), top, re.MULTILINE)
    if found:
        return top[: found.end(1)] + shown + top[found.end() :] + rest
    between = "\n" if rest else ""
    return f"{top.rstrip()}\n{key} = {shown}\n{between}{rest}".lstrip("\n")
