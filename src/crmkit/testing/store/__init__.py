"""The contract of stores: what every store must do, as a pytest class for its author to run.

    class TestJsonLines(StoreContract):
        def store(self, types):
            return JsonLinesStore(Path(tempfile.mkdtemp()), types)

Each test gets a new store for the record types of ``crmkit.testing.specimens``; what a store declares in ``capabilities``
is tested, what it does not declare must be refused. Random worlds and questions are compared with the evaluation in Python.
"""

from __future__ import annotations

import pytest

# The contract's assertions are read by people: pytest must rewrite them before its modules are imported.
pytest.register_assert_rewrite(
    "crmkit.testing.store.answers", "crmkit.testing.store.schema", "crmkit.testing.store.writes"
)

from .answers import AnswersContract  # noqa: E402  # after the line above
from .schema import SchemaContract  # noqa: E402  # after the line above
from .writes import WritesContract  # noqa: E402  # after the line above

__all__ = ["StoreContract"]


class StoreContract(SchemaContract, WritesContract, AnswersContract):
    """Override ``store(types)``: a new, empty place at each call. Set ``examples`` for more random worlds."""
