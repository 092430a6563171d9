"""When a message may go: quiet hours, the weekly limit, and waiting before another try. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ...ports.sending import SendingRules

WEEK: Final = timedelta(days=7)
FIRST_WAIT_S: Final = 30
LONGEST_WAIT_S: Final = 6 * 3600


def quiet_end(now: datetime, zone: ZoneInfo, rules: SendingRules) -> datetime | None:
    """Return when the quiet hours end in which ``now`` falls; None outside of them."""
    if not rules.quiet_from or not rules.quiet_until:
        return None
    begins, ends = time.fromisoformat(rules.quiet_from), time.fromisoformat(rules.quiet_until)
    local = now.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    is_overnight = begins > ends
    is_quiet = clock >= begins or clock < ends if is_overnight else begins <= clock < ends
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1) if is_overnight and clock >= begins else local.date()
    return max(datetime.combine(day, ends, zone).astimezone(UTC), now + timedelta(minutes=1))


def next_in_week(sent: Sequence[datetime], now: datetime, per_week: int) -> datetime | None:
    """Return when one more message keeps the weekly limit; None: now. ``sent`` is when earlier ones went."""
    recent = sorted(at for at in sent if at > now - WEEK)
    if not per_week or len(recent) < per_week:
        return None
    return recent[len(recent) - per_week] + WEEK


def next_try(now: datetime, attempts: int, retry_after_s: float | None) -> datetime:
    """Return when to try again: as the provider asks, else after 30 seconds, doubling, at most six hours."""
    wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20))
    if retry_after_s is not None:
        wait_s = min(max(retry_after_s, 1.0), 24 * 3600.0)
    return now + timedelta(seconds=wait_s)
