"""The record type: what every one must do. Its verbs, on every store; its commands, as people type them."""

import subprocess
import sys
from pathlib import Path

import pytest
from crmkit import CRM, ConflictError, InvalidError
from crmkit.testing import RecordTypeContract

from crmkit_loyalty_card import LoyaltyCard, LoyaltyCards, plugin

CRMKIT = Path(sys.executable).with_name("crmkit")


class TestLoyaltyCard(RecordTypeContract):
    record_type = LoyaltyCard


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


@pytest.mark.crm(stores="all")
def test_points_are_earned_and_spent(crm: CRM) -> None:
    anna, cards = crm.customers.add(name="Anna"), crm.service(LoyaltyCards)
    card = cards.earn(cards.issue(anna, "1001"), 120)
    card = cards.spend(card, 100)
    assert card.points == 20
    with pytest.raises(InvalidError, match="21 points can not be spent: card 1001 has 20"):
        cards.spend(card, 21)
    for points in (0, -5):
        with pytest.raises(InvalidError, match="can not be earned"):
            cards.earn(card, points)
        with pytest.raises(InvalidError, match="can not be spent"):
            cards.spend(card, points)
    assert [one.points for one in cards.listed(anna)] == [20]


@pytest.mark.crm(stores="all")
def test_a_number_is_on_one_card(crm: CRM) -> None:
    anna, cards = crm.customers.add(name="Anna"), crm.service(LoyaltyCards)
    cards.issue(anna, "1001")
    with pytest.raises(ConflictError):
        cards.issue(anna, "1001")


def test_two_tills_do_not_spend_the_same_points(crm: CRM) -> None:
    """Who comes second has an older card in hand: it is refused, and the points are spent once."""
    cards = crm.service(LoyaltyCards)
    card = cards.earn(cards.issue(crm.customers.add(name="Anna"), "1001"), 100)
    cards.spend(card, 100)
    with pytest.raises(ConflictError):
        cards.spend(card, 100)


def test_its_commands(tmp_path: Path) -> None:
    def crmkit(*words: str) -> str:
        return subprocess.run([CRMKIT, *words], cwd=tmp_path, check=True, capture_output=True, encoding="utf-8").stdout

    crmkit("init")
    crmkit("customers", "add", "Anna")
    crmkit("loyalty-cards", "issue", "Anna", "1001")
    assert crmkit("loyalty-cards", "earn", "1001", "120") == "120 points\n"
    assert crmkit("loyalty-cards", "spend", "1001", "100") == "20 points\n"
    assert "1001" in crmkit("loyalty-cards", "list", "Anna")
