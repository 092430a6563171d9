"""Fixtures for pytest, found by themselves where crmkit is installed: ``crm``, ``clock``, ``outbox``.

``crm`` is a CRM on the memory store with a fixed clock; no installed plugin is looked for: the fixture ``crm_plugins``,
which a test module or conftest overrides, names the plugins. ``@pytest.mark.crm(store="sqlite")`` chooses the store,
``@pytest.mark.crm(stores="all")`` runs the test on each (PostgreSQL is started where this machine has it; elsewhere that
run is skipped with the reason), ``settings={...}`` and further options
are those of ``CRM.open``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ..crm import CRM
from ..errors import InvalidError
from ..ports.channel import Channel, Delivery
from .clock import Clock
from .outbox import outbox_for

STORES = ("memory", "sqlite", "postgresql")
"""What ``stores="all"`` means; "mariadb" can be named beside them."""
_SERVERS = ("postgresql", "mariadb")
pytest_plugins = ("crmkit.testing.servers.fixtures",)


class TestCRM(CRM):
    """A CRM whose automated channels send nothing: ``outbox`` has what they were given."""

    __test__ = False
    outbox: list[Delivery]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", 'crm(store=..., stores="all", **options): how the fixture `crm` opens its CRM')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for several stores once on each."""
    marker = metafunc.definition.get_closest_marker("crm")
    stores = marker.kwargs.get("stores") if marker else None
    if stores and "crm" in metafunc.fixturenames:
        metafunc.parametrize("_crm_store", STORES if stores == "all" else list(stores), indirect=True)


@pytest.fixture
def _crm_store(request: pytest.FixtureRequest) -> str | None:
    """The store of this run of a test that asks for several."""
    return getattr(request, "param", None)


@pytest.fixture
def clock() -> Clock:
    """The time of the fixture ``crm``."""
    return Clock()


@pytest.fixture
def crm_plugins() -> Sequence[Any]:
    """The plugins of the fixture ``crm``: override it."""
    return ()


@pytest.fixture
def crm(
    request: pytest.FixtureRequest, clock: Clock, crm_plugins: Sequence[Any], tmp_path: Path, _crm_store: str | None
) -> Iterator[CRM]:
    """A CRM of this test alone."""
    marker = request.node.get_closest_marker("crm")
    options = dict(marker.kwargs) if marker else {}
    options.pop("stores", None)
    store = _crm_store or options.pop("store", "memory")
    options.pop("store", None)
    if store in _SERVERS:
        options.setdefault("schema", f"t{secrets.token_hex(6)}")
    with TestCRM.open(
        _url(store, tmp_path, request),
        plugins=crm_plugins,
        discover=False,
        clock=clock,
        pause=_without_waiting,
        environ={},
        **options,
    ) as made:
        made.outbox = []
        for channel in made.house.loaded.offers(Channel):
            if channel.value.is_automated:
                made.house.opened(f"channel:{channel.value.name}", _outbox(channel.value, made.outbox))
        yield made


def _outbox(of: type[Channel], outbox: list[Delivery]) -> Any:
    return lambda: outbox_for(of, outbox)


def _url(store: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if store == "memory":
        return "memory:"
    if store == "sqlite":
        return f"sqlite:///{folder / 'crm.db'}"
    if store in _SERVERS:
        return str(request.getfixturevalue(f"{store}_url"))
    raise InvalidError(
        f"{store!r} is no store that tests can open: {', '.join((*STORES, 'mariadb'))}.", code="unknown_store"
    )


@pytest.fixture
def outbox(crm: Any) -> list[Delivery]:
    """What ``crm`` would have sent."""
    found: list[Delivery] = crm.outbox
    return found


def _without_waiting(seconds: float) -> None:
    """Tests do not sleep."""
