"""How a company's pages look: their colour, and its logo."""

from __future__ import annotations

import base64
import binascii
import struct

from trato.errors import Message
from trato.plugin import Setting
from trato.text import _

#: Largest file, in bytes, and longest side of a logo, in pixels.
LOGO_BYTES, LOGO_SIDE = 100 * 1024, 2048
_PNG = b"\x89PNG\r\n\x1a\n"


def read_logo(text: str) -> bytes | None:
    """Read a kept logo; None for what is no picture."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def check_logo(text: str) -> Message | None:
    """Tell what is wrong with a logo, by its bytes and not by what somebody calls it.

    PNG alone: an SVG may hold scripts, and whoever uploads one is not always its author.
    """
    image = read_logo(text)
    if image is None or not image.startswith(_PNG) or image[12:16] != b"IHDR" or len(image) < 33:
        return Message(_("The logo must be a PNG picture."))
    if len(image) > LOGO_BYTES:
        return Message(_("The logo has {size} KB; at most {limit} KB."),
                       {"size": -(-len(image) // 1024), "limit": LOGO_BYTES // 1024})  # fmt: skip
    if max(struct.unpack(">II", image[16:24])) > LOGO_SIDE:
        return Message(_("The logo may be {limit} pixels wide and high at most."),
                       {"limit": LOGO_SIDE})  # fmt: skip
    return None


#: The colours are a set: each is legible on light and dark pages; see `accents.css`.
ACCENT = Setting(
    key="accent", label=_("Colour"), kind="choice", default="laguna",
    help=_("Of buttons, links and marks; each of these is legible in light and dark."),
    choices=(("laguna", _("Lagoon")), ("blue", _("Blue")), ("violet", _("Violet")),
             ("wine", _("Wine red")), ("green", _("Green")), ("clay", _("Clay")),
             ("graphite", _("Graphite"))),
)  # fmt: skip
#: Base64 of a PNG, so that it travels with the configuration.
LOGO = Setting(key="logo", label=_("Logo"), kind="text", longest=140_000, check=check_logo)
