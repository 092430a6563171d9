"""Money: an exact amount in one ISO 4217 currency, kept as whole minor units so that sums are exact everywhere."""

from __future__ import annotations

import functools
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs

from ..errors import InvalidError

# Minor-unit digits of ISO 4217 where they are not 2 (source: ISO 4217, list one).
_PLACES = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_CODES = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
    PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
    TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL""".split()
)
_LIMIT = 2**63


def places_of(currency: str) -> int:
    """Return how many decimal digits a currency's minor unit has (EUR: 2, JPY: 0)."""
    return _PLACES.get(currency, 2)


def is_currency(code: str) -> bool:
    """Say whether a text is a currency code of ISO 4217."""
    return code in _CODES


def _exact(value: Any) -> Decimal:
    try:
        made = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        made = Decimal("NaN")
    if not made.is_finite():
        raise InvalidError(f"{value!r} is no amount of money: write a number such as 1249.50.", code="amount")
    return made


def _known(money: Any, attribute: Any, value: str) -> None:
    if value and value not in _CODES:
        raise InvalidError(
            f"{value!r} is no currency of ISO 4217: write a code such as EUR.",
            code="currency",
            params={"currency": value},
        )


@functools.total_ordering
@attrs.frozen(order=False)
class Money:
    """An amount and its currency; ``Money("12.50")`` is in the CRM's own currency, which is filled in when it is kept.

    Raises:
        InvalidError: the amount is no finite number, the currency is not of ISO 4217, or (in ``minor``, and where two
            are added or compared) the amount has more decimals than the currency, or the currencies differ.
    """

    amount: Decimal = attrs.field(converter=_exact)
    currency: str = attrs.field(default="", validator=_known)

    def __init__(self, amount: Decimal | int | str, currency: str = "") -> None:
        self.__attrs_init__(amount, currency)  # type: ignore[attr-defined]  # made by attrs

    @property
    def minor(self) -> int:
        """The amount in whole minor units (cents)."""
        scaled = self.amount.scaleb(places_of(self.currency))
        whole = int(scaled)
        if whole != scaled or not -_LIMIT <= whole < _LIMIT:
            raise InvalidError(
                f"{self.amount} has more decimals or digits than {self.currency or 'the currency'} can hold: round it first.",
                code="amount",
            )
        return whole

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """Return the money of whole minor units."""
        return cls(Decimal(minor).scaleb(-places_of(currency)), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidError(
                f"{self.currency} and {other.currency} are different currencies: convert one first.", code="currencies"
            )

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __str__(self) -> str:
        places = places_of(self.currency)
        return f"{self.currency} {self.amount:,.{places}f}".strip()
