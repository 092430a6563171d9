"""The rules of sending that a company sets: what needs consent, when it is quiet, how often one customer is written to."""

from __future__ import annotations

from datetime import time

import attrs

from ..errors import InvalidError
from .lifetime import since


def _wall(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        if value:
            time.fromisoformat(value)
    except ValueError:
        raise InvalidError(f"{attribute.name}: {value!r} is no time of day: write 21:00.", code="time_of_day") from None


@since("1.0")
@attrs.frozen(kw_only=True)
class SendingRules:
    """The table ``[settings.sending]`` of crmkit.toml.

    Attributes:
        without_consent: purposes that need no consent; a withdrawal or objection is heeded all the same. To messages for
            any other purpose the quiet hours and the weekly limit apply.
        legitimate_interest: purposes that the company bases on its legitimate interest: they go to whoever has neither
            withdrawn nor objected. All others need a grant.
        quiet_from, quiet_until: the hours, ``21:00`` to ``08:00``, in which nothing is sent that could wait, in the
            customer's time zone (without one, in the CRM's); empty: none.
        per_week: how many messages a customer gets in seven days; 0: no limit.
        automatic_per_day: how many messages that no person asked for one address gets in 24 hours, whatever it answers.
    """

    without_consent: tuple[str, ...] = ("service", "transactional")
    legitimate_interest: tuple[str, ...] = ("survey",)
    quiet_from: str = attrs.field(default="", validator=_wall)
    quiet_until: str = attrs.field(default="", validator=_wall)
    per_week: int = 0
    automatic_per_day: int = 3
