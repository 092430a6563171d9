"""Judging an installed plugin before any of its code runs: its manifest, and which versions of us it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import attrs

from .. import __version__
from ..ports.plugin import API_VERSION
from .finding import Found, installed_plugins
from .importing import NotUsable
from .manifest import read_manifest
from .ranges import is_in, version_of, wanted_of_us
from .state import PluginState

_UPDATE: Final = "Install a version of it for this crmkit, or the crmkit that it needs."
_API: Final = ".".join(map(str, API_VERSION))


@attrs.frozen(kw_only=True)
class Known:
    """What is known of a plugin without importing it.

    Attributes:
        manifest: as generated into its wheel; empty where it has none.
        state: ``discovered``, ``disabled``, ``incompatible`` or ``failed``, with distribution and version.
    """

    state: PluginState
    manifest: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


def discovered(disabled: Collection[str] = ()) -> tuple[Known, ...]:
    """Return every installed plugin with its manifest, by name. Nothing of it is imported."""
    return tuple(known(found, disabled) for found in installed_plugins())


def known(found: Found, disabled: Collection[str] = ()) -> Known:
    """Return what metadata and manifest say of one plugin that was found."""
    text = found.target if isinstance(found.target, str) else ""
    manifest = (read_manifest(found.name, text, found.installed_by) if found.name and text else None) or {}
    state = PluginState(
        name=found.told_name,
        distribution="crmkit" if found.is_builtin else str(manifest.get("distribution") or "") or found.distribution,
        version=__version__ if found.is_builtin else str(manifest.get("version") or "") or found.version,
        is_builtin=found.is_builtin,
        target=text,
    )
    if found.told_name in disabled:
        return Known(state=attrs.evolve(state, state="disabled", reason="It is switched off."), manifest=manifest)
    if found.problem:
        state = attrs.evolve(
            state, state="failed", reason=found.problem, remedy="Install its distribution again, or remove it."
        )
        return Known(state=state, manifest=manifest)
    try:
        judge_api(str(manifest.get("api") or ""))
    except NotUsable as problem:
        return Known(state=unusable(state, problem), manifest=manifest)
    return Known(state=state, manifest=manifest)


def unusable(state: PluginState, problem: NotUsable) -> PluginState:
    """Return the state of a plugin that has a problem."""
    return attrs.evolve(
        state, state=problem.state, reason=problem.reason, remedy=problem.remedy, cause=problem.__cause__
    )


def judge_api(wanted: str) -> None:
    """Compare a range with the API version that this crmkit implements.

    Raises:
        NotUsable: it is not in the range, or the range can not be read.
    """
    try:
        if is_in(API_VERSION, wanted):
            return
    except ValueError as error:
        raise NotUsable(f"Its API range can not be read: {error}.", "Its author mends api=...") from error
    raise NotUsable(f"It needs the API {wanted}; this crmkit has {_API}.", _UPDATE, state="incompatible")


def judge_requirements(requirements: Sequence[str]) -> None:
    """Compare the crmkit that a distribution requires with this one.

    Raises:
        NotUsable: it requires another.
    """
    wanted = wanted_of_us(requirements)
    try:
        fits = is_in(version_of(__version__), wanted)
    except ValueError:
        return  # a form of range that only an installer reads: it has been judged then
    if not fits:
        raise NotUsable(f"It requires crmkit {wanted}; this is {__version__}.", _UPDATE, state="incompatible")
