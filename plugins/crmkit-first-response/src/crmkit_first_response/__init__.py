"""Median time until we first answer a customer."""

from crmkit import Interaction, Plugin, kpis
from crmkit.query import each

message = each(Interaction)
first_response_time = kpis.duration(
    "first-response-time",
    of=Interaction, start=message.occurred_at, end=message.answered_at, period="start",
    where=(message.direction == "in") & (message.opens_conversation == True),  # a condition on a path
    stat="median", unit="hours", better="lower", area="service", nothing="nobody who wrote first was answered",
)  # fmt: skip
plugin = Plugin("first-response", offers=(first_response_time,))
