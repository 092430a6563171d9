"""When something planned comes again: by the clock on the wall, so that ten o'clock stays ten o'clock over a change of the clocks.

A recurrence is ``daily``, ``weekly``, ``monthly`` or ``yearly``. Where the day does not exist in every month (the 29th
to the 31st, 29 February) it carries the day it began with, ``monthly:31`` or ``yearly:02-29``: a short month has it on
its last day, and the next long one on the day itself again.
"""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from typing import Final

from ..errors import InvalidError, nearest
from .times import WallTime

RECURRENCES: Final = ("daily", "weekly", "monthly", "yearly")
_SAFE_DAY: Final = 28


def recurrence_from(text: str, due: WallTime) -> str:
    """Return the recurrence to keep for something first due then.

    Raises:
        InvalidError: it is none of ``RECURRENCES`` (or of the kept forms).
    """
    kind, colon, _ = text.partition(":")
    if text and kind not in RECURRENCES:
        hint = nearest(text, RECURRENCES)
        raise InvalidError(
            f"{text!r} is no recurrence: write {', '.join(RECURRENCES)}.{hint}", code="recurrence", field="recurrence"
        )
    if colon or due.local.day <= _SAFE_DAY:
        return text
    return {"monthly": f"monthly:{due.local.day}", "yearly": f"yearly:{due.local:%m-%d}"}.get(text, text)


def next_after(recurrence: str, due: WallTime, instant: datetime) -> WallTime:
    """Return the first occurrence after ``due`` that lies after an instant too: what was missed meanwhile is not made up for."""
    n, found = 1, _shifted(recurrence, due, 1)
    while found.at <= instant or found.local <= due.local:
        n += 1
        found = _shifted(recurrence, due, n)
    return found


def _shifted(recurrence: str, due: WallTime, n: int) -> WallTime:
    kind, _, anchor = recurrence.partition(":")
    if kind in ("daily", "weekly"):
        return WallTime(due.local + timedelta(days=n * (7 if kind == "weekly" else 1)), due.time_zone)
    wanted = int(anchor.rpartition("-")[2]) if anchor else due.local.day
    return WallTime(_months_later(due.local, n * (12 if kind == "yearly" else 1), wanted), due.time_zone)


def _months_later(local: datetime, months: int, wanted_day: int) -> datetime:
    month = local.year * 12 + local.month - 1 + months
    year, month = month // 12, month % 12 + 1
    return local.replace(year=year, month=month, day=min(wanted_day, calendar.monthrange(year, month)[1]))
