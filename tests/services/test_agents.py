"""Agents, teams and touchpoints."""

from __future__ import annotations

import pytest

from crmkit.crm import CRM
from crmkit.errors import ConflictError, InvalidError


def test_an_agent_comes_before_a_team_of_the_same_key(crm: CRM) -> None:
    team, mina = crm.agents.add_team("mina"), crm.agents.add("mina", name="Mina", team="desk")
    assert crm.agents.named("mina") == mina
    assert (crm.agents.list(), crm.agents.teams()) == ((mina,), (team,))


def test_a_key_is_taken_once(crm: CRM) -> None:
    crm.agents.add("mina")
    with pytest.raises(ConflictError):
        crm.agents.add("mina")


def test_nobody_is_told_with_the_nearest(crm: CRM) -> None:
    crm.agents.add_team("desk")
    with pytest.raises(InvalidError, match="'desk'"):
        crm.agents.named("dessk")


def test_a_touchpoint_is_put_under_its_key(crm: CRM) -> None:
    crm.touchpoints.put("accounting", name="Accounting", office="back")
    shop = crm.touchpoints.put("shop")
    assert crm.touchpoints.put("shop", name="The shop").id == shop.id
    assert [(t.key, str(t.name), t.office) for t in crm.touchpoints.list()] == [
        ("accounting", "Accounting", "back"),
        ("shop", "The shop", "front"),
    ]
    assert [t.key for t in crm.touchpoints.list(office="back")] == ["accounting"]
