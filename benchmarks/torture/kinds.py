"""Fifteen kinds of bad distributions, written for any host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from .hosts import TRACE, Host

BAD, TWIN = "plague", "plague-twin"
GOOD = ("good-one", "good-two")


@attrs.frozen(kw_only=True)
class Wheel:
    """One distribution with one module and one entry point."""

    name: str
    source: str
    entry: str = ""
    attribute: str = ""
    requires: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Its module: not called as the distribution, as is common."""
        return f"{self.name.replace('-', '_')}_module"


@attrs.frozen(kw_only=True)
class Kind:
    """One way to be bad.

    Attributes:
        told: what is wrong with it, for the table.
        wheels: the bad distributions for a host.
        loses_its_module: whether the module is deleted after it was installed.
        environ: variables of the run.
    """

    told: str
    wheels: Callable[[Host], tuple[Wheel, ...]]
    loses_its_module: bool = False
    environ: Mapping[str, str] = {}


def good(name: str, host: Host) -> Wheel:
    """A plugin that does nothing wrong, and says that it was called."""
    return Wheel(name=name, source=TRACE + host.head + host.hook.format(body=f"is_here({name!r})"))


def _source(text: str) -> Callable[[Host], tuple[Wheel, ...]]:
    return lambda host: (Wheel(name=BAD, source=host.head + text),)


def _hook(body: str) -> Callable[[Host], tuple[Wheel, ...]]:
    return lambda host: (Wheel(name=BAD, source=host.head + (host.set_up or host.hook).format(body=body)),)


def _api(host: Host) -> tuple[Wheel, ...]:
    return (Wheel(name=BAD, source=host.head + host.hook.format(body="pass"), requires=(f"{host.name}>=99",)),)


def _duplicate(host: Host) -> tuple[Wheel, ...]:
    source = host.head + host.hook.format(body="pass")
    return tuple(Wheel(name=name, entry="sms", source=source) for name in (BAD, TWIN))


def _circle(host: Host) -> tuple[Wheel, ...]:
    """Crmkit's plugins require each other by name; of the others only the distributions can."""

    def one(name: str, other: str) -> Wheel:
        source = host.head + host.hook.format(body="pass")
        if host.name == "crmkit":
            return Wheel(
                name=name, source=f"{host.head}plugin = Plugin({name!r}, requires=[{other!r}])\n", attribute="plugin"
            )
        return Wheel(name=name, source=source, requires=(other,))

    return one(BAD, TWIN), one(TWIN, BAD)


def _clash(host: Host) -> tuple[Wheel, ...]:
    """A record type of the core's name; for the others, a plugin called as one of the host's own."""
    if host.name == "crmkit":
        record = "@attrs.frozen(kw_only=True)\nclass Deal(Record, shared=True):\n    x: int\n"
        source = f"import attrs\nfrom crmkit import Plugin, Record\n{record}plugin = Plugin({BAD!r}, offers=[Deal])\n"
        return (Wheel(name=BAD, source=source, attribute="plugin"),)
    return (Wheel(name=BAD, entry=host.core_name, source=host.head + host.hook.format(body="pass")),)


def _settings(host: Host) -> tuple[Wheel, ...]:
    """A port that is no number: crmkit's plugins declare their settings, the others' read the environment."""
    if host.name == "crmkit":
        settings = "@attrs.frozen\nclass Settings:\n    port: int\n"
        source = f"{host.head}{settings}plugin = Plugin({BAD!r}, settings=Settings)\n"
        return (Wheel(name=BAD, source=source, attribute="plugin"),)
    return _hook('import os; int(os.environ["PLAGUE_PORT"])')(host)


KINDS: Final[Mapping[str, Kind]] = {
    "import error": Kind(told="imports a name that is not there", wheels=_source("from json import dmups\n")),
    "syntax error": Kind(told="its module has a syntax error", wheels=_source("def (:\n")),
    "SystemExit at import": Kind(told="exits while it is imported", wheels=_source("raise SystemExit(3)\n")),
    "wrong object": Kind(
        told="its entry point names a number",
        wheels=lambda host: (Wheel(name=BAD, source=host.head + "plugin = 42\n", attribute="plugin"),),
    ),
    "unknown hook": Kind(told="misspells a hook", wheels=lambda host: _source(host.misspelt)(host)),
    "wrong arguments": Kind(
        told="its hook takes an argument that is not given", wheels=lambda host: _source(host.wrong_arguments)(host)
    ),
    "wrong API range": Kind(told="requires a version of the host that is not there", wheels=_api),
    "raising set-up": Kind(told="raises while it is set up", wheels=_hook('raise RuntimeError("no licence")')),
    "duplicate offer": Kind(told="two distributions offer the same name", wheels=_duplicate),
    "missing dependency": Kind(
        told="needs a distribution that is not installed",
        wheels=lambda host: (
            Wheel(name=BAD, source=host.head + "import does_not_exist_xyz\n", requires=("does-not-exist-xyz",)),
        ),
    ),
    "invalid settings": Kind(
        told="is given a port that is no number",
        wheels=_settings,
        environ={"PLAGUE_PORT": "eighty", "CRMKIT_PLAGUE__PORT": "eighty"},
    ),
    "slow import": Kind(
        told="sleeps five seconds while it is imported",
        wheels=lambda host: (
            Wheel(name=BAD, source="import time\ntime.sleep(5)\n" + host.head + host.hook.format(body="pass")),
        ),
    ),
    "half-deleted wheel": Kind(
        told="its metadata is there, its module is gone",
        wheels=lambda host: _source(host.hook.format(body="pass"))(host),
        loses_its_module=True,
    ),
    "circular requirement": Kind(told="two that require each other", wheels=_circle),
    "name clash with the core": Kind(told="is called as something of the host's own", wheels=_clash),
}
