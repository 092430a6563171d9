from datetime import UTC, datetime

from crmkit import Interaction
from crmkit.testing import KpiContract

from .crmkit_first_response import first_response_time


def asked(hour: int, answered: int | None) -> Interaction:
    return Interaction(
        channel="phone", direction="in", opens_conversation=True, occurred_at=datetime(2026, 11, 2, hour, tzinfo=UTC),
        answered_at=None if answered is None else datetime(2026, 11, 2, answered, tzinfo=UTC),
    )  # fmt: skip


class TestFirstResponseTime(KpiContract):
    kpi = first_response_time
    examples = (
        ((), None),
        ((asked(9, 10), asked(9, 12), asked(9, None)), 2.0),  # hours; the median of 1 and 3
    )
