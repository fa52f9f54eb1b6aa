"""Everything that `clients` shows reads as Spanish, genders too."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from trato.entities.base import EntityInfo
from trato.i18n import Catalogs, extract, missing
from trato_clients.plugin import plugin

PACKAGE = Path(str(files("trato_clients")))
ENTITIES = [entity.__entity__ for entity in plugin.entities]


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    core = Path(str(files("trato")))
    return Catalogs({"core": core / "translations", "clients": PACKAGE / "translations"})


def test_every_marked_text_is_translated() -> None:
    marked = extract(PACKAGE)

    assert {"Credit limit", "Third parties: companies and people, branches, contacts and their "
            "roles."} <= marked  # fmt: skip
    assert missing(PACKAGE / "translations", marked, locale="es") == set()


def test_no_text_is_translated_twice() -> None:
    lines = (PACKAGE / "translations" / "es.po").read_text("utf-8").splitlines()
    ids = [line for line in lines if line.startswith("msgid ") and line != 'msgid ""']

    assert sorted({line for line in ids if ids.count(line) > 1}) == []


#: What the button above each list says.
BUTTONS = {
    "clients.client": "Nuevo cliente",
    "clients.branch": "Nueva sucursal",
    "clients.contact": "Nuevo contacto",
    "clients.contact_role": "Nuevo rol de contacto",
    "clients.category": "Nueva categoría",
    "clients.industry": "Nueva actividad económica",
    "clients.zone": "Nueva zona",
    "clients.source": "Nueva fuente",
}


@pytest.mark.parametrize("info", ENTITIES, ids=lambda info: info.name)
def test_a_new_record_is_named_with_the_gender_of_its_noun(
    info: EntityInfo, catalogs: Catalogs
) -> None:
    phrase = catalogs.phrase("New {title}", "es", domain="clients", title=info.title)

    assert phrase == BUTTONS[info.name]


@pytest.mark.parametrize(
    ("text", "spanish"),
    [
        ("No {titles} yet", "Todavía no hay actividades económicas"),
        ("Search {titles}", "Buscar en {titles}"),
    ],
)
def test_sentences_about_many_fit_any_gender(text: str, spanish: str, catalogs: Catalogs) -> None:
    found = catalogs.phrase(text, "es", domain="clients", titles="Industries")

    assert found == spanish.format(titles="actividades económicas")
