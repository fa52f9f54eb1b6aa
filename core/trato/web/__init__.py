"""The Flask application: sign-in, gates, frame, and pages made from declared screens."""

from __future__ import annotations

from trato.web.app import create_app

__all__ = ["create_app"]
