"""Revisions that are written of tables with records in them keep the records and let them be saved.

The tables of these tests stand in a metadata of their own: one for each state of the declarations.
"""

from __future__ import annotations

import datetime as dt
import types
import uuid
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, insert, select, update
from sqlalchemy.orm import Mapped

from trato.db.generate import differences, write_revision
from trato.db.migrate import downgrade, migration, upgrade
from trato.db.tenant_rows import rows_of_tenant, tables_of_tenants
from trato.entities import base
from trato.entities.base import Entity
from trato.entities.fields import Choice, boolean, choice, money, text
from trato.errors import Message
from trato.testing.databases import Backend, Databases

_NUMBER = count()


def choices_of(*keys: str) -> Any:
    return Choice(f"Status{next(_NUMBER)}", {key.upper(): (key, key) for key in keys})


def declared(**fields: tuple[Any, Any]) -> MetaData:
    """Declare a kind of record, by annotation and field, in a metadata of its own."""
    own = MetaData(naming_convention=base.metadata.naming_convention)
    fields = {"name": (Mapped[str], text("Name"))} | fields

    def body(names: dict[str, Any]) -> None:
        names["__annotations__"] = {name: kind for name, (kind, _field) in fields.items()}
        names |= {"metadata": own, "__module__": __name__}
        names |= {name: field for name, (_kind, field) in fields.items()}

    types.new_class(
        f"Thing{next(_NUMBER)}", (Entity,),
        {"name": "evolving.thing", "title": "Thing", "titles": "Things", "label": "name"}, body,
    )  # fmt: skip
    return own


class Evolving:
    """A plugin's folder of revisions beside a database that they are run on."""

    def __init__(self, folder: Path, engine: Engine, databases: Databases) -> None:
        self.folder, self.engine, self.databases = folder, engine, databases
        self._told: list[Message] = []

    def told(self) -> str:
        """Give what was told since it was asked last, a line each."""
        lines = "\n".join(map(str, self._told))
        self._told.clear()
        return lines

    def write(self, metadata: MetaData) -> str:
        """Write the next revision; gives its source."""
        empty = self.databases.empty("sqlite").open_owner()
        try:
            file = write_revision(empty, "evolving", self.folder, metadata, message="Change",
                                  needs={}, tell=self._told.append)  # fmt: skip
        finally:
            empty.dispose()
        return "" if file is None else file.read_text("utf-8")

    def apply(self, to: str = "head") -> None:
        with migration(self.engine) as connection:
            upgrade(connection, "evolving", self.folder, to)

    def back(self) -> None:
        with migration(self.engine) as connection:
            downgrade(connection, "evolving", self.folder, "-1")

    def save(self, metadata: MetaData, **values: Any) -> None:
        now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        row = {"tenant_id": 1, "id": uuid.uuid4(), "version": 1, "created_at": now,
               "updated_at": now, "name": "Thing"} | values  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(insert(metadata.tables["evolving_thing"]), [row])

    def rows(self, metadata: MetaData, column: str) -> list[Any]:
        table = metadata.tables["evolving_thing"]
        with self.engine.connect() as connection:
            return list(
                connection.execute(select(table.c[column]).order_by(table.c[column])).scalars()
            )

    def differs(self, metadata: MetaData) -> list[Any]:
        with migration(self.engine) as connection:
            found = differences(connection, "evolving", metadata).upgrade_ops
            return list(found.as_diffs())


def test_obligatory_fields_can_be_added_to_a_table_with_records(evolving: Evolving) -> None:
    kind = choices_of("new", "used")
    old = declared(place=(Mapped[str | None], text("Place")))
    new = declared(
        code=(Mapped[str], text("Code")),
        state=(Mapped[kind], choice("State", kind, default=kind["NEW"])),  # type: ignore[valid-type]
        is_first=(Mapped[bool], boolean("First", default=False)),
        cost=(Mapped[Decimal], money("Cost", default=Decimal("1.5"))),
    )
    evolving.write(old)
    evolving.apply()
    evolving.save(old)

    evolving.write(new)
    told = evolving.told()
    evolving.apply()
    left = evolving.differs(new)
    with evolving.engine.begin() as connection:
        connection.execute(update(new.tables["evolving_thing"]).values(code="A"))
    evolving.write(new)
    evolving.apply()

    assert [evolving.rows(new, name) for name in ("state", "is_first", "cost", "code")] == [
        ["new"], [False], [Decimal("1.5")], ["A"],
    ]  # fmt: skip
    assert [diff[0][0] for diff in left] == ["modify_nullable"]
    assert evolving.differs(new) == []
    assert "'place' of 'evolving_thing' is dropped with all its data" in told
    assert "'code' of 'evolving_thing' is obligatory and has no default" in told
    assert len(told.splitlines()) == 2
    assert "'code' of 'evolving_thing' becomes obligatory" in evolving.told()


def test_a_value_that_a_choice_loses_is_told(evolving: Evolving) -> None:
    def with_status(*keys: str) -> MetaData:
        kind = choices_of(*keys)
        return declared(status=(Mapped[kind], choice("Status", kind)))  # type: ignore[valid-type]

    evolving.write(with_status("good", "bad"))
    evolving.write(with_status("good"))

    assert "no longer allows bad: the revision fails" in evolving.told()


def test_rows_of_a_table_that_is_behind_are_read_as_they_are(evolving: Evolving) -> None:
    old, new = declared(), declared(code=(Mapped[str | None], text("Code")))
    evolving.write(old)
    evolving.apply()
    evolving.save(old)

    with evolving.engine.connect() as connection:
        [table] = tables_of_tenants(connection, new)
        [row] = rows_of_tenant(connection, table, 1)

    assert row["name"] == "Thing"
    assert "code" not in row


@pytest.fixture
def evolving(tmp_path: Path, databases: Databases, backend: Backend) -> Iterator[Evolving]:
    engine = databases.empty(backend).open_owner()
    yield Evolving(tmp_path, engine, databases)
    engine.dispose()


def test_a_new_value_of_a_choice_is_written_and_can_be_saved(evolving: Evolving) -> None:
    def with_status(*keys: str) -> MetaData:
        kind = choices_of(*keys)
        return declared(status=(Mapped[kind], choice("Status", kind)))  # type: ignore[valid-type]

    old, new = with_status("good", "bad"), with_status("good", "bad", "owner's")
    evolving.write(old)
    evolving.apply()
    evolving.save(old, status="good")

    missed = evolving.differs(new)
    source = evolving.write(new)
    evolving.apply()
    evolving.save(new, status="owner's")

    assert [kind for kind, *_rest in missed] == ["remove_constraint", "add_constraint"]
    assert source.count("ck_evolving_thing_status") == 4
    assert evolving.rows(new, "status") == ["good", "owner's"]
    assert evolving.differs(new) == []
    assert evolving.write(new) == ""


def test_a_choice_comes_and_goes_with_its_check(evolving: Evolving) -> None:
    kind = choices_of("one")
    without = declared()
    chosen = declared(status=(Mapped[kind | None], choice("Status", kind)))  # type: ignore[valid-type]
    evolving.write(without)
    evolving.apply()
    evolving.save(without)

    evolving.write(chosen)
    evolving.apply()
    made = evolving.differs(chosen)
    evolving.save(chosen, status="one")
    evolving.back()

    assert made == []
    assert evolving.differs(without) == []
    assert evolving.rows(without, "name") == ["Thing", "Thing"]
