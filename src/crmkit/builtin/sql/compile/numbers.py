"""Constants that a column of whole numbers is compared with: exact, also where they lie outside of it or between two of its values."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, TypeAlias

Answer: TypeAlias = Literal["any", "none"]
"""The comparison holds for every value that is there, or for none."""
SMALLEST: Final = -(2**63)
LARGEST: Final = 2**63 - 1
_DIGITS: Final = 40
"""A number with more digits before the point lies outside of every column."""


def compared(op: str, value: int | Decimal, places: int = 0) -> tuple[str, int] | Answer:
    """Return the comparison of a column of scaled integers with ``value``: an operator and a 64-bit integer, or its one answer."""
    whole, is_exact = _scaled(value, places)
    if not is_exact:
        if op in ("==", "!="):
            return "none" if op == "==" else "any"
        op = {"<": "<=", ">=": ">"}.get(op, op)  # `whole` lies just below the value
    if whole > LARGEST:
        return "any" if op in ("<", "<=", "!=") else "none"
    if whole < SMALLEST:
        return "any" if op in (">", ">=", "!=") else "none"
    return op, whole


def _scaled(value: int | Decimal, places: int) -> tuple[int, bool]:
    """Return the greatest integer that is not above ``value`` in units of its last place, and whether it is equal."""
    if isinstance(value, int):
        return value * 10**places, True
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # questions hold finite numbers only
    if value and value.adjusted() > _DIGITS:
        return (SMALLEST - 1 if sign else LARGEST + 1), True
    number = int("".join(map(str, digits))) * (-1 if sign else 1)
    shift = exponent + places
    if shift >= 0:
        return number * 10**shift, True
    if -shift > len(digits) + 1:
        return (-1 if number < 0 else 0), number == 0
    whole, rest = divmod(number, 10**-shift)
    return whole, rest == 0
