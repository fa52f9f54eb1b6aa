"""The reader's language in the document."""

from __future__ import annotations

from dataclasses import dataclass

from trato.entities.fields import Field
from trato.i18n import Catalogs


@dataclass(frozen=True, kw_only=True)
class Words:
    """Translates what entities and fields declare, and the document's own texts."""

    catalogs: Catalogs
    locale: str

    def __call__(self, text: str, /, domain: str | None = None, **params: object) -> str:
        """Translate a text, of core unless a plugin is named."""
        return self.catalogs.translate(text, self.locale, domain=domain, **params)

    def label(self, field: Field) -> str:
        """Give the label of a field; a tenant's own has it in its languages."""
        return field.own_label(self.locale) or self(field.label, field.plugin)
