"""The API: REST and OpenAPI, made from the entities that a tenant has."""

from __future__ import annotations

from trato.rest.routes import make_blueprint

__all__ = ["make_blueprint"]
