"""The record type: a card, and how many points it has."""

from typing import Annotated

import attrs
from crmkit import Code, Customer, History, Id, Owner, Record


@attrs.frozen(kw_only=True)
class LoyaltyCard(Record, unique=[("key",)]):
    """A card of a customer; it goes when they are erased."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    key: Code
    """The number on the card."""
    points: Annotated[int, History()] = 0
