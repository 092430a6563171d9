"""A survey of trust, from the question to the KPI, through crmkit's public face only."""

from __future__ import annotations

import pytest
from crmkit import CRM, InvalidError
from crmkit.testing import SurveyTypeContract

from crmkit_trust import plugin, trust

CONTENT = {"keeps-promises": 7, "honest": 7, "cares": 7, "hides-things": 1, "hard-to-reach": 1}


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


class TestTrust(SurveyTypeContract):
    survey_type = trust
    examples = (
        (CONTENT, 7.0),
        ({"keeps-promises": 2, "honest": 3, "cares": 4, "hides-things": 7}, 2.5),  # the reversed item counts as 1
        ({"keeps-promises": "\N{EXTENDED ARABIC-INDIC DIGIT SEVEN}", "honest": 1}, None),  # two of five are too few
    )


@pytest.mark.crm(stores="all")
def test_from_the_question_to_the_figure(crm: CRM) -> None:
    """Items are checked, reversed and kept one by one; three KPIs come of themselves."""
    crm.surveys.create("trust-2026", "trust")
    anna = crm.customers.add(name="Anna", email="anna@example.nl")
    bert = crm.customers.add(name="Bert", email="bert@example.nl")
    doubting = {"keeps-promises": 2, "honest": 2, "cares": 2, "hides-things": 6, "hard-to-reach": 6}
    sent = crm.surveys.send("trust-2026", [anna, bert], channel="mailbox")
    for invitation, raw in zip(sent.invitations, (CONTENT, doubting), strict=True):
        response = crm.surveys.answer(crm.surveys.token(invitation), {"trust": raw})
        items: dict[str, tuple[object, object]] = {
            row.item: (row.raw, row.score) for row in crm.surveys.answers(response) if row.item
        }
        assert len(items) == 5
        assert items["hides-things"] == (raw["hides-things"], 8 - raw["hides-things"])
    values = {name: crm.kpis.show(name).latest.value for name in ("trust", "trust-mean", "trust-net")}
    assert values == {"trust": 0.5, "trust-mean": 4.5, "trust-net": 0}
    with pytest.raises(InvalidError, match="between 1 and 7"):
        crm.surveys.answer(crm.surveys.token(sent.invitations[0]), {"trust": {"honest": 8}})
