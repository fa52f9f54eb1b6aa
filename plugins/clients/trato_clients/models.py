"""Third parties and what belongs to them.

One third party (*tercero*) may be client, supplier and prescriber at once without a second row.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from trato.api import (
    UUID,
    Alike,
    Choice,
    Entity,
    Mapped,
    Same,
    _,
    boolean,
    choice,
    day,
    email_address,
    integer,
    longtext,
    money,
    phone_number,
    ref,
    tag_list,
    text,
    web_address,
)


class Kind(Choice):
    """What a third party is by law."""

    COMPANY = "company", _("Company")
    PERSON = "person", _("Person")


class Status(Choice):
    """How things stand with a third party."""

    ACTIVE = "active", _("Active")
    PROSPECT = "prospect", _("Prospect")
    INACTIVE = "inactive", _("Inactive")


class Role(Choice):
    """What a contact does for a client."""

    BUYS = "buys", _("Buys")
    PAYS = "pays", _("Pays")
    RECEIVES = "receives", _("Receives")
    DECIDES = "decides", _("Decides")


class Category(
    Entity, name="clients.category", title=_("Category"), titles=_("Categories"), label="name",
    icon="category",
):  # fmt: skip
    """A class of clients, in a tree: prices, policies and reports go by it."""

    name: Mapped[str] = text(_("Name"), unique=True, searchable=True)
    parent_id: Mapped[UUID | None] = ref("clients.category", _("Belongs to"))


class Industry(
    Entity, name="clients.industry", title=_("Industry"), titles=_("Industries"), label="name",
    icon="building-factory-2",
):  # fmt: skip
    """An economic activity, in a tree: the CIIU or a list of one's own."""

    code: Mapped[str] = text(_("Code"), unique=True, searchable=True, fold="code", max_length=20)
    name: Mapped[str] = text(_("Name"), index=True, searchable=True)
    parent_id: Mapped[UUID | None] = ref("clients.industry", _("Belongs to"))


class Zone(
    Entity, name="clients.zone", title=_("Zone"), titles=_("Zones"), label="name", icon="map-pin"
):
    """A part of the market, in a tree; a zone holds those below it."""

    name: Mapped[str] = text(_("Name"), unique=True, searchable=True)
    parent_id: Mapped[UUID | None] = ref("clients.zone", _("Belongs to"))


class Source(
    Entity, name="clients.source", title=_("Source"), titles=_("Sources"), label="name",
    icon="compass",
):  # fmt: skip
    """Where third parties come from."""

    name: Mapped[str] = text(_("Name"), unique=True, searchable=True)


class Client(
    Entity, name="clients.client", title=_("Client"), titles=_("Clients"), label="name",
    owned=True, icon="building-store",
    duplicates=[
        Same("identification"), Same("email"), Same("phone", "mobile"), Alike("name", "trade_name"),
    ],
):  # fmt: skip
    """A third party: a company or a person that one buys from, sells to or works with."""

    kind: Mapped[Kind] = choice(
        _("Kind"), Kind, default=Kind.COMPANY, synonyms=["tipo", "tipo de persona"]
    )
    name: Mapped[str] = text(
        _("Name"), index=True, searchable=True,
        synonyms=["razon social", "nombre o razon social", "cliente", "company name"],
    )  # fmt: skip
    trade_name: Mapped[str | None] = text(
        _("Trade name"), searchable=True, synonyms=["nombre comercial", "establecimiento"]
    )
    given_names: Mapped[str | None] = text(_("Given names"), synonyms=["nombres"])
    surnames: Mapped[str | None] = text(_("Surnames"), synonyms=["apellidos"])
    #: As typed; `identification_key` beside it has letters and digits only. Two third parties may
    #: share one: duplicates are warned of, not forbidden.
    identification: Mapped[str | None] = text(
        _("Identification"), identifies=True, searchable=True, fold="code", max_length=40,
        synonyms=["nit", "cedula", "documento", "numero de identificacion", "tax id", "id number"],
    )  # fmt: skip
    identification_type: Mapped[str | None] = text(
        _("Identification type"), max_length=40,
        synonyms=["tipo de identificacion", "tipo de documento"],
    )  # fmt: skip
    is_client: Mapped[bool] = boolean(_("Is a client"), default=True, synonyms=["es cliente"])
    is_supplier: Mapped[bool] = boolean(
        _("Is a supplier"), default=False, synonyms=["es proveedor", "proveedor"]
    )
    is_prescriber: Mapped[bool] = boolean(
        _("Is a prescriber"), default=False, help=_("Recommends you without buying."),
        synonyms=["es prescriptor", "prescriptor"],
    )  # fmt: skip
    status: Mapped[Status] = choice(
        _("Status"), Status, default=Status.ACTIVE, index=True, synonyms=["estado"]
    )
    email: Mapped[str | None] = email_address(
        _("E-mail"), index=True, searchable=True, synonyms=["correo", "correo electronico", "mail"]
    )
    phone: Mapped[str | None] = phone_number(
        _("Phone"), index=True, searchable=True, synonyms=["telefono", "tel"]
    )
    mobile: Mapped[str | None] = phone_number(
        _("Mobile"), index=True, searchable=True, synonyms=["celular", "movil"]
    )
    website: Mapped[str | None] = web_address(
        _("Website"), synonyms=["pagina web", "sitio web", "web"]
    )
    address: Mapped[str | None] = text(_("Address"), searchable=True, synonyms=["direccion"])
    city: Mapped[str | None] = text(
        _("City"), index=True, searchable=True, max_length=100, synonyms=["ciudad"]
    )
    region: Mapped[str | None] = text(
        _("Region"), index=True, max_length=100, synonyms=["departamento", "state"]
    )
    postal_code: Mapped[str | None] = text(
        _("Postal code"), max_length=20, synonyms=["codigo postal", "zip"]
    )
    country: Mapped[str | None] = text(_("Country"), max_length=60, synonyms=["pais"])
    category_id: Mapped[UUID | None] = ref(
        Category, _("Category"), on_purge="clear", synonyms=["categoria", "segmento"]
    )
    industry_id: Mapped[UUID | None] = ref(
        Industry, _("Industry"), on_purge="clear",
        synonyms=["sector", "actividad", "actividad economica", "ciiu"],
    )  # fmt: skip
    zone_id: Mapped[UUID | None] = ref(
        Zone, _("Zone"), on_purge="clear", synonyms=["zona", "territorio"]
    )
    source_id: Mapped[UUID | None] = ref(
        Source, _("Source"), on_purge="clear", synonyms=["fuente", "origen", "procedencia"]
    )
    parent_id: Mapped[UUID | None] = ref(
        "clients.client", _("Group"), on_purge="clear", synonyms=["grupo", "casa matriz"]
    )
    payment_days: Mapped[int | None] = integer(
        _("Payment days"), minimum=0, maximum=3650,
        synonyms=["plazo", "dias de credito", "condicion de pago"],
    )  # fmt: skip
    credit_limit: Mapped[Decimal | None] = money(
        _("Credit limit"), index=True, minimum=Decimal(0), synonyms=["cupo", "cupo de credito"]
    )
    tags: Mapped[list[str] | None] = tag_list(_("Tags"), searchable=True, synonyms=["etiquetas"])
    notes: Mapped[str | None] = longtext(
        _("Notes"), synonyms=["observaciones", "notas", "comentarios"]
    )


class Branch(
    Entity, name="clients.branch", title=_("Branch"), titles=_("Branches"), label="name",
    collection="branches", parent="client_id", unique=[("client_id", "code")], icon="building",
):  # fmt: skip
    """A place of a third party: where one visits, delivers or sends the invoice."""

    client_id: Mapped[UUID] = ref(Client, _("Client"), on_purge="cascade", synonyms=["cliente"])
    code: Mapped[str | None] = text(
        _("Code"), index=True, fold="code", max_length=20, synonyms=["codigo", "sucursal"]
    )
    name: Mapped[str] = text(_("Name"), index=True, searchable=True, synonyms=["nombre"])
    is_main: Mapped[bool] = boolean(_("Main branch"), default=False, synonyms=["principal"])
    is_delivery_point: Mapped[bool] = boolean(
        _("Point of delivery"), default=True, synonyms=["punto de entrega"]
    )
    address: Mapped[str | None] = text(_("Address"), searchable=True, synonyms=["direccion"])
    city: Mapped[str | None] = text(
        _("City"), index=True, searchable=True, max_length=100, synonyms=["ciudad"]
    )
    region: Mapped[str | None] = text(_("Region"), max_length=100, synonyms=["departamento"])
    postal_code: Mapped[str | None] = text(
        _("Postal code"), max_length=20, synonyms=["codigo postal"]
    )
    country: Mapped[str | None] = text(_("Country"), max_length=60, synonyms=["pais"])
    phone: Mapped[str | None] = phone_number(_("Phone"), searchable=True, synonyms=["telefono"])
    email: Mapped[str | None] = email_address(_("E-mail"), searchable=True, synonyms=["correo"])
    hours: Mapped[str | None] = text(
        _("Opening hours"), synonyms=["horario"],
        help=_("When deliveries are taken, for example Monday to Friday 7:30 to 16:30."),
    )  # fmt: skip
    zone_id: Mapped[UUID | None] = ref(Zone, _("Zone"), on_purge="clear", synonyms=["zona"])
    notes: Mapped[str | None] = longtext(_("Notes"), synonyms=["observaciones"])


class Contact(
    Entity, name="clients.contact", title=_("Contact"), titles=_("Contacts"), label="name",
    owned=True, icon="user",
):  # fmt: skip
    """A person one talks to. The channel belongs to the company, not to the seller."""

    name: Mapped[str] = text(
        _("Name"), index=True, searchable=True, synonyms=["nombre", "contacto", "nombre completo"]
    )
    position: Mapped[str | None] = text(_("Position"), searchable=True, synonyms=["cargo"])
    department: Mapped[str | None] = text(_("Department"), synonyms=["area", "dependencia"])
    email: Mapped[str | None] = email_address(
        _("E-mail"), identifies=True, searchable=True, synonyms=["correo", "correo electronico"]
    )
    phone: Mapped[str | None] = phone_number(_("Phone"), searchable=True, synonyms=["telefono"])
    mobile: Mapped[str | None] = phone_number(
        _("Mobile"), index=True, searchable=True, synonyms=["celular", "movil"]
    )
    birthday: Mapped[dt.date | None] = day(_("Birthday"), synonyms=["cumpleaños", "nacimiento"])
    client_id: Mapped[UUID | None] = ref(
        Client, _("Main client"), on_purge="clear", synonyms=["cliente", "empresa"],
        help=_("Where the person works. Roles may tie the same person to more clients."),
    )  # fmt: skip
    tags: Mapped[list[str] | None] = tag_list(_("Tags"), searchable=True, synonyms=["etiquetas"])
    notes: Mapped[str | None] = longtext(_("Notes"), synonyms=["observaciones", "notas"])


class ContactRole(
    Entity, name="clients.contact_role", title=_("Contact's role"), titles=_("Contacts' roles"),
    label="role", parent="client_id", unique=[("client_id", "contact_id", "role", "branch_id")],
    icon="id-badge",
):  # fmt: skip
    """What a contact does for a client or one of its branches: buys, pays, receives, decides."""

    client_id: Mapped[UUID] = ref(Client, _("Client"), on_purge="cascade", synonyms=["cliente"])
    contact_id: Mapped[UUID] = ref(Contact, _("Contact"), on_purge="cascade", synonyms=["contacto"])
    role: Mapped[Role] = choice(_("Role"), Role, index=True, synonyms=["rol"])
    branch_id: Mapped[UUID | None] = ref(
        Branch, _("Branch"), on_purge="cascade", synonyms=["sucursal", "punto de entrega"]
    )
    is_main: Mapped[bool] = boolean(_("First choice"), default=False, synonyms=["principal"])
    notes: Mapped[str | None] = text(_("Notes"), synonyms=["observaciones"])
