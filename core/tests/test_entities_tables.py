"""Keys of every table hold the tenant, so that none can reach across, and Citus could split them.

The metadata is what the installed plugins and core declare; the specimen stands in for others.
"""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.orm import Mapped

import trato.testing.databases  # noqa: F401 - brings core's tables into the metadata
from trato.db.security import tenant_tables
from trato.entities.base import Entity, Extension, metadata
from trato.entities.fields import ref, text
from trato.errors import PluginError
from trato.host import Host
from trato.testing.specimen import Piece

#: SQLite's full-text table goes by rowid, so its register must; PostgreSQL leaves it empty.
BY_ROWID = {"core_search_row"}


@pytest.fixture(scope="module")
def tables(specimen_host: Host) -> list[Table]:
    assert {"clients", "specimen"} <= set(specimen_host.plugins)
    return list(tenant_tables(metadata))


def columns(constraint: object) -> list[str]:
    return [column.name for column in constraint.columns]  # type: ignore[attr-defined]


@pytest.mark.database("sqlite")
def test_every_primary_key_begins_with_the_tenant(tables: list[Table]) -> None:
    for table in tables:
        if table.name not in BY_ROWID:
            assert columns(table.primary_key)[0] == "tenant_id", table.name
            assert len(columns(table.primary_key)) > 1, table.name


@pytest.mark.database("sqlite")
def test_what_is_unique_is_unique_in_a_tenant(tables: list[Table]) -> None:
    seen = 0
    for table in tables:
        unique = [columns(c) for c in table.constraints if isinstance(c, UniqueConstraint)]
        unique += [columns(index) for index in table.indexes if index.unique]
        for group in unique:
            assert group[0] == "tenant_id", (table.name, group)
            seen += 1

    assert seen > 15


@pytest.mark.database("sqlite")
def test_every_reference_inside_a_tenant_holds_the_tenant(tables: list[Table]) -> None:
    names = {table.name for table in tables}
    seen = 0
    for table in tables:
        for constraint in table.foreign_key_constraints:
            pairs = {key.parent.name: key.column.name for key in constraint.elements}
            if constraint.referred_table.name in names:
                assert pairs.get("tenant_id") == "tenant_id", (table.name, pairs)
                assert columns(constraint)[0] == "tenant_id", (table.name, pairs)
                assert len(pairs) == 2, (table.name, pairs)
                seen += 1

    assert seen > 20


@pytest.mark.database("sqlite")
def test_references_out_of_a_tenant_lead_to_the_few_tables_that_every_node_holds(
    tables: list[Table],
) -> None:
    names = {table.name for table in tables}

    out = {
        constraint.referred_table.name
        for table in tables
        for constraint in table.foreign_key_constraints
    } - names

    # To Citus these are reference tables, copied to each node; none may lead into a tenant.
    assert out == {"core_tenant", "core_user"}
    shared = [table for table in metadata.sorted_tables if table.name not in names]
    assert {
        constraint.referred_table.name
        for table in shared
        for constraint in table.foreign_key_constraints
    } <= {table.name for table in shared}


@pytest.mark.database("sqlite")
def test_only_what_belongs_to_a_row_goes_with_it(tables: list[Table]) -> None:
    """ON DELETE SET NULL would null the tenant; what a purge does is declared and audited."""
    cascading = {
        table.name
        for table in tables
        for constraint in table.foreign_key_constraints
        if constraint.ondelete is not None
    }
    entities = {mapper.class_.__tablename__ for mapper in Entity.registry.mappers
                if issubclass(mapper.class_, Entity)}  # fmt: skip

    for table in tables:
        for constraint in table.foreign_key_constraints:
            assert constraint.ondelete in (None, "CASCADE"), table.name
    assert cascading & entities == set()


@pytest.mark.database("sqlite")
def test_every_table_says_whose_it_is(tables: list[Table], specimen_host: Host) -> None:
    for table in metadata.sorted_tables:
        plugin = table.info.get("plugin")
        assert plugin, table.name
        assert table.name.startswith(f"{plugin}_"), table.name


@pytest.mark.database("sqlite")
def test_an_index_of_records_begins_with_the_tenant(tables: list[Table]) -> None:
    records = [table for table in tables if {"entity", "extends"} & set(table.info)]

    assert len(records) > 10
    for table in records:
        for index in table.indexes:
            assert columns(index)[0] == "tenant_id", (table.name, index.name)


def test_an_obligatory_field_of_an_extension_is_refused() -> None:
    with pytest.raises(PluginError) as refused:

        class Wrong(Extension, of=Piece, plugin="wrong"):
            needed: Mapped[str] = text("Needed")

    assert str(refused.value) == (
        "Extension 'wrong' of 'specimen.piece' makes needed obligatory. Records exist without the "
        "extension: annotate with '| None'."
    )


def test_a_label_that_is_no_field_is_refused() -> None:
    with pytest.raises(PluginError) as refused:

        class Wrong(Entity, name="wrong.thing", title="Thing", titles="Things", label="nmae"):
            name: Mapped[str] = text("Name")

    assert str(refused.value) == (
        "Entity 'wrong.thing' is labelled by 'nmae', which is none of its fields. "
        "Name one of: name."
    )


def test_a_group_that_names_no_field_cannot_be_unique() -> None:
    with pytest.raises(PluginError) as refused:

        class Wrong(Entity, name="wrong.thing", title="Thing", titles="Things", label="name",
                    unique=[("name", "typo")]):  # fmt: skip
            name: Mapped[str] = text("Name")

    assert str(refused.value).startswith(
        "Entity 'wrong.thing' is unique by 'typo', which is none of its fields. Name one of: name, "
    )


def test_an_obligatory_reference_cannot_be_cleared() -> None:
    with pytest.raises(PluginError) as refused:

        class Wrong(Entity, name="wrong.part", title="Part", titles="Parts", label="name"):
            name: Mapped[str] = text("Name")
            piece_id: Mapped[UUID] = ref(Piece, "Piece", on_purge="clear")

    assert str(refused.value) == (
        "Field 'piece_id' of 'wrong.part' is obligatory and cannot be cleared. "
        'Say on_purge="refuse" or "cascade", or annotate with \'| None\'.'
    )
