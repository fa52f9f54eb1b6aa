"""The API against its own OpenAPI document: schemathesis looks for calls that contradict it.

It makes calls that fit the document and calls that do not, and checks status, form and header
fields of every answer. The seed is fixed, so a run that passed passes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from trato.host import Host
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.web import create_app

#: A generator's warnings about its own work are not about ours.
pytestmark = [
    pytest.mark.filterwarnings("default::hypothesis.errors.HypothesisWarning"),
    pytest.mark.database("sqlite"),
]

#: Statuses of a call that fits the document: what it asks for may not exist, be taken by another
#: record, or have changed meanwhile.
_ACCEPTED = ["2xx", "3xx", "400", "403", "404", "409", "412", "422"]
_EXAMPLES = 100


def fields_about_others(company: Company) -> set[str]:
    """Name the fields whose values depend on other records: references, people, unique values."""
    found: set[str] = set()
    for entity in company.view.entities.values():
        for field in entity.fields.values():
            if field.kind in ("ref", "member", "team") or field.unique:
                found.add(field.path)
        found |= {path for group in entity.info.unique for path in group}
    return found


@contextmanager
def checks(company: Company) -> Iterator[None]:
    """Check what schemathesis cannot know: why a call that fits the document was refused."""
    import schemathesis
    from schemathesis.checks import CHECKS

    others = fields_about_others(company)

    @schemathesis.check
    def refusals_are_about_what_is_stored(_context: Any, response: Any, case: Any) -> None:
        if case.meta is None or not case.meta.generation.mode.is_positive:
            return
        if response.status_code == 422:
            assert set(response.json()["errors"]) <= others, response.text
        if response.status_code == 400:
            # Cursors come from answers, and schemathesis writes letters alone into header fields.
            assert response.json()["code"] in ("bad_cursor", "bad_precondition"), response.text

    try:
        yield
    finally:
        CHECKS.unregister("refusals_are_about_what_is_stored")


@pytest.fixture
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the probes without a token run in process: 4.32 hands them settings of a network."""
    from schemathesis.transport.wsgi import WSGITransport

    send = WSGITransport.send

    def send_in_process(self: Any, case: Any, *, session: Any = None, **kwargs: Any) -> Any:
        for name in ("max_redirects", "verify", "cert"):
            kwargs.pop(name, None)
        return send(self, case, session=session, **kwargs)

    monkeypatch.setattr(WSGITransport, "send", send_in_process)


def contradictions(
    app: Flask, company: Company, paths: str, *, stateful: bool = False
) -> tuple[int, list[str]]:
    """Call the operations under some paths.

    :param paths: expression of the paths.
    :return: how many calls were made, and what contradicted the document.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    headers = {"Authorization": f"Bearer {company.token(company.member('admin'))}"}
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20261122,
            "headers": headers,
            "continue-on-failure": True,
            "generation": {
                "max-examples": _EXAMPLES, "deterministic": True, "database": "none",
                "no-shrink": True,
            },
            "phases": {"stateful": {"enabled": stateful}},
            "checks": {"positive_data_acceptance": {"expected-statuses": _ACCEPTED}},
        }
    )  # fmt: skip
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", app, config=config, headers=headers
    )
    calls, found = 0, []
    for event in from_schema(schema.include(path_regex=paths)).execute():
        if isinstance(event, events.ScenarioFinished):
            for case, results in event.recorder.checks.items():
                calls += 1
                found += [
                    f"{event.recorder.label} {case}: {result.failure_info.failure.title}\n"
                    f"{result.failure_info.failure.message}\n{result.failure_info.code_sample}"
                    for result in results
                    if result.failure_info is not None
                ]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.append(str(getattr(event, "info", event)))
    return calls, found


def unhurried(host: Host) -> Host:
    """Make the same host without a limit of calls that a test would reach."""
    settings = replace(host.settings, api_calls_per_minute=1_000_000)
    return Host(settings, plugins=list(host.plugins.values()), clock=host.clock)


@pytest.mark.slow
@pytest.mark.plugins("clients")
@pytest.mark.usefixtures("_in_process")
def test_the_api_keeps_what_its_document_promises(tenant: Company, host: Host) -> None:
    served = unhurried(host)

    with checks(tenant):
        calls, found = contradictions(
            create_app(served), tenant, "^/api/v1/clients/(clients|contact_roles|categories)"
        )

    served.close()
    assert not found, "\n\n".join(found[:5])
    assert calls > 20 * _EXAMPLES


@pytest.mark.soak
@pytest.mark.usefixtures("_in_process")
@pytest.mark.parametrize(
    "paths",
    ["clients/(industries|zones|sources)", "clients/(branches|contacts)", "specimen/pieces",
     "specimen/(shelves|labels|loans)"],
)  # fmt: skip
def test_fields_of_every_kind_keep_it_too(
    specimen_host: Host, issue_license: LicenseIssuer, paths: str
) -> None:
    company = make_company(specimen_host, issue_license)
    kinds = ("text", "longtext", "integer", "decimal", "money", "date", "moment", "boolean",
             "choice", "choices", "tags", "email", "phone", "url")  # fmt: skip
    for number, kind in enumerate(kinds):
        company.custom_field(
            "specimen.piece", f"own_{kind}", kind, indexed=number % 2 == 0,
            choices=[("a", "A"), ("b", "B")] if kind.startswith("choice") else None,
        )  # fmt: skip
    company.custom_field("specimen.piece", "code", "text", required=True, unique=True,
                         indexed=True)  # fmt: skip
    served = unhurried(specimen_host)

    with checks(company):
        calls, found = contradictions(
            create_app(served), company, f"^/api/v1/{paths}", stateful=True
        )

    served.close()
    assert not found, "\n\n".join(found[:5])
    assert calls > 20 * _EXAMPLES
