"""Numbers and money as people write them, in the digits of any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from crmkit.records.money import Money, is_currency, places_of
from crmkit.services.importing.problems import Problem

DecimalMark = Literal[".", ","]
_MOST: Final = 2**63
_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_EXPONENT: Final = re.compile(r"[eE][+-]?[0-9]{1,2}$")
_GROUPS_BY_SPACE: Final = re.compile(r"(?<=[0-9])[\s'\u2019](?=[0-9]{3}(?![0-9]))")
_NO_CENTS: Final = re.compile(r"[.,](?:--?|\u2013|\u2014)$")
_CURRENCY: Final = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<mark>[A-Z]{3}|[^\w\s.,+-])?\s*(?P<number>[+-]?[\d.,].*?)\s*(?P<mark2>[A-Z]{3}|[^\w\s.,+-])?"
)
_SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {"€": "EUR", "£": "GBP", "₪": "ILS", "₹": "INR", "₺": "TRY", "₽": "RUB", "₩": "KRW", "₴": "UAH", "₫": "VND", "₦": "NGN", "﷼": "IRR"}
)  # fmt: skip
_SHARED_SIGNS: Final = frozenset("$¥")


def folded_digits(text: str) -> str:
    """The text with decimal digits of any script as 0 to 9, a typographic minus as `-`, and no invisible characters."""
    if text.isascii():
        return text
    return "".join(map(_folded, text))


def _folded(character: str) -> str:
    if character.isascii():
        return character
    if character in "\u2212\u2010\u2011\uff0d":
        return "-"
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return "" if unicodedata.category(character) == "Cf" else character


def number(text: str, decimal: DecimalMark = ".") -> Decimal | Problem:
    """A finite decimal number, with or without groups of thousands.

    Args:
        text: not empty. Groups may be marked by the other one of `.` and `,`, by a space or by an apostrophe.
        decimal: what stands before decimal places.
    """
    if decimal == "." and _PLAIN.fullmatch(text):
        return Decimal(text)
    folded, exponent = _without_exponent(folded_digits(text).strip())
    group = "," if decimal == "." else "."
    folded = _GROUPS_BY_SPACE.sub("", folded.replace("\u066b", decimal).replace("\u066c", group))
    if not _is_number(folded, decimal, group):
        return _not_a_number(text, folded, decimal, group)
    return Decimal(folded.replace(group, "").replace(decimal, ".") + exponent)


def _without_exponent(text: str) -> tuple[str, str]:
    found = _EXPONENT.search(text)
    return (text[: found.start()], found[0]) if found else (text, "")


def _is_number(text: str, decimal: str, group: str) -> bool:
    mark, comma = re.escape(decimal), re.escape(group)
    whole = f"[0-9]{{1,30}}|[0-9]{{1,3}}(?:{comma}[0-9]{{3}}){{1,9}}|[0-9]{{1,2}}(?:{comma}[0-9]{{2}}){{1,9}}{comma}[0-9]{{3}}"
    return re.fullmatch(rf"[+-]?(?:(?:{whole})(?:{mark}[0-9]{{1,30}})?|{mark}[0-9]{{1,30}})", text) is not None


def _not_a_number(text: str, folded: str, decimal: str, group: str) -> Problem:
    if _is_number(folded, group, decimal):
        return Problem("decimal-comma" if decimal == "." else "decimal-point", {"value": text})
    return Problem("not-a-number", {"value": text})


def whole_number(text: str, decimal: DecimalMark = ".") -> int | Problem:
    """A whole number of 64 bits; `12.0` is 12."""
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)
    found = number(text, decimal)
    if isinstance(found, Problem) or found != found.to_integral_value():
        return Problem("not-a-whole-number", {"value": text})
    return int(found) if -_MOST <= found < _MOST else Problem("too-large", {"value": text})


def decimal_number(places: int, decimal: DecimalMark = ".") -> Callable[[str], Decimal | Problem]:
    """A reader of numbers that have at most so many decimal places."""

    def read(text: str) -> Decimal | Problem:
        found = number(text, decimal)
        return found if isinstance(found, Problem) else _fitting(text, found, places)

    return read


def _fitting(text: str, value: Decimal, places: int) -> Decimal | Problem:
    scaled = value.scaleb(places)
    if not -_MOST <= scaled < _MOST:
        return Problem("too-large", {"value": text})
    if scaled != scaled.to_integral_value():
        return Problem("too-many-places", {"value": text, "places": places})
    return value


def money(currency: str = "", decimal: DecimalMark = ".") -> Callable[[str], Money | Problem]:
    """A reader of amounts, also with a currency's code or sign before or after (`€ 1.249,-`, `12.50 USD`).

    Args:
        currency: the code of the currency of amounts that do not name one; an amount that names another is refused.
            If empty, an amount that names none is in the CRM's own currency.
        decimal: what stands before decimal places.
    """

    def read(text: str) -> Money | Problem:
        if decimal == "." and _PLAIN.fullmatch(text):
            return _money(text, Decimal(text), currency)
        found = _CURRENCY.fullmatch(folded_digits(text).strip())
        if not found:
            return Problem("not-a-number", {"value": text})
        if found["mark"] and found["mark2"]:
            return Problem("not-a-number", {"value": text})
        named = _named(text, found["mark"] or found["mark2"] or "", currency)
        if isinstance(named, Problem):
            return named
        amount = number(found["sign"] + _NO_CENTS.sub("", found["number"]), decimal)
        return Problem(amount.code, {"value": text}) if isinstance(amount, Problem) else _money(text, amount, named)

    return read


def _named(text: str, mark: str, currency: str) -> str | Problem:
    """The code of the currency that an amount is in; empty for the CRM's own."""
    if mark in _SHARED_SIGNS:
        return currency or Problem("no-currency", {"value": text})
    if mark and not mark.isalpha() and mark not in _SIGNS:
        return Problem("not-a-number", {"value": text})
    code = _SIGNS.get(mark, mark)
    if code and not is_currency(code):
        return Problem("unknown-currency", {"value": code})
    if code and currency and code != currency:
        return Problem("other-currency", {"value": text, "currency": currency})
    return code or currency


def _money(text: str, amount: Decimal, currency: str) -> Money | Problem:
    if currency and not is_currency(currency):
        return Problem("unknown-currency", {"value": currency})
    fitting = _fitting(text, amount, places_of(currency))
    return fitting if isinstance(fitting, Problem) else Money(fitting, currency)
