"""How fields and their values are called in files: in the reader's language and in all others."""

from __future__ import annotations

from trato.access.actor import Actor
from trato.access.rules import visible_fields
from trato.entities.fields import REF_KINDS, Field
from trato.entities.view import EntityView
from trato.errors import Message
from trato.exchange.mapping import FieldNames
from trato.exchange.values import Choices
from trato.i18n import Catalogs
from trato.text import _

#: Column of the records' own ids.
ID = "id"
ID_LABEL = _("Id")


class Wording:
    """The words of one reader, and of the files that he may bring."""

    def __init__(self, catalogs: Catalogs, locale: str) -> None:
        self._catalogs = catalogs
        self._locale = locale
        self._locales = tuple(dict.fromkeys((locale, *catalogs.locales())))
        self._choices: dict[str, Choices] = {}

    def say(self, text: str, *, domain: str | None = None) -> str:
        """Translate a declared text."""
        return self._catalogs.translate(text, self._locale, domain=domain)

    def message(self, message: Message) -> str:
        """Translate a message with its values."""
        return self._catalogs.message(message, self._locale)

    def label(self, field: Field) -> str:
        """Give the field's name in the reader's language."""
        return self.labels(field)[0]

    def labels(self, field: Field) -> tuple[str, ...]:
        """Give the field's names in all languages, the reader's first."""
        # No catalogue knows a tenant's own field; another one keeps its declared names too.
        known = () if field.source == "custom" else self._everywhere(field.label, field.plugin)
        if not field.labels:
            return known
        own = field.own_label(self._locale) or known[0]
        return tuple(dict.fromkeys((own, *field.labels.values(), *known)))

    def choices(self, field: Field) -> Choices:
        """Give a choice field's values by their labels in all languages, the reader's first."""
        found = self._choices.get(field.path)
        if found is None:
            found = self._choices[field.path] = Choices(
                {key: self._everywhere(label, field.plugin) for key, label in field.choices}
            )
        return found

    def names(self, actor: Actor, entity: EntityView) -> list[FieldNames]:
        """Give the names under which a file may bring the fields that the actor may see."""
        names = [FieldNames(ID, self._everywhere(ID_LABEL))]
        for path, field in visible_fields(actor, entity).items():
            synonyms = [*field.synonyms]
            if field.kind in REF_KINDS:
                synonyms.append(path.removesuffix("_id"))
            if field.source == "custom":
                synonyms.append(field.name)
            names.append(FieldNames(path, self.labels(field), synonyms))
        return names

    def _everywhere(self, text: str, domain: str = "") -> tuple[str, ...]:
        translate = self._catalogs.translate
        texts = (translate(text, locale, domain=domain or None) for locale in self._locales)
        return tuple(dict.fromkeys(texts))
