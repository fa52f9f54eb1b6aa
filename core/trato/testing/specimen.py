"""A plugin with a field of every kind, and one that extends it, for the host's own tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from trato.api import (
    UUID,
    Choice,
    Entity,
    Extension,
    FormScreen,
    ListScreen,
    Mapped,
    Panel,
    Plugin,
    Section,
    Slot,
    View,
    boolean,
    choice,
    choices,
    day,
    decimal,
    email_address,
    integer,
    longtext,
    moment,
    money,
    phone_number,
    ref,
    tag_list,
    text,
    web_address,
)


class Grade(Choice):
    """How good a specimen is."""

    POOR = "poor", "Poor"
    FAIR = "fair", "Fair"
    GOOD = "good", "Good"


class Shelf(
    Entity, name="specimen.shelf", title="Shelf", titles="Shelves", label="name", owned=True,
    collection="shelves",
):  # fmt: skip
    """Where pieces stand; shelves stand in shelves."""

    name: Mapped[str] = text("Name", index=True, searchable=True)
    parent_id: Mapped[UUID | None] = ref("specimen.shelf", "Stands in", on_purge="clear")


class Piece(Entity, name="specimen.piece", title="Piece", titles="Pieces", label="name",
            owned=True):  # fmt: skip
    """A record with a field of every kind."""

    name: Mapped[str] = text("Name", index=True, searchable=True)
    code: Mapped[str | None] = text("Code", unique=True, identifies=True, fold="code",
                                    searchable=True)  # fmt: skip
    plain: Mapped[str | None] = text("Plain text", searchable=True)
    place: Mapped[str | None] = text("Place", index=True, searchable=True)
    essay: Mapped[str | None] = longtext("Essay", searchable=True)
    email: Mapped[str | None] = email_address("E-mail", index=True, searchable=True)
    phone: Mapped[str | None] = phone_number("Phone", index=True, searchable=True)
    website: Mapped[str | None] = web_address("Website")
    count: Mapped[int | None] = integer("Count", index=True, total=True)
    weight: Mapped[Decimal | None] = decimal("Weight", scale=6, index=True, total=True)
    price: Mapped[Decimal | None] = money("Price", index=True)
    found: Mapped[dt.date | None] = day("Found", index=True)
    seen: Mapped[dt.datetime | None] = moment("Seen", index=True)
    is_rare: Mapped[bool | None] = boolean("Rare")
    grade: Mapped[Grade] = choice("Grade", Grade, default=Grade.FAIR, index=True)
    marks: Mapped[list[Grade] | None] = choices("Marks", Grade)
    tags: Mapped[list[str] | None] = tag_list("Tags", searchable=True)
    shelf_id: Mapped[UUID | None] = ref(Shelf, "Shelf", on_purge="clear")


class Label(
    Entity, name="specimen.label", title="Label", titles="Labels", label="wording",
    parent="piece_id", unique=[("piece_id", "number")],
):  # fmt: skip
    """Belongs to a piece and goes with it."""

    piece_id: Mapped[UUID] = ref(Piece, "Piece", on_purge="cascade")
    number: Mapped[int] = integer("Number", index=True)
    wording: Mapped[str] = text("Wording", searchable=True)


class Loan(Entity, name="specimen.loan", title="Loan", titles="Loans", label="borrower"):
    """Keeps its piece from being purged."""

    piece_id: Mapped[UUID] = ref(Piece, "Piece", on_purge="refuse")
    label_id: Mapped[UUID | None] = ref(Label, "Label", on_purge="clear")
    borrower: Mapped[str] = text("Borrower", index=True, searchable=True)


class AnnexPiece(Extension, of=Piece, plugin="annex"):
    """What another plugin knows of a piece."""

    origin: Mapped[str | None] = text("Origin", index=True, searchable=True)
    points: Mapped[int | None] = integer("Points", index=True)
    worth: Mapped[Decimal | None] = money("Worth", index=True)
    checked: Mapped[dt.date | None] = day("Checked", index=True)


plugin = Plugin(
    name="specimen",
    title="Specimen",
    version="1.0.0",
    package="trato.testing",
    entities=[Shelf, Piece, Label, Loan],
    screens=[
        ListScreen(
            Piece, menu="Specimen", columns=[Piece.name, Piece.code, Piece.grade, Piece.shelf_id],
            filters=[Piece.grade, Piece.tags], sort=["name"],
            views=[View("good", "Good ones", where={Piece.grade: Grade.GOOD})],
        ),
        FormScreen(
            Piece, sections=[Section(title="Piece", fields=[Piece.name, Piece.code])],
            panels=[Panel(entity=Label, by=Label.piece_id, columns=[Label.wording])],
        ),
        ListScreen(Shelf, menu="Specimen", columns=[Shelf.name, Shelf.parent_id], sort=["name"]),
        ListScreen(Label, columns=[Label.wording, Label.piece_id]),
        ListScreen(Loan, columns=[Loan.borrower, Loan.piece_id]),
    ],
)  # fmt: skip

annex = Plugin(
    name="annex",
    title="Annex",
    version="1.0.0",
    package="trato.testing",
    depends=["specimen"],
    extensions=[AnnexPiece],
    slots=[Slot(entity=Piece, columns=[AnnexPiece.origin], filters=[AnnexPiece.origin])],
)
