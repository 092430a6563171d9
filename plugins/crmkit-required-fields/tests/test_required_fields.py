"""The check: what every hook must do, and what it lets through."""

import pytest
from crmkit import CRM, Change, Context, Deal, Money, PluginError, RefusedError
from crmkit.testing import HooksContract

from crmkit_required_fields import Settings, filled, plugin

ASKED = {"required-fields": {"won": ["amount", "source"], "lost": ["reason"]}}


class TestHooks(HooksContract):
    plugin = plugin


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


@pytest.mark.crm(stores="all", settings=ASKED)
def test_a_deal_is_won_when_it_says_all(crm: CRM) -> None:
    deal = crm.deals.open(crm.customers.add(name="Anna"), title="Gazelle")
    with pytest.raises(RefusedError, match="Before a deal is won it needs: amount, source"):
        crm.deals.win(deal)
    deal = crm.deals.change(deal, amount=Money("1249", "EUR"))
    with pytest.raises(RefusedError, match="it needs: source"):
        crm.deals.win(deal)
    assert crm.deals.win(crm.deals.change(deal, source="web")).state == "won"


@pytest.mark.crm(settings=ASKED)
def test_a_deal_is_lost_for_a_reason(crm: CRM) -> None:
    deal = crm.deals.open(crm.customers.add(name="Anna"), title="Gazelle")
    with pytest.raises(RefusedError, match="Before a deal is lost it needs: reason"):
        crm.deals.lose(deal)
    assert crm.deals.lose(deal, reason="price").state == "lost"


@pytest.mark.crm(settings=ASKED)
def test_a_won_deal_may_be_mended_later(crm: CRM) -> None:
    """It is asked when a deal is closed, not each time that it changes."""
    won = Deal(pipeline="sales", stage="won", state="won")
    later = Change(before=won, after=won)
    assert filled(later, Context(settings=Settings(won=("amount",)), crm=crm)) is None


def test_nothing_is_asked_for_until_somebody_says_so(crm: CRM) -> None:
    assert crm.deals.win(crm.deals.open(crm.customers.add(name="Anna"), title="Gazelle")).state == "won"


def test_a_field_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="a deal has no field 'amuont'"):
        Settings(won=("amuont",))
    with pytest.raises(PluginError, match="amuont"):
        CRM.open(
            "memory:", plugins=[plugin], discover=False, strict=True, settings={"required-fields": {"won": ["amuont"]}}
        )
