"""Median time until we first answer a customer, by touchpoint."""

from crmkit import Interaction, Plugin, kpis
from crmkit.query import each

message = each(Interaction)
first_response_time = kpis.duration(
    "first-response-time",
    of=Interaction, start=message.occurred_at, end=message.answered_at, period="start",
    where=(message.direction == "in") & (message.opens_conversation == True),  # noqa: E712  # a condition on a path
    stat="median", unit="hours",
)  # fmt: skip
plugin = Plugin("first-response", offers=(first_response_time,))
