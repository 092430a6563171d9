"""The normal form of an address: two ways to write one address have one key, and a customer is found by it.

Pure, and the same for services, imports and suppression. It says nothing about whether somebody answers there.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import Final

from ..errors import InvalidError
from .text import fold, identity

# Country calling codes (source: ITU-T E.164, list of assigned country codes).
_CALLING: Final[dict[str, str]] = {
    country: code
    for country, _, code in (
        part.partition("=")
        for part in """AD=376 AE=971 AF=93 AG=1 AI=1 AL=355 AM=374 AO=244 AR=54 AS=1 AT=43 AU=61 AW=297 AX=358 AZ=994 BA=387 BB=1
    BD=880 BE=32 BF=226 BG=359 BH=973 BI=257 BJ=229 BL=590 BM=1 BN=673 BO=591 BQ=599 BR=55 BS=1 BT=975 BW=267 BY=375 BZ=501
    CA=1 CC=61 CD=243 CF=236 CG=242 CH=41 CI=225 CK=682 CL=56 CM=237 CN=86 CO=57 CR=506 CU=53 CV=238 CW=599 CX=61 CY=357
    CZ=420 DE=49 DJ=253 DK=45 DM=1 DO=1 DZ=213 EC=593 EE=372 EG=20 ER=291 ES=34 ET=251 FI=358 FJ=679 FK=500 FM=691 FO=298
    FR=33 GA=241 GB=44 GD=1 GE=995 GF=594 GG=44 GH=233 GI=350 GL=299 GM=220 GN=224 GP=590 GQ=240 GR=30 GT=502 GU=1 GW=245
    GY=592 HK=852 HN=504 HR=385 HT=509 HU=36 ID=62 IE=353 IL=972 IM=44 IN=91 IO=246 IQ=964 IR=98 IS=354 IT=39 JE=44 JM=1
    JO=962 JP=81 KE=254 KG=996 KH=855 KI=686 KM=269 KN=1 KP=850 KR=82 KW=965 KY=1 KZ=7 LA=856 LB=961 LC=1 LI=423 LK=94
    LR=231 LS=266 LT=370 LU=352 LV=371 LY=218 MA=212 MC=377 MD=373 ME=382 MF=590 MG=261 MH=692 MK=389 ML=223 MM=95 MN=976
    MO=853 MP=1 MQ=596 MR=222 MS=1 MT=356 MU=230 MV=960 MW=265 MX=52 MY=60 MZ=258 NA=264 NC=687 NE=227 NF=672 NG=234 NI=505
    NL=31 NO=47 NP=977 NR=674 NU=683 NZ=64 OM=968 PA=507 PE=51 PF=689 PG=675 PH=63 PK=92 PL=48 PM=508 PR=1 PS=970 PT=351
    PW=680 PY=595 QA=974 RE=262 RO=40 RS=381 RU=7 RW=250 SA=966 SB=677 SC=248 SD=249 SE=46 SG=65 SH=290 SI=386 SJ=47 SK=421
    SL=232 SM=378 SN=221 SO=252 SR=597 SS=211 ST=239 SV=503 SX=1 SY=963 SZ=268 TC=1 TD=235 TG=228 TH=66 TJ=992 TK=690 TL=670
    TM=993 TN=216 TO=676 TR=90 TT=1 TV=688 TW=886 TZ=255 UA=380 UG=256 US=1 UY=598 UZ=998 VA=39 VC=1 VE=58 VG=1 VI=1 VN=84
    VU=678 WF=681 WS=685 XK=383 YE=967 YT=262 ZA=27 ZM=260 ZW=263""".split()
    )
}
_KEEPS_ZERO: Final = frozenset("BJ CG CI GA IT SM VA".split())
"""Where a leading 0 belongs to the subscriber's number and stays after the calling code."""
_SEVEN_AND_ONE: Final = {"1": "1", "7": "8"}
"""Calling codes whose national numbers have ten digits, and what is dialled before them at home."""
_EXTENSION = re.compile(r"(?:[;,]?\s*(?:ext|extension|toestel|tst|x|#)[.=:\s]*)(\d{1,7})\s*$", re.IGNORECASE)
_LEAST_DIGITS: Final = 3
_PLAIN: Final = MappingProxyType(
    {
        "email": re.compile(r"(?!mailto:)[!-?A-~]+@[!-?A-~]+", re.ASCII | re.IGNORECASE),
        "phone": re.compile(r"\+[0-9]{3,17}", re.ASCII),
    }
)
"""What is in its normal form but for the case of letters: most of what an import brings."""


def contact_key(kind: str, value: str, country: str = "") -> str:
    """Return the key of an address.

    Args:
        kind: ``email``, ``phone``, ``postal``, ``handle``, or a kind that a channel names.
        value: the address as it is written.
        country: ISO 3166 code of the country from which a phone number without ``+`` is dialled; without it such a
            number keeps its digits alone, and equals no international one.

    Returns:
        e-mail: case-folded; phone: digits, with ``+`` where it is international, ``x12`` for an extension; postal: the
        folded text; anything else: case-folded, without the ``@`` in front.

    Raises:
        InvalidError: it can not be an address of that kind (codes ``email``, ``phone``, ``address``).
    """
    plain = _PLAIN.get(kind)
    if plain is not None and plain.fullmatch(value):
        return value.lower()
    text = identity(value, kind)
    if kind == "email":
        return _email(text)
    if kind == "phone":
        return _phone(text, country.upper())
    key = fold(text) if kind == "postal" else " ".join(_folded(text).split()).removeprefix("@")
    if not key:
        raise InvalidError(
            f"An address of the kind {kind!r} is empty: write it, or leave it out.", code="address", field=kind
        )
    return key


def kind_of_address(address: str) -> str:
    """Return the kind that an address looks like: ``email``, ``phone`` or ``handle``."""
    text = identity(address)
    if "@" in text[1:]:
        return "email"
    digits = sum(character.isdecimal() for character in text)
    letters = sum(character.isalpha() for character in text)
    return "phone" if digits >= _LEAST_DIGITS and not letters else "handle"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _email(text: str) -> str:
    text = text.removeprefix("mailto:")
    name, at, domain = text.rpartition("@")
    if not at:
        raise InvalidError("An e-mail address has no '@': write it as name@example.org.", code="email", field="email")
    if not name or not domain or any(c.isspace() for c in text):
        raise InvalidError(
            "An e-mail address is incomplete or holds a space: write name@example.org.", code="email", field="email"
        )
    return _folded(text)


def _phone(text: str, country: str) -> str:
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text).removeprefix("tel:")
    extension = _EXTENSION.search(plain)
    tail = f"x{extension[1]}" if extension else ""
    number = (plain[: extension.start()] if extension else plain).replace("(0)", "")
    digits = "".join(c for c in number if c.isdecimal())
    if len(digits) < _LEAST_DIGITS:
        raise InvalidError(
            "A phone number has too few digits: write it as +31 6 1234 5678.", code="phone", field="phone"
        )
    if number.lstrip(" (").startswith("+"):
        return f"+{digits}{tail}"
    if digits.startswith("00"):
        return f"+{digits[2:]}{tail}"
    return f"{_dialled_from(country, digits)}{tail}"


def _dialled_from(country: str, digits: str) -> str:
    """Return a national number with its calling code; without a known country, the digits."""
    code = _CALLING.get(country)
    if code is None:
        return digits
    if code in _SEVEN_AND_ONE:
        return f"+{code}{digits[1:] if len(digits) == 11 and digits[0] in (code, _SEVEN_AND_ONE[code]) else digits}"
    if country == "HU":
        return f"+{code}{digits.removeprefix('06')}"
    return f"+{code}{digits if country in _KEEPS_ZERO else digits.removeprefix('0')}"
