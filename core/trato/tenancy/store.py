"""Reading and writing of a tenant's configuration, inside a transaction of that tenant."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update

from trato.db.types import new_id
from trato.entities.fields import Field
from trato.errors import TenantError
from trato.tenancy import tables as t
from trato.tenancy.view import Tenant
from trato.text import _

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class TenantConfig:
    """What a tenant has been told to be: read at once, kept until its version rises."""

    tenant: Tenant
    license_token: str | None
    switched: Mapping[str, bool]
    settings: Mapping[tuple[str, str], Any]
    #: Entity name to the tenant's own fields of it, active ones, in order.
    custom: Mapping[str, Sequence[Field]]


def read_tenant(connection: Connection, tenant_id: int) -> Tenant:
    """Read a tenant by number.

    :raises TenantError: when there is none.
    """
    row = connection.execute(select(t.tenant).where(t.tenant.c.id == tenant_id)).first()
    if row is None:
        raise TenantError(_("There is no tenant with number {id}."), id=tenant_id, code="no_tenant")
    return _tenant(row)


def find_tenant(connection: Connection, slug: str) -> Tenant:
    """Read a tenant by slug.

    :raises TenantError: when there is none, naming those that exist.
    """
    row = connection.execute(select(t.tenant).where(t.tenant.c.slug == slug)).first()
    if row is None:
        slugs = select(t.tenant.c.slug).order_by(t.tenant.c.slug)
        known = list(connection.execute(slugs).scalars())
        raise TenantError(
            _("There is no tenant '{slug}'."),
            hint=_("Known tenants: {known}."),
            slug=slug, known=", ".join(known) or "-", code="no_tenant",
        )  # fmt: skip
    return _tenant(row)


def history_number(connection: Connection, tenant_id: int) -> int:
    """Give the number of a tenant that the hashes of its history contain."""
    found = select(func.coalesce(t.tenant.c.history_number, t.tenant.c.id))
    number = connection.execute(found.where(t.tenant.c.id == tenant_id)).scalar()
    return tenant_id if number is None else int(number)


def list_tenants(connection: Connection) -> list[Tenant]:
    """Read all tenants by slug."""
    return [_tenant(row) for row in connection.execute(select(t.tenant).order_by(t.tenant.c.slug))]


def _tenant(row: Any) -> Tenant:
    return Tenant(
        id=row.id, slug=row.slug, name=row.name, locale=row.locale, timezone=row.timezone,
        currency=row.currency, version=row.version,
        history_number=row.history_number or row.id, closed_at=row.closed_at,
        closed_by=row.closed_by,
    )  # fmt: skip


def create_tenant(
    connection: Connection, *, slug: str, name: str, locale: str, timezone: str, currency: str,
    now: dt.datetime,
) -> Tenant:  # fmt: skip
    """Make a tenant; its rows of configuration come afterwards, in its own transaction.

    :raises TenantError: when the slug is taken or is no slug.
    """
    if not _SLUG.fullmatch(slug):
        raise TenantError(
            _("'{slug}' cannot name a tenant."),
            hint=_("Use small letters, digits and hyphens, at most 60."), slug=slug,
        )  # fmt: skip
    if connection.execute(select(t.tenant.c.id).where(t.tenant.c.slug == slug)).first():
        raise TenantError(
            _("The tenant '{slug}' exists already."), hint=_("Choose another slug."),
            slug=slug, code="tenant_exists",
        )  # fmt: skip
    made = connection.execute(
        insert(t.tenant).values(
            slug=slug, name=name, locale=locale, timezone=timezone, currency=currency,
            version=1, created_at=now,
        )
    )  # fmt: skip
    key = made.inserted_primary_key
    return read_tenant(connection, int(key[0] if key else 0))


def lock(connection: Connection, tenant_id: int) -> None:
    """Let nobody else change the tenant's configuration until the transaction ends."""
    connection.execute(
        select(t.tenant.c.id).where(t.tenant.c.id == tenant_id).with_for_update(key_share=True)
    )


def read_version(connection: Connection, tenant_id: int) -> int | None:
    """Read a tenant's version alone, to tell whether its configuration has changed."""
    found = select(t.tenant.c.version).where(t.tenant.c.id == tenant_id)
    return connection.execute(found).scalar()


def touch(connection: Connection, tenant_id: int) -> None:
    """Raise a tenant's version, so that every process reads its configuration again."""
    connection.execute(
        update(t.tenant).where(t.tenant.c.id == tenant_id).values(version=t.tenant.c.version + 1)
    )


def touch_all(connection: Connection) -> None:
    """Raise the version of every tenant, after a change of what all of them share."""
    connection.execute(update(t.tenant).values(version=t.tenant.c.version + 1))


def read_config(connection: Connection, tenant_id: int) -> TenantConfig:
    """Read a tenant's licence, switches, settings and own fields."""
    license_row = connection.execute(
        select(t.license.c.token)
        .where(t.license.c.tenant_id == tenant_id)
        .order_by(t.license.c.installed_at.desc(), t.license.c.id.desc())
        .limit(1)
    ).first()
    switched = connection.execute(
        select(t.plugin_state.c.plugin, t.plugin_state.c.is_on).where(
            t.plugin_state.c.tenant_id == tenant_id
        )
    )
    settings = connection.execute(
        select(t.setting.c.plugin, t.setting.c.key, t.setting.c.value).where(
            t.setting.c.tenant_id == tenant_id
        )
    )
    custom: dict[str, list[Field]] = {}
    for row in connection.execute(
        select(t.custom_field)
        .where(t.custom_field.c.tenant_id == tenant_id, t.custom_field.c.is_active.is_(True))
        .order_by(t.custom_field.c.position, t.custom_field.c.key)
    ):
        custom.setdefault(row.entity, []).append(custom_field(row))
    return TenantConfig(
        tenant=read_tenant(connection, tenant_id),
        license_token=None if license_row is None else license_row.token,
        switched={row.plugin: row.is_on for row in switched},
        settings={(row.plugin, row.key): row.value for row in settings},
        custom=custom,
    )


def custom_field(row: Any) -> Field:
    """Turn a row of `core_custom_field` into a field."""
    kind = row.kind
    scale = {"money": 4, "decimal": 6}.get(kind, 0)
    limits = {"text": 255, "longtext": 20_000, "email": 254, "phone": 40, "url": 2000, "tags": 60}
    labels = dict(row.labels)
    shadowed = kind in ("text", "email", "url", "phone")
    # Half an index would leave records out of what is filtered and sorted by it.
    ready = not row.is_filling
    return Field(
        path=f"custom.{row.key}", label=labels.get("es") or next(iter(labels.values()), row.key),
        kind=kind, required=row.is_required, searchable=row.is_searchable,
        # A link is always kept in typed rows: a purge finds by them who refers to a record.
        indexed=(ready and (row.is_indexed or row.is_unique)) or kind == "ref",
        unique=ready and row.is_unique, identifies=ready and row.is_unique,
        filling=not ready,
        fold=("digits" if kind == "phone" else "text") if shadowed else None,
        help=row.help or "", default=row.default, max_length=limits.get(kind), scale=scale,
        choices=tuple((item[0], item[1]) for item in row.choices or ()),
        retired=frozenset(item[0] for item in row.choices or () if len(item) > 2 and not item[2]),
        source="custom", section=row.section or "", position=row.position, custom_id=row.id,
        labels=labels, target=row.target, on_purge=row.on_purge or "clear",
    )  # fmt: skip


def install_license(
    connection: Connection, tenant_id: int, token: str, *, now: dt.datetime
) -> None:
    """Keep a verified licence as the tenant's newest; older ones stay as history."""
    connection.execute(
        insert(t.license).values(tenant_id=tenant_id, id=new_id(), token=token, installed_at=now)
    )
    touch(connection, tenant_id)


def switch_plugin(
    connection: Connection, tenant_id: int, plugin: str, *, on: bool, now: dt.datetime
) -> None:
    """Record that a tenant's administrator switched a plugin on or off."""
    where = (t.plugin_state.c.tenant_id == tenant_id, t.plugin_state.c.plugin == plugin)
    changed = connection.execute(
        update(t.plugin_state).where(*where).values(is_on=on, changed_at=now)
    )
    if changed.rowcount == 0:
        connection.execute(
            insert(t.plugin_state).values(
                tenant_id=tenant_id, plugin=plugin, is_on=on, changed_at=now
            )
        )
    touch(connection, tenant_id)


def save_setting(connection: Connection, tenant_id: int, plugin: str, key: str, value: Any) -> None:
    """Set one setting of a tenant; None takes it away."""
    where = (t.setting.c.tenant_id == tenant_id, t.setting.c.plugin == plugin,
             t.setting.c.key == key)  # fmt: skip
    connection.execute(delete(t.setting).where(*where))
    if value is not None:
        connection.execute(
            insert(t.setting).values(tenant_id=tenant_id, plugin=plugin, key=key, value=value)
        )
    touch(connection, tenant_id)


def save_custom_field(
    connection: Connection, tenant_id: int, entity: str, key: str, values: Mapping[str, Any]
) -> UUID:
    """Make or change a tenant's own field; key, kind and target of an existing one stay.

    :param values: columns of `core_custom_field` but tenant, id, entity and key.
    """
    where = (t.custom_field.c.tenant_id == tenant_id, t.custom_field.c.entity == entity,
             t.custom_field.c.key == key)  # fmt: skip
    row = connection.execute(select(t.custom_field.c.id).where(*where)).first()
    if row is None:
        identifier = new_id()
        connection.execute(
            insert(t.custom_field).values(
                tenant_id=tenant_id, id=identifier, entity=entity, key=key, **values
            )
        )
    else:
        identifier = row.id
        kept = {name: value for name, value in values.items() if name not in ("kind", "target")}
        connection.execute(update(t.custom_field).where(*where).values(**kept))
    touch(connection, tenant_id)
    return identifier
