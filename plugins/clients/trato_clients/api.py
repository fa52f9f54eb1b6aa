"""What other plugins may import of `clients`."""

from __future__ import annotations

from trato_clients.models import (
    Branch,
    Category,
    Client,
    Contact,
    ContactRole,
    Industry,
    Kind,
    Role,
    Source,
    Status,
    Zone,
)

__all__ = [
    "Branch", "Category", "Client", "Contact", "ContactRole", "Industry", "Kind", "Role",
    "Source", "Status", "Zone",
]  # fmt: skip
