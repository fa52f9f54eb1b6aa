"""Core speaks Spanish to the last word, also inside a message and about nouns of any gender."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from trato.access.actor import Actor
from trato.access.roles import ACTIONS, PRESETS
from trato.access.rules import role_names
from trato.entities.fields import Field
from trato.errors import BadQuery, Message, joined
from trato.i18n import Catalogs, extract, in_sentence, missing
from trato.records.filters import operators, parse_filter
from trato.testing.companies import Company
from trato.web.filters import OPERATORS

CORE = Path(str(files("trato")))

pytestmark = pytest.mark.database("sqlite")


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    return Catalogs({"core": CORE / "translations"})


def test_every_text_of_core_is_translated() -> None:
    texts = extract(CORE)

    assert len(texts) > 500
    assert missing(CORE / "translations", texts, locale="es") == set()


# Words inside a message


@pytest.mark.parametrize(
    ("kind", "op", "text", "spanish"),
    [
        ("integer", "eq", "x", "Filtro «zone»: «x» no es un número entero."),
        ("decimal", "eq", "x", "Filtro «zone»: «x» no es un número."),
        ("money", "gt", "x", "Filtro «zone»: «x» no es un valor en dinero."),
        ("date", "eq", "x", "Filtro «zone»: «x» no es una fecha como 2026-11-22."),
        ("moment", "eq", "x",
         "Filtro «zone»: «x» no es una fecha con hora como 2026-11-22T15:30:00-05:00."),
        ("boolean", "eq", "x", "Filtro «zone»: «x» no es true o false."),
        ("ref", "eq", "x", "Filtro «zone»: «x» no es un identificador."),
        ("member", "eq", "x", "Filtro «zone»: «x» no es un identificador ni me."),
        ("team", "eq", "x", "Filtro «zone»: «x» no es un identificador."),
        ("text", "isnull", "x", "Filtro «zone»: «x» no es true o false."),
        ("text", "in", ",", "Filtro «zone»: «,» no es una lista de valores separados por comas."),
        ("text", "in", ",".join("x" * 201),
         "Filtro «zone»: «x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,…» no es una lista de máximo "
         "200 valores."),
        ("text", "contains", "x\0",
         "Filtro «zone»: «x?» no es un texto sin caracteres de control."),
        ("text", "eq", "x\1", "Filtro «zone»: «x\1» no es un texto de esta clase."),
        ("email", "eq", "x\1", "Filtro «zone»: «x\1» no es un texto de esta clase."),
        ("choice", "eq", "x", "Filtro «zone»: «x» no es uno de estos: norte, sur."),
        ("choice", "eq", "", "Filtro «zone»: «» no es un valor."),
        ("boolean", "under", "x", "El campo «zone» no se puede filtrar con «under»."),
    ],
)  # fmt: skip
def test_a_refused_filter_says_what_it_expects(
    kind: str, op: str, text: str, spanish: str, tenant: Company, catalogs: Catalogs
) -> None:
    choices = (("norte", "Norte"), ("sur", "Sur")) if kind == "choice" else ()
    field = Field(path="zone", label="Zone", kind=kind, choices=choices)  # type: ignore[arg-type]

    with pytest.raises(BadQuery) as caught:
        parse_filter(field, op, text, actor=tenant.system())

    assert catalogs.message(caught.value.message, "es") == spanish


def test_roles_are_named_in_the_readers_language(tenant: Company, catalogs: Catalogs) -> None:
    actor = tenant.member("seller", "manager")

    assert catalogs.message(role_names(actor), "es") == "Dirección, Ventas"
    assert str(role_names(actor)) == "Manager, Seller"


def test_a_member_without_roles_still_has_a_reason(tenant: Company, catalogs: Catalogs) -> None:
    nobody = Actor(view=tenant.view, member=None)

    assert catalogs.message(role_names(nobody), "es") == ""
    assert catalogs.message(role_names(tenant.member()), "es") == "-"


def test_preset_roles_actions_and_operators_have_spanish_words(catalogs: Catalogs) -> None:
    texts = {name for name, _grants in PRESETS.values()} | {*ACTIONS, *OPERATORS.values()}

    same = {text for text in texts if catalogs.translate(text, "es") == text}

    assert same == set()


def test_every_operator_that_a_field_offers_has_a_name() -> None:
    kinds = ("text", "integer", "date", "boolean", "tags", "ref", "member", "choice")

    offered = {
        op for kind in kinds for op in operators(Field(path="x", label="X", kind=kind))
    }  # fmt: skip

    assert offered <= set(OPERATORS)


def test_joined_messages_are_translated_one_by_one(catalogs: Catalogs) -> None:
    listed = joined([Message("Owner"), "SIESA", Message("Team")])

    assert catalogs.message(listed, "es") == "Responsable, SIESA, Equipo"
    assert str(listed) == "Owner, SIESA, Team"
    assert str(joined([])) == ""


def test_a_message_is_translated_by_the_plugin_that_declared_it(tmp_path: Path) -> None:
    for domain, spanish in (("core", "Caso"), ("pqr", "Radicado")):
        (tmp_path / domain).mkdir()
        (tmp_path / domain / "es.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
            f'msgid "Case"\nmsgstr "{spanish}"\n',
            "utf-8",
        )
    catalogs = Catalogs({domain: tmp_path / domain for domain in ("core", "pqr")})

    inside = Message("{entity}: 7", {"entity": Message("Case", domain="pqr")})

    assert catalogs.message(inside, "es") == "Radicado: 7"
    assert catalogs.message(Message("Case"), "es") == "Caso"


# Phrases about kinds of records


def plugin_texts(folder: Path, *pairs: tuple[str, str]) -> Catalogs:
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    text += "".join(f'\nmsgid "{english}"\nmsgstr "{spanish}"\n' for english, spanish in pairs)
    (folder / "es.po").write_text(text, "utf-8")
    return Catalogs({"core": CORE / "translations", "visits": folder})


def test_a_plugin_may_translate_a_whole_phrase(tmp_path: Path) -> None:
    catalogs = plugin_texts(tmp_path, ("Visit", "Visita"), ("New visit", "Nueva visita"))

    phrase = catalogs.phrase("New {title}", "es", domain="visits", title="Visit")

    assert phrase == "Nueva visita"


def test_without_it_the_phrase_fits_any_gender(tmp_path: Path) -> None:
    catalogs = plugin_texts(tmp_path, ("Visit", "Visita"), ("Visits", "Visitas"))

    assert catalogs.phrase("New {title}", "es", domain="visits", title="Visit") == "Crear visita"
    assert (
        catalogs.phrase("No {titles} yet", "es", domain="visits", titles="Visits")
        == "Todavía no hay visitas"
    )
    assert catalogs.phrase("New {title}", "en", domain="visits", title="Visit") == "New visit"


@pytest.mark.parametrize(
    ("title", "inside"),
    [
        ("Client", "client"),
        ("Actividad económica", "actividad económica"),
        ("PQR", "PQR"),
        ("PQR case", "PQR case"),
        ("Caso de PQR", "caso de PQR"),
        ("Ítem", "ítem"),
        ("A", "a"),
        ("", ""),
    ],
)
def test_a_title_inside_a_sentence_keeps_the_capitals_of_abbreviations(
    title: str, inside: str
) -> None:
    assert in_sentence(title) == inside
