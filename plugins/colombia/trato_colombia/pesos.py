"""Amounts as Colombians write them: ``$ 1.234.567,50``.

Exact numbers only: ``int`` and ``Decimal``, never ``float``.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from trato.api import DomainError, _

#: Between sign and number, so that a line never breaks there.
NBSP = "\N{NO-BREAK SPACE}"

# Dots group thousands; an apostrophe for the millions (1'234.567) and spaces are common, too.
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.'\N{RIGHT SINGLE QUOTATION MARK} ][0-9]{3})+")
_AMOUNT = re.compile(r"([0-9][0-9.'\N{RIGHT SINGLE QUOTATION MARK} ]*)(?:,([0-9]+))?")
_SWAPPED = str.maketrans(",.", ".,")
_SIGN_AND_CURRENCY = re.compile(r"(-?) ?(?:COP)? ?\$? ?(-?) ?(.*?) ?(?:COP)?", re.IGNORECASE)


def round_half_up(amount: Decimal | int, *, decimals: int = 0) -> Decimal:
    """Round halves away from zero, as the ERP rounds each line: 2.5 -> 3, -2.5 -> -3.

    :raises ValueError: for an amount that is not finite.
    """
    exact = _exact(amount)
    # The default context has 28 digits and would refuse longer sums.
    context = Context(prec=max(exact.adjusted(), 0) + max(decimals, 0) + 3)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, context)


def format_pesos(amount: Decimal | int, *, decimals: int = 0, symbol: bool = True) -> str:
    """Show an amount: ``$ 1.234.567`` (with a no-break space), ``-$ 1.234,50``.

    :param decimals: how many to show; the rest is rounded half up.
    :param symbol: whether to show the peso sign.
    """
    rounded = round_half_up(amount, decimals=decimals)
    number = f"{rounded.copy_abs():,f}".translate(_SWAPPED)
    # What rounds to nothing has no sign.
    minus = "-" if rounded < 0 else ""
    return f"{minus}${NBSP}{number}" if symbol else f"{minus}{number}"


def parse_pesos(text: str, *, decimals: int = 2) -> Decimal:
    """Read an amount as typed: ``1.234.567,50``, ``$ 1.234.567``, ``-1'234.567``, ``COP 5000``.

    The dot groups thousands and the comma begins the decimals. What may mean two amounts is
    refused, never guessed: ``1234.50`` and ``1,234.50`` are not read as English.

    :param decimals: the most decimals allowed; with the default ``1,234`` is refused, which is
        more often an English thousand than three decimals of a peso.
    :raises DomainError: with code ``invalid_amount``.
    """
    tidy = " ".join(text.replace("\N{MINUS SIGN}", "-").split())
    parts = _SIGN_AND_CURRENCY.fullmatch(tidy)
    match = _AMOUNT.fullmatch(parts[3]) if parts else None
    if parts is None or match is None or (parts[1] and parts[2]):
        raise _refused(_("'{typed}' is not an amount in pesos."), text)
    whole, fraction = match[1], match[2] or ""
    if not whole.isdigit():
        if not _GROUPED.fullmatch(whole):
            raise _refused(_("The dots in '{typed}' do not separate thousands."), text)
        whole = re.sub(r"[^0-9]", "", whole)
    if len(fraction) > decimals:
        raise _refused(_("'{typed}' has more than {decimals} decimals."), text, decimals=decimals)
    number = Decimal(f"{whole}.{fraction}" if fraction else whole)
    return number.copy_negate() if parts[1] or parts[2] else number


def _exact(amount: Decimal | int) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise TypeError(f"An amount is an int or a Decimal, not {type(amount).__name__}.")
    exact = Decimal(amount)
    if not exact.is_finite():
        raise ValueError(f"An amount is a finite number, not {amount}.")
    return exact


def _refused(message: str, typed: str, *, decimals: int = 0) -> DomainError:
    typed = typed.strip()
    return DomainError(
        message,
        hint=_("Write it like 1.234.567,50: dots for thousands, a comma for decimals."),
        code="invalid_amount",
        typed=typed if len(typed) <= 40 else f"{typed[:40]}…",
        decimals=decimals,
    )
