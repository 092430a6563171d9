"""The table, check by broken plugin: no check of any suite that an author may run is without the mistake that it catches.

That a mistake is caught by these checks and by no unrelated one is tried where the mistakes stand.
"""

from __future__ import annotations

import pytest

from crmkit import testing
from crmkit.testing.contract import Contract
from tests.testing import (
    test_channel_contract,
    test_contracts,
    test_kpi_contract,
    test_store_contract,
    test_survey_type_contract,
)

SUITES = [name for name in testing.__all__ if name.endswith("Contract")]


def caught() -> dict[str, set[str]]:
    """Suite -> the checks that catch something."""
    store = test_store_contract
    found = {
        "ChannelContract": [checks for _, checks in test_channel_contract.MISTAKES],
        "KpiContract": [checks for _, _, checks in test_kpi_contract.MISTAKES],
        "StoreContract": [
            *(checks for _, checks in store.FAULTS + store.STORES),
            {check for _, check in store.ANSWERS},
        ],
        "SurveyTypeContract": [checks for _, _, checks in test_survey_type_contract.MISTAKES],
    }
    for suite, _, _, checks in test_contracts.MISTAKES:
        found.setdefault(suite.__name__, []).append(checks)
    return {name: set[str]().union(*checks) for name, checks in found.items()}


@pytest.mark.parametrize("suite", SUITES)
def test_every_check_has_its_mistake(suite: str) -> None:
    """A check that nothing broken is caught by is worth nothing; a mistake names no check that is not there."""
    checks = {name for name in dir(getattr(testing, suite)) if name.startswith("test_")}
    assert checks
    assert caught()[suite] == checks


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_leaves_checks_out_in_one_way(suite: str) -> None:
    """By name and with a reason: see tests/testing/test_fixtures.py."""
    assert issubclass(getattr(testing, suite), Contract)


def test_a_check_without_its_mistake_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above fails where somebody writes a check and plants no mistake for it."""
    monkeypatch.setattr(testing.HooksContract, "test_something_new", lambda self: None, raising=False)
    with pytest.raises(AssertionError):
        test_every_check_has_its_mistake("HooksContract")
