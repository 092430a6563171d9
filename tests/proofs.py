"""How large a proof is.

Full size with ``CRMKIT_TEST_PROOF=1``, a twentieth by default. ``CRMKIT_TEST_BRIEF=1`` makes it smaller again: tox says so on
every Python but 3.11, on which all of the default is done. A proof that is brief tries fewer places, and can fail as well.

What comes of some tests does not depend on the Python: on contracts' own mistakes, kills of whole processes, texts, installers,
real data. They are marked ``once``, for a test or a file, and a brief run leaves them out; of those marked ``once(each=5)`` it runs
each fifth of the file, the first one included.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeVar

import pytest

T = TypeVar("T")
IS_PROOF: Final = os.environ.get("CRMKIT_TEST_PROOF") == "1"
IS_BRIEF: Final = not IS_PROOF and os.environ.get("CRMKIT_TEST_BRIEF") == "1"


def sized(*, full: T, default: T, brief: T) -> T:
    """Return what stands for the size of this run."""
    return full if IS_PROOF else brief if IS_BRIEF else default


def left_out(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return what a brief run does not run; the tests are in the order of their files."""
    seen: Counter[str] = Counter()
    return [item for item in items if (mark := item.get_closest_marker("once")) and not _is_sample(item, mark, seen)]


def _is_sample(item: pytest.Item, mark: pytest.Mark, seen: Counter[str]) -> bool:
    place = str(item.path)
    seen[place] += 1
    each = mark.kwargs.get("each", 0)
    return each > 0 and seen[place] % each == 1
