"""Being answered by the customers whom we ask; what they answer is measured by the survey types."""

from __future__ import annotations

from crmkit import Invitation, kpis
from crmkit.query import each

v = each(Invitation)

response_rate = kpis.proportion(
    "response-rate", of=Invitation, at=v.sent_at, part=~v.used_at.is_missing, where=v.bounced_at.is_missing, area="satisfaction",
    nothing="no invitation was sent",
    explanation="Invitations that were answered by all that were sent and did not bounce, by the day of sending.",
)  # fmt: skip
