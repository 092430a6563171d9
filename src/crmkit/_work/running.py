"""Running units of work: begin, run, commit, and run again from the start where a race was lost."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs

from ..errors import TryAgain
from ..ports.store import Store
from .house import House
from .unit import Unit, WritesFirst

T = TypeVar("T")
TRIES: Final = 8


@attrs.frozen(kw_only=True)
class Runner:
    """Opens units for one actor on one store."""

    house: House
    store: Store
    actor: str = "system"
    origin: str = "live"
    operation: UUID | None = None
    cause: UUID | None = None
    narrowed: bool = True
    is_guest: bool = False

    def unit(self, write: bool | None) -> Unit:
        """Return a new unit; its transaction begins with its first use."""
        return Unit(
            self.house, self.store, actor=self.actor, write=write, origin=self.origin, operation=self.operation, cause=self.cause,
            narrowed=self.narrowed,
        )  # fmt: skip

    @contextmanager
    def transaction(self) -> Generator[Unit]:
        """One unit that may write; committed at the end, kept out altogether where it raises. Not run again."""
        unit = self.unit(write=True)
        try:
            yield unit
            unit.finish()
        finally:
            unit.abandon()

    def run(self, work: Callable[[Unit], T], key: Any = None) -> T:
        """Run work in a unit of its own; from its start again on TryAgain, unless we are a host's guest.

        Args:
            key: what the work is: whether it writes is remembered, so that the next run begins right.
        """
        writes = True if key in self.house._writers else None
        attempt = 0
        while True:
            unit = self.unit(writes)
            try:
                result = work(unit)
                unit.finish()
                return result
            except WritesFirst:
                writes = True
                self.house._writers.add(key)
            except TryAgain:
                attempt += 1
                if self.is_guest or attempt >= TRIES:
                    raise
                unit.abandon()
                self.house.pause(self.house.backoff_s(attempt))
            finally:
                unit.abandon()
