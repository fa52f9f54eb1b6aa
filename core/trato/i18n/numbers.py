"""Writing and reading numbers and money.

A list writes some 600 values a page, so the common paths are plain Python over tables made once;
Babel gives separators and the digits of currencies. Its own ``format_currency`` prints two
decimals for Colombian pesos, which nobody in Colombia writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Literal

from trato.i18n.typed_numbers import read_number

if TYPE_CHECKING:
    from babel.core import Locale

Number = int | float | Decimal

_NBSP = "\N{NO-BREAK SPACE}"
#: Currencies written with a sign where they are the reader's own; all others by their code.
_SIGNS = {"COP": "$"}
#: ISO 4217 gives these decimals that daily life dropped; shown only where they are not zero.
_WITHOUT_CENTS = frozenset({"COP"})
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)


class NumberFormats:
    """Write and read numbers with the separators of a locale."""

    def __init__(self, names: Locale, *, percent: str, currency: str) -> None:
        symbols = names.number_symbols["latn"]
        self.group: str = symbols["group"]
        self.decimal_sign: str = symbols["decimal"]
        self.currency = currency
        self._separators = str.maketrans(",.", self.group + self.decimal_sign)
        self._percent = percent
        #: By code: what stands before the amount, decimals, whether zero decimals are left out.
        self._money: dict[str, tuple[str, int, bool]] = {}

    def number(self, value: Number) -> str:
        """Write a number with groups and the decimals that it has: "1.234.567", "2,5"."""
        if type(value) is int:
            return f"{value:,}".translate(self._separators)
        text = f"{_CONTEXT.plus(_exact(value)):,f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return text.translate(self._separators)

    def decimal(self, value: Number, *, places: int = 2) -> str:
        """Write a number with just so many decimals, rounded half up: "1.234,50"."""
        return f"{_rounded(value, places):,f}".translate(self._separators)

    def percent(self, value: Number, *, places: int = 1) -> str:
        """Write hundredths (34 is "34 %") with at most so many decimals."""
        return self.number(_rounded(value, places)) + self._percent

    def money(self, value: Number, currency: str | None = None) -> str:
        """Write an amount: "$ 1.234.567" in the own currency, "USD 1.234,50" in another."""
        code = currency or self.currency
        sign, digits, drops = self._money.get(code) or self._learn(code)
        if type(value) is int and (drops or not digits):
            text = f"{value:,}"
        else:
            exact = _rounded(value, digits)
            text = f"{exact:,.0f}" if drops and not exact % 1 else f"{exact:,f}"
        return _signed(sign, text.translate(self._separators))

    def parse_number(self, text: str, *, decimal: Literal[".", ","] | None = None) -> Decimal:
        """Read a typed number: "1.234,50"; also money and percent as this object writes them.

        :param decimal: the decimal sign of a file that is not written as the locale does.
        :raises DomainError: with a text for the person who typed it.
        """
        group, sign = self.group, self.decimal_sign
        if decimal is not None:
            group, sign = ("," if decimal == "." else "."), decimal
        return read_number(
            text,
            group=group,
            decimal=sign,
            affixes=self._affixes(),
            example=f"1{group}234{sign}5",
        )

    def _affixes(self) -> Sequence[str]:
        return (self.currency, _SIGNS.get(self.currency, "$"), "%")

    def _learn(self, code: str) -> tuple[str, int, bool]:
        from babel.numbers import get_currency_precision

        sign = _SIGNS.get(code, code) if code == self.currency else code
        learned = (sign + _NBSP, get_currency_precision(code), code in _WITHOUT_CENTS)
        self._money[code] = learned
        return learned


def _exact(value: Number) -> Decimal:
    # A float is taken as it prints: 0.1 is one tenth.
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _rounded(value: Number, places: int) -> Decimal:
    # plus() turns a rounded "-0" into "0".
    return _CONTEXT.plus(_exact(value).quantize(Decimal(1).scaleb(-places), context=_CONTEXT))


def _signed(sign: str, text: str) -> str:
    return f"-{sign}{text[1:]}" if text.startswith("-") else sign + text
