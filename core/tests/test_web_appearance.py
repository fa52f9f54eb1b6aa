"""How a company's pages look: a colour that stays legible, and a logo that is a picture."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

import trato.web
from trato.configuration import apply_configuration, export_configuration
from trato.errors import Invalid
from trato.tenancy.appearance import ACCENT, LOGO_BYTES
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

STYLES = Path(trato.web.__file__).parent / "static" / "css"
_PARTS = re.compile(r"--t-(laguna|laguna-strong|laguna-soft|on-laguna|sheet): "
                    r"light-dark\((#\w{6}), (#\w{6})\)")  # fmt: skip


def png(side: int = 8, size: int = 0) -> bytes:
    """Draw a picture, with so many bytes more that say nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress((b"\0" + b"\x0c\x61\x69" * side) * side)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", b"a\0" + b"x" * size)
            + chunk(b"IDAT", rows) + chunk(b"IEND", b""))  # fmt: skip


def send(client: Browser, image: bytes, name: str = "logo.png") -> TestResponse:
    return client.post(
        "/settings/company/logo", data={"file": (io.BytesIO(image), name)},
        content_type="multipart/form-data",
    )  # fmt: skip


def palettes() -> dict[str, dict[str, tuple[str, str]]]:
    """Read the four parts of each colour, and the sheet, from the styles."""
    own = {m[1]: (m[2], m[3]) for m in _PARTS.finditer((STYLES / "tokens.css").read_text("utf-8"))}
    found = {"laguna": own}
    text = (STYLES / "accents.css").read_text("utf-8")
    for name, body in re.findall(r'\[data-accent="(\w+)"\] \{([^}]*)\}', text):
        found[name] = own | {m[1]: (m[2], m[3]) for m in _PARTS.finditer(body)}
        assert len(_PARTS.findall(body)) == 4, name
    return found


def contrast(one: str, other: str) -> float:
    """Measure two colours as WCAG 2 does."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
                            for p in parts)  # fmt: skip
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_colour_that_is_offered_is_legible_in_light_and_dark() -> None:
    known = palettes()

    faint = [
        (name, theme, front, back)
        for name, parts in known.items() for theme in (0, 1)
        for front, back in (("laguna", "sheet"), ("on-laguna", "laguna"), ("laguna", "laguna-soft"),
                            ("on-laguna", "laguna-strong"), ("laguna-strong", "laguna-soft"))
        if contrast(parts[front][theme], parts[back][theme]) < 4.5
    ]  # fmt: skip

    assert set(known) == {key for key, _label in ACCENT.choices}
    assert faint == []


def test_pages_have_the_colour_that_the_company_chose(client: Browser, tenant: Company) -> None:
    usual = client.get("/account").text
    profile = {"name": "Acme", "locale": "es", "timezone": "America/Bogota", "currency": "COP",
               "theme": "system"}  # fmt: skip

    refused = client.post("/settings/company", data=profile | {"accent": "rosa"})
    saved = client.post("/settings/company", data=profile | {"accent": "wine"})

    assert (refused.status_code, saved.status_code) == (422, 302)
    assert "data-accent" not in usual
    assert "accents.css" not in usual
    assert 'data-accent="wine"' in client.get("/account").text
    assert "accent: wine" in export_configuration(tenant.host, tenant.slug)


def test_logo_stands_on_the_pages_and_is_served_as_a_picture(
    client: Browser, tenant: Company
) -> None:
    image = png()

    assert send(client, image).status_code == 302
    shown = page_of(client.get("/account")).one("img", "t-mark").attrs["src"]
    served = client.get(shown)
    again = send(client, png(9)).status_code
    other = page_of(client.get("/account")).one("img", "t-mark").attrs["src"]

    assert served.data == image
    assert served.mimetype == "image/png"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Cache-Control"].startswith("private, max-age=")
    assert again == 302
    assert shown != other, "browsers keep a logo by its address"


@pytest.mark.parametrize(
    ("image", "says"),
    [(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "PNG"),
     (b"\x89PNG\r\n\x1a\n<html>", "PNG"), (b"GIF89a" + b"x" * 99, "PNG"), (b"", "primero"),
     (png(size=LOGO_BYTES), "KB"), (png(2049), "2048")],
    ids=["svg", "only-the-head", "gif", "nothing", "too-large", "too-wide"],
)  # fmt: skip
def test_what_is_no_small_png_is_refused_whatever_it_is_called(
    client: Browser, image: bytes, says: str
) -> None:
    answer = send(client, image)

    assert answer.status_code == 422
    assert says in page_of(answer).text
    assert client.get("/core/logo").status_code == 404


def test_logo_is_removed(client: Browser) -> None:
    send(client, png())

    client.post("/settings/company/logo", data={"remove": "1"})

    assert client.get("/core/logo").status_code == 404
    assert page_of(client.get("/account")).all("img", "t-mark") == []


def test_logo_travels_with_the_configuration_and_the_audit_keeps_its_mark(
    client: Browser, tenant: Company, other_tenant: Company
) -> None:
    kept = base64.b64encode(png(size=5000)).decode()
    send(client, png(size=5000))

    text = export_configuration(tenant.host, tenant.slug)
    apply_configuration(other_tenant.host, other_tenant.slug, text)
    audit = client.get("/settings/audit.csv").text

    assert other_tenant.view.settings["core", "logo"] == kept
    assert "sha256:" in audit
    assert kept[:100] not in audit
    with pytest.raises(Invalid):
        apply_configuration(
            tenant.host, tenant.slug, "version: 1\nsettings: {core: {logo: bm8gaW1hZ2U=}}\n"
        )


def test_only_an_administrator_sets_the_logo_and_each_company_has_its_own(
    client: Browser, sign_in: object, tenant: Company, other_tenant: Company
) -> None:
    send(client, png())
    seller = sign_in(tenant.member("seller"))  # type: ignore[operator]
    stranger = sign_in(other_tenant.member("admin"))  # type: ignore[operator]

    assert send(seller, png(9)).status_code == 404
    assert seller.get("/core/logo").data == png()
    assert stranger.get("/core/logo").status_code == 404
