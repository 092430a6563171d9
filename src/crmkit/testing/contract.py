"""What all contract suites share: a check may be left out, by its name and with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

import pytest

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Contract:
    """A suite of checks; an author inherits from one and names what is theirs.

    Attributes:
        excluded: check -> why it can not hold here, a sentence for people. It is then skipped with this reason.
    """

    excluded: ClassVar[Mapping[str, str]] = NOTHING

    @classmethod
    def checks(cls) -> tuple[str, ...]:
        """Return the names of all checks."""
        return tuple(name for name in dir(cls) if name.startswith("test_"))

    @pytest.fixture(autouse=True)
    def _exclusions(self, request: pytest.FixtureRequest) -> None:
        """Skip what is left out; leave nothing out that is unknown, or without a reason."""
        for name, reason in self.excluded.items():
            assert name in self.checks(), f"excluded names {name!r}, which is no check of {type(self).__name__}."
            assert len(reason.split()) > 1, f"{name} is excluded without a reason: write a sentence."
        name = getattr(request.function, "__name__", "")
        if name in self.excluded:
            pytest.skip(self.excluded[name])
