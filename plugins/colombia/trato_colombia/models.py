"""What Colombia adds to a third party, and the list of municipalities that all tenants share."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table, Text

from trato.api import Choice, Extension, Mapped, Shown, _, choice, lookup, metadata, text
from trato_clients.api import Client
from trato_colombia.identification import shown_identification
from trato_colombia.identification_types import TYPES
from trato_colombia.recognition import identification_spellings

#: Name of the list from which a municipality is chosen.
MUNICIPALITIES = "colombia.municipalities"

# mypy knows the functional form of Enum itself only.
DocumentType: type[Choice] = Choice(  # type: ignore[assignment]
    "DocumentType",
    [(kind.key, (kind.key, kind.label)) for kind in TYPES],  # type: ignore[arg-type]
)


class ColombiaClient(
    Extension,
    of=Client,
    plugin="colombia",
    spellings={"identification": identification_spellings},
    shown={
        "identification": Shown(
            shown_identification,
            beside=["colombia.identification_type", "colombia.check_digit"],
        )
    },
):
    """Type and check digit of a third party's document, and where it is; ``saving`` keeps them."""

    identification_type: Mapped[str | None] = choice(
        _("Type of document (DIAN)"), DocumentType,
        help=_("A NIT is checked by its check digit; documents of other countries are not."),
        synonyms=["tipo de documento dian", "codigo tipo de documento"],
    )  # fmt: skip
    #: Of a NIT only; the identification itself is kept without it.
    check_digit: Mapped[str | None] = text(
        _("Check digit"), max_length=1, searchable=True, derived=True, follows="identification",
        synonyms=["dv", "digito de verificacion"],
    )  # fmt: skip
    #: DIVIPOLA, five digits.
    municipality: Mapped[str | None] = lookup(
        _("Municipality"), MUNICIPALITIES,
        synonyms=["municipio", "codigo de municipio", "codigo dane", "divipola"],
    )  # fmt: skip


#: The list in use, one for all tenants; `trato colombia municipalities` replaces it.
municipality = Table(
    "colombia_municipality",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("department_code", Text, nullable=False),
    Column("department", Text, nullable=False),
    #: Place in the order in which the list is shown.
    Column("position", Integer, nullable=False),
    #: False for a code that an edition has dropped: records may hold it, so it stays.
    Column("is_active", Boolean, nullable=False),
    #: Code that means the same place today.
    Column("replaced_by", Text),
    info={"plugin": "colombia", "shared": True},
)
