"""The manifest of `clients`."""

from __future__ import annotations

from trato.api import Children, FormScreen, ListScreen, Panel, Plugin, Section, View, When, _
from trato_clients.demo_fill import DEMO
from trato_clients.models import (
    Branch,
    Category,
    Client,
    Contact,
    ContactRole,
    Industry,
    Kind,
    Source,
    Status,
    Zone,
)

_SALES = _("Sales")
_CATALOGUES = _("Catalogues")

plugin = Plugin(
    name="clients",
    title=_("Clients"),
    version="0.1.0",
    description=_("Third parties: companies and people, branches, contacts and their roles."),
    icon="building-store",
    entities=[Category, Industry, Zone, Source, Client, Branch, Contact, ContactRole],
    screens=[
        ListScreen(
            Client,
            menu=_SALES,
            position=10,
            columns=[
                Client.name, Client.identification, Client.city, Client.category_id,
                Client.owner_id, Client.status, Client.credit_limit,
            ],
            filters=[
                Client.status, Client.category_id, Client.zone_id, Client.owner_id, Client.city,
                Client.tags,
            ],
            sort=["name"],
            views=[
                View("mine", _("My clients"), where={Client.owner_id: "me"}),
                View("prospects", _("Prospects"), where={Client.status: Status.PROSPECT},
                     sort=["-created_at"]),
                View("quiet", _("Untouched for 90 days"), where={"updated_at__lt": "-90d"},
                     sort=["updated_at"]),
                View("unassigned", _("Nobody in charge"), where={"owner_id__isnull": True}),
            ],
        ),
        FormScreen(
            Client,
            facts=[Client.status, Client.category_id, Client.owner_id, Client.credit_limit,
                   Client.payment_days],
            sections=[
                Section(
                    title=_("Identification"),
                    fields=[
                        Client.kind, Client.name, Client.trade_name, Client.given_names,
                        Client.surnames, Client.identification_type, Client.identification,
                    ],
                ),
                Section(
                    title=_("Relationship"),
                    fields=[
                        Client.status, Client.is_client, Client.is_supplier,
                        Client.is_prescriber, Client.owner_id, Client.team_id,
                        Client.category_id, Client.industry_id, Client.zone_id,
                        Client.source_id, Client.parent_id, Client.tags,
                    ],
                ),
                Section(
                    title=_("Contact details"),
                    fields=[
                        Client.phone, Client.mobile, Client.email, Client.website,
                        Client.address, Client.city, Client.region, Client.postal_code,
                        Client.country,
                    ],
                ),
                Section(
                    title=_("Commercial terms"),
                    fields=[Client.payment_days, Client.credit_limit],
                ),
                Section(title=_("Notes"), fields=[Client.notes]),
            ],
            children=[
                Children(
                    entity=Branch, by=Branch.client_id, tab=_("Branches"),
                    columns=[Branch.name, Branch.code, Branch.address, Branch.city, Branch.phone,
                             Branch.is_delivery_point],
                ),
                Children(
                    entity=ContactRole, by=ContactRole.client_id, tab=_("Contacts"),
                    title=_("Contacts"),
                    columns=[ContactRole.contact_id, ContactRole.role, ContactRole.is_main,
                             ContactRole.notes],
                ),
            ],
            when=[When({Client.kind: Kind.PERSON}, show=[Client.given_names, Client.surnames])],
            short=[Client.kind, Client.phone, Client.city],
            panels=[
                Panel(entity=ContactRole, by=ContactRole.client_id, title=_("Contacts"),
                      columns=[ContactRole.contact_id, ContactRole.role, Contact.position,
                               Contact.mobile, Contact.phone, Contact.email]),
                Panel(entity=Branch, by=Branch.client_id,
                      columns=[Branch.name, Branch.city, Branch.address, Branch.phone]),
                Panel(entity=Client, by=Client.parent_id, columns=[Client.name, Client.city],
                      title=_("Companies of the group")),
            ],
        ),
        ListScreen(
            Contact,
            menu=_SALES,
            position=20,
            columns=[Contact.name, Contact.position, Contact.client_id, Contact.mobile,
                     Contact.email, Contact.owner_id],
            filters=[Contact.client_id, Contact.owner_id, Contact.tags],
            sort=["name"],
        ),
        FormScreen(
            Contact,
            facts=[Contact.position, Contact.client_id, Contact.mobile, Contact.email],
            sections=[
                Section(
                    title=_("Person"),
                    fields=[Contact.name, Contact.client_id, Contact.position,
                            Contact.department, Contact.birthday],
                ),
                Section(
                    title=_("Contact details"),
                    fields=[Contact.mobile, Contact.phone, Contact.email],
                ),
                Section(
                    title=_("Relationship"),
                    fields=[Contact.owner_id, Contact.team_id, Contact.tags, Contact.notes],
                ),
            ],
            short=[Contact.position, Contact.mobile, Contact.client_id],
            panels=[
                Panel(entity=ContactRole, by=ContactRole.contact_id,
                      columns=[ContactRole.client_id, ContactRole.role], title=_("Roles")),
            ],
        ),
        ListScreen(
            Branch,
            menu=_SALES,
            position=30,
            columns=[Branch.name, Branch.client_id, Branch.city, Branch.address, Branch.hours],
            filters=[Branch.client_id, Branch.city, Branch.zone_id],
            sort=["name"],
        ),
        ListScreen(
            ContactRole,
            columns=[ContactRole.role, ContactRole.contact_id, ContactRole.client_id,
                     ContactRole.branch_id],
            filters=[ContactRole.role, ContactRole.client_id, ContactRole.contact_id],
        ),
        ListScreen(Category, menu=_CATALOGUES, position=10,
                   columns=[Category.name, Category.parent_id], sort=["name"]),
        ListScreen(Industry, menu=_CATALOGUES, position=20,
                   columns=[Industry.name, Industry.code, Industry.parent_id], sort=["name"]),
        ListScreen(Zone, menu=_CATALOGUES, position=30, columns=[Zone.name, Zone.parent_id],
                   sort=["name"]),
        ListScreen(Source, menu=_CATALOGUES, position=40, columns=[Source.name], sort=["name"]),
    ],
    demo=DEMO,
)  # fmt: skip
