from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

PACKAGE = Path(str(files("trato_colombia")))


@pytest.fixture(scope="module")
def spanish() -> Catalog:
    with (PACKAGE / "translations" / "es.po").open("rb") as file:
        return read_po(file, locale="es", abort_invalid=True)


def places(text: str) -> set[str | None]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}


def test_every_marked_text_is_translated_and_nothing_else(spanish: Catalog) -> None:
    marked = {found[2] for found in extract_from_dir(PACKAGE, [("**.py", "python")])}
    translated = {message.id for message in spanish if message.id and message.string}

    assert len(marked) > 30
    assert translated == marked


def test_translations_keep_the_named_places(spanish: Catalog) -> None:
    for message in spanish:
        if message.id:
            assert places(str(message.string)) == places(str(message.id)), message.id


def test_the_catalogue_is_utf8(spanish: Catalog) -> None:
    assert spanish.charset == "utf-8"
    assert str(spanish.get("Citizenship card").string) == "Cédula de ciudadanía"  # type: ignore[union-attr]
