"""Reading numbers as people type them and as files bring them.

Strict where leniency would corrupt: in Spanish "1.234" is 1234 and "12.5" is refused rather than
guessed, as a column that holds "1.250" too would be read half right. An import that knows its
file names the decimal sign instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from trato.errors import DomainError
from trato.text import _

_LONGEST, _SHOWN = 64, 40
_SPACES = re.compile(r"\s+")  # no-break and narrow ones too


def read_number(
    text: str, *, group: str, decimal: str, affixes: Sequence[str], example: str
) -> Decimal:
    """Read a number with these separators; groups, where there are any, must be complete.

    :param affixes: what may stand beside it, such as "$" and "%".
    :param example: how it is meant to be written, for the message that refuses it.

    "-5", "(5)", "-$ 5" and "$ -5" are negative.
    """
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST:
        return Decimal(f"{text}.0")  # as most are in a file
    body = _SPACES.sub("", text).replace("\N{MINUS SIGN}", "-")
    negative = body.startswith("(") and body.endswith(")")
    body = body[1:-1] if negative else body
    for affix in affixes:
        body = re.sub(rf"^([+-]?){re.escape(affix)}", r"\1", body.removesuffix(affix))
    if not negative and body[:1] in {"-", "+"}:
        negative, body = body[0] == "-", body[1:]
    digits = re.fullmatch(
        rf"(?P<whole>[0-9]+|[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}})+|)"
        rf"(?:{re.escape(decimal)}(?P<part>[0-9]+))?",
        body,
    )
    if not body or digits is None or len(text) > _LONGEST:
        raise DomainError(
            _("'{text}' is not a number; write it like {example}."),
            code="not_a_number",
            text=text[:_SHOWN],
            example=example,
        )
    number = Decimal(f"{digits['whole'].replace(group, '')}.{digits['part'] or 0}")
    return -number if negative else number
