"""The fixtures of authors: a CRM of one test alone, time that stands still, and an outbox; what is installed is not looked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmkit import CRM, Plugin
from crmkit.testing import Clock

pytest_plugins = ["pytester"]


@pytest.fixture
def crm_plugins() -> list[object]:
    return [Plugin("shop")]


def test_only_the_plugins_of_the_test_are_there(crm: CRM) -> None:
    """Those of this repository are installed where the tests run, and are not found."""
    assert [state.name for state in crm.plugins if not state.is_builtin] == ["shop"]


def test_time_stands_still_until_it_is_moved(crm: CRM, clock: Clock) -> None:
    assert crm.now == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert crm.now == crm.now
    clock.advance(days=1, hours=2)
    assert crm.now == datetime(2026, 1, 6, 11, tzinfo=UTC)
    clock.set(datetime(2026, 2, 1, tzinfo=UTC))
    assert crm.now == datetime(2026, 2, 1, tzinfo=UTC)


def test_what_is_sent_is_in_the_outbox(crm: CRM, outbox: list[object]) -> None:
    crm.messages.queue(crm.customers.add(name="Anna", email="anna@example.org"), text="Ready.")
    assert outbox == []
    crm.work()
    assert len(outbox) == 1


@pytest.mark.crm(store="sqlite", time_zone="Asia/Tehran")
def test_the_marker_chooses_store_and_options(crm: CRM, tmp_path: Path) -> None:
    assert (tmp_path / "crm.db").exists()
    assert str(crm.house.zone) == "Asia/Tehran"


@pytest.mark.crm(stores=("memory", "sqlite"))
def test_a_test_may_run_on_several_stores(crm: CRM) -> None:
    assert crm.customers.add(name="Anna").name == "Anna"


SUITE = """
from crmkit import Plugin
from crmkit.testing import PluginContract

class TestMine(PluginContract):
    plugin = Plugin("mine")
    excluded = {excluded}
"""


@pytest.mark.parametrize(
    ("excluded", "told", "outcome"),
    [
        (
            {"test_it_loads": "It is loaded elsewhere, by hand."},
            "*It is loaded elsewhere, by hand.*",
            {"skipped": 7, "passed": 4},
        ),
        ({"test_it_loads": ""}, "*test_it_loads is excluded without a reason*", {"errors": 11}),
        ({"test_it_lods": "It is loaded elsewhere."}, "*'test_it_lods', which is no check*", {"errors": 11}),
    ],
)
def test_a_check_is_left_out_with_a_reason_only(
    pytester: pytest.Pytester, excluded: dict[str, str], told: str, outcome: dict[str, int]
) -> None:
    pytester.makepyfile(SUITE.replace("{excluded}", repr(excluded)))
    result = pytester.runpytest_subprocess("-rs", "-q", "-p", "no:randomly", "-p", "no:xdist")
    result.stdout.fnmatch_lines([told])
    found = result.parseoutcomes()
    assert {name: found.get(name) for name in outcome} == outcome


STORE = """
from crmkit.builtin.memory import MemoryStore
from crmkit.testing import StoreContract

class TestMine(StoreContract):
    excluded = {excluded}

    def store(self, types):
        return MemoryStore(types)
"""


@pytest.mark.parametrize(("reason", "outcome"), [("It keeps no blobs of its own.", "skipped"), ("no", "errors")])
def test_a_check_of_stores_is_left_out_in_the_same_way(pytester: pytest.Pytester, reason: str, outcome: str) -> None:
    check = "test_bytes_are_kept_under_their_digest"
    pytester.makepyfile(STORE.replace("{excluded}", repr({check: reason})))
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:xdist", "-k", check)
    assert result.parseoutcomes()[outcome] == 1


def test_a_store_that_tests_can_not_open_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n\n@pytest.mark.crm(store='oracle')\ndef test_it(crm): pass\n")
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:xdist")
    result.stdout.fnmatch_lines(["*'oracle' is no store that tests can open: memory, sqlite*"])
