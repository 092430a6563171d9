"""What is left to do for erasures: one that was killed is brought to its end, and each one is looked at once more.

On a server, who began to write before somebody was erased sees them as they were, and may keep that after the erasure
has looked for the last time. Some minutes later nobody is so late any more.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

import attrs

from ..._work.tombs import KIND
from ...errors import CRMError, StoreError
from ...ports.work import Service
from ...query import each
from ...records import Customer, Id, Operation
from ..importing.liveness import is_running
from .service import BATCH, Erasing

AFTER: Final = timedelta(minutes=5)
"""How long a transaction may be open that began before."""
_log = logging.getLogger("crmkit.erasing")
_AGAIN: Final = "again"


class Again(Service):
    """The worker's part in erasures."""

    def look(self) -> int:
        """Erase what is left of those who were erased, or half erased; return how many were looked at."""
        due = [one for one in self._recent() if self._is_due(one)]
        for one in due:
            try:
                self._erase(one)
            except StoreError:
                raise
            except (
                CRMError
            ) as error:  # somebody else is at it, or a type can not be read now: the next round tries again
                _log.warning("not erased to the end", extra={"operation": str(one.id), "code": error.code})
        return len(due)

    def _recent(self) -> list[Operation]:
        o = each(Operation)
        since = self.unit.now - timedelta(days=1)
        is_new = o.finished_at.is_missing | (o.finished_at > since)
        return list(self.unit.find(Operation, o.kind == KIND, is_new, limit=BATCH))

    def _is_due(self, one: Operation) -> bool:
        if one.finished_at is None:
            return not is_running(self.unit.house, one, self.unit.now)
        return _AGAIN not in one.position and one.finished_at <= self.unit.now - AFTER

    def _erase(self, one: Operation) -> None:
        customer = self.unit.get(Customer, Id(UUID(one.about["customer"])))
        self.service(Erasing).run(customer, dry_run=False, progress=_silent)
        if one.finished_at is not None:
            self.batch(lambda me: me.unit.replace(attrs.evolve(one, position={**one.position, _AGAIN: True})))


def _silent(done: int) -> None:
    """Tell nobody."""
