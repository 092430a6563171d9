"""Fixtures for pytest, found by themselves where crmkit is installed: ``crm``, ``clock``, ``outbox``.

``crm`` is a CRM on the memory store with a fixed clock; no installed plugin is looked for: the fixture ``crm_plugins``,
which a test module or conftest overrides, names the plugins. ``@pytest.mark.crm(store="sqlite")`` chooses the store,
``@pytest.mark.crm(stores="all")`` runs the test on each (PostgreSQL is started where this machine has it; elsewhere that
run is skipped with the reason), ``settings={...}`` and further options
are those of ``CRM.open``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from ..crm import CRM
from ..errors import InvalidError
from ..ports.channel import Channel, Delivery
from .clock import Clock
from .outbox import outbox_for
from .servers.ready import Ready

STORES = ("memory", "sqlite", "postgresql")
"""What ``stores="all"`` means; "mariadb" can be named beside them."""
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
    if store == "postgresql":
        options.setdefault("schema", "crm")
    asked = _Asked(tuple(crm_plugins), clock, options)
    with _place(asked, store, tmp_path, request) as url, asked.opened(url) as made:
        made.outbox = []
        for channel in made.house.loaded.offers(Channel):
            if channel.value.is_automated:
                made.house.opened(f"channel:{channel.value.name}", _outbox(channel.value, made.outbox))
        yield made


def _outbox(of: type[Channel], outbox: list[Delivery]) -> Any:
    return lambda: outbox_for(of, outbox)


@attrs.frozen(eq=False)
class _Asked:
    """What a test asks for: its plugins, its clock, and what its marker says."""

    plugins: Sequence[Any]
    clock: Callable[[], datetime]
    options: Mapping[str, Any]

    def opened(self, url: str) -> TestCRM:
        return TestCRM.open(
            url,
            plugins=self.plugins,
            discover=False,
            clock=self.clock,
            pause=_without_waiting,
            environ={},
            **self.options,
        )

    def made(self, url: str) -> None:
        self.opened(url).close()

    @property
    def key(self) -> Hashable:
        """What the content of its database follows from before anything happens."""
        return tuple(map(id, self.plugins)), self.clock(), repr(sorted(self.options.items()))


@contextmanager
def _place(asked: _Asked, store: str, folder: Path, request: pytest.FixtureRequest) -> Generator[str]:
    if store == "memory":
        yield "memory:"
        return
    if store not in (*STORES, "mariadb"):
        raise InvalidError(
            f"{store!r} is no store that tests can open: {', '.join((*STORES, 'mariadb'))}.", code="unknown_store"
        )
    ready: Ready = request.getfixturevalue(f"{store}_ready")
    at = folder / "crm.db" if store == "sqlite" else ""
    with ready.copy(asked.key, asked.made, at=at, held=asked) as url:
        yield url


@pytest.fixture
def outbox(crm: Any) -> list[Delivery]:
    """What ``crm`` would have sent."""
    found: list[Delivery] = crm.outbox
    return found


def _without_waiting(seconds: float) -> None:
    """Tests do not sleep."""
