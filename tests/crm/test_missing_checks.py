"""What a plugin has checked once is not written without it, however it went."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit import CRM, Change, Customer, Plugin, PluginError, Refusal, RefusedError, check


@check(Customer)
def no_bob(change: Change[Customer]) -> Refusal | None:
    """Nobody is called Bob."""
    return Refusal("Not Bob.", field="name") if change.after.name == "Bob" else None


RULES = Plugin("rules", offers=[no_bob])


def opened(folder: Path, *plugins: Plugin, disabled: tuple[str, ...] = ()) -> CRM:
    return CRM.open(f"sqlite:///{folder / 'crm.db'}", plugins=plugins, disabled=disabled, discover=False)


def test_a_check_that_came_without_an_upgrade_is_missed_too(tmp_path: Path) -> None:
    """Also where all that it did was to refuse: nothing of that unit was kept."""
    opened(tmp_path).close()
    with opened(tmp_path, RULES) as crm, pytest.raises(RefusedError):
        crm.customers.add(name="Bob")
    with opened(tmp_path) as crm:
        with pytest.raises(PluginError, match="'rules' checks every customer and is not active"):
            crm.customers.add(name="Bob")
        assert not list(crm.find(Customer))
    with opened(tmp_path, disabled=("rules",)) as crm:
        assert crm.customers.add(name="Bob").name == "Bob"


def test_nobody_is_missed_who_checked_nothing(tmp_path: Path) -> None:
    opened(tmp_path, Plugin("idle")).close()
    with opened(tmp_path) as crm:
        assert crm.customers.add(name="Bob").name == "Bob"
