"""Whether a connection that lay in the pool is still there, asked when that is in doubt and not before every unit of work."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

_FRESH_S: Final = 1.0
"""A connection that came back less long ago is taken as it is: if it is gone, its unit of work is run again."""
_BACK: Final = "crmkit_back_at"


class Pinging:
    """Asks a server whether it is there when a connection has lain for long, or another one was lost since it came back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lost_at = 0.0
        event.listen(engine, "checkin", self._came_back)
        event.listen(engine, "invalidate", self._was_lost)
        event.listen(engine, "checkout", self._goes_out)

    def _came_back(self, driver: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_BACK] = time.monotonic()

    def _was_lost(self, driver: Any, entry: ConnectionPoolEntry, error: BaseException | None) -> None:
        self._lost_at = time.monotonic()

    def _goes_out(self, driver: Any, entry: ConnectionPoolEntry, proxy: Any) -> None:
        back_at = entry.info.get(_BACK)
        if back_at is None or back_at > max(self._lost_at, time.monotonic() - _FRESH_S):
            return
        try:
            self._engine.dialect.do_ping(driver)
        except Exception as error:
            raise DisconnectionError("The connection is gone.") from error
