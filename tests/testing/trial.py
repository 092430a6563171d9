"""Running a contract on something broken: which of its checks fail."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crmkit.testing import ChannelContract, Provider
from crmkit.testing.contract import Contract


def failed(suite: type[Contract], **more: Any) -> set[str]:
    """Return the names of the checks that fail; ``more`` are what the author of a plugin would write into the class."""
    contract = type("Contract", (suite,), more)
    return {name for name in suite.checks() if fails(contract(), name)}


def fails(contract: Any, name: str) -> bool:
    """Whether a check fails, in one of its cases."""
    return next(failing_cases(contract, name), None) is not None


def failing_cases(contract: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the arguments of those cases of a check that fail."""
    check = getattr(contract, name)
    for case in cases(check):
        try:
            with fixtures(contract) as given:
                wanted = inspect.signature(check).parameters
                check(**case, **{key: value for key, value in given.items() if key in wanted})
        except pytest.skip.Exception:
            pass
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # whatever a mistake ends in, it is caught
            yield case


@contextmanager
def fixtures(contract: Any) -> Generator[dict[str, Any]]:
    """What pytest would give to the checks of a suite."""
    if not isinstance(contract, ChannelContract):
        yield {}
        return
    with Provider(patience_s=contract.patience_s) as provider:
        yield {"provider": provider, "made": contract.channel(provider)}


def cases(check: Any) -> Iterator[dict[str, Any]]:
    """Yield the arguments of every case of a check."""
    marks = [mark.args for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    for values in itertools.product(*(values for _, values in marks)):
        yield dict(zip((names for names, _ in marks), values, strict=True))
