"""The types of identification document that Colombia uses, with the codes of the DIAN.

Documents that Colombia gives to its own people and companies are strict. Documents of foreigners
are not: their forms change with the issuing country, so they only ever warn.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trato.api import _
from trato_colombia.municipalities import fold


class Holder(StrEnum):
    """Who may carry a type of document; the values are those of ``clients.client.kind``."""

    PERSON = "person"
    COMPANY = "company"


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentificationType:
    """Describe one type of identification document."""

    #: Stored value; never changes its meaning.
    key: str
    #: DIAN, Anexo técnico de factura electrónica 1.9, table 13.2.1.
    dian_code: str
    #: Understood in both languages, fit for a narrow column.
    abbreviation: str
    #: English message id; the Spanish name is in the catalogue.
    label: str
    #: Other names by which spreadsheets and ERPs call it, folded.
    names: tuple[str, ...] = ()
    holders: frozenset[Holder]
    #: Length of the normalised number.
    shortest: int
    longest: int
    digits_only: bool = True
    #: A number of another form is an error; otherwise only a warning.
    strict: bool = True
    has_check_digit: bool = False
    #: Show thousands with dots.
    grouped: bool = False
    #: Zeros in front carry no meaning (spreadsheets and ERPs pad with them).
    padded: bool = False

    @property
    def pattern(self) -> str:
        """Give the regular expression of a normalised number, valid in Python and HTML alike."""
        letters = "[0-9]" if self.digits_only else "[0-9A-Z]"
        return f"{letters}{{{self.shortest},{self.longest}}}"


_PERSON = frozenset({Holder.PERSON})
_ANYBODY = frozenset(Holder)

NIT = IdentificationType(
    key="nit",
    dian_code="31",
    abbreviation="NIT",
    label=_("Tax number (NIT)"),
    names=("numero de identificacion tributaria",),
    holders=_ANYBODY,
    shortest=3,
    longest=10,
    has_check_digit=True,
    grouped=True,
    padded=True,
)
CC = IdentificationType(
    key="cc",
    dian_code="13",
    abbreviation="CC",
    label=_("Citizenship card"),
    names=("cedula", "cedula ciudadania", "cedula de ciudadania"),
    holders=_PERSON,
    shortest=3,
    longest=10,
    grouped=True,
    padded=True,
)

#: All types, in the order in which a list offers them.
TYPES: tuple[IdentificationType, ...] = (
    NIT,
    CC,
    IdentificationType(
        key="ce",
        dian_code="22",
        abbreviation="CE",
        label=_("Foreigner's identity card"),
        names=("cedula extranjeria", "cedula de extranjeria"),
        holders=_PERSON,
        shortest=3,
        longest=8,
        strict=False,
        padded=True,
    ),
    IdentificationType(
        key="ti",
        dian_code="12",
        abbreviation="TI",
        label=_("Minor's identity card"),
        names=("tarjeta identidad", "tarjeta de identidad"),
        holders=_PERSON,
        shortest=10,  # eleven in those given before 2004, which begin with the date of birth
        longest=11,
        grouped=True,
    ),
    IdentificationType(
        key="rc",
        dian_code="11",
        abbreviation="RC",
        label=_("Birth certificate"),
        names=("registro civil", "registro civil de nacimiento"),
        holders=_PERSON,
        shortest=5,
        longest=11,
        digits_only=False,
    ),
    IdentificationType(
        key="nuip",
        dian_code="91",
        abbreviation="NUIP",
        label=_("Unique personal identification number (NUIP)"),
        holders=_PERSON,
        shortest=8,
        longest=11,
        digits_only=False,  # some given around the year 2000 carry letters
        grouped=True,
    ),
    IdentificationType(
        key="passport",
        dian_code="41",
        abbreviation="PA",
        label=_("Passport"),
        names=("pas", "pasaporte"),
        holders=_PERSON,
        shortest=5,
        longest=16,
        digits_only=False,
        strict=False,
    ),
    IdentificationType(
        key="pep",
        dian_code="47",
        abbreviation="PEP",
        label=_("Special stay permit (PEP)"),
        names=("permiso especial de permanencia",),
        holders=_PERSON,
        shortest=15,
        longest=15,
        strict=False,
    ),
    IdentificationType(
        key="ppt",
        dian_code="48",
        abbreviation="PPT",
        label=_("Temporary protection permit (PPT)"),
        names=("permiso por proteccion temporal", "permiso de proteccion temporal"),
        holders=_PERSON,
        shortest=6,
        longest=11,
        strict=False,
    ),
    IdentificationType(
        key="te",
        dian_code="21",
        abbreviation="TE",
        label=_("Foreigner's card"),
        names=("tarjeta extranjeria", "tarjeta de extranjeria"),
        holders=_PERSON,
        shortest=3,
        longest=12,
        digits_only=False,
        strict=False,
    ),
    IdentificationType(
        key="foreign_document",
        dian_code="42",
        abbreviation="DE",
        label=_("Foreign identity document"),
        names=("documento extranjero", "documento de identificacion extranjero"),
        holders=_PERSON,
        shortest=3,
        longest=20,
        digits_only=False,
        strict=False,
    ),
    IdentificationType(
        key="foreign_nit",
        dian_code="50",
        abbreviation="NE",
        label=_("Tax number of another country"),
        names=("nit extranjero", "nit de otro pais"),
        holders=_ANYBODY,
        shortest=3,
        longest=20,
        digits_only=False,
        strict=False,
    ),
)


def find_type(text: str) -> IdentificationType | None:
    """Find a type by key, abbreviation, DIAN code or Spanish name, however it is written."""
    words = fold(text.replace(".", "")).split()
    # "C. C." is CC.
    return _BY_NAME.get(("" if all(len(word) == 1 for word in words) else " ").join(words))


_BY_NAME = {
    name: kind
    for kind in TYPES
    for name in (fold(kind.key), fold(kind.abbreviation), kind.dian_code, *kind.names)
}
