"""What a plugin declares of its settings holds in the page, in files and in its own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trato.configuration import apply_data, export_configuration
from trato.errors import Invalid, Message
from trato.exchange.writing import write_csv
from trato.lifecycle.plugins import purge_for_tenant
from trato.plugin import Setting
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company, make_company
from trato.testing.pages import page_of
from trato.web import create_app

pytestmark = pytest.mark.database("sqlite")

PAGE = "/settings/modules/limits"


def starts_with_key(value: str) -> Message | None:
    return None if value.startswith("key-") else Message("It begins with key-.")


@pytest.fixture
def company(
    temporarily: Callable[..., Any], make_plugin: Callable[..., Any],
    issue_license: Callable[..., Any],
) -> Iterator[Company]:  # fmt: skip
    plugin = make_plugin(
        "limits",
        settings=[
            Setting(key="days", label="Days", kind="integer", default=3, minimum=1, maximum=30),
            Setting(key="rate", label="Rate", kind="decimal", minimum=Decimal("0.5")),
            Setting(key="prefix", label="Prefix", kind="text", check=starts_with_key),
            Setting(key="api_key", label="Key", kind="secret", check=starts_with_key),
        ],
    )
    with temporarily(plugin) as host:
        yield make_company(host, issue_license, plugins=["limits"])


@pytest.fixture
def client(company: Company) -> Browser:
    return browser(create_app(company.host), company.member("admin"))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("days", "0", "Mínimo 1"), ("days", "31", "Máximo 30"),
     ("rate", "0,4", "Mínimo 0"), ("prefix", "x", "It begins with key-."),
     ("api_key", "muy-secreta", "It begins with key-.")],
)  # fmt: skip
def test_the_page_says_at_the_field_what_the_plugin_refuses(
    company: Company, client: Browser, key: str, value: str, said: str
) -> None:
    answer = client.post(PAGE, data={key: value})

    assert answer.status_code == 422
    assert said in page_of(answer).error_of(key)
    assert "muy-secreta" not in answer.text
    assert company.view.settings.get(("limits", key)) is None


def test_a_file_obeys_the_same_limits(company: Company) -> None:
    with pytest.raises(Invalid) as caught:
        apply_data(company.host, company.slug,
                   {"settings": {"limits": {"days": 31, "prefix": "x"}}})  # fmt: skip

    assert caught.value.errors.keys() == {"settings.limits.days", "settings.limits.prefix"}


def test_code_reads_what_is_set_and_what_is_declared(company: Company, client: Browser) -> None:
    saved = client.post(PAGE, data={"days": "7", "rate": "0,75", "api_key": "key-1"})

    assert saved.status_code == 302, saved.text
    with company.unit(read=True) as unit:
        assert unit.setting("limits.days") == 7
        assert unit.setting("limits.rate") == Decimal("0.75")
        assert unit.setting("limits.prefix") is None
        assert unit.secret("limits.api_key") == "key-1"
    assert "key-1" not in export_configuration(company.host, company.slug)
    assert "key-1" not in client.get(PAGE).text


def test_nothing_is_read_that_no_enabled_plugin_declares(company: Company) -> None:
    with company.unit(read=True) as unit:
        assert unit.setting("limits.days") == 3
        for name in ("limits.none", "none.days", "limits.api_key", "limits"):
            with pytest.raises(KeyError):
                unit.setting(name)
        with pytest.raises(KeyError):
            unit.secret("limits.days")
    company.disable("limits")
    with company.unit(read=True) as unit, pytest.raises(KeyError):
        unit.secret("limits.api_key")


def test_words_of_a_plugin_stand_at_the_field_in_the_readers_language(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    client = sign_in(tenant.member("admin"))

    answer = client.post("/settings/modules/colombia", data={"days_off": "2026-13-01"})

    assert "no es una fecha como 2026-12-24" in page_of(answer).error_of("days_off")


def test_a_purge_forgets_what_was_set_secrets_too(
    company: Company, client: Browser, tmp_path: Path
) -> None:
    client.post(PAGE, data={"days": "7", "api_key": "key-1"})
    company.disable("limits")

    purge_for_tenant(company.host, company.slug, "limits", folder=tmp_path, write_table=write_csv)

    company.enable("limits")
    with company.unit(read=True) as unit:
        assert (unit.setting("limits.days"), unit.secret("limits.api_key")) == (3, None)
