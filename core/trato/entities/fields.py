"""Fields of an entity: one helper a kind, each a typed column that knows its label and rules.

Helpers are named so that a field called `phone` does not hide the helper of the next one.
NULL or not comes from the annotation: ``Mapped[str]`` is obligatory, ``Mapped[str | None]`` is
not. Everything else that pages, REST, import and audit need to know is said here, once.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Text
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeEngine

from trato.db.types import Id, Json, Key, Money, Scaled, UtcDateTime
from trato.entities.conditions import Condition

#: Gives all ways of writing a value that mean the same, the one to keep first.
Spellings = Callable[[str], Sequence[str]]
Kind = Literal[
    "text", "longtext", "integer", "decimal", "money", "date", "moment", "boolean",
    "choice", "choices", "tags", "email", "phone", "url", "ref", "member", "team",
]  # fmt: skip
OnPurge = Literal["refuse", "clear", "cascade"]


@dataclass(frozen=True)
class Shown:
    """How a text is written for people to read: `909.214.530-9` for a stored `909214530`.

    >>> Shown(format_number, beside=["colombia.identification_type"])

    :param write: called with the value, and with those of ``beside`` in order; None for one that
        is empty, or that the reader may not see.
    :param beside: paths of other fields of the record that it takes to tell.
    """

    write: Callable[..., str]
    beside: Sequence[str] = ()


#: Kinds whose value is a list, kept as JSON and, for filters, as rows.
LIST_KINDS = frozenset({"choices", "tags"})
#: Kinds that name another row.
REF_KINDS = frozenset({"ref", "member", "team"})
#: Kinds written and read as plain text.
TEXT_KINDS = frozenset({"text", "longtext", "email", "phone", "url"})


C = TypeVar("C", bound="Choice")


class Choice(enum.StrEnum):
    """Base of a closed list of values; each member is a value and its label.

    >>> class Status(Choice):
    ...     PLANNED = "planned", "Planned"
    """

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label or value
        return member


@dataclass(frozen=True, kw_only=True)
class Field:
    """What is known of one field, native, of an extension, or a tenant's own."""

    #: Key in the record: `name`, `custom.zone`, `colombia.municipality`.
    path: str
    label: str
    kind: Kind
    required: bool = False
    #: Part of the record's searched text.
    searchable: bool = False
    #: Has an index: may be sorted by.
    indexed: bool = False
    #: A tenant's own field whose index is still being made: kept in typed rows, read by none.
    filling: bool = False
    unique: bool = False
    #: Tells records apart for people: match key of imports and upserts, subject of duplicates.
    identifies: bool = False
    #: Kept by the system; nobody writes it.
    readonly: bool = False
    #: Kept by hooks of plugins; people and the API read it only.
    derived: bool = False
    #: Folding of the shadow column that is sorted and compared: text, code, digits or none.
    fold: str | None = None
    #: Other ways of writing a folded text, under which its record is found too.
    spellings: Spellings | None = None
    #: How its values are written for people; none: as they are kept.
    shown: Shown | None = None
    #: Path of the field that a search reads in one word with this one: a number before its
    #: check digit.
    follows: str | None = None
    help: str = ""
    default: Any = None
    #: Allowed values with labels, for choice and choices; empty for free tags.
    choices: tuple[tuple[str, str], ...] = ()
    #: Values among the choices that are offered no longer; records that have one keep it.
    retired: frozenset[str] = frozenset()
    #: Name of the option list that a choice takes its values from, where code has none.
    options: str | None = None
    #: Entity name that a reference points to.
    target: str | None = None
    on_purge: OnPurge = "refuse"
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    scale: int = 0
    #: Sibling field that holds the currency of a money field; none: the tenant's currency.
    currency: str | None = None
    #: A number whose sum says something, so that lists tell it; amounts of money always are.
    total: bool = False
    #: Other names under which an import may find the field.
    synonyms: tuple[str, ...] = ()
    #: Plugin that declared it, for translation and gates; the tenant's own fields have none.
    plugin: str = ""
    source: Literal["native", "extension", "custom"] = "native"
    #: Heading under which a form shows a tenant's own field.
    section: str = ""
    position: int = 0
    #: Database id of a tenant's own field.
    custom_id: UUID | None = None
    #: Labels by locale in the tenant's own words, which are in no catalogue.
    labels: Mapping[str, str] | None = None
    #: The tenant's form leaves it out.
    hidden: bool = False
    #: The tenant asks for it where its declaration does not, as long as `applies` holds.
    demanded: bool = False
    #: What the tenant wants others of the record's fields to hold for this one to apply.
    applies: Condition | None = None

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def sortable(self) -> bool:
        """Whether lists may be sorted by it: only with an index, and only single values."""
        return self.indexed and self.kind not in LIST_KINDS | REF_KINDS

    @property
    def writable(self) -> bool:
        """Whether people, the API and imports may set it."""
        return not (self.readonly or self.derived)

    @property
    def obligatory(self) -> bool:
        """Whether each new record has it, by its declaration or because the tenant asks for it."""
        return self.required or (self.demanded and self.applies is None)

    @property
    def needed(self) -> bool:
        """Whether whoever makes a record has to give it."""
        return self.obligatory and self.default is None

    def own_label(self, locale: str) -> str | None:
        """Give the label in the tenant's own words; without them catalogues have it."""
        found = (self.labels or {}).get(locale)
        return found or (self.label if self.source == "custom" else None)

    def under(self, **changes: Any) -> Field:
        """Copy the field with other properties, as extensions and tenants see it."""
        return replace(self, **changes)


def _column(column_type: TypeEngine[Any], field: Field) -> MappedColumn[Any]:
    return mapped_column(column_type, info={"field": field})


def text(
    label: str,
    *,
    max_length: int = 255,
    index: bool = False,
    unique: bool = False,
    searchable: bool = False,
    identifies: bool = False,
    derived: bool = False,
    fold: Literal["text", "code", "digits"] = "text",
    follows: str | None = None,
    default: str | None = None,
    help: str = "",
    synonyms: Sequence[str] = (),
) -> MappedColumn[str]:
    """Declare one line of text.

    :param index: may be sorted by; a folded shadow column is kept for it.
    :param fold: how it is compared: as text, as a code (letters and digits) or as digits.
    :param follows: path of the field that a search reads in one word with this one.
    """
    shadowed = index or unique or identifies
    return _column(
        Text(),
        Field(
            path="", label=label, kind="text", max_length=max_length, indexed=shadowed,
            unique=unique, searchable=searchable, identifies=identifies, derived=derived,
            fold=fold if shadowed else None, follows=follows, default=default, help=help,
            synonyms=tuple(synonyms),
        ),
    )  # fmt: skip


def longtext(
    label: str, *, max_length: int = 20_000, searchable: bool = False, help: str = "",
    synonyms: Sequence[str] = (),
) -> MappedColumn[str]:  # fmt: skip
    """Declare text of several lines; it is never sorted by."""
    return _column(
        Text(),
        Field(
            path="", label=label, kind="longtext", max_length=max_length, searchable=searchable,
            help=help, synonyms=tuple(synonyms),
        ),
    )  # fmt: skip


def _contact(kind: Kind, fold: str, max_length: int, label: str, options: dict[str, Any]) -> Any:
    shadowed = options.pop("index", False) or options.get("identifies", False)
    synonyms = tuple(options.pop("synonyms", ()))
    field = Field(
        path="", label=label, kind=kind, max_length=max_length, indexed=shadowed,
        fold=fold if shadowed else None, synonyms=synonyms, **options,
    )  # fmt: skip
    return _column(Text(), field)


def email_address(
    label: str, *, index: bool = False, searchable: bool = False, identifies: bool = False,
    help: str = "", synonyms: Sequence[str] = (),
) -> MappedColumn[str]:  # fmt: skip
    """Declare an e-mail address, compared without case."""
    options = {"index": index, "searchable": searchable, "identifies": identifies,
               "help": help, "synonyms": synonyms}  # fmt: skip
    column: MappedColumn[str] = _contact("email", "text", 254, label, options)
    return column


def phone_number(
    label: str, *, index: bool = False, searchable: bool = False, identifies: bool = False,
    help: str = "", synonyms: Sequence[str] = (),
) -> MappedColumn[str]:  # fmt: skip
    """Declare a phone number, compared by its digits."""
    options = {"index": index, "searchable": searchable, "identifies": identifies,
               "help": help, "synonyms": synonyms}  # fmt: skip
    column: MappedColumn[str] = _contact("phone", "digits", 40, label, options)
    return column


def web_address(
    label: str, *, searchable: bool = False, help: str = "", synonyms: Sequence[str] = ()
) -> MappedColumn[str]:
    """Declare a web address; only http and https are accepted."""
    options: dict[str, Any] = {"searchable": searchable, "help": help, "synonyms": synonyms}
    column: MappedColumn[str] = _contact("url", "text", 2000, label, options)
    return column


def integer(
    label: str, *, index: bool = False, unique: bool = False, default: int | None = None,
    minimum: int | None = None, maximum: int | None = None, derived: bool = False,
    total: bool = False, help: str = "", synonyms: Sequence[str] = (),
) -> MappedColumn[int]:  # fmt: skip
    """Declare a whole number of at most 64 bits.

    :param total: lists tell its sum.
    """
    return _column(
        BigInteger(),
        Field(
            path="", label=label, kind="integer", indexed=index or unique, unique=unique,
            default=default, derived=derived, total=total, help=help, synonyms=tuple(synonyms),
            minimum=None if minimum is None else Decimal(minimum),
            maximum=None if maximum is None else Decimal(maximum),
        ),
    )  # fmt: skip


def decimal(
    label: str, *, scale: int = 6, index: bool = False, default: Decimal | None = None,
    minimum: Decimal | None = None, maximum: Decimal | None = None, derived: bool = False,
    total: bool = False, help: str = "", synonyms: Sequence[str] = (),
) -> MappedColumn[Decimal]:  # fmt: skip
    """Declare an exact number with up to ``scale`` decimals.

    :param total: lists tell its sum.
    """
    return _column(
        Scaled(scale),
        Field(
            path="", label=label, kind="decimal", indexed=index, default=default, scale=scale,
            minimum=minimum, maximum=maximum, derived=derived, total=total, help=help,
            synonyms=tuple(synonyms),
        ),
    )  # fmt: skip


def money(
    label: str, *, index: bool = False, default: Decimal | None = None,
    minimum: Decimal | None = None, currency: str | None = None, derived: bool = False,
    help: str = "", synonyms: Sequence[str] = (),
) -> MappedColumn[Decimal]:  # fmt: skip
    """Declare an exact amount with four decimals.

    :param currency: name of the sibling field with its currency; without it the amount is in
        the tenant's currency.
    """
    return _column(
        Money,
        Field(
            path="", label=label, kind="money", indexed=index, default=default, scale=4,
            minimum=minimum, currency=currency, derived=derived, help=help,
            synonyms=tuple(synonyms),
        ),
    )  # fmt: skip


def day(
    label: str, *, index: bool = False, derived: bool = False, help: str = "",
    synonyms: Sequence[str] = (),
) -> MappedColumn[dt.date]:  # fmt: skip
    """Declare a day without time; it never shifts with a time zone."""
    return _column(
        Date(),
        Field(path="", label=label, kind="date", indexed=index, derived=derived, help=help,
              synonyms=tuple(synonyms)),
    )  # fmt: skip


def moment(
    label: str, *, index: bool = False, derived: bool = False, help: str = "",
    synonyms: Sequence[str] = (),
) -> MappedColumn[dt.datetime]:  # fmt: skip
    """Declare a point in time, aware, kept in UTC and shown in the reader's zone."""
    return _column(
        UtcDateTime(),
        Field(path="", label=label, kind="moment", indexed=index, derived=derived, help=help,
              synonyms=tuple(synonyms)),
    )  # fmt: skip


def boolean(
    label: str, *, default: bool | None = None, help: str = "", synonyms: Sequence[str] = ()
) -> MappedColumn[bool]:
    """Declare yes or no."""
    return _column(
        Boolean(),
        Field(path="", label=label, kind="boolean", default=default, help=help,
              synonyms=tuple(synonyms)),
    )  # fmt: skip


def choice(
    label: str, values: type[C], *, default: C | None = None, index: bool = False,
    help: str = "", synonyms: Sequence[str] = (),
) -> MappedColumn[C]:  # fmt: skip
    """Declare one value of a closed list, kept as text with a CHECK."""
    return _column(
        Key,
        Field(
            path="", label=label, kind="choice", default=None if default is None else str(default),
            choices=tuple((str(member), member.label) for member in values),
            indexed=index, help=help, synonyms=tuple(synonyms),
        ),
    )  # fmt: skip


def lookup(
    label: str, options: str, *, index: bool = True, derived: bool = False, help: str = "",
    synonyms: Sequence[str] = (),
) -> MappedColumn[str]:  # fmt: skip
    """Declare one value of a long list that is data, such as a country's municipalities.

    :param options: name of an ``OptionList`` of the same plugin.
    """
    return _column(
        Key,
        Field(
            path="", label=label, kind="choice", options=options, indexed=index, derived=derived,
            help=help, synonyms=tuple(synonyms),
        ),
    )  # fmt: skip


def choices(
    label: str, values: type[C], *, help: str = "", synonyms: Sequence[str] = ()
) -> MappedColumn[list[C]]:
    """Declare several values of a closed list."""
    return _column(
        Json,
        Field(
            path="", label=label, kind="choices", help=help, synonyms=tuple(synonyms),
            choices=tuple((str(member), member.label) for member in values),
        ),
    )  # fmt: skip


def tag_list(
    label: str, *, searchable: bool = False, help: str = "", synonyms: Sequence[str] = ()
) -> MappedColumn[list[str]]:
    """Declare free words set on a record, each of at most 60 letters."""
    return _column(
        Json,
        Field(path="", label=label, kind="tags", searchable=searchable, max_length=60, help=help,
              synonyms=tuple(synonyms)),
    )  # fmt: skip


def ref(
    target: Any, label: str, *, on_purge: OnPurge = "refuse", help: str = "",
    synonyms: Sequence[str] = (),
) -> MappedColumn[UUID]:  # fmt: skip
    """Declare a reference to a record of the same tenant.

    The constraint is composite and holds the tenant, so a reference to another tenant's row
    cannot exist.

    :param target: an entity class, or its name for the entity itself (``"clients.category"``).
    :param on_purge: what a purge of the target does to this record.
    """
    name = target if isinstance(target, str) else target.__entity__.name
    return _column(
        Id,
        Field(path="", label=label, kind="ref", target=name, on_purge=on_purge, help=help,
              synonyms=tuple(synonyms)),
    )  # fmt: skip
