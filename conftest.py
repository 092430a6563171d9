"""What holds for every test, and the documentation, whose examples are tests too."""

from __future__ import annotations

import ipaddress
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sybil import Sybil
from sybil.integration import pytest as documents
from sybil.parsers.myst import SkipParser

from crmkit.testing.servers.shared import place_for_data
from docs import running
from tests.proofs import IS_BRIEF, left_out, sized

EXAMPLES = sized(full=100, default=100, brief=25)
hypothesis.settings.register_profile("default", deadline=None, max_examples=EXAMPLES)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=EXAMPLES, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


# --- what some machines have ------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets (`CRMKIT_TEST_DATA`); the test is skipped where there is none."""
    folder = os.environ.get("CRMKIT_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CRMKIT_TEST_DATA names no folder of real data sets")
    return Path(folder)


# --- temporary folders ------------------------------------------------------------------------------------------------
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Temporary folders are in memory where there is room, so that tests wait for no disk; `--basetemp` names another place."""
    place = place_for_data()
    if config.option.basetemp or hasattr(config, "workerinput") or place == Path(tempfile.gettempdir()):
        return
    if not os.statvfs(place).f_flag & os.ST_NOEXEC:  # tests make environments, and run what is in them
        folder = place / f"crmkit-tests-{secrets.token_hex(6)}"
        config.option.basetemp = str(folder)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


# --- no network beyond loopback -----------------------------------------------------------------------------------------
def _is_loopback(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket's path
        return True
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert _is_loopback(address), f"a test opened a connection to {address!r}: tests stay on this machine"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


# --- documentation: the examples of one page run in order, in a folder of their own (docs/running.py) --------------------
_EXAMPLES: dict[str, Any] = {
    "parsers": [SkipParser(), running.python, running.sessions, running.files],
    "setup": running.begin_page,
    "teardown": running.end_page,
}

# A pattern is matched from the right: every page below docs/, and every README.md (each plugin has one).
pytest_collect_file = documents.pytest_integration(
    Sybil(path="docs", patterns=["*.md"], excludes=["README.md", running.NEEDS_AN_INDEX], **_EXAMPLES),
    Sybil(filenames=["README.md"], **_EXAMPLES),
)


# --- bytecode ---------------------------------------------------------------------------------------------------------
def pytest_collection_finish() -> None:
    """What was imported until now is kept compiled, with pytest's own assertions in it; what tests write changes too quickly."""
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


_DEAR = frozenset(
    """
    tests/crm/test_kills.py tests/services/importing/test_kills.py tests/services/erasing/test_kills.py
    tests/services/sending/test_kills.py tests/testing/test_contracts.py tests/testing/test_store_contract.py
    tests/testing/checking/test_check.py tests/crm/moving/test_moving.py tests/plugins/test_life.py
    tests/services/erasing/test_erasing.py docs/tutorial/first-crm.md docs/how-to/send-and-survey.md
    docs/users/two_wheels/test_crm.py docs/users/hosts/test_hosts.py docs/how-to/test-a-plugin.md
    tests/plugins/test_fault_grid.py tests/plugins/test_orphans.py tests/testing/test_fixtures.py
    tests/services/erasing/test_once_more.py tests/builtin/sql/test_mariadb.py tests/crm/test_upgrading.py
    """.split()
)
"""Files that take longest: they begin, so that no worker of pytest-xdist is left with one at the end (`--no-loadscope-reorder`)."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """The order of tests is random; that of the examples on one page is the page's, and what takes longest is first."""
    if IS_BRIEF and (out := left_out(items)):
        config.hook.pytest_deselected(items=out)
        gone = set(out)
        items[:] = [item for item in items if item not in gone]
    yield
    places = [n for n, item in enumerate(items) if isinstance(item, documents.SybilItem)]
    examples = sorted((items[n] for n in places), key=lambda item: (str(item.path), item.example.line))
    for n, example in zip(places, examples, strict=True):
        items[n] = example
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in _DEAR)
