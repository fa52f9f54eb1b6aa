"""The OpenAPI 3.1 document of a tenant's API, made from its entities and kept with its view."""

from __future__ import annotations

from trato.rest.openapi.document import answer

__all__ = ["answer"]
