"""The survey type: what every one must do, and from the question to the figure."""

import pytest
from crmkit import CRM
from crmkit.testing import SurveyTypeContract

from crmkit_value_for_money import plugin, value_for_money


class TestValueForMoney(SurveyTypeContract):
    survey_type = value_for_money
    examples = ((5, 5.0), ("۲", 2.0))


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


@pytest.mark.crm(stores="all", languages=("nl",))
def test_from_the_question_to_the_figure(crm: CRM) -> None:
    """Three of four found it worth its price."""
    crm.surveys.create("bicycles-2026", "value-for-money")
    for name, answer in {"Anna": 5, "Bert": 4, "Cleo": 4, "David": 1}.items():
        customer = crm.customers.add(name=name, email=f"{name.lower()}@example.nl")
        (invitation,) = crm.surveys.send("bicycles-2026", [customer], channel="mailbox").invitations
        crm.surveys.answer(crm.surveys.token(invitation), {"value-for-money": answer})
    values = {name: crm.kpis.show(f"value-for-money{name}").latest.value for name in ("", "-mean", "-net")}
    assert values == {"": 0.75, "-mean": 3.5, "-net": 50}
