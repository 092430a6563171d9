"""Judging plugins against another crmkit before it is installed: by its wheel, or by what a version alone can tell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..errors import InvalidError
from ..ports.plugin import GROUP, Plugin
from .finding import Found, installed_plugins
from .loaded import Loaded
from .ranges import Version, is_in, version_of, wanted_of_us
from .state import PluginState, State

_TIMEOUT_S: Final = 120
_VERSION: Final = re.compile(r"(api:)?(\d+(?:\.\d+)*)((?:a|b|rc|\.dev|\.post)\d+)?", re.ASCII)
_GROUPS: Final = f"{GROUP.removeprefix('crmkit')}.x"
_UPDATE: Final = "Install a version of it that is for that crmkit first, or stay with this one."


@attrs.frozen(kw_only=True)
class Foreseen:
    """How one plugin would stand.

    Attributes:
        gone: what it uses and there is no longer: hooks, arguments, members of ports.
        deprecated: a sentence for each thing that it uses and that will go later.
    """

    name: str
    distribution: str = ""
    version: str = ""
    state: State
    reason: str = ""
    remedy: str = ""
    gone: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nobody has to do anything."""
        return self.state in ("active", "disabled") and not self.gone


@attrs.frozen(kw_only=True)
class Foresight:
    """What would be, with another crmkit.

    Attributes:
        crmkit, api: its versions; empty where not known.
        problem: why its plugins could not be judged; empty where they were.
        note: what was not looked at.
    """

    crmkit: str = ""
    api: str = ""
    plugins: tuple[Foreseen, ...] = ()
    problem: str = ""
    note: str = ""


def foresee(against: str, loaded: Loaded, project: Path | None) -> Foresight:
    """Judge the plugins of a project against another crmkit.

    Args:
        against: a wheel; a version of crmkit (``1.4.0``: what plugins require is judged); or one of the API (``api:2.0``:
            their ranges, and what will have gone by what is announced now).
        loaded: how they stand now.
        project: crmkit.toml; None where there is none.

    Raises:
        InvalidError: it is no wheel of crmkit, and no version.
    """
    if against.endswith(".whl") or Path(against).is_file():
        return _by_wheel(Path(against), loaded, project)
    found = _VERSION.fullmatch(against)
    if not found:
        raise InvalidError(
            f"{against!r} is no version and no wheel: write one like 1.4.0, api:2.0 or crmkit-1.4.0-py3-none-any.whl.", code="against"
        )  # fmt: skip
    if found[1]:
        made = tuple(_by_api(state, loaded, version_of(found[2])) for state in _outside(loaded))
        note = "Judged by their ranges and by what is announced now: name a wheel to have everything judged."
        return Foresight(api=found[2], plugins=made, note=note)
    made = tuple(_by_version(state, against) for state in _outside(loaded))
    note = "Judged by what they require alone: name the wheel of that version to have hooks and ports judged."
    return Foresight(crmkit=against, plugins=made, note=note)


def _outside(loaded: Loaded) -> Iterator[PluginState]:
    """The plugins that do not come with crmkit."""
    return (state for state in loaded.states if not state.is_builtin)


def _as_now(state: PluginState) -> Foreseen:
    return Foreseen(
        name=state.name, distribution=state.distribution, version=state.version, state=state.state, reason=state.reason, remedy=state.remedy,
    )  # fmt: skip


# --- by versions ------------------------------------------------------------------------------------------------------
def _by_version(state: PluginState, version: str) -> Foreseen:
    now, wanted = _as_now(state), wanted_of_us(_found(state).requirements)
    try:
        fits = is_in(version_of(version), wanted)
    except ValueError:
        return now  # a form of range that only an installer reads
    return now if fits else _incompatible(now, f"It requires crmkit {wanted}; this would be {version}.")


def _found(state: PluginState) -> Found:
    same = [
        one for one in installed_plugins() if one.told_name == state.name and one.distribution == state.distribution
    ]
    return same[0] if same else Found(target="", rank=0)


def _by_api(state: PluginState, loaded: Loaded, version: Version) -> Foreseen:
    now = _as_now(state)
    wanted = state.plugin.api if isinstance(state.plugin, Plugin) else ""
    if not _fits(version, wanted):
        return _incompatible(now, f"It needs the API {wanted or _GROUPS}; this would be {_told(version)}.")
    gone = tuple(use.what for use in loaded.uses.get(state.name, ()) if use.lifetime.is_over(version))
    words = tuple(
        one.told for one in loaded.deprecated if one.plugin == state.name and not one.lifetime.is_over(version)
    )
    return attrs.evolve(now, gone=gone, deprecated=words)


def _fits(version: Version, wanted: str) -> bool:
    if not wanted:
        return version[0] == version_of(GROUP.removeprefix("crmkit"))[0]
    try:
        return is_in(version, wanted)
    except ValueError:
        return True  # it is told of by its state already


def _told(version: Version) -> str:
    return ".".join(map(str, version))


def _incompatible(now: Foreseen, reason: str) -> Foreseen:
    """Return it with the reason; one that is switched off costs nobody anything."""
    if now.state == "disabled":
        return now
    return attrs.evolve(now, state="incompatible", reason=reason, remedy=_UPDATE)


# --- by a wheel -------------------------------------------------------------------------------------------------------
def _by_wheel(wheel: Path, loaded: Loaded, project: Path | None) -> Foresight:
    with tempfile.TemporaryDirectory(prefix="crmkit-") as folder:
        _unpack(wheel, Path(folder))
        answer = _asked(folder, project)
    crmkit, api = str(answer.get("crmkit", "")), str(answer.get("api", ""))
    if "plugins" not in answer:
        return Foresight(crmkit=crmkit, api=api, problem=str(answer["problem"]))
    told = {one["name"]: one for one in answer["plugins"]}
    words: list[str] = answer["deprecated"]
    made = (_by_answer(state, told.get(state.name), words, answer, loaded) for state in _outside(loaded))
    return Foresight(crmkit=crmkit, api=api, plugins=tuple(made))


def _unpack(wheel: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidError(f"{str(wheel)!r} can not be read: {reason}.", code="against") from error
    if not (folder / "crmkit" / "__init__.py").is_file():
        raise InvalidError(
            f"{str(wheel)!r} is no wheel of crmkit: download one (pip download --no-deps crmkit==VERSION).", code="against"
        )  # fmt: skip


def _asked(folder: str, project: Path | None) -> Mapping[str, Any]:
    """Ask the crmkit in a folder, in a process of its own: whatever it or a plugin does there, this one goes on."""
    given = json.dumps(
        {"folder": folder, "path": [one or os.curdir for one in sys.path], "project": str(project) if project else None}
    )
    program = str(Path(__file__).with_name("probing.py"))
    try:
        done = subprocess.run(  # noqa: S603 - this Python, and a file of ours
            [sys.executable, "-I", program, given], capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"problem": f"It took longer than {_TIMEOUT_S} seconds to load the plugins there."}
    try:
        answer: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return {"problem": f"Loading the plugins there ended with exit code {done.returncode}: {last}"}
    return answer


def _by_answer(
    state: PluginState, told: Mapping[str, Any] | None, words: Iterable[str], answer: Mapping[str, Any], loaded: Loaded
) -> Foreseen:
    now = _as_now(state)
    if told is None:
        return _incompatible(
            now, f"It needs the API {_GROUPS} (its entry point is in {GROUP}); this would be {answer['api']}."
        )
    there = set(told.get("uses", ()))
    used = [use.what for use in loaded.uses.get(state.name, ())]
    gone = tuple(what for what in used if what not in there) if told["state"] == "active" and "uses" in told else ()
    own = tuple(one for one in words if one.startswith((f"Plugin {state.name} ", f"Plugin {state.source} ")))
    return attrs.evolve(
        now, state=told["state"], reason=told["reason"], remedy=told["remedy"], gone=gone, deprecated=own
    )
