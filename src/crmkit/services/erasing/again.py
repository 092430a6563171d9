"""What is left to do for erasures: one that was killed is brought to its end, and each one is looked at once more.

On a server, who began to write before somebody was erased sees them as they were, and may keep that after the erasure
has looked for the last time. Some minutes later nobody is so late any more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from ..._work.tombs import KIND
from ...errors import CRMError, StoreError
from ...ports.work import Service
from ...query import each
from ...records import Customer, Id, Operation
from ..liveness import is_running
from .service import BATCH, Erasing

AFTER: Final = timedelta(minutes=5)
"""How long a transaction may be open that began before."""
_log = logging.getLogger("crmkit.erasing")
_AGAIN: Final = "again"


class Again(Service):
    """The worker's part in erasures."""

    def look(self, *, limit_s: float | None = None) -> int:
        """Erase what is left of those who were erased, or half erased; return how many were looked at.

        Those that did not come to their end come first; then each one that nobody looked at yet, however long ago it was.

        Args:
            limit_s: begin with no other one after so many seconds, and leave off the one at hand: it goes on next time.
        """
        end = None if limit_s is None else time.monotonic() + limit_s
        looked = 0
        try:
            for one in self._due():
                looked += self._is_erased(one, end)
        except _OutOfTimeError:
            pass
        if looked:
            crm: Any = self.unit
            crm.runner.store.purge()
        return looked

    def _due(self) -> Iterator[Operation]:
        o = each(Operation)
        for is_asked in (o.finished_at.is_missing, o.finished_at <= self.unit.now - AFTER):
            after: str | None = None
            while True:
                page = self.unit.find(Operation, o.kind == KIND, is_asked, order=[o.id], limit=BATCH, after=after)
                yield from filter(self._is_due, page)
                after = page.next
                if after is None:
                    break

    def _is_due(self, one: Operation) -> bool:
        if one.finished_at is None:
            return not is_running(self.unit.house, one, self.unit.now)
        return _AGAIN not in one.position

    def _is_erased(self, one: Operation, end: float | None) -> bool:
        """Look at one; somebody else may be at it, or a type can not be read now: the next round tries again."""
        until = _until(end)
        until(0)
        try:
            customer = self.unit.get(Customer, Id(UUID(one.about["customer"])))
            self.service(Erasing).run(customer, dry_run=False, progress=until, purges=False)
            if one.finished_at is not None:
                self.batch(lambda me: me.unit.replace(attrs.evolve(one, position={**one.position, _AGAIN: True})))
        except StoreError:
            raise
        except CRMError as error:
            _log.warning("not erased to the end", extra={"operation": str(one.id), "code": error.code})
            return False
        return True


class _OutOfTimeError(Exception):
    """The worker is to do something else now; whatever was kept is gone on with."""


def _until(end: float | None) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if end is not None and time.monotonic() >= end:
            raise _OutOfTimeError

    return tell
