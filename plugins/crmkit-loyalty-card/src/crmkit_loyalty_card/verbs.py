"""What people do with cards at the till."""

import attrs
from crmkit import Customer, InvalidError, Page, Service, verb
from crmkit.query import each

from .record_type import LoyaltyCard


class LoyaltyCards(Service):
    """``crm.service(LoyaltyCards)``."""

    @verb
    def issue(self, customer: Customer, number: str) -> LoyaltyCard:
        """Give a customer a card.

        Raises:
            ConflictError: somebody has a card of this number.
        """
        return self.add(LoyaltyCard(customer=customer.id, key=number))

    @verb
    def earn(self, card: LoyaltyCard, points: int) -> LoyaltyCard:
        """Add points to a card: 1 or more."""
        return self._booked(card, points, points >= 1, "earned")

    @verb
    def spend(self, card: LoyaltyCard, points: int) -> LoyaltyCard:
        """Take points off a card: as many as it has, or fewer."""
        return self._booked(card, -points, 1 <= points <= card.points, "spent")

    @verb
    def listed(self, customer: Customer) -> Page[LoyaltyCard]:
        """Return the cards of a customer, the one with most points first."""
        card = each(LoyaltyCard)
        return self.find(LoyaltyCard, card.customer == customer.id, order=[-card.points])

    def _booked(self, card: LoyaltyCard, points: int, is_possible: bool, done: str) -> LoyaltyCard:
        if not is_possible:
            raise InvalidError(
                f"{abs(points)} points can not be {done}: card {card.key} has {card.points}.",
                code="points",
                field="points",
            )
        return self.replace(attrs.evolve(card, points=card.points + points))
