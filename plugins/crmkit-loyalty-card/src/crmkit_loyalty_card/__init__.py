"""Loyalty cards: points that customers earn and spend."""

from crmkit import Commands, Plugin

from .record_type import LoyaltyCard
from .verbs import LoyaltyCards

__all__ = ["LoyaltyCard", "LoyaltyCards", "plugin"]

commands = Commands("loyalty-cards", "crmkit_loyalty_card.commands:loyalty_cards", "Loyalty cards: points at the till.")
plugin = Plugin("loyalty-card", capabilities=("personal-data",), offers=(LoyaltyCard, LoyaltyCards, commands))
