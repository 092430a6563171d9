"""Kinds of time that ``datetime`` alone can not say: part of a date, and a wall clock's time in a zone."""

from __future__ import annotations

import calendar
import functools
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from ..errors import InvalidError, nearest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970-01-01 UTC (exact; no float in between).

    Raises:
        InvalidError: it has no time zone.
    """
    if instant.tzinfo is UTC:
        return _utc_micros(instant)
    if instant.tzinfo is None:
        raise InvalidError(
            f"{instant.isoformat()} has no time zone: write it with one, such as +00:00.", code="time_zone"
        )
    return _micros(instant)


def _micros(instant: datetime) -> int:
    passed = instant - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


_utc_micros = functools.lru_cache(maxsize=64)(_micros)
"""Records that are written together have the same stamps; in other zones two instants may be equal (PEP 495)."""


_DAY = 86_400_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def instant(micros_: int) -> datetime:
    """Return the UTC instant of whole microseconds since 1970."""
    days, rest = divmod(micros_, _DAY)
    seconds, us = divmod(rest, 1_000_000)
    minutes, s = divmod(seconds, 60)
    h, m = divmod(minutes, 60)
    day = date.fromordinal(days + _EPOCH_ORDINAL)
    return datetime(day.year, day.month, day.day, h, m, s, us, UTC)


def zone(name: str) -> ZoneInfo:
    """Return a time zone of the IANA data base.

    Raises:
        InvalidError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from zoneinfo import available_timezones  # dear: reads a folder

        hint = nearest(name, available_timezones())
        raise InvalidError(
            f"{name!r} is no time zone: write one such as Europe/Amsterdam.{hint}", code="time_zone"
        ) from None


@attrs.frozen(order=True)
class PartialDate:
    """A date of which some parts are known: a year, a year and month, a whole day, or a day without its year (a birthday)."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def __attrs_post_init__(self) -> None:
        if not self._is_possible():
            raise InvalidError(f"{self!s} is no date: write 1990-02-28, 1990-02, 1990 or --02-28.", code="date")

    def _is_possible(self) -> bool:
        if self.year is None and (self.month is None or self.day is None):
            return False
        if self.day is not None and self.month is None:
            return False
        if self.year is not None and not 1 <= self.year <= 9999:
            return False
        if self.month is not None and not 1 <= self.month <= 12:
            return False
        last = calendar.monthrange(self.year or 2000, self.month)[1] if self.month else 31
        return self.day is None or 1 <= self.day <= last

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Return the partial date that ``1990-02-28``, ``1990-02``, ``1990`` or ``--02-28`` writes.

        Raises:
            InvalidError: the text has another form, or the day does not exist.
        """
        found = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?|--(\d{2})-(\d{2})", text)
        if not found:
            raise InvalidError(f"{text!r} is no date: write 1990-02-28, 1990-02, 1990 or --02-28.", code="date")
        year, month, day, month2, day2 = (int(part) if part else None for part in found.groups())
        return cls(year, month or month2, day or day2)

    def __str__(self) -> str:
        if self.year is None:
            return f"--{self.month or 0:02d}-{self.day or 0:02d}"
        parts = [f"{self.year:04d}", *(f"{part:02d}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)


@attrs.frozen
class WallTime:
    """What a clock on a wall shows in a zone: the agreed time of a call stays right when the zone's rules change."""

    local: datetime
    time_zone: str

    def __attrs_post_init__(self) -> None:
        if self.local.tzinfo is not None:
            raise InvalidError("A wall time is written without an offset: give its zone apart.", code="wall_time")
        zone(self.time_zone)

    @property
    def at(self) -> datetime:
        """The instant in UTC; a time that the clocks skip is taken as before the change (fold=0)."""
        return self.local.replace(tzinfo=zone(self.time_zone), fold=0).astimezone(UTC)

    @classmethod
    def parse(cls, text: str) -> WallTime:
        """Return the wall time that ``2026-11-24T10:00:00 Europe/Amsterdam`` writes."""
        local, _, name = text.partition(" ")
        try:
            return cls(datetime.fromisoformat(local), name)
        except ValueError:
            raise InvalidError(
                f"{text!r} is no wall time: write 2026-11-24T10:00 Europe/Amsterdam.", code="wall_time"
            ) from None

    def __str__(self) -> str:
        return f"{self.local.isoformat()} {self.time_zone}"
