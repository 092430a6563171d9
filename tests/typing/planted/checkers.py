"""The checkers themselves: that a mistake is seen and what is right is not, in the strictness that we ask for."""

from typing import Any, assert_type

import crmkit

assert_type(crmkit.__version__, str)

wrong: int = "one"  # error: mypy pyright


def untold(value):  # error: mypy pyright
    return value  # error: pyright


def known(value: Any) -> int:
    return len(value)  # Any is passed on unchecked: no error


fine: int = known("one")
