"""What a host is told of its plugins while they run: events of their health, and single calls of their hooks.

``CRM.open(on_plugin=...)`` is told of each ``PluginEvent``, ``CRM.open(trace=...)`` of each ``HookCall``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

from .lifetime import since


@since("1.0")
@attrs.frozen(kw_only=True)
class PluginEvent:
    """Something that happened to a plugin in this process.

    Attributes:
        name: ``plugin.failed`` (an adjust hook went wrong and was passed over, or a subscriber went wrong and will be told
            again), ``plugin.quarantined`` (that happened too often in a row: its adjust hooks, or this subscriber, are passed
            over from now on), ``plugin.recovered`` (one call was tried and went well: it is back), ``plugin.overran`` (a hook took longer than ``hook_budget_s``; told once for each hook).
        hook: the function's name, or that of the specification.
        told: type and text of the error, cut, without secrets; for ``plugin.overran`` how long it took.
        where: file and line in the plugin's own code, where that is known.
    """

    name: Literal["plugin.failed", "plugin.quarantined", "plugin.recovered", "plugin.overran"]
    plugin: str
    distribution: str = ""
    version: str = ""
    hook: str
    told: str = ""
    where: str = ""
    at: datetime

    def __str__(self) -> str:
        """Return the event as a line for people."""
        source = " ".join(part for part in (self.distribution, self.version) if part)
        who = f"{self.plugin} ({source})" if source else self.plugin
        what = self.name.partition(".")[2].replace("quarantined", "was quarantined")
        behind = f": {self.told}{f' at {self.where}' if self.where else ''}" if self.told else ""
        return f"Plugin {who} {what} in its hook {self.hook}{behind}."


@since("1.0")
@attrs.frozen(kw_only=True)
class HookCall:
    """One call of one function of a plugin.

    Attributes:
        hook: ``adjust``, ``check``, ``subscriber`` or ``access``.
        function: its name, or that of the specification.
        record_type: the name of the type of what it was called for.
        outcome: ``answered``, ``failed`` (it raised), or ``passed over`` (not called: it is quarantined).
        told: what it answered, in a few words; of a failure the type and text of the error, without secrets.
        took_s: seconds in the function.
        is_over: whether that is longer than ``hook_budget_s``.
    """

    hook: str
    plugin: str
    distribution: str = ""
    version: str = ""
    function: str
    record_type: str
    outcome: Literal["answered", "failed", "passed over"] = "answered"
    told: str = ""
    took_s: float = 0.0
    is_over: bool = False
