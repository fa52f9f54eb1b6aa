"""The import in pages: file, columns, trial, run; for those who may, and each for himself."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import zipfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from trato.db.engine import transaction
from trato.exchange import desk as desks
from trato.jobs.exchanging import IMPORTS
from trato.jobs.presence import Presence
from trato.tenancy.tables import task
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company
from trato.web import imports

CLIENT = "clients.client"
IMPORT = "/clients/clients/import"
TEXT = "Razón social;N.I.T.;Tamaño\nUno S.A.S.;70000001;12\nDos Ltda.;70000002;7\n;70000003;1\n"


def upload(client: Browser, content: str | bytes = TEXT, name: str = "datos.csv") -> TestResponse:
    sent = content.encode() if isinstance(content, str) else content
    return client.post(
        IMPORT, data={"file": (io.BytesIO(sent), name)}, content_type="multipart/form-data"
    )


def choices(page: str) -> dict[str, str]:
    """Read what the form would send."""
    found = {}
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        found[name] = next((value for value, mark in values if mark), values[0][0])
    return found


def names(company: Company) -> set[str]:
    with company.unit(read=True) as unit:
        return {row[2] for row in unit.records.query(CLIENT, columns=("name",)).rows}


def test_the_list_leads_to_the_import(client: Browser) -> None:
    assert f'href="{IMPORT}"' in client.get("/clients/clients").text
    assert 'type="file"' in client.get(IMPORT).text


def test_a_file_is_looked_into_once_and_no_page_opens_it_again(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = upload(client).headers["Location"]

    def refuse(*_given: Any, **_options: Any) -> None:
        raise AssertionError("a large workbook would take seconds")

    monkeypatch.setattr(imports, "open_table", refuse)
    page = client.get(place).text
    assert "Uno S.A.S. · Dos Ltda." in page
    assert client.post(place, data=choices(page) | {"do": "try"}).status_code == 302


def test_columns_are_recognised_tried_and_imported(client: Browser, tenant: Company) -> None:
    place = upload(client).headers["Location"]
    page = client.get(place).text
    chosen = choices(page)
    assert chosen == {
        "column-0": "name", "column-1": "identification", "column-2": "ignore",
        "match": "identification", "duplicates": "create",
    }  # fmt: skip
    assert "Uno S.A.S. · Dos Ltda." in page

    client.post(place, data=chosen | {"match": "", "do": "try"})
    waiting = client.get(f"{place}/status").text
    tenant.run_queued()
    tried = client.get(place).text
    assert 'hx-trigger="every 2s, again"' in waiting
    assert "Ensayo: no se escribe nada" in tried
    assert re.search(r"<dt>Se crearían</dt><dd>2</dd>", tried)
    assert "Fila 4, Razón social" in tried or "Fila 4" in tried
    assert names(tenant) == set()

    client.post(place, data=chosen | {"match": "", "do": "import"})
    tenant.run_queued()
    done = client.get(f"{place}/status").text
    assert re.search(r"<dt>Filas rechazadas</dt><dd>1</dd>", done)
    assert "hx-trigger" not in done
    assert names(tenant) == {"Uno S.A.S.", "Dos Ltda."}
    mended = client.get(f"{place}/errors.csv")
    assert "70000003" in mended.data.decode("utf-8-sig")
    assert "attachment" in mended.headers["Content-Disposition"]


def test_imports_are_told_apart(app: Flask, client: Browser, tenant: Company) -> None:
    for name, act in (("uno.csv", "import"), ("dos.csv", "try"), ("tres.csv", "")):
        place = upload(client, name=name).headers["Location"]
        if act:
            chosen = choices(client.get(place).text) | {"match": "", "do": act}
            client.post(place, data=chosen)
            tenant.run_queued()
    ran = "Registros creados: 2 · Filas rechazadas: 1"
    tried = "Ensayo · Se crearían: 2 · Se rechazarían: 1"

    mine = re.sub(r"\s*<[^>]+>\s*", "|", client.get(IMPORT).text)
    assert re.search(r"tres\.csv\|+[^|]+\|+Sin empezar", mine)
    assert re.search(rf"dos\.csv\|+[^|]+\|+Terminada\|+{tried}", mine)
    assert re.search(rf"uno\.csv\|+[^|]+\|+Terminada\|+{ran}", mine)
    jobs = client.get("/settings/jobs").text
    assert f"Clientes · uno.csv · {ran}" in jobs
    assert f"Clientes · dos.csv · {tried}" in jobs
    told = client.get("/core/notices").text
    assert f"uno.csv · {ran}" in told
    assert f"dos.csv · {tried}" in told
    assert told.count("#alert-triangle") == 2
    # Who looks after tasks and may not import learns no name of a file.
    keeps = tenant.member_with({CLIENT: {"view": "all"}}, permissions=["core.administer"])
    keeper = browser(app, keeps)
    theirs = keeper.get("/settings/jobs").text
    assert f"Clientes · {ran}" in theirs
    assert "uno.csv" not in theirs


def test_the_time_left_is_told_by_what_was_done_since_it_goes_on(
    client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    client.post(place, data=choices(client.get(place).text) | {"do": "import"})
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        connection.execute(
            update(task).where(task.c.tenant_id == tenant.id, task.c.state == "queued").values(
                state="running", started_at=tenant.host.clock() - dt.timedelta(minutes=2),
                progress=600, progress_total=1000, result={"rows": 600, "before": 400},
            )
        )  # fmt: skip
    worker = Presence(host=tenant.host, name="of this import", kind="worker")
    worker.say()

    page = client.get(f"{place}/status").text
    worker.leave()

    assert "faltan unos 4 minutos" in page


def test_the_same_file_again_is_said_to_change_nothing(client: Browser, tenant: Company) -> None:
    text = "Nombre;NIT\nUno;70000001\n"
    for _time in range(2):
        place = upload(client, text).headers["Location"]
        client.post(place, data=choices(client.get(place).text) | {"do": "import"})
        tenant.run_queued()

    assert "no se cambió nada" in client.get(place).text


def test_choices_are_remembered_for_files_with_the_same_headers(
    client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    mine = {"column-0": "trade_name", "column-1": "ignore", "column-2": "name", "match": "",
            "duplicates": "skip", "do": "try"}  # fmt: skip
    client.post(place, data=mine)

    again = client.get(upload(client, TEXT + "x;1;2\n").headers["Location"]).text

    assert choices(again) == {key: value for key, value in mine.items() if key != "do"}
    assert "Como la última vez" in again
    assert "Como la última vez" not in client.get(place).text


def test_colleagues_take_over_the_columns_and_not_what_becomes_of_records(
    app: Flask, client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    mine = {"column-0": "trade_name", "column-1": "identification", "column-2": "name",
            "match": "", "duplicates": "skip", "do": "try"}  # fmt: skip
    client.post(place, data=mine)
    colleague = browser(app, tenant.member("admin"))

    theirs = choices(colleague.get(upload(colleague).headers["Location"]).text)

    safe = {"match": "identification", "duplicates": "create"}
    assert theirs == {key: value for key, value in mine.items() if key != "do"} | safe
    # A memory of an earlier version does not say whose the choices were.
    (kept,) = desks.root(tenant.host, tenant.id, "maps").iterdir()
    memory = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps({"map": memory["map"], "match": None, "duplicates": "update"}))
    assert choices(client.get(upload(client).headers["Location"]).text) == theirs


def test_refused_rows_come_in_the_words_of_the_person_and_are_imported_again(
    client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    chosen = choices(client.get(place).text) | {"match": "", "do": "import"}
    client.post(place, data=chosen)
    tenant.run_queued()
    refused = client.get(f"{place}/errors.csv").data
    assert refused.decode("utf-8-sig").startswith("Razón social;N.I.T.;Tamaño;fila;columna;error")

    mended = refused.replace(b";70000003", b"Tres;70000003").replace(b"\r\n;", b"\r\n")
    place = upload(client, mended).headers["Location"]
    chosen = choices(client.get(place).text)
    assert [chosen[f"column-{at}"] for at in (3, 4, 5)] == ["ignore"] * 3


def test_columns_and_sheets_are_named_in_words(client: Browser) -> None:
    made = io.BytesIO()
    with Workbook(made) as book:
        for name in ("Clientes", "Zonas", "Notas"):
            book.add_worksheet(name).write_column(0, 0, ["Nombre", "Uno"])

    page = client.get(upload(client, made.getvalue(), "libro.xlsx").headers["Location"]).text

    assert "solo se lee la hoja «Clientes», no Zonas, Notas" in page
    assert "Responsable · Correo</option>" in page
    assert not re.search(r"· (email|name|key|id)</option>", page)


def test_a_cancelled_import_says_what_stays(client: Browser, tenant: Company) -> None:
    place = upload(client).headers["Location"]
    client.post(place, data=choices(client.get(place).text) | {"do": "import"})
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        connection.execute(
            update(task).where(task.c.tenant_id == tenant.id, task.c.state == "queued")
            .values(state="cancelled", progress=10500, progress_total=30000)
        )  # fmt: skip

    page = client.get(f"{place}/status").text

    assert "10.500 de 30.000 filas" in page
    assert "quedan como están" in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"column-2": "name"}, "Dos columnas llenan"),
        ({"column-1": "ignore", "match": "identification"}, "Ninguna columna llena"),
        ({"column-1": "owner_password"}, "No existe el campo"),
        ({"column-0": "trade_name", "match": ""}, "Ninguna columna llena lo obligatorio: Nombre"),
    ],
)
def test_choices_that_cannot_be_are_refused_before_anything_runs(
    client: Browser, changed: dict[str, str], said: str
) -> None:
    place = upload(client).headers["Location"]

    answer = client.post(place, data=choices(client.get(place).text) | changed | {"do": "import"})

    assert answer.status_code == 422
    assert said in answer.text
    assert "t-exchange-head" not in answer.text
    assert choices(answer.text).items() >= changed.items() - {("column-1", "owner_password")}


def bomb(megabytes: int = 300) -> bytes:
    """Make a workbook of so much nothing, in a thousandth of it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _part in range(megabytes):
                sheet.write(b" " * (1 << 20))
    return made.getvalue()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: b"PK\x03\x04 not a workbook at all", "roto.xlsx"),
        (bomb, "bomba.xlsx"),
        (lambda: b"", "vacio.csv"),
        (lambda: b"Nombre\n", "encabezado.csv"),
        (lambda: b"\xd0\xcf\x11\xe0 old office", "viejo.xls"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_at_once(
    client: Browser, make: Any, name: str
) -> None:
    answer = upload(client, make(), name)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert name not in client.get(IMPORT).text


def test_a_file_that_is_too_large_is_refused(
    client: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    monkeypatch.setitem(app.config, "MAX_IMPORT_LENGTH", 2000)

    assert upload(client, TEXT + "x" * 1000).status_code == 302
    assert upload(client, TEXT + "x" * 2000).status_code == 413


def test_an_import_runs_once_at_a_time_and_can_be_cancelled_and_gone_on_with(
    client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    chosen = choices(client.get(place).text) | {"match": "", "do": "import"}
    client.post(place, data=chosen)

    client.post(place, data=chosen)
    client.post(f"{place}/cancel")
    cancelled = client.get(place).text
    tenant.run_queued()
    assert "Cancelada" in cancelled
    assert names(tenant) == set()

    client.post(f"{place}/resume")
    tenant.run_queued()
    assert names(tenant) == {"Uno S.A.S.", "Dos Ltda."}


def test_of_two_clicks_at_the_same_moment_one_imports(client: Browser, tenant: Company) -> None:
    place = upload(client).headers["Location"]
    chosen = choices(client.get(place).text) | {"match": "", "do": "import"}
    (kept,) = desks.root(tenant.host, tenant.id, IMPORTS).glob(f"{place[-36:]}/choices.json")
    read_by_both = kept.read_bytes()
    client.post(place, data=chosen)
    kept.write_bytes(read_by_both)

    answer = client.post(place, data=chosen)
    tenant.run_queued()

    assert answer.status_code == 302
    with tenant.unit(read=True) as unit:
        rows = unit.records.query(CLIENT, columns=("name",)).rows
    assert sorted(row[2] for row in rows) == ["Dos Ltda.", "Uno S.A.S."]


def test_an_import_that_waits_keeps_its_file_however_many_follow(
    client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    chosen = choices(client.get(place).text) | {"match": "", "do": "import"}
    client.post(place, data=chosen)

    for _time in range(desks.KEPT):
        upload(client)
    tenant.run_queued()

    assert names(tenant) == {"Uno S.A.S.", "Dos Ltda."}
    upload(client)
    assert client.get(place).status_code == 404


def test_a_file_that_was_only_looked_at_goes_before_an_import_that_ran(
    client: Browser, tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = upload(client).headers["Location"]
    client.post(ran, data=choices(client.get(ran).text) | {"match": "", "do": "import"})
    tenant.run_queued()
    looked_at = upload(client).headers["Location"]
    monkeypatch.setattr(desks, "KEPT", 2)
    monkeypatch.setattr(desks, "LOOKED_AT", dt.timedelta(0))
    upload(client)

    assert client.get(f"{ran}/errors.csv").status_code == 200
    gone = client.get(looked_at)
    assert gone.status_code == 404
    assert "ya no existe" in gone.text
    assert f'action="{IMPORT}"' in gone.text
    assert client.post(looked_at, data={"do": "import"}).status_code == 404
    monkeypatch.undo()
    upload(client)
    assert "Se conservan sus 10 últimas" in client.get(IMPORT).text


def test_files_looked_at_side_by_side_stay(
    client: Browser, tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = upload(client).headers["Location"]
    client.post(ran, data=choices(client.get(ran).text) | {"match": "", "do": "import"})
    tenant.run_queued()
    monkeypatch.setattr(desks, "KEPT", 2)
    beside = [upload(client).headers["Location"] for _one in range(2)]

    assert [client.get(place).status_code for place in (ran, *beside)] == [404, 200, 200]


def test_choices_that_cannot_be_read_lead_back_and_stop_no_cleaning(
    client: Browser, tenant: Company
) -> None:
    place = upload(client).headers["Location"]
    (kept,) = desks.root(tenant.host, tenant.id, IMPORTS).glob(f"{place[-36:]}/choices.json")
    said = json.loads(kept.read_text("utf-8"))
    for wrong in (said | {"tasks": ["no task"]}, said | {"tasks": 7}, ["a list"]):
        kept.write_text(json.dumps(wrong), "utf-8")
        assert client.get(place).status_code == 404
        assert client.get(IMPORT).status_code == 200
        with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
            desks.remove_old(
                tenant.host, connection, tenant.id, before=dt.datetime.fromtimestamp(0, dt.UTC)
            )


def test_only_who_may_import_finds_the_page(app: Flask, client: Browser, tenant: Company) -> None:
    place = upload(client).headers["Location"]
    weak = browser(app, tenant.member_with({CLIENT: {"view": "all", "create": "all"}}))
    other = browser(app, tenant.member("admin"))

    assert weak.get(IMPORT).status_code == 403
    assert upload(weak).status_code == 403
    assert "/import" not in weak.get("/clients/clients").text
    assert [other.get(place + end).status_code for end in ("", "/status", "/errors.csv")] == [
        404
    ] * 3
    assert other.post(f"{place}/cancel").status_code == 404


def test_another_company_finds_nothing_of_it(app: Flask, client: Browser, other_actor: Any) -> None:
    place = upload(client).headers["Location"]

    assert browser(app, other_actor).get(place).status_code == 404
