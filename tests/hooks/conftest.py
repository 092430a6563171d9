"""Hooks of made-up plugins, compiled as a CRM compiles them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit._hooks import Hook, Hooks, Plugged
from crmkit.ports.work import hook_of


class Face:
    """What stands for the CRM in a context."""


@pytest.fixture
def face() -> Face:
    return Face()


@pytest.fixture
def compiled() -> Callable[..., Hooks]:
    """Make the hooks of functions: each is its own plugin ``p1``, ``p2``, ..., or give (plugin, function)."""

    def make(*functions: Any, settings: Any = None, **more: Any) -> Hooks:
        hooks = []
        for n, given in enumerate(functions, 1):
            name, function = given if isinstance(given, tuple) else (f"p{n}", given)
            offer = hook_of(function)
            assert offer is not None
            plugin = Plugged(
                name=name,
                distribution=f"crmkit-{name}",
                version="1.0",
                settings=settings,
                redacted=lambda text: text.replace("s3cr3t", "***"),
            )
            hooks.append(Hook(plugin=plugin, name=offer.name, function=function, offer=offer))
        return Hooks(hooks, **more)

    return make
