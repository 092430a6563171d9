"""How large a proof is.

Full size with ``CRMKIT_TEST_PROOF=1``, a twentieth by default. ``CRMKIT_TEST_BRIEF=1`` makes it smaller again: tox says so on
every Python but 3.11, on which all of the default is done. A proof that is brief tries fewer places, and can fail as well.
"""

from __future__ import annotations

import os
from typing import Final, TypeVar

T = TypeVar("T")
IS_PROOF: Final = os.environ.get("CRMKIT_TEST_PROOF") == "1"
IS_BRIEF: Final = not IS_PROOF and os.environ.get("CRMKIT_TEST_BRIEF") == "1"


def sized(*, full: T, default: T, brief: T) -> T:
    """Return what stands for the size of this run."""
    return full if IS_PROOF else brief if IS_BRIEF else default
