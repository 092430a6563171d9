"""Moving values: instants that are known when a question is asked, so that a saved question stays true."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

import attrs

from ..errors import InvalidError, nearest

Unit = Literal["day", "week", "month", "quarter", "year"]
_UNITS: Final = ("day", "week", "month", "quarter", "year")


@attrs.frozen
class Ago:
    """So long before (a negative value: after) the moment of asking."""

    delta: timedelta

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the instant, asked at ``now``."""
        return now - self.delta


@attrs.frozen
class StartOf:
    """The local start of the running day, week (Monday), month, quarter or year, moved by ``shift`` of them."""

    unit: str
    shift: int = 0

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the instant, asked at ``now`` in the business time zone."""
        day = _first_day(self.unit, self.shift, now.astimezone(zone).date())
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


Moment = Ago | StartOf


def ago(*, days: float = 0, hours: float = 0, minutes: float = 0, weeks: float = 0) -> Ago:
    """So long before the moment of asking: ``i.occurred_at > ago(days=90)``."""
    return Ago(timedelta(days=days, hours=hours, minutes=minutes, weeks=weeks))


def now() -> Ago:
    """The moment of asking."""
    return Ago(timedelta())


def start_of(unit: Unit, shift: int = 0) -> StartOf:
    """The start of the running day, week, month, quarter or year in the business time zone; ``shift=-1``: the one before."""
    if unit not in _UNITS:
        raise InvalidError(f"{unit!r} is none of {', '.join(_UNITS)}.{nearest(unit, _UNITS)}", code="unit")
    return StartOf(unit, shift)


def _first_day(unit: str, shift: int, today: date) -> date:
    if unit == "day":
        return today + timedelta(days=shift)
    if unit == "week":
        return today - timedelta(days=today.weekday()) + timedelta(weeks=shift)
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    months = (today.year * 12 + today.month - 1) // size * size + shift * size
    return date(months // 12, months % 12 + 1, 1)


def moment_to_json(moment: Moment) -> dict[str, Any]:
    """Return ``{"ago": seconds}``, ``{"ago": {"days": 90}}`` or ``{"start_of": unit, "shift": n}``."""
    if isinstance(moment, StartOf):
        return {"start_of": moment.unit, "shift": moment.shift}
    parts = {name: getattr(moment.delta, name) for name in ("days", "seconds", "microseconds")}
    return {"ago": {name: value for name, value in parts.items() if value} or 0}


def moment_from_json(data: Mapping[str, Any]) -> Moment:
    """Return the moment that ``moment_to_json`` wrote; also weeks, hours and minutes may be given.

    Raises:
        InvalidError: it is none.
    """
    try:
        if set(data) == {"ago"}:
            return _ago_from_json(data["ago"])
        if data.get("start_of") in _UNITS and set(data) <= {"start_of", "shift"}:
            return StartOf(data["start_of"], operator.index(data.get("shift", 0)))
    except (TypeError, ValueError, OverflowError):
        pass
    raise InvalidError(
        f"{dict(data)!r} is no moving value: write {{'ago': {{'days': 90}}}} or {{'start_of': 'month'}}.", code="moment"
    )


def _ago_from_json(parts: Any) -> Ago:
    if not isinstance(parts, Mapping):
        return Ago(timedelta(seconds=parts))
    return Ago(timedelta(**cast("Mapping[str, float]", parts)))
