"""Why there is no value, in a clause: "no repair order became ready"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crmkit.ports.kpi import Computed, Counted, Followed, Kpi, Source, Standing, record_words

_IRREGULAR: Final = frozenset(
    {"sent", "won", "lost", "left", "met", "paid", "done", "sold", "begun", "told", "read", "shown"}
)
_HAPPENS: Final = frozenset({"occurred", "happened", "ended", "expired", "started"})


def reason_for(kpi: Kpi, counts: Mapping[str, Any]) -> str:
    """Return why these counts make no value: the clause of the first component that is 0, by the KPI or of our own."""
    for name, reason in kpi.nothing.items():
        if not counts.get(name):
            return reason
    if not counts.get(kpi.n):
        return nothing_counted(kpi)
    return f"what was counted makes no value ({', '.join(name for name, value in counts.items() if not value)})"


def nothing_counted(kpi: Kpi) -> str:
    """Return that nothing was counted in words made of the record type and of the time by which it counts."""
    source = next((source for source in kpi.sources if kpi.n in source.names), kpi.sources[0])
    return f"no {record_words(source.of)} {_verb(source, kpi.n)}"


def _verb(source: Source, n: str) -> str:
    if isinstance(source, Counted):
        return happened(str(source.at))
    if isinstance(source, Standing):
        return "stood at the end"
    if isinstance(source, Followed):
        return "entered"
    if isinstance(source, Computed):
        return "counted"
    return {"at_start": "was there at the start", "new": "came for the first time"}.get(n, "was there")


def happened(field: str) -> str:
    """Return what a time's name says that happened: ``answered_at`` is "was answered", ``ready_at`` "became ready"."""
    words = field.rpartition(".")[2].removesuffix("_at").removesuffix("_on").replace("_", " ")
    last = words.rpartition(" ")[2]
    if last in _HAPPENS:
        return words
    return f"was {words}" if last.endswith("ed") or last in _IRREGULAR else f"became {words}"
