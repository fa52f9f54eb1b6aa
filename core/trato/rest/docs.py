"""The API's documentation as pages."""

from __future__ import annotations

from flask import Response

from trato.errors import NotFound
from trato.rest.calls import Call
from trato.text import _


def overview() -> Response:
    """Answer the page about the API as a whole."""
    raise NotFound(_("There is nothing at this address."))


def entity_page(call: Call) -> Response:
    """Answer the page about one collection."""
    raise NotFound(_("There is nothing at this address."))
