"""Reminders: what is planned becomes due, once."""

from __future__ import annotations

from typing import Final

import attrs

from ..ports.work import Service, verb
from ..query import each
from ..records import Interaction

BATCH: Final = 100


class Reminders(Service):
    """Telling that planned interactions are due; who wants to be told subscribes to ``interaction.due``."""

    @verb(long=True)
    def remind(self) -> int:
        """Note each planned interaction that is due as told, and return how many there were.

        The event is ``interaction.due``, once for each; one that is planned for another time is told again.
        """
        count = 0
        while told := self.batch(lambda me: me._told()):
            count += told
        return count

    def _told(self) -> int:
        i = each(Interaction)
        where = (i.state == "planned", i.due_at <= self.now, i.reminded_at.is_missing)
        due = self.unit.find(Interaction, *where, order=[i.due_at], limit=BATCH)
        self.unit.replace([attrs.evolve(one, reminded_at=self.now) for one in due], name="interaction.due")
        return len(due)
