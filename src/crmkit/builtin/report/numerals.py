"""Numbers as the reader writes them: digits, separators, signs, currency.

Only what a report needs, from the ``[numbers]`` table of a language's label
file. Rounding is half-even and happens here alone, after all arithmetic.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import attrs

from crmkit.builtin.report.view import Number

_LATIN = "0123456789"
# Wide enough for any sum of 64-bit minor units; the default context has 28.
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


@attrs.frozen(kw_only=True)
class Numerals:
    """How one language writes numbers.

    Attributes:
        digits: The ten digits, zero first.
        group: Between groups of three.
        decimal: Before the fraction.
        minus: Before a negative number.
        percent: Pattern of a percentage around ``{n}``.
        money: Pattern of an amount from ``{n}`` and ``{symbol}``.
        symbols: Currency code to sign; a currency without one shows its code.
        places: Decimal places of a currency where they are not two.
    """

    digits: str = _LATIN
    group: str = ","
    decimal: str = "."
    minus: str = "-"
    percent: str = "{n}%"
    money: str = "{symbol}{n}"
    symbols: dict[str, str] = attrs.Factory(dict[str, str])
    places: dict[str, int] = attrs.Factory(dict[str, int])

    def write(self, value: Number, places: int = 0) -> str:
        """A number with a fixed count of decimal places."""
        rounded = _rounded(value, places)
        whole, _, fraction = f"{abs(rounded):,f}".partition(".")
        sign = self.minus if rounded < 0 else ""
        point = self.decimal + fraction if fraction else ""
        return sign + self.local(whole.replace(",", self.group) + point)

    def write_percent(self, share: Number, places: int = 0) -> str:
        """A ratio 0..1 as per cent."""
        return self._signed(self.percent, share, scale=100, places=places)

    def write_money(self, value: Number, currency: str, places: int | None = None) -> str:
        """An amount in major units with its currency's sign, or its code."""
        shown = self.money_places(currency) if places is None else places
        touches = "{symbol}{n}" in self.money
        symbol = self.symbols.get(currency, f"{currency}\u00a0" if touches else currency)
        return self._signed(self.money, value, symbol=symbol, places=shown)

    def money_places(self, currency: str) -> int:
        """Decimal places of a currency's minor unit."""
        return self.places.get(currency, 2)

    def local(self, latin: str) -> str:
        """The same text with the reader's digits."""
        return latin.translate(str.maketrans(_LATIN, self.digits))

    def _signed(self, pattern: str, value: Number, places: int, scale: int = 1, symbol: str = "") -> str:
        rounded = _rounded(_decimal(value) * scale, places)
        sign = self.minus if rounded < 0 else ""
        return sign + pattern.format(n=self.write(abs(rounded), places), symbol=symbol)


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _rounded(value: Number, places: int) -> Decimal:
    return _decimal(value).quantize(Decimal(1).scaleb(-places), context=_WIDE)
