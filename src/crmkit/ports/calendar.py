"""How plain days are cut into the periods of KPIs: Jalali months, 4-4-5 weeks, school years.

A plugin offers an instance; people then write its name, as in ``crmkit kpis show nps --by jalali-month``. There is no clock
and no time zone in it: the engine knows when a day begins. Labels are codes that read the same in every language.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, timedelta

from .lifetime import since


@since("1.0")
class Calendar(ABC):
    """A way to cut all days into periods that follow each other without a gap.

    Each period is known by its first day. Days that do not fit between year 1 and 9999 may raise ``OverflowError``.
    """

    name: str = ""
    """By which people ask for it; an offered calendar has one."""

    @abstractmethod
    def first(self, day: date) -> date:
        """Return the first day of the period that contains ``day``."""

    @abstractmethod
    def following(self, first: date) -> date:
        """Return the first day after the period that begins on ``first``."""

    def preceding(self, first: date) -> date:
        """Return the first day of the period that ends where the one that begins on ``first`` begins."""
        return self.first(first - timedelta(days=1))

    @abstractmethod
    def year_before(self, first: date) -> date:
        """Return the first day of the same period one year before; the nearest earlier one where there is no such period."""

    @abstractmethod
    def label(self, first: date) -> str:
        """Return the short name of the period that begins on ``first``."""

    def newest(self, today: date) -> date:
        """Return the first day of the newest period to show on ``today``: the running one, unless a calendar says other."""
        return self.first(today)
