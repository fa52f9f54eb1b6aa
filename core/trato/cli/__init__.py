"""The `trato` command: one module a family of commands, and the one boundary of their errors."""

from __future__ import annotations

from trato.cli.program import main

__all__ = ["main"]
