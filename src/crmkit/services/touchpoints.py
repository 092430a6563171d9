"""Touchpoints: the places where customers meet us, in the front and in the back office."""

from __future__ import annotations

import attrs

from ..errors import ConflictError, TryAgain
from ..ports.work import Service, verb
from ..query import each
from ..records import LocalText, Touchpoint


class Touchpoints(Service):
    """The places where customers meet us."""

    @verb
    def put(self, key: str, *, name: LocalText | str | None = None, office: str = "") -> Touchpoint:
        """Keep a touchpoint under its key: added, or changed where it differs.

        Args:
            office: ``front`` (new ones by default) or ``back``.
        """
        names = LocalText.of(name) if isinstance(name, str) else name
        for found in self.unit.find(Touchpoint, each(Touchpoint).key == key, limit=1):
            return self.unit.replace(attrs.evolve(found, name=names or found.name, office=office or found.office))
        try:
            return self.unit.add(Touchpoint(key=key, name=names or LocalText(), office=office or "front"))
        except ConflictError as lost:
            raise TryAgain(f"Touchpoint {key!r} was added meanwhile: run it again.") from lost

    @verb
    def list(self, *, office: str = "") -> tuple[Touchpoint, ...]:
        """Return the touchpoints (of one office), by key."""
        t = each(Touchpoint)
        return tuple(self.unit.find(Touchpoint, *([t.office == office] if office else []), order=[t.key]))
