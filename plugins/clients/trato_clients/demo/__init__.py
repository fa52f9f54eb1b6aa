"""Make the portfolio of the demo company: invented Colombian clients, branches and contacts.

It is plain Python that knows nothing of the host; whoever loads the demo turns the records into
entities. Everything is invented: names, numbers, mailboxes (``.example``) and house numbers.
"""

from __future__ import annotations

from .branches import branches_of
from .catalogue import catalogue
from .contacts import contacts_of
from .generate import generate
from .records import (
    DemoBranch,
    DemoCatalogue,
    DemoCategory,
    DemoClient,
    DemoContact,
    DemoContactLink,
    DemoIndustry,
    DemoSource,
    DemoZone,
)

__all__ = [
    "DemoBranch",
    "DemoCatalogue",
    "DemoCategory",
    "DemoClient",
    "DemoContact",
    "DemoContactLink",
    "DemoIndustry",
    "DemoSource",
    "DemoZone",
    "branches_of",
    "catalogue",
    "contacts_of",
    "generate",
]
