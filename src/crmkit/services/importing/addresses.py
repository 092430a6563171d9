"""E-mail addresses and telephone numbers in one form each, so that the same one is found again.

Neither is looked up anywhere: whether an address exists is known when something is sent to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from crmkit.services.importing.amounts import folded_digits
from crmkit.services.importing.problems import Problem

_USUAL: Final = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}"
)
_LABEL: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_FORBIDDEN: Final = re.compile(r"[()<>\[\]:;,\\\"\x00-\x1f\x7f]")
_MOST_ADDRESS, _MOST_NAME = 254, 64
_LEAST_DIGITS, _MOST_DIGITS = 3, 15
_PLAIN_PHONE: Final = re.compile(r"\+?[0-9][0-9 .-]*")
_SEPARATORS: Final = MappingProxyType(dict.fromkeys(map(ord, "+ .-")))
_EXTENSION: Final = re.compile(r"\s*(?:;ext=|ext\.?|x|#|tst\.?|داخلی)\s*(\d{1,6})$", re.IGNORECASE)

CALLING_CODES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # country: its calling code, and the prefix that is dialled inside it only (source: ITU-T E.164 and E.123)
        "AE": ("971", "0"), "AF": ("93", "0"), "AL": ("355", "0"), "AM": ("374", "0"), "AR": ("54", "0"), "AT": ("43", "0"),
        "AU": ("61", "0"), "AZ": ("994", "0"), "BA": ("387", "0"), "BE": ("32", "0"), "BG": ("359", "0"), "BH": ("973", ""),
        "BR": ("55", "0"), "BY": ("375", "80"), "CA": ("1", "1"), "CH": ("41", "0"), "CL": ("56", ""), "CN": ("86", "0"),
        "CO": ("57", ""), "CY": ("357", ""), "CZ": ("420", ""), "DE": ("49", "0"), "DK": ("45", ""), "DZ": ("213", "0"),
        "EE": ("372", ""), "EG": ("20", "0"), "ES": ("34", ""), "ET": ("251", "0"), "FI": ("358", "0"), "FR": ("33", "0"),
        "GB": ("44", "0"), "GE": ("995", "0"), "GH": ("233", "0"), "GR": ("30", ""), "HK": ("852", ""), "HR": ("385", "0"),
        "HU": ("36", "06"), "ID": ("62", "0"), "IE": ("353", "0"), "IL": ("972", "0"), "IN": ("91", "0"), "IQ": ("964", "0"),
        "IR": ("98", "0"), "IS": ("354", ""), "IT": ("39", ""), "JO": ("962", "0"), "JP": ("81", "0"), "KE": ("254", "0"),
        "KR": ("82", "0"), "KW": ("965", ""), "KZ": ("7", "8"), "LB": ("961", "0"), "LT": ("370", "0"), "LU": ("352", ""),
        "LV": ("371", ""), "MA": ("212", "0"), "MD": ("373", "0"), "ME": ("382", "0"), "MK": ("389", "0"), "MT": ("356", ""),
        "MX": ("52", ""), "MY": ("60", "0"), "NG": ("234", "0"), "NL": ("31", "0"), "NO": ("47", ""), "NZ": ("64", "0"),
        "OM": ("968", ""), "PE": ("51", "0"), "PH": ("63", "0"), "PK": ("92", "0"), "PL": ("48", ""), "PS": ("970", "0"),
        "PT": ("351", ""), "QA": ("974", ""), "RO": ("40", "0"), "RS": ("381", "0"), "RU": ("7", "8"), "SA": ("966", "0"),
        "SE": ("46", "0"), "SG": ("65", ""), "SI": ("386", "0"), "SK": ("421", "0"), "SY": ("963", "0"), "TH": ("66", "0"),
        "TN": ("216", ""), "TR": ("90", "0"), "TW": ("886", "0"), "UA": ("380", "0"), "US": ("1", "1"), "UZ": ("998", ""),
        "VE": ("58", "0"), "VN": ("84", "0"), "YE": ("967", "0"), "ZA": ("27", "0"),
    }
)  # fmt: skip
_LONG_NUMBERS: Final = frozenset({"7", "55"})  # ten digits and more at home, also such as begin like the calling code
_ABROAD: Final[Mapping[str, str]] = MappingProxyType(
    {"US": "011", "CA": "011", "AU": "0011", "JP": "010", "KR": "00", "RU": "810"}
)


def email(text: str) -> str | Problem:
    """The address, its domain in lower case and both in one Unicode form; or why it can not be one."""
    text = text.strip()
    if len(text) <= _MOST_NAME and _USUAL.fullmatch(text):
        return text
    text = unicodedata.normalize("NFC", text)
    name, at, domain = text.rpartition("@")
    if not at:
        return Problem("email-no-at", {"value": text})
    domain = domain.rstrip(".").lower()
    problem = _email_problem(name, domain)
    return f"{name}@{domain}" if problem is None else Problem(problem.code, {"value": text, **problem.params})


def _email_problem(name: str, domain: str) -> Problem | None:
    if "@" in name:
        return Problem("email-several-at")
    if not name or not domain:
        return Problem("email-no-domain" if name else "email-no-name")
    if re.search(r"\s", name + domain):
        return Problem("email-space")
    if found := _FORBIDDEN.search(name + domain):
        return Problem("email-characters", {"character": found[0]})
    if name.startswith(".") or name.endswith(".") or ".." in name:
        return Problem("email-dots")
    return _domain_problem(name, domain)


def _domain_problem(name: str, domain: str) -> Problem | None:
    labels = domain.split(".")
    is_domain = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    if not is_domain:
        return Problem("email-domain", {"domain": domain})
    if len(name) > _MOST_NAME:
        return Problem("email-too-long", {"limit": _MOST_NAME})
    return Problem("email-too-long", {"limit": _MOST_ADDRESS}) if len(name) + len(domain) + 1 > _MOST_ADDRESS else None


@attrs.frozen
class Phone:
    """A telephone number.

    Attributes:
        number: digits only, after `+` and the calling code where they are known; an extension after `;ext=`.
        raw: as it was written.
    """

    number: str
    raw: str


def phone(text: str, country: str = "") -> Phone | Problem:
    """A telephone number in one form.

    Args:
        text: with any separators and in the digits of any script; `tel:` may stand before it.
        country: two letters, where a number without a calling code is meant; if empty such a number keeps its digits.
    """
    if _PLAIN_PHONE.fullmatch(text):
        return _checked(text, _dialled(text, text.translate(_SEPARATORS), country), None)
    folded = folded_digits(text).strip().removeprefix("tel:").strip()
    extension = _EXTENSION.search(folded)
    body = folded[: extension.start()] if extension else folded
    if found := re.search(r"[^\d\s()./+\u00a0\u2009\u202f\u2013\u2014-]|(?<=[\d)])\s*\+", body):
        return Problem("phone-characters", {"value": text, "character": found[0].strip()})
    if "+" in body or body.lstrip("( ").startswith("00"):
        body = re.sub(r"\(\s*0\s*\)", "", body)  # +31 (0)6: dialled at home only
    return _checked(text, _dialled(body, re.sub(r"\D", "", body), country), extension)


def _checked(text: str, number: str, extension: re.Match[str] | None) -> Phone | Problem:
    digits = len(number) - number.startswith("+")
    if not _LEAST_DIGITS <= digits <= _MOST_DIGITS:
        code = "phone-too-short" if digits < _LEAST_DIGITS else "phone-too-long"
        return Problem(code, {"value": text, "least": _LEAST_DIGITS, "most": _MOST_DIGITS})
    return Phone(f"{number};ext={extension[1]}" if extension else number, text)


def _dialled(body: str, digits: str, country: str) -> str:
    """The number with its calling code, where one is known."""
    if "+" in body:
        return f"+{digits}"
    for prefix in (_ABROAD.get(country, "00"), "00"):
        if digits.startswith(prefix) and len(digits) > len(prefix) + 6:
            return f"+{digits[len(prefix) :]}"
    return _national(digits, country)


def _national(digits: str, country: str) -> str:
    if country not in CALLING_CODES or len(digits) <= 6:  # short numbers are dialled as they are
        return digits
    code, trunk = CALLING_CODES[country]
    is_whole = trunk not in ("1", "8") or len(digits) == 11  # else the digit may be the number's own first
    if trunk and digits.startswith(trunk) and is_whole:
        return f"+{code}{digits[len(trunk) :]}"
    is_already = digits.startswith(code) and len(digits) >= len(code) + (10 if code in _LONG_NUMBERS else 9)
    return f"+{digits}" if is_already else f"+{code}{digits}"
